"""Leaving on XMPP leaves nothing on the network; who is not there any more is dropped."""

import asyncio
import contextlib
import sqlite3

from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc
from tests.support.xmpp_client import body


async def test_leaving_is_answered_and_stays_on_xmpp(verona: InVerona) -> None:
    await verona.enter()
    muc.leave(verona.app, verona.room, "Romeo")
    gone = await verona.app.expect(lambda s: muc.is_presence(s, verona.room, "unavailable"))

    assert (muc.nick(gone), muc.statuses(gone)) == ("Romeo", {110})
    assert "romeo" in (await verona.play.world.state(verona.chat)).members
    await verona.says("juliet", "is he gone?")
    assert await muc.ping(verona.app, f"{verona.room}/Romeo") == "not-acceptable"
    assert not [s for s in verona.app.received if body(s) == "is he gone?"]


async def test_whose_stanzas_bounce_is_dropped(verona: InVerona) -> None:
    await verona.enter()
    await verona.says("juliet", "hello")
    said = await muc.said(verona.app, verona.room, "hello")
    verona.app.send(
        f"<message type='error' to='{said.get('from')}' id='{said.get('id')}'><error type='cancel'>"
        "<recipient-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
    )
    gone = await verona.app.expect(lambda s: muc.is_presence(s, verona.room, "unavailable"), 5)

    assert muc.statuses(gone) == {110}
    assert await muc.ping(verona.app, f"{verona.room}/Romeo") == "not-acceptable"


async def test_who_leaves_on_the_network_is_out_here_too(verona: InVerona) -> None:
    await verona.enter()
    await verona.play.world.do(verona.goes("romeo"))
    gone = await verona.app.expect(lambda s: muc.is_presence(s, verona.room, "unavailable"))

    assert muc.statuses(gone) == {110, 321}
    assert (await muc.refused(verona.app, verona.room))[0] == "item-not-found"


async def test_a_stop_ends_attendance_and_one_comes_back_by_asking(verona: InVerona) -> None:
    await verona.enter()
    stopping = asyncio.create_task(asyncio.to_thread(verona.play.gateway.stop))
    gone = await verona.app.expect(lambda s: muc.is_presence(s, verona.room, "unavailable"))
    await stopping
    await asyncio.to_thread(verona.play.gateway.start)

    assert muc.statuses(gone) == {110, 332}
    assert await muc.ping(verona.app, f"{verona.room}/Romeo") == "not-acceptable"
    assert (await verona.enter()).nick == "Romeo"


async def test_after_a_crash_one_is_still_in_the_room(verona: InVerona) -> None:
    await verona.enter()
    async with verona.play.on_stage("romeo") as other:
        await verona.enter(other)
        gone = other.jid
    verona.play.gateway.kill()
    await verona.says("juliet", "meanwhile")
    await asyncio.to_thread(verona.play.gateway.start)

    await muc.said(verona.app, verona.room, "meanwhile")
    assert await muc.ping(verona.app, f"{verona.room}/Romeo") == ""
    assert not [s for s in verona.app.received if s.get("to") == gone]


async def test_who_went_during_a_crash_is_dropped_when_asked(verona: InVerona) -> None:
    async with verona.play.on_stage("romeo") as other:
        await verona.enter(other)
        verona.play.gateway.kill()
    await asyncio.to_thread(verona.play.gateway.start)

    async with asyncio.timeout(20):
        while attending(verona):
            await asyncio.sleep(0.05)


def attending(verona: InVerona) -> list[str]:
    """Who is in a room, as it is stored: nobody else can see them any more."""
    with contextlib.closing(sqlite3.connect(verona.play.gateway.folder / "landbridge.db")) as database:
        return [jid for (jid,) in database.execute("SELECT jid FROM attendance")]
