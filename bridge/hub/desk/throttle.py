"""Throttle: after five failed logins in ten minutes a user waits."""

import math
from collections import deque

from bridge.contract import Clock
from bridge.hub.desk.words import duration

_FAILURES = 5
_WITHIN = 600.0  # seconds
_TIDY = 1_000  # users remembered before those whose failures are old are forgotten


class Throttle:
    """Failures by user, in memory: a restart forgives."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failed: dict[str, deque[float]] = {}

    def failed(self, user: str) -> None:
        """A login of `user` failed just now."""
        if len(self._failed) >= _TIDY:
            self._failed = {who: times for who, times in self._failed.items() if self._recent(times)}
        self._failed.setdefault(user, deque(maxlen=_FAILURES)).append(self._clock.time())

    def wait(self, user: str) -> float:
        """Seconds until `user` may try again; 0.0 when now."""
        times = self._failed.get(user)
        if not times or len(times) < _FAILURES:
            return 0.0
        return max(0.0, times[0] + _WITHIN - self._clock.time())

    def refusal(self, user: str) -> str:
        """What to say to `user`; empty when they may try."""
        seconds = self.wait(user)
        if not seconds:
            return ""
        if seconds > 60:
            seconds = math.ceil(seconds / 60) * 60  # never less than it is
        return f"Too many logins have failed. You can try again in {duration(math.ceil(seconds))}."

    def _recent(self, times: deque[float]) -> bool:
        return times[-1] + _WITHIN > self._clock.time()
