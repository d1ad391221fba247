"""What a delivery writes into the journal when it is performed: that it is tried, its copies, its end."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridge.hub import closing
from bridge.hub.closing import Ending, Reacted, durably
from bridge.hub.codec import Journaled
from bridge.hub.copies import keeping
from bridge.hub.keys import Keys
from bridge.hub.known import Known
from bridge.store.deliveries import Place
from bridge.store.rows import Copy, Debt
from bridge.store.writer import Writer


@dataclass(frozen=True, slots=True)
class Landing:
    """`offer` is told what is owed because of an end."""

    writer: Writer
    keys: Keys
    offer: Callable[[Debt], None]

    async def mark(self, some: Sequence[Debt], tried: int) -> None:
        """Write durably which part's call is about to be made (from 1), or that it was not."""
        changed = [owed for owed in some if owed.tried != tried]
        if not changed:
            return
        await durably(self.writer, closing.tried(changed, tried))
        for owed in changed:
            owed.tried = tried

    def keep(self, copies: Sequence[Copy]) -> "asyncio.Future[None]":
        """What a part is called, before the others are performed; done when it is durable."""
        return durably(self.writer, keeping(copies))

    def close(
        self,
        owed: Debt,
        place: Place,
        known: Known,
        event: Journaled,
        copies: Sequence[Copy],
        reacted: Reacted | None = None,
    ) -> Ending:
        """Submit the end of the delivery."""
        known.add(copies)
        crossed = owed.network != place.network

        def then(debts: list[Debt]) -> None:
            for one in debts:
                self.offer(one)
            known.settle()

        known.owe()
        return closing.ending(
            self.writer,
            lambda ledger: closing.done(ledger, self.keys, owed, event, copies, reacted, crossed=crossed),
            then,
        )
