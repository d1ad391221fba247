"""A database whose answers come when a test says so, as those of a busy disk do."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import URL

from bridge.hub.closing import durably
from bridge.store.database import Database
from bridge.store.ledger import Ledger
from tests.support.house import House

T = TypeVar("T")


class Paced(Database):
    """Open with `Paced.open`. Everything goes on at once until a test clears one of the events."""

    def __init__(self, url: URL) -> None:
        super().__init__(url)
        self.latency = 0.0  # seconds that every read takes longer
        self.may_read = asyncio.Event()
        self.may_tell = asyncio.Event()  # else what was written is durable, and nobody knows it yet
        self.may_read.set()
        self.may_tell.set()
        self.asked = asyncio.Event()  # somebody has asked to read
        self.read_it = asyncio.Event()  # somebody has read
        self.wrote = asyncio.Event()  # something is durable

    async def read(self, function: Callable[[Connection], T]) -> T:
        self.asked.set()
        await asyncio.sleep(self.latency)
        await self.may_read.wait()
        found = await super().read(function)
        self.read_it.set()
        return found

    async def write(self, function: Callable[[Connection], T], *, alone: bool = False) -> T:
        result = await super().write(function, alone=alone)
        self.wrote.set()
        await self.may_tell.wait()
        return result

    async def write_each(self, functions: Iterable[Callable[[Connection], T]], told: Callable[[T], None]) -> None:
        """One after the other, so that each can be kept from being told."""
        for function in functions:
            told(await self.write(function, alone=True))


@asynccontextmanager
async def one_group(home: House, paced: Paced) -> AsyncIterator[None]:
    """What is reported inside is journaled in one transaction."""
    assert home.hub is not None
    await home.hub.writer.drained()
    paced.may_tell.clear()
    paced.wrote.clear()
    busy = durably(home.hub.writer, lambda ledger: None)
    await paced.wrote.wait()
    yield
    while not all(queue.empty() for net in (home.xmpp, home.far) for queue in net.events.values()):
        await asyncio.sleep(0)
    paced.may_tell.set()
    await busy
    await home.hub.writer.drained()


def breaks(ledger: Ledger) -> None:
    """A write that is refused."""
    raise RuntimeError("it breaks its group")
