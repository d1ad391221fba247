"""What our accounts do on a network that hides our keys comes back as events like everybody's."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.store.database import Database
from tests.hub.room import Network, Room, room_on


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    database = await Database.open(f"sqlite:///{tmp_path / 'test.db'}")
    async with room_on(Network(("--like", "t"), own=True), database, tmp_path) as made:
        yield made
    await database.close()


async def test_our_own_doings_do_not_come_back(room: Room) -> None:
    first = await room.near.says("anna", "room", "first")
    await room.near.edits("anna", "room", first, "1st")
    await room.near.reacts("anna", "room", first, "👍")
    await room.near.says("anna", "room", "last")
    await room.arrived("1st", "last")

    answer = await room.far.says("tina", "room", "answer")
    await room.near.until("room", lambda state: state.texts == ["1st", "last", "answer"])
    (said, *_) = (await room.far.state("room")).visible
    await room.far.reacts("tina", "room", said.id, "🎉")
    await room.far.retracts("tina", "room", answer)
    state = await room.near.until("room", lambda state: state.texts == ["1st", "last"])

    assert [said.reactions for said in state.visible] == [{"anna": ["👍"], "far_tina": ["🎉"]}, {}]


async def test_what_a_person_says_with_our_account_is_said(room: Room) -> None:
    await room.near.says("anna", "room", "hello")
    await room.arrived("hello")

    await room.far.says("bot", "room", "here is the one behind the account")

    await room.near.until("room", lambda state: state.texts == ["hello", "here is the one behind the account"])


async def test_others_are_heard_while_we_go_on_speaking(room: Room) -> None:
    await room.far.fault("slow", seconds=0.1)
    for number in range(30):
        await room.near.says("anna", "room", str(number))
    await room.far.until("room", lambda state: len(state.messages) > 2)

    await room.far.says("tina", "room", "wait a moment")

    await room.near.until("room", lambda state: "wait a moment" in state.texts)
    assert len((await room.far.state("room")).messages) < 30
