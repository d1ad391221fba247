"""Quotas: so many of something within a time, by user or by whatever is to be spared. In memory: a restart forgives."""

from collections import deque
from collections.abc import Callable

_TIDY = 1_000  # keys remembered before those whose times are over are forgotten


class Quota:
    """At most `most` within any `within` seconds, for each key. `now`: seconds since whenever."""

    def __init__(self, most: int, within: float, now: Callable[[], float]) -> None:
        self._most = most
        self._within = within
        self._now = now
        self._times: dict[str, deque[float]] = {}

    def note(self, key: str) -> None:
        """It happened just now."""
        if len(self._times) >= _TIDY:
            now = self._now()
            self._times = {who: times for who, times in self._times.items() if times[-1] + self._within > now}
        self._times.setdefault(key, deque(maxlen=self._most)).append(self._now())

    def wait(self, key: str) -> float:
        """Seconds until it may happen again; 0.0 when now."""
        times = self._times.get(key)
        if times is None or len(times) < self._most:
            return 0.0
        return max(0.0, times[0] + self._within - self._now())

    def take(self, key: str) -> float:
        """What `wait` says; if that is 0.0, it happens now."""
        seconds = self.wait(key)
        if not seconds:
            self.note(key)
        return seconds
