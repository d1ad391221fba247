"""Answers get lost, all of them: what was done is recognised when it is seen, and nothing is done twice."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.store.database import Database
from tests.hub.room import Network, Room, room_on

LONG = "It was a dark and stormy night; the rain fell in torrents"
LONGER = LONG + ", except at occasional intervals"
NETWORKS = {
    "keys and echoes": Network(("--like", "a"), lost=0),
    "echoes only": Network(("--like", "a", "--no-idempotent"), lost=0),
    "keys only": Network(("--like", "x"), lost=4),
    "it sees itself, without a key": Network(("--like", "t"), own=True, lost=0),
    "another account sees it, without a key": Network(("--like", "t"), watched=True, lost=0),
}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(f"sqlite:///{tmp_path / 'test.db'}")
    yield opened
    await opened.close()


@pytest.fixture(params=sorted(NETWORKS))
async def room(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> AsyncIterator[Room]:
    async with room_on(NETWORKS[request.param], database, tmp_path) as made:
        yield made


@pytest.fixture(params=["keys and echoes", "another account sees it, without a key"])
async def poor_room(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> AsyncIterator[Room]:
    """Nothing can be edited there, and nobody can react."""
    network = NETWORKS[request.param]
    without = ("--without", "edit", "--without", "react")
    async with room_on(replace(network, like=(*network.like, *without)), database, tmp_path) as made:
        yield made


async def test_a_conversation_arrives_once_though_every_answer_is_lost(room: Room) -> None:
    first = await room.near.says("anna", "room", "first")
    long = await room.near.says("anna", "room", LONG)
    pieces = len(await room.arrived("first", LONG)) - 1
    assert pieces > 1

    await room.near.edits("anna", "room", long, LONGER)
    more = len(await room.arrived("first", LONGER)) - 1
    assert more > pieces

    await room.near.edits("anna", "room", long, "short")
    await room.arrived("first", "short")

    # A set of reactions is set again until the answer says what each of them is called.
    await room.far.mend("lost")
    await room.far.fault("lost")
    await room.near.reacts("anna", "room", long, "👍")
    await room.near.retracts("anna", "room", first)
    await room.near.says("anna", "room", "last")
    short, _ = await room.arrived("short", "last")

    assert list(short.reactions.values()) == [["👍"]]
    assert len((await room.far.state("room")).messages) == 2 + more, "each is there once"
    state = await room.near.state("room")
    assert [said.text for said in state.messages] == ["first", "short", "last"], "nothing came back"
    assert [list(said.reactions) for said in state.visible] == [["anna"], []]


async def test_what_is_said_instead_of_an_edit_is_said_once_and_goes_with_its_message(poor_room: Room) -> None:
    room = poor_room
    first = await room.near.says("anna", "room", "first")
    await room.near.says("anna", "room", "second")
    await room.arrived("first", "second")

    await room.near.edits("anna", "room", first, "1st")
    await room.near.reacts("anna", "room", first, "👍")
    await room.far.until("room", lambda state: len(state.visible) == 4)
    await room.near.retracts("anna", "room", first)

    await room.arrived("second")
    texts = [said.text.replace("Anna: ", "") for said in (await room.far.state("room")).messages]
    assert texts == ["first", "second", "edited: 1st", "reacted with 👍"]
