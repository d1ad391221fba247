"""How fast a bot may speak: 30 messages a second in all, one a second in a chat, 20 a minute in a group.

Source: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this. Edits count as messages do,
and so does each file of an album.

A short wait is waited for here, in the order of asking, so that no chat is served twice while another waits; a long one
is told to the lane, which keeps everything durable meanwhile. Telegram's own penalty (`retry_after`) is kept to the
second, and concerns the chat in which it was given.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from bridge.contract import Scope, Unavailable

_PATIENT = 1.5  # seconds that are waited for here
_KEPT = 2_000  # chats that we remember


@dataclass(frozen=True, slots=True)
class Pace:
    """`second`: how long one of Telegram's seconds takes; tests turn the clock by it."""

    second: float = 1.0
    overall: int = 30  # a second
    group: int = 20  # a minute


@dataclass(slots=True)
class _Chat:
    answered: deque[float] = field(default_factory=lambda: deque(maxlen=64))
    until: float = 0.0  # nothing may be sent before


class Limits:
    """Of one bot. What counts is when Telegram has answered: it had the message then, however long it was on its way,
    so it never sees two closer together than they were sent."""

    def __init__(self, pace: Pace, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = pace
        self._clock = clock
        self._chats: OrderedDict[int, _Chat] = OrderedDict()
        self._answered: deque[float] = deque(maxlen=pace.overall)
        self._flying = 0
        self._landed = asyncio.Event()
        self._line = asyncio.Lock()  # first come, first served

    @asynccontextmanager
    async def turn(self, chat: int, count: int = 1, *, group: bool) -> AsyncIterator[None]:
        """So many messages may be sent in `chat` at once (an album), and are, inside this. Raises `Unavailable` when
        that takes long."""
        await self.wait(chat, count, group=group)
        async with self._line:
            await self._room(count)
            self._flying += 1  # files are long on their way, and have their second when they are there
        try:
            yield
        finally:
            self._flying -= 1
            self._landed.set()
            now = [self._clock()] * count
            self._answered.extend(now)
            self._of(chat).answered.extend(now)

    async def wait(self, chat: int, count: int = 1, *, group: bool) -> None:
        """Return when so many messages may be sent in `chat`, and among all. Raises `Unavailable` when that takes
        long."""
        wait = self._wait(chat, count, group=group)
        if wait > _PATIENT * self._pace.second:
            text = "Telegram lets your bot write no faster here."
            raise Unavailable(text, retry_after=wait, scope=Scope.CHAT)
        await asyncio.sleep(wait)
        async with self._line:
            await self._room(count)

    def check(self, chat: int) -> None:
        """Raises `Unavailable` inside a penalty."""
        left = self._of(chat).until - self._clock()
        if left > 0:
            raise Unavailable("Telegram wants your bot to be slower here.", retry_after=left, scope=Scope.CHAT)

    def penalty(self, chat: int, seconds: float) -> float:
        """Telegram wants nothing more for so long; in seconds of ours."""
        ours = seconds * self._pace.second
        of = self._of(chat)
        of.until = max(of.until, self._clock() + ours)
        return ours

    def _wait(self, chat: int, count: int, *, group: bool) -> float:
        now, of, second = self._clock(), self._of(chat), self._pace.second
        wait = of.until - now
        if of.answered:
            wait = max(wait, of.answered[-1] + second - now)
        if group and len(of.answered) + count > self._pace.group:
            wait = max(wait, of.answered[count - self._pace.group - 1] + 60 * second - now)
        return max(0.0, wait)

    async def _room(self, count: int) -> None:
        """Return when there is room for so many more among all of this second."""
        while self._pace.second:
            since = self._clock() - self._pace.second
            recent = [at for at in self._answered if at > since]
            if len(recent) + self._flying + count <= self._pace.overall:
                return
            self._landed.clear()
            left = recent[0] - since if recent else None
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._landed.wait()

    def _of(self, chat: int) -> _Chat:
        found = self._chats.setdefault(chat, _Chat())
        self._chats.move_to_end(chat)
        if len(self._chats) > _KEPT:
            self._chats.popitem(last=False)
        return found
