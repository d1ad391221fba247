"""What a server had just taken when it went away without a word is said again, under the same ids.

COMPAT ejabberd: when it is stopped it still takes messages for a moment after it has ended the streams of those whom
they are for, and loses them. A server that is killed loses what it has not passed on. Both close the connection without
a stream error. To an app, the same id twice from the same contact is a repeat.
"""

import time
from collections import deque
from collections.abc import Callable

_SECONDS = 3.0  # before the end of a stream, in which what was taken may be lost
_MOST = 1_000  # stanzas that are kept


class Repeats:
    """Of one stream."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._taken: deque[tuple[float, str]] = deque(maxlen=_MOST)

    def taken(self, stanza: str) -> None:
        """The server has confirmed it."""
        self._taken.append((self._now(), stanza))
        self._forget()

    def lost(self, condition: str) -> None:
        """The stream has ended with this stream error; empty: with none."""
        if condition:
            self._taken.clear()
        self._forget()

    def again(self) -> list[str]:
        """What is to be written again now that there is a stream, before anything else."""
        stanzas = [stanza for _, stanza in self._taken]
        self._taken.clear()
        return stanzas

    def _forget(self) -> None:
        while self._taken and self._now() - self._taken[0][0] > _SECONDS:
            self._taken.popleft()
