"""Not asking too often; and reading a room through a homeserver's faults without letting it hold the others for ever.

We chose to wait for a room here, and not in whoever keeps the session, because then one question is repeated and not
all that came before it; and only here it is known that a room may never be readable.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from bridge.contract import Reason, Refused, Scope, Unavailable
from connectors.matrix.errors import Faulty

_QUICK = 1.0  # seconds in which nobody answers who waits for news
_LONGEST_PAUSE = 10.0  # seconds between questions to a homeserver that does not wait
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds."""

    first: float = 1.0  # before a question is repeated; doubled every time
    longest: float = 30.0
    most: float = 600.0  # until a room that cannot be read is left out
    together: float = 0.1  # for which we do not ask for news while much happens: one answer then has all of it
    silence: float = 35.0  # without an answer, until the homeserver is asked whether it is there
    sign: float = 30.0  # that it may take to say so


class Rhythm:
    """When a homeserver is asked for news again. For one session."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._pause = 0.0

    def rest(self, empty: bool, took: float) -> float:
        """Seconds to let pass after an answer, `empty` or not, that came `took` seconds after it was asked for. Who
        answers soon, and without news, does not wait for any; news that comes soon will not be the last."""
        if empty and took < _QUICK:
            self._pause = min(_LONGEST_PAUSE, max(_QUICK / 4, 2 * self._pause))
            return self._pause
        self._pause = 0.0
        return self._pace.together if took < 2 * self._pace.together else 0.0


class Patience:
    """For one session. `check` raises `Unavailable` when the homeserver has been silent for long."""

    def __init__(self, pace: Pace, check: Callable[[], Awaitable[None]], log: logging.Logger) -> None:
        self.check = check
        self._pace = pace
        self._log = log
        self._left_out: set[str] = set()

    async def ask(self, room: str, question: Callable[[], Awaitable[T]]) -> T:
        """The answer about `room`. Raises `Refused` when there is none or will be none, `LoggedOut`, and `Unavailable`
        when the homeserver cannot be reached or is away for long."""
        pause, waited = self._pace.first, 0.0
        while True:
            try:
                answer = await question()
            except Unavailable as error:
                if error.scope is Scope.ACCOUNT:
                    raise
                if isinstance(error, Faulty) and (waited >= self._pace.most or room in self._left_out):
                    self._left_out.add(room)
                    self._log.warning("a room cannot be read room=%s reason=%s", room, error.text)
                    raise Refused(error.text, Reason.SERVICE) from error
                if waited >= self._pace.most:
                    raise
                pause = max(pause, error.retry_after or 0.0)
                await asyncio.sleep(pause)
                waited, pause = waited + pause, min(2 * pause, self._pace.longest)
                await self.check()
            else:
                self._left_out.discard(room)
                return answer
