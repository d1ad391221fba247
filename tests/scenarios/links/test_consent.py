"""Links that those who keep order in rooms make themselves: a code in one room, confirmed in the other."""

import asyncio
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bridge.testing import wire
from tests.scenarios.links.conftest import A, Cafe, heard, opened
from tests.support import muc
from tests.support.xmpp_client import XmppClient, bare, body
from tests.support.xmpp_servers import XmppServer

CODE = re.compile(r"!bridge confirm ([A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4})")
ADMIN = "http://jabber.org/protocol/muc#admin"
GATEWAY = "memory.localhost"
NO_LINKS: dict[str, Any] = {"links": {}}


class Told:
    """What the gateway says, each thing once."""

    def __init__(self, cafe: Cafe) -> None:
        self._cafe = cafe
        self._seen: dict[tuple[str, str], int] = {}

    async def network(self, chat: str, network: str = A) -> str:
        """The next thing that the operator's account says in a room there."""
        number = self._seen.get((network, chat), 0)
        state = await self._cafe.worlds[network].until(
            chat, lambda s: len([one for one in s.visible if one.author == "relay"]) > number
        )
        self._seen[network, chat] = number + 1
        return [one.text for one in state.visible if one.author == "relay"][number]

    async def muc(self, app: XmppClient, room: str) -> str:
        """The same of the gateway's own occupant in a MUC."""

        def says(stanza: Any) -> bool:
            return bool(bare(stanza) == room and muc.nick(stanza) == "bridge" and body(stanza))

        number = self._seen.get((app.jid, room), 0)
        async with asyncio.timeout(30):
            while len(found := [one for one in app.received if says(one)]) <= number:
                await app.expect(says, 30, "a word of the gateway")
        self._seen[app.jid, room] = number + 1
        return body(found[number])


async def command(app: XmppClient, text: str, seconds: float = 40.0) -> str:
    """What the gateway answers in the chat with it."""
    begin = len(app.received)
    app.send(f"<message to='{GATEWAY}' type='chat' id='{uuid.uuid4().hex}'><body>{text}</body></message>")

    def answers(stanza: Any) -> bool:
        return bool(bare(stanza) == GATEWAY and body(stanza) and stanza in app.received[begin:])

    return body(await app.expect(answers, seconds, f"an answer to {text!r}", again=True))


def code_in(text: str) -> str:
    found = CODE.search(text)
    assert found is not None, text
    return found[1]


async def owner(cafe: Cafe, person: str, chat: str, network: str = A, rank: str = "owner") -> None:
    await cafe.worlds[network].do(wire.Ranks(person=person, chat=chat, rank=rank))


async def until(cafe: Cafe, so: Callable[[str], bool], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not so(cafe.gateway.log):
            await asyncio.sleep(0.1)


async def test_two_admins_link_a_muc_and_a_room(hall: XmppServer, tmp_path: Path) -> None:
    """From the network's side: asked for there, confirmed by the MUC's owner through the gateway, and ended there."""
    async with opened(hall, tmp_path, settings=NO_LINKS) as cafe:
        told, romeo, world = Told(cafe), cafe.apps["romeo"], cafe.worlds[A]
        await world.chat("cafe", "juliet", "nurse", "relay")
        await owner(cafe, "juliet", "cafe")

        await world.says("nurse", "cafe", "!bridge link")
        assert "Only those who keep order" in await told.network("cafe")
        await world.says("juliet", "cafe", "!bridge link")
        code = code_in(await told.network("cafe"))

        said = await command(romeo, f"link {cafe.room} {code}")
        assert "Say in the room itself" in said, said  # rooms hide who people are from us
        muc.say(romeo, cafe.room, f"!bridge confirm {code}", "c1")
        assert "once more in their room" in await told.muc(romeo, cafe.room)
        assert cafe.room in (asked := await told.network("cafe")), asked
        await world.says("nurse", "cafe", f"!bridge confirm {code}")
        assert "Only those who keep order" in await told.network("cafe")
        await world.says("juliet", "cafe", f"!bridge confirm {code}")
        assert f"This room is linked now with {cafe.room} on XMPP" in await told.network("cafe")
        assert "This room is now linked with" in await told.muc(romeo, cafe.room)

        muc.say(romeo, cafe.room, "But soft!", "s1")
        await cafe.shown(A, "But soft!")
        await world.says("nurse", "cafe", "!bridge status")
        assert cafe.room in await told.network("cafe")
        await world.says("nurse", "cafe", "Madam!")
        await heard(romeo, cafe.room, "Madam!")
        muc.say(romeo, cafe.room, "!bridge link", "c2")
        assert "linked already" in await told.muc(romeo, cafe.room)
        await world.says("nurse", "cafe", "!bridge unlink")
        assert "Only those who keep order" in await told.network("cafe")
        await world.says("juliet", "cafe", "!bridge unlink")
        assert "has ended it" in await told.muc(romeo, cafe.room)
        assert "is removed" in await told.network("cafe")
        await until(cafe, lambda log: f"a room is left chat={cafe.room}" in log)
        muc.say(romeo, cafe.room, "Is anybody there?", "s2")
        await world.says("nurse", "cafe", "Gone.")

        audit = await cafe.command("link", "audit")
        shown = [one.text for one in (await world.state("cafe")).visible if one.author != "relay"]
        in_muc = [text for _, text in await cafe.archive()]
    deeds = ("asked for a code", "confirmed a code", "asked for the link", "agreed to the link", "ended the link")
    assert [deed for deed in deeds if deed in audit] == list(deeds), audit
    assert "But soft!" not in audit
    assert code not in audit
    assert [text for text in shown if text in ("But soft!", "Is anybody there?")] == ["But soft!"]
    commands = [text for text in shown if text.startswith("!bridge")]
    assert len(commands) == 7, "what was said in the MUC is not here"
    assert [text for text in in_muc if text.startswith("!bridge")] == [f"!bridge confirm {code}", "!bridge link"]
    assert "Gone." not in in_muc
