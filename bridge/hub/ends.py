"""How deliveries end other than well: the jobs, the answers, the counts."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from bridge.contract import Reason
from bridge.hub import closing, codec
from bridge.hub.closing import durably
from bridge.hub.codec import Journaled
from bridge.hub.counters import Counters
from bridge.hub.keys import Keys
from bridge.store.deliveries import Place
from bridge.store.ledger import Ledger
from bridge.store.rows import Debt
from bridge.store.writer import Writer

log = logging.getLogger(__name__)
MOST_BUGS = 3


@dataclass(slots=True)
class Endings:
    """`untold` is called when somebody must be told of a failure who gets no answer of his own."""

    writer: Writer
    keys: Keys
    counters: Counters
    offer: Callable[[Debt], None]
    untold: Callable[[], None]

    async def refused(self, owed: Debt, place: Place, reason: Reason, text: str) -> None:
        await self._end(
            owed,
            place,
            str(reason),
            lambda ledger, event: closing.refused(ledger, self.keys, owed, event, reason, text),
        )

    async def given_up(self, owed: Debt, place: Place, why: str) -> None:
        await self._end(
            owed, place, "patience", lambda ledger, event: closing.given_up(ledger, self.keys, owed, event, why)
        )

    async def bug(self, owed: Debt, place: Place) -> bool:
        owed.bugs += 1
        bugs = owed.bugs
        await asyncio.wait([durably(self.writer, lambda ledger: ledger.owed.keep(owed.chat, owed.event, bugs=bugs))])
        if bugs < MOST_BUGS:
            return False
        self.counters.failed[place.network, "fault"] += 1
        event = _decoded(owed)
        await self._submit(lambda ledger: closing.dead(ledger, self.keys, owed, event))
        return True

    def delivered(self, place: Place) -> None:
        self.counters.messages_out[place.network] += 1

    def retried(self, place: Place) -> None:
        self.counters.retries[place.network] += 1

    def repeated(self, place: Place) -> None:
        """What may have arrived is sent again, and nothing can tell."""
        self.counters.possible_duplicates[place.network] += 1

    async def _end(
        self, owed: Debt, place: Place, reason: str, change: Callable[[Ledger, Journaled], list[Debt]]
    ) -> None:
        event = _decoded(owed)
        if event is None:
            await self._submit(lambda ledger: closing.dead(ledger, self.keys, owed, None))
            return
        self.counters.failed[place.network, reason] += 1
        log.info("delivery failed chat=%d event=%d reason=%s", owed.chat, owed.event, reason)
        await self._submit(lambda ledger: change(ledger, event))

    def _submit(self, change: Callable[[Ledger], list[Debt]]) -> "asyncio.Future[None]":
        def then(debts: list[Debt]) -> None:
            for one in debts:
                self.offer(one)
            self.untold()

        return closing.ending(self.writer, change, then).heard()


def _decoded(owed: Debt) -> Journaled | None:
    try:
        return codec.decode(owed.kind, owed.body)
    except (msgspec.DecodeError, KeyError):
        return None
