"""Answers get lost, all of them: what was done is recognised when it is seen, and nothing is done twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bridge.store.database import Database
from bridge.testing.control import Control, spawned
from bridge.testing.wire import Said
from tests.hub.building import hub_over, put_account, running

LONG = "It was a dark and stormy night; the rain fell in torrents"
LONGER = LONG + ", except at occasional intervals"


@dataclass(frozen=True)
class Network:
    """How "far" is set, who of ours is there, and how many answers are lost (0: all)."""

    like: tuple[str, ...]
    own: bool | None = None  # whether our account is shown its own doings; None: where the network echoes
    watched: bool = False  # by a second account of ours
    lost: int = 0


NETWORKS = {
    "keys and echoes": Network(("--like", "a")),
    "echoes only": Network(("--like", "a", "--no-idempotent")),
    "keys only": Network(("--like", "x"), lost=4),
    "it sees itself, without a key": Network(("--like", "t"), own=True),
    "another account sees it, without a key": Network(("--like", "t"), watched=True),
}


@dataclass
class Room:
    """A room on "near", where people write, and its other end on "far", whose answers get lost."""

    near: Control
    far: Control

    async def arrived(self, *expected: str) -> list[Said]:
        """What is visible on far, once it reads so; long texts come in pieces."""
        whole = "".join(expected)
        state = await self.far.until("room", lambda s: "".join(t.removeprefix("Anna: ") for t in s.texts) == whole)
        return state.visible


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


@asynccontextmanager
async def room_on(network: Network, database: Database, tmp_path: Path) -> AsyncIterator[Room]:
    sockets = {"near": tmp_path / "near.sock", "far": tmp_path / "far.sock"}
    async with AsyncExitStack() as stack:
        near = await stack.enter_async_context(spawned(sockets["near"], ["--like", "a"]))
        far = await stack.enter_async_context(spawned(sockets["far"], [*network.like, "--longest", "40"]))
        await near.account("relay", relay=True, everywhere=True)
        await far.account("bot", relay=True, everywhere=True, own=network.own)
        await far.account("watcher", everywhere=True)
        await near.people("anna")
        for world in (near, far):
            await world.chat("room")
        hub = await stack.enter_async_context(running(await hub_over(database, sockets, tmp_path)))
        here, there = await put_account(database, "near", "", "relay"), await put_account(database, "far", "", "bot")
        assert await hub.linking.add("room", [("near", "", "room", here), ("far", "", "room", there)])
        accounts = [here, there]
        if network.watched:
            accounts.append(await put_account(database, "far", "carol", "watcher"))
        for account in accounts:
            await hub.connect(account)
            seat = hub.sessions.seat(account)
            assert seat is not None
            await asyncio.wait_for(seat.live.wait(), 10)
        await hub.writer.drained()
        await far.fault("lost", times=network.lost)
        yield Room(near, far)


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
