"""The deliveries of a lane that are in memory, in journal order; the rest waits in the journal.

Three flags keep them in step with a journal that grows while it is read: `behind` (the journal has more), `_reading` (a
page is on its way) and `_again` (something was journaled meanwhile).
"""

from collections import deque
from collections.abc import Awaitable, Callable

from bridge.hub.known import MOST_OWED, Known
from bridge.store.rows import Debt

HELD = 64  # deliveries in memory
_SAID = 8  # of these, with their events: of those behind the text that is in the journal takes less

Page = Callable[[int, int, int], Awaitable[tuple[list[Debt], bool]]]
"""(chat, after, limit): deliveries, and whether there are more."""


class Held:
    """Of one chat. `unsure`: so many rows an earlier process may have tried."""

    def __init__(self, chat: int, page: Page, known: Known, unsure: int) -> None:
        self.next: deque[Debt] = deque()
        self.behind = unsure > 0
        self.stale = False  # everything is to be read anew, when nothing is under way
        self.unsure = unsure
        self._chat = chat
        self._page = page
        self._known = known
        self._last = 0  # everything up to this event has been here
        self._reading = False
        self._again = False

    @property
    def is_unsure(self) -> bool:
        """Whether any that is still to come may have been tried."""
        return self.unsure > 0 or any(owed.maybe for owed in self.next)

    def offer(self, owed: Debt, most: int) -> None:
        """A delivery has been journaled; it is held if less than `most` are, and nothing before it waits."""
        if owed.event <= self._last:
            return  # a page had it before we were told
        if self._reading:
            self._again = True
        elif not self.behind and not self.stale and len(self.next) < most:
            if len(self.next) >= _SAID:
                owed.said = None
            self.next.append(owed)
            self._last = owed.event
        else:
            self.behind = True

    def forget(self, *, unsure: bool) -> None:
        """Everything is to be read anew; with `unsure` something may have happened without our knowing."""
        if unsure or self.is_unsure:
            self.unsure = MOST_OWED
        self.stale = self.behind = True
        self.next.clear()

    def begin_anew(self, *, unsure: bool) -> None:
        """Nothing is under way, and all that was closed is durable: from the first that is open."""
        if unsure or any(owed.maybe for owed in self.next):
            self.unsure = MOST_OWED  # they come again from the journal
        self.next.clear()
        self.stale, self._last = False, 0

    def shrink(self) -> None:
        """A blocked lane keeps one delivery, and those that may have been tried."""
        while len(self.next) > 1 and not self.next[-1].maybe and not self._reading:
            self.next.pop()
            self.behind = True
        if self.behind and self.next:
            self._last = self.next[-1].event

    async def refill(self, limit: int) -> None:
        """Read at most `limit` more."""
        self._reading, self._again = True, False
        try:
            rows, more = await self._page(self._chat, self._last, limit)
        finally:
            self._reading = False
        if self.stale:
            return  # read under a name that the chat has no more
        for owed in rows:
            if owed.copies is not None:
                self._known.learn(owed.message, owed.copies)
                owed.copies = None
            if self.unsure > 0:
                owed.maybe = True
                self.unsure -= 1
            elif owed.tried:
                owed.maybe = True
        self.next.extend(rows)
        self.behind = self._again or more
        if rows:
            self._last = rows[-1].event
