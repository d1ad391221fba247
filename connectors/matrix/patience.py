"""Reading a room through a homeserver's faults, without asking too often, or letting one room hold the others for ever.

We chose to wait here, and not in whoever keeps the session, because then one question is repeated and not all that came
before it; and only here it is known that a room may never be readable.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from bridge.contract import Reason, Refused, Scope, Unavailable
from connectors.matrix.errors import Faulty

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds."""

    first: float = 1.0  # before a question is repeated; doubled every time
    longest: float = 30.0
    most: float = 600.0  # until a room that cannot be read is left out
    silence: float = 35.0  # without an answer, until the homeserver is asked whether it is there
    sign: float = 30.0  # that it may take to say so


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
