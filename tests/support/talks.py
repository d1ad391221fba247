"""Conversations that go on while a gateway is killed: what was said in each, and what is known to have been accepted.

The XMPP app sends again, under the same id and before anything newer, what was neither accepted nor refused; what
bounced while the gateway was down, each time that it was sent, its person sends anew.
"""

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

from tests.support import commands, folk, muc
from tests.support.folk import Person
from tests.support.gateway import Gateway
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, bare, body, error_of, receipt_of

Written = Callable[[str], str]
"""What stands in a stanza, as it is to be sent now under this id."""
SECONDS = 240.0
_AHEAD = 2  # messages that the Matrix side writes before the XMPP side has answered


@dataclass
class Talk:
    """One conversation of `user`, whose app is `app`, with whoever has `element`; `jid` and `room` is where."""

    kind: ClassVar[str]
    asks: ClassVar[str] = ""
    app: XmppClient
    jid: str
    element: MatrixClient
    user: Person
    room: str = ""
    out: list[str] = field(default_factory=list)  # texts in the order they were first sent, XMPP to Matrix
    back: list[str] = field(default_factory=list)  # texts whose event id is known, Matrix to XMPP
    open: dict[str, Written] = field(default_factory=dict)  # by id: neither accepted nor refused, in order
    sent: Counter[str] = field(default_factory=Counter)  # how often, by id

    def say(self, text: str) -> None:
        self.do(text, lambda id: f"<body>{text}</body>")

    def do(self, what: str, written: Written) -> None:
        """Something that is not said, but done with what was said."""
        self.out.append(what)
        self._send(written, uuid.uuid4().hex)

    def repeat(self) -> None:
        """Send everything again that was not accepted, under its id; what was refused under a new one."""
        accepted, refused = self.accepted(), self.refused()
        before, self.open = self.open, {}
        for id, written in before.items():
            if id not in accepted:
                self._send(written, uuid.uuid4().hex if refused[id] >= self.sent[id] else id)

    def _send(self, written: Written, id: str) -> None:
        self.open[id] = written
        self.sent[id] += 1
        self.app.send(f"<message to='{self.jid}' type='{self.kind}' id='{id}'>{written(id)}{self.asks}</message>")

    def speak(self) -> None:
        """Say anything."""
        self.say(f"{len(self.out)} into the void")

    async def arrived(self) -> None:
        """Return when nothing is under way any more. Raises TimeoutError with what is missing."""
        await until(lambda: not self.pending(), self.pending)
        await until(lambda: len(self.came_back()) >= len(self.back), self.came_back)
        await until(lambda: len(self.on_matrix()) >= len(self.out), self.on_matrix)

    def accepted(self) -> set[str]:
        raise NotImplementedError

    def shown(self) -> list[tuple[str, str]]:
        """(id, text) of everything that came to the app, once each, in order."""
        raise NotImplementedError

    def refused(self) -> Counter[str]:
        """How often, by id: when a repeat bounces, what it repeats may still have been accepted."""
        return Counter(s.get("id", "") for s in self.app.received if error_of(s)[0])

    def pending(self) -> list[tuple[str, str, list[tuple[str, str]]]]:
        """Id, content and errors of what was not accepted."""
        missing = set(self.open) - self.accepted()
        errors = {
            id: [error_of(s) for s in self.app.received if s.get("id") == id and error_of(s)[0]] for id in missing
        }
        return [(id, self.open[id](id), errors[id]) for id in sorted(missing)]

    def came_back(self) -> list[str]:
        """What the app has of the other side's."""
        return [text for _, text in self.shown() if text.startswith("back")]

    def on_matrix(self) -> list[str]:
        """What the other side's app has of the user's."""
        events = [e for e in self.element.events if (e["room_id"], e["sender"]) == (self.room, self.user.mxid)]
        return [str(event["content"]["body"]) for event in events if "body" in event["content"]]


