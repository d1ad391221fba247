"""Back-off: how long to wait before the next try."""

import random


class Backoff:
    """Grows by doubling from half a second, jittered, up to 30 s for what may pass and 5 minutes for what will not by
    itself (a wrong secret). `reset` after a success."""

    def __init__(self, most: float = 30.0, lasting: float = 300.0) -> None:
        self._most = most
        self._lasting = lasting
        self._next = 0.5

    def pause(self, *, asked: float | None = None, lasting: bool = False) -> float:
        """Seconds to wait now; never less than the network asked for."""
        base = self._next
        self._next = min(self._next * 2, self._lasting if lasting else self._most)
        if lasting:
            base = max(base, self._most)
        pause = base * random.uniform(0.75, 1.0)  # noqa: S311
        return max(pause, asked + random.uniform(0, 0.1)) if asked else pause  # noqa: S311

    def reset(self) -> None:
        self._next = 0.5
