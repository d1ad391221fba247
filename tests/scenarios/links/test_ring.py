"""Two gateways and the same three MUCs: the second one is refused. And bots that say everything again, in each room:
the link is suspended before that grows."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bridge.testing.control import spawned
from tests.conftest import COMPONENTS, FULL
from tests.scenarios.links.conftest import HOST, Cafe, T, heard, opened
from tests.support import muc
from tests.support.gateway import Gateway
from tests.support.xmpp_client import XmppClient, bare, body
from tests.support.xmpp_servers import SERVERS, XmppServer

pytestmark = pytest.mark.parametrize("hall", list(SERVERS) if FULL else ["prosody"], indirect=True)
QUIET = 60.0 if FULL else 5.0  # seconds in which nothing may grow
REFUSED = "Another gateway, memory.localhost, is in the room"
OVER = "This room's link with other rooms is suspended"


async def test_a_ring_brings_everything_once_and_what_goes_in_circles_is_stopped(
    hall: XmppServer, tmp_path: Path
) -> None:
    end = tmp_path.name[-20:].lower().replace("_", "-")
    cafe_jid = f"cafe-{tmp_path.name[-40:].lower().replace('_', '-').strip('-')}@{HOST}"
    rooms = [cafe_jid, f"garden-{end}@{HOST}", f"square-{end}@{HOST}"]
    links = {"ring": [{"xmpp": room} for room in rooms]}
    async with opened(hall, tmp_path, links=links, make=rooms[1:]) as cafe:
        await cafe.linked(3)
        async with second(cafe, tmp_path, links) as other:
            await refused(cafe, other, rooms)
            await _once(cafe, rooms)
            await _circles(cafe, rooms, end)
            await asyncio.to_thread(cafe.gateway.stop)
            await asyncio.to_thread(cafe.gateway.start)
            assert (await cafe.links()).count("suspended: the same messages came back") == 3
            resumed = await cafe.command("link", "resume", "ring")
            assert resumed == "The link ring is carried again.\n"
            assert (await cafe.links()).count("suspended") == 0


@asynccontextmanager
async def second(cafe: Cafe, folder: Path, links: object) -> AsyncIterator[Cafe]:
    """Another gateway, of a component of its own."""
    socket = folder / "second.sock"
    async with spawned(socket, ["--like", "t"]) as world:
        await world.account("relay", relay=True, everywhere=True, name="Relay")
        section = {
            "connector": "memory", "jid": f"{T}.localhost", "secret": COMPONENTS[f"{T}.localhost"],
            "socket": str(socket), "operator": "relay",
        }  # fmt: skip
        gateway = Gateway({T: section}, cafe.server.component_port, {"links": links})
        try:
            await asyncio.to_thread(gateway.start)
            yield Cafe(cafe.server, gateway, {T: world}, cafe.stack, cafe.room)
        finally:
            print(gateway.log[-10_000:], file=sys.stderr)
            await asyncio.to_thread(gateway.close)


async def refused(cafe: Cafe, other: Cafe, rooms: list[str]) -> None:
    """It says which gateway is there."""
    listed = ""
    async with asyncio.timeout(180):
        while not all(f"{REFUSED} {room} already, as bridge." in listed for room in rooms):
            listed = await other.links()
    assert "linked\n" not in listed
    assert (await cafe.links()).count("linked\n") == 3


async def _once(cafe: Cafe, rooms: list[str]) -> None:
    romeo = cafe.apps["romeo"]
    muc.say(romeo, rooms[0], "But soft!", "o1")
    for room in rooms:
        await heard(romeo, room, "But soft!")
    muc.say(romeo, rooms[1], "What light?", "o2")
    for room in rooms:
        await heard(romeo, room, "What light?")
    for room in rooms:  # whatever came twice would have come before this
        archived = [text for _, text in await cafe.archive(room)]
        assert [archived.count(text) for text in ("But soft!", "What light?")] == [1, 1]


async def _circles(cafe: Cafe, rooms: list[str], end: str) -> None:
    """In each room somebody says again whatever others say there."""
    romeo = cafe.apps["romeo"]
    bots = []
    for number, room in enumerate(rooms):
        app = await cafe.app(f"echo{number}-{end}"[:30], room)
        bots.append(asyncio.create_task(_echo(app, room)))
    try:
        muc.say(romeo, rooms[0], "Who's there?", "o3")
        for room in rooms:
            await romeo.expect(
                lambda s, room=room: bare(s) == room and body(s).startswith(OVER),
                60,
                "notice",
                again=True,  # type: ignore[misc]
            )
        before = await _settled(romeo)
        await asyncio.sleep(QUIET)  # that nothing comes is what is tried
        assert len(_texts(romeo)) == before
        assert before < 2_000  # what is under way when it is suspended; without an end it would double each time
        for room in rooms:
            said = [s for s in romeo.received if bare(s) == room and s.get("type") == "groupchat"]
            by_romeo = [s for s in said if body(s) == "Who's there?" and muc.nick(s).startswith("romeo")]
            assert len(by_romeo) == 1
            assert sum(body(s).startswith(OVER) for s in said if not muc.nick(s).startswith("echo")) == 1
    finally:
        for bot in bots:
            bot.cancel()
        await asyncio.gather(*bots, return_exceptions=True)


async def _echo(app: XmppClient, room: str) -> None:
    """A bot as there are many: it knows nothing of bridges."""
    mine = next(muc.nick(s) for s in reversed(app.received) if muc.is_presence(s, room) and 110 in muc.statuses(s))
    number = 0
    while True:
        said = await app.expect(
            lambda s: bare(s) == room and s.get("type") == "groupchat" and bool(body(s)) and muc.nick(s) != mine, 600
        )
        number += 1
        muc.say(app, room, body(said), f"echo{number}")


def _texts(app: XmppClient) -> list[str]:
    return [body(s) for s in app.received if s.get("type") == "groupchat" and body(s)]


async def _settled(app: XmppClient) -> int:
    """How much has been said when nothing has come for a second."""
    number = -1
    async with asyncio.timeout(30):
        while number != len(_texts(app)):
            number = len(_texts(app))
            await asyncio.sleep(1.0)  # only time tells that nothing comes
    return number
