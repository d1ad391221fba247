"""The gateway was away for a night: the room has it all in its history, and says so in one line, killed or not."""

import asyncio
import re
import sqlite3

from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc
from tests.support.gateway import Gateway
from tests.support.xmpp_client import bare, body

COUNT = 2_000
HOURS = 9


def archived(gateway: Gateway) -> int:
    with sqlite3.connect(gateway.folder / "landbridge.db", timeout=10) as database:
        (found,) = database.execute("SELECT count(*) FROM archive").fetchone()
    database.close()
    return int(found)


async def test_a_night_of_messages_is_one_line_and_all_in_the_history(verona: InVerona) -> None:
    gateway, world = verona.play.gateway, verona.play.world
    await verona.enter()
    await verona.says("juliet", "good night")
    await muc.said(verona.app, verona.room, "good night")
    await world.until_accounts(lambda found: found["romeo"].behind == 0)
    await asyncio.to_thread(gateway.kill)
    gateway.was_down(HOURS)
    for number in range(COUNT):
        await verona.says("juliet", f"line {number}")

    gateway.begin()
    while not (found := archived(gateway)) > 1:
        assert gateway.running
        await asyncio.sleep(0.005)  # another process writes it, and nothing tells
    gateway.kill()
    print(f"killed when {found} of {COUNT} were in the archive")
    await asyncio.to_thread(gateway.start)
    line = await verona.app.expect(lambda s: bare(s) == verona.room and "cut off" in body(s), 60)
    await verona.says("juliet", "good morning")
    await muc.said(verona.app, verona.room, "good morning")

    assert re.match(rf"{COUNT} messages were written while this room was cut off, from ", body(line))
    assert muc.nick(line) == ""
    heard = [body(s) for s in verona.app.received if bare(s) == verona.room and body(s)]
    # The first kill may have been faster than the answer to what was shown before it.
    assert list(dict.fromkeys(heard)) == ["good night", body(line), "good morning"]
    entered = await verona.enter(history="<history maxstanzas='200'/>")
    assert entered.texts == [*(f"line {number}" for number in range(COUNT - 199, COUNT)), "good morning"]
    assert archived(gateway) == COUNT + 2
