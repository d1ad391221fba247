"""Who invites how often: nobody has us come into thousands of rooms, or calls thousands of us."""

from collections import deque

_AT_MOST, _WITHIN = 10, 60.0  # invitations of one person that are answered, in seconds
_TIDY = 1_000  # people remembered before those whose times are over are forgotten


class Callers:
    """One for all who are called; a restart forgives."""

    def __init__(self) -> None:
        self._came: dict[str, deque[float]] = {}

    def too_many(self, by: str, now: float) -> bool:
        """Somebody invites one of us `now` (seconds since the epoch): whether that is to be declined."""
        since = now - _WITHIN
        if len(self._came) >= _TIDY:
            self._came = {who: times for who, times in self._came.items() if times[-1] > since}
        times = self._came.setdefault(by, deque(maxlen=_AT_MOST))
        if len(times) == _AT_MOST and times[0] > since:
            return True
        times.append(now)
        return False
