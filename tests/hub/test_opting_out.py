"""Who opts out of being bridged: nothing more of theirs is carried, what waits neither; their own accounts go on."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.contract import (
    ChatId,
    ChatKind,
    ChatSeen,
    Message,
    MessageEdited,
    MessageId,
    MessageReceived,
    NetworkId,
    Retract,
    Send,
)
from bridge.hub.lines import ArchiveQuery
from bridge.hub.opting import OptOuts
from bridge.hub.wanted import End, WantedLink
from bridge.store.database import Database
from tests.hub.room import Network, Room, room_on
from tests.hub.verona import ROMEO, THERE, VERONA, Verona, in_verona
from tests.support.house import FAR, house

NEAR = NetworkId("near")


def opt_outs(room: Room) -> OptOuts:
    return room.hub._around.people.choices.opt_outs


@pytest.fixture
async def room(database: Database, tmp_path: Path) -> AsyncIterator[Room]:
    async with room_on(Network(("--like", "a")), database, tmp_path) as made:
        await made.near.people("nurse")
        yield made


async def test_nothing_of_who_opts_out_is_carried_until_they_want_it_again(room: Room, database: Database) -> None:
    before = await room.near.says("anna", "room", "before")
    await room.arrived("before")

    assert await opt_outs(room).choose(NEAR, "anna", out=True, at=1.0)
    await room.near.says("anna", "room", "unheard")
    await room.near.edits("anna", "room", before, "unheard, too")
    await room.near.reacts("anna", "room", before, "👍")
    await room.near.says("nurse", "room", "heard")
    state = await room.far.until("room", lambda s: s.texts == ["before", "heard"])
    assert [said.reactions for said in state.visible] == [{}, {}]
    assert room.hub.counters.ignored[NEAR, "opted out"] == 3
    await room.near.retracts("anna", "room", before)
    await room.far.until("room", lambda s: s.texts == ["heard"])  # less of theirs is there

    later = OptOuts(database)
    await later.load()  # as after a start
    assert later.opted_out("near", "anna")
    assert not later.opted_out("far", "anna")

    assert await opt_outs(room).choose(NEAR, "anna", out=False, at=2.0)
    assert not await opt_outs(room).choose(NEAR, "anna", out=False, at=2.0)
    await room.near.says("anna", "room", "again")
    await room.far.until("room", lambda s: s.texts == ["heard", "again"])


async def test_what_still_waits_is_not_carried(room: Room, database: Database) -> None:
    await room.far.fault("limit", chat="room")
    for person, words in (("anna", "too late"), ("nurse", "heard")):
        await room.near.says(person, "room", words)
    async with asyncio.timeout(20):
        while not room.hub.lanes.blocked():
            await asyncio.sleep(0.02)  # nothing tells of a lane that waits

    await opt_outs(room).choose(NEAR, "anna", out=True, at=1.0)
    await room.far.mend()

    state = await room.far.until("room", lambda s: s.texts != [])
    assert state.texts == ["heard"]
    why = await database.read(
        lambda c: c.exec_driver_sql("SELECT reason FROM deliveries WHERE state <> 0").scalars().all()
    )
    assert why == ["policy-violation"]


async def test_what_one_does_by_an_account_of_ones_own_goes_on(database: Database, tmp_path: Path) -> None:
    async with house(database, tmp_path) as home:
        account = await home.account("romeo@home.example", "@romeo")
        await home.people.choices.opt_outs.choose(NetworkId("xmpp"), "romeo@home.example", out=True, at=1.0)
        await home.people.choices.opt_outs.choose(NetworkId("far"), "@anna", out=True, at=1.0)

        home.writes("romeo@home.example", "@anna", "hello")
        (sent,) = await home.far.until(1, Send)
        home.says(account, sent.chat, "@anna", "good morrow", "$1")
        (said,) = await home.xmpp.until(1, Send)

        assert (sent.message.text, said.message.text) == ("hello", "good morrow")
        assert home.xmpp.actions(Retract) == []


async def archived(verona: Verona, room: str, reader: str) -> list[str]:
    assert verona.home.hub is not None
    await verona.home.settled()
    page = await verona.home.hub.archive.page(ChatId(room), reader, ArchiveQuery(most=100))
    return [line.message.text for line in page.lines]


async def test_what_is_changed_afterwards_is_changed_only_where_users_are_themselves(
    database: Database, tmp_path: Path
) -> None:
    """Two rooms are linked, and each is shown as one on XMPP, too: to Romeo, who is in Anna's, and to Juliet."""
    async with in_verona(database, tmp_path) as verona:
        home, opt_outs = verona.home, verona.home.people.choices.opt_outs
        await home.account("", "relay")
        juliet = await home.account("juliet@home.example", "@juliet")
        home.far.report(juliet, ChatSeen(chat=ChatId("!mantua"), kind=ChatKind.ROOM, name="Mantua", alias="#mantua"))
        await home.settled()
        assert home.hub is not None
        assert (await home.hub.links.add(WantedLink("both", (End(FAR, THERE), End(FAR, "!mantua"))))).ok
        mantua = ("#mantua@far", "juliet@home.example")

        first = verona.far(MessageReceived, "anna", at=time.time(), message=Message("helo"))
        verona.far(MessageEdited, "anna", at=time.time(), target=MessageId(first), message=Message("hello"))
        await home.settled()
        await opt_outs.choose(FAR, "@anna", out=True, at=1.0)
        verona.far(MessageEdited, "anna", at=time.time(), target=MessageId(first), message=Message("goodbye"))
        verona.far(MessageReceived, "prince", at=time.time(), message=Message("Indeed", reply_to=MessageId(first)))

        assert await archived(verona, VERONA, ROMEO) == ["goodbye", "goodbye", "goodbye", "Indeed"]
        assert await archived(verona, *mantua) == ["hello", "hello", "Indeed"]
        await home.until_rows("select 1 from deliveries where state = 0", [])
        shown = [one.message for one in home.far.actions(Send) if one.chat == "!mantua"]
        assert "goodbye" not in str(shown)
        assert shown[-1].text == "Prince: Indeed"

        await opt_outs.choose(FAR, "@anna", out=False, at=2.0)
        verona.far(MessageEdited, "anna", at=time.time(), target=MessageId(first), message=Message("welcome"))
        assert await archived(verona, *mantua) == ["welcome", "welcome", "Indeed", "welcome"]
