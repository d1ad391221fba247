"""What nobody should write, through real servers as far as they take it, each way, in a direct chat and in a room.

No stream breaks, nothing is lost or late; what cannot be understood is in the dead letters, and people are told once.
"""

import asyncio
import random
import time
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

import aiohttp
import pytest

from tests.conftest import ANY_SERVER, FULL
from tests.support import folk, muc, poison
from tests.support.folk import Person
from tests.support.gateway import Gateway
from tests.support.matrix_client import MatrixClient, MatrixError
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, bare, body

pytestmark = ANY_SERVER
COUNT = 500 if FULL else 25  # each way, in each place
SECONDS = 240.0
UNREAD = "could not be read or understood, so it is not shown here."


@dataclass
class Place:
    """Where Romeo and Juliet talk: `room` on Matrix, `jid` on XMPP; `teller` says there what is not shown."""

    app: XmppClient
    element: MatrixClient
    romeo: Person
    room: str
    jid: str
    kind: str
    teller: str

    def say(self, inner: str, id: str) -> None:
        self.app.send(f"<message to={quoteattr(self.jid)} type='{self.kind}' id={quoteattr(id)}>{inner}</message>")

    async def to_xmpp(self, chance: random.Random) -> list[int]:
        """Numbers of the texts that the homeserver took, amid events of any shape."""
        taken = []
        for number in range(1, COUNT + 1):
            await self._takes(poison.event(chance, self.element.me))
            text = {"msgtype": "m.text", "body": poison.text(chance, number, 50_000)}
            if await self._takes({"type": "m.room.message", "content": text}):
                taken.append(number)
        return taken

    async def _takes(self, event: dict[str, object]) -> bool:
        kind = event.get("type")
        if not isinstance(kind, str) or not kind.isprintable() or not kind or len(kind) > 255:
            return False
        try:
            await self.element.send_event(self.room, event.get("content"), kind=kind)
        except (MatrixError, aiohttp.ClientError, ValueError):
            return False
        return True

    def to_matrix(self, chance: random.Random) -> list[int]:
        """Numbers of the texts, amid stanzas of any shape."""
        for number in range(1, COUNT + 1):
            text = poison.text(chance, number, 20_000)
            legal = "".join(c for c in text if c in "\t\n" or " " <= c < "\ufffe" or c > "\uffff")
            inner = chance.choice((
                "<body/>", "", f"<subject>{escape(legal[:200])}</subject><body/>", "<retract xmlns='urn:strange'/>",
                f"<reactions xmlns='urn:xmpp:reactions:0' id='x'><reaction>{escape(legal)}</reaction></reactions>",
                f"<body>b</body><replace xmlns='urn:xmpp:message-correct:0' id={quoteattr(legal[:200])}/>",
            ))  # fmt: skip
            self.say(inner, legal[:60])
            self.say(f"<body>{escape(legal)}</body>", f"{self.kind}-{number}")
        return list(range(1, COUNT + 1))

    def shown(self) -> list[int]:
        some = (s for s in self.app.received if bare(s) == self.jid and s.get("id", "")[:9] != f"{self.kind}-"[:9])
        return [n for s in some if (n := poison.number_of(body(s))) > 0]

    async def on_matrix(self) -> list[int]:
        texts = await self.element.texts(self.room, self.romeo.mxid)
        return [n for text in texts if (n := poison.number_of(text)) > 0]

    def told(self) -> list[str]:
        return [body(s) for s in self.app.received if bare(s) == self.teller and UNREAD in body(s)]

    async def next_one(self, text: str) -> float:
        """Seconds that a message takes each way, the longer of both."""
        begun = time.monotonic()
        await self.element.send(self.room, f"{text}, back")
        await self.app.expect(lambda s: body(s) == f"{text}, back", SECONDS, again=True)
        between = time.monotonic()
        self.say(f"<body>{text}, out</body>", text)
        await self.element.text(f"{text}, out", SECONDS)
        return max(between - begun, time.monotonic() - between)


@pytest.fixture
async def places(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> list[Place]:
    await folk.connect(romeo, app, gateway, synapse)
    direct = await element.direct(romeo.mxid)
    await element.send(direct, "begin")
    await app.text_from(juliet.at(gateway))
    wish = {"preset": "public_chat", "name": "Verona", "room_alias_name": f"verona-{juliet.name}"}
    room = str((await element.call("POST", "/createRoom", wish))["room_id"])
    async with folk.on_matrix(romeo, synapse) as phone:
        await phone.join(room)
    verona = f"#verona-{juliet.name}%localhost@{gateway.jid}"
    await muc.listed(app, gateway.jid, verona)
    await muc.enter(app, verona)
    return [
        Place(app, element, romeo, direct, juliet.at(gateway), "chat", gateway.jid),
        Place(app, element, romeo, room, verona, "groupchat", verona),
    ]


async def test_poison(gateway: Gateway, places: list[Place]) -> None:
    chance = poison.dice()
    for number, place in enumerate(places):
        sent = place.to_matrix(chance)
        taken = await place.to_xmpp(chance)
        await place.element.send_event(place.room, {"m.relates_to": {"key": "x"}}, kind="m.reaction")  # to nothing
        await place.next_one(f"first {number}")
        took = await place.next_one(f"second {number}")
        print(f"{place.kind}: the homeserver took {len(taken)} of {COUNT}; the next message took {took:.2f} s")

        assert place.shown() == taken
        assert await place.on_matrix() == sent
        assert took < poison.SOON
        assert len(taken) > COUNT / 2
    async with asyncio.timeout(SECONDS):
        while not all(place.told() for place in places):
            await asyncio.sleep(0.05)
    assert [len(place.told()) for place in places] == [1, 1]
    assert gateway.metric("landbridge_dead_letters", network="matrix") >= 2
    assert "stream down" not in gateway.log
    assert "Traceback" not in gateway.log