class Direct(Talk):
    """A direct chat: a receipt accepts (XEP-0184), and a repeat has the same message id."""

    kind, asks = "chat", "<request xmlns='urn:xmpp:receipts'/>"

    def accepted(self) -> set[str]:
        return {receipt_of(s) for s in self.app.received} - {""}

    def shown(self) -> list[tuple[str, str]]:
        return list(dict(self._stanzas()).items())

    def repeats(self) -> int:
        return sum(number - 1 for number in Counter(id for id, _ in self._stanzas()).values())

    def _stanzas(self) -> list[tuple[str, str]]:
        return [(s.get("id", ""), body(s)) for s in self.app.received if bare(s) == self.jid and body(s)]


class InRoom(Talk):
    """A hosted room: that the room shows it accepts, and a repeat has the same stanza-id (XEP-0359)."""

    kind = "groupchat"

    def accepted(self) -> set[str]:
        return {s.get("id", "") for s in self.app.received if bare(s) == self.jid and s.get("type") == self.kind}

    def shown(self) -> list[tuple[str, str]]:
        return muc.lines(self.app, self.jid)


async def in_a_room(app: XmppClient, user: Person, gateway: Gateway, element: MatrixClient, synapse: Synapse) -> InRoom:
    """In a new room of the other side's, which `user`, who logs in now, has entered."""
    return await in_a_room_at(gateway.jid, synapse.url, app, user, element, synapse)


async def in_a_room_at(
    domain: str, homeserver: str, app: XmppClient, user: Person, element: MatrixClient, synapse: Synapse
) -> InRoom:
    """The same by the gateway at `domain`, which is told to find Synapse at the URL `homeserver`."""
    wish = {"preset": "public_chat", "name": "Verona", "room_alias_name": f"verona-{user.name}"}
    room, jid = str((await element.call("POST", "/createRoom", wish))["room_id"]), f"#verona-{user.name}%localhost"
    async with folk.on_matrix(user, synapse) as matrix:
        await matrix.join(room)
    talk = InRoom(app, f"{jid}@{domain}", element, user, room)
    step = await commands.log_in(app, domain, homeserver, user.name, folk.PASSWORD)
    assert step.status == "completed", step
    await muc.listed(app, domain, talk.jid)
    await muc.enter(app, talk.jid, user.name)
    return talk


async def talk_out(talk: Talk, share: int, up: asyncio.Event, dice: random.Random) -> None:
    """The user's part, while the gateway is `up`."""
    for number in range(share):
        await asyncio.sleep(dice.uniform(0, 0.3))
        await up.wait()
        talk.say(f"out {number}")


async def talk_back(talk: Talk, share: int) -> None:
    """The other side's part, at about the same pace, whether the gateway is there or not."""
    for number in range(share):
        await at_the_pace_of(talk, number)
        await talk.element.send(talk.room, f"back {number}")
        talk.back.append(f"back {number}")


async def at_the_pace_of(talk: Talk, number: int) -> None:
    """Return when it is time for the other side's next."""
    await until(lambda: len(talk.out) + _AHEAD > number)


T = TypeVar("T", bound=Talk)


def shares(messages: int, talks: Iterable[T]) -> list[tuple[T, int]]:
    """`messages` in all, spread evenly."""
    some = list(talks)
    return [(talk, messages // len(some) + (n < messages % len(some))) for n, talk in enumerate(some)]


async def opened(app: XmppClient, user: Person, jid: str, element: MatrixClient) -> Direct:
    """A direct chat that begins with a message of `user`, who is logged in."""
    chat = Direct(app, jid, element, user)
    chat.say("begin")
    event = await element.expect(lambda e: e["sender"] == user.mxid and "body" in e["content"], 60)
    chat.room = str(event["room_id"])
    return chat


async def bounces_are_in(talks: Iterable[Talk]) -> None:
    """A ping to the server comes back after the errors it made for what was written before."""
    for app in {id(talk.app): talk.app for talk in talks}.values():
        await app.iq("localhost", "get", "<ping xmlns='urn:xmpp:ping'/>")


async def all_arrived(talks: Iterable[Talk]) -> None:
    """Return when nothing is under way any more. Raises TimeoutError with what is missing."""
    for talk in talks:
        await talk.arrived()


async def until(so: Callable[[], bool], instead: Callable[[], object] = lambda: "", seconds: float = SECONDS) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not so():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise TimeoutError(f"instead: {instead()}") from None
