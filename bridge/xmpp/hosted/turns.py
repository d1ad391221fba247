"""Who may come into hosted rooms, and when: so many at once, and nobody too often.

An app that starts enters all its rooms at once, a whole server's apps do after a restart: they wait for their turn. Who
enters again and again is told to wait.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bridge.xmpp.errors import StanzaError

_AT_ONCE = 200
_OF_ONE = 20  # user
_WAITING = 20_000
_OFTEN = 1_000  # times that one user may enter in a moment
_AGAIN = 5.0  # more of them each second
_TIDY = 1_000  # users remembered before those who may enter as often as anybody are forgotten


class Turns:
    """`ask`, then come in within `turn`. `clock` in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entering = asyncio.Semaphore(_AT_ONCE)
        self._own: dict[str, asyncio.Semaphore] = {}
        self._there: Counter[str] = Counter()  # who enter or wait for it, by user
        self._spent: dict[str, tuple[float, float]] = {}  # by user: how often of late, and when that was so

    @property
    def waiting(self) -> int:
        """How many enter or wait for it."""
        return self._there.total()

    def ask(self, user: str) -> None:
        """`user` wants to come into a room. Raises `StanzaError`."""
        now, (before, at) = self._clock(), self._spent.get(user, (0.0, 0.0))
        spent = max(0.0, before - (now - at) * _AGAIN) + 1.0
        if spent > _OFTEN:
            raise StanzaError("resource-constraint", "You are entering rooms too often. Try again in a minute.")
        if self.waiting >= _WAITING:
            raise StanzaError("resource-constraint", "Too many are entering rooms at once. Try again in a minute.")
        if len(self._spent) >= _TIDY:
            self._spent = {who: (n, t) for who, (n, t) in self._spent.items() if n > (now - t) * _AGAIN}
        self._spent[user] = (spent, now)

    @asynccontextmanager
    async def turn(self, user: str) -> AsyncIterator[None]:
        """Begins when it is the turn of `user`."""
        own = self._own.setdefault(user, asyncio.Semaphore(_OF_ONE))
        self._there[user] += 1
        try:
            async with own, self._entering:
                yield
        finally:
            self._there[user] -= 1
            if not self._there[user]:
                del self._there[user], self._own[user]
