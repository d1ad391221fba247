"""What was said long ago is not kept (configuration section `retention`), whoever has said it and wherever.

A few rows at a time, with pauses: what people say meanwhile does not wait for it.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from bridge.hub.closing import durably
from bridge.hub.limits import Retention
from bridge.store import agreements, pruning
from bridge.store.database import Database
from bridge.store.writer import Writer

log = logging.getLogger(__name__)
_EVERY = 3_600.0  # seconds
_AT_ONCE = 100  # rows in one transaction
_PAUSE = 0.02  # seconds between two of them
_DAY = 86_400.0


@dataclass(slots=True)
class Retaining:
    """`run` is a task of the hub."""

    database: Database
    writer: Writer
    keep: Retention
    clock: Callable[[], float] = time.time

    async def run(self) -> None:
        while True:
            try:
                number = await self.prune()
                if number:
                    log.info("old messages were removed number=%d", number)
            except Exception:
                log.exception("old messages could not be removed")
            await asyncio.sleep(_EVERY)

    async def prune(self) -> int:
        """Remove what is too old now; how many events of archives that were."""
        oldest = self.clock() - self.keep.archive * _DAY
        before, number = int(oldest * 1_000_000), 0
        for room in await self.database.read(pruning.rooms):
            while gone := await self._room(room, before):
                number += gone
        after: int | None = 0
        while after is not None:
            after = await self._events(after, before)
        await durably(self.writer, lambda ledger: pruning.prune_strays(ledger.connection, oldest))
        now = self.clock()
        await durably(self.writer, lambda ledger: agreements.prune_codes(ledger.connection, now))
        await durably(
            self.writer, lambda ledger: agreements.prune_deeds(ledger.connection, now - self.keep.audit * _DAY)
        )
        return number

    async def _room(self, room: int, before: int) -> int:
        await asyncio.sleep(_PAUSE)
        return await durably(self.writer, lambda ledger: pruning.prune_room(ledger.connection, room, before, _AT_ONCE))

    async def _events(self, after: int, before: int) -> int | None:
        await asyncio.sleep(_PAUSE)
        return await durably(
            self.writer, lambda ledger: pruning.prune_events(ledger.connection, after, before, _AT_ONCE)
        )
