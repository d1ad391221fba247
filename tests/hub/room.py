"""A room on two memory networks, linked: people write on "near", and "far" is set as a test wants it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bridge.hub.hub import Hub
from bridge.hub.limits import MediaLimits
from bridge.hub.pictures import Converter
from bridge.store.database import Database
from bridge.testing.control import Control, spawned
from bridge.testing.states import Said
from tests.hub.building import hub_over, put_account, running


@dataclass(frozen=True)
class Network:
    """How "far" is set, who of ours is there, and how many of its answers are lost (0: all)."""

    like: tuple[str, ...]
    own: bool | None = None  # whether our account is shown its own doings; None: where the network echoes
    watched: bool = False  # by a second account of ours
    lost: int | None = None  # None: none
    longest: int = 40  # characters of a message
    media: MediaLimits = field(default_factory=MediaLimits)
    converter: Converter | None = None


@dataclass
class Room:
    """Its two ends. Anna is on near, Tina on far."""

    near: Control
    far: Control
    hub: Hub

    async def arrived(self, *expected: str) -> list[Said]:
        """What is visible on far, once it reads so; long texts come in pieces."""
        whole = "".join(expected)
        state = await self.far.until("room", lambda s: "".join(t.removeprefix("Anna: ") for t in s.texts) == whole)
        return state.visible


@asynccontextmanager
async def room_on(network: Network, database: Database, tmp_path: Path) -> AsyncIterator[Room]:
    """Everything running and caught up."""
    sockets = {"near": tmp_path / "near.sock", "far": tmp_path / "far.sock"}
    async with AsyncExitStack() as stack:
        near = await stack.enter_async_context(spawned(sockets["near"], ["--like", "a"]))
        far = await stack.enter_async_context(
            spawned(sockets["far"], [*network.like, "--longest", str(network.longest)])
        )
        await near.account("relay", relay=True, everywhere=True)
        await far.account("bot", relay=True, everywhere=True, own=network.own)
        await far.account("watcher", everywhere=True)
        await near.people("anna")
        await far.people("tina")
        for world in (near, far):
            await world.chat("room")
        made = await hub_over(database, sockets, tmp_path, media=network.media, converter=network.converter)
        hub = await stack.enter_async_context(running(made))
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
        if network.lost is not None:
            await far.fault("lost", times=network.lost)
        yield Room(near, far, hub)
