"""Quotas: so many of something within a time, by user or by whatever is to be spared. In memory: a restart forgives."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bridge.contract import Reason, Refused
from bridge.hub.limits import Limits

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


@dataclass(frozen=True, slots=True)
class Quotas:
    """What one user may have of networks, whichever way they ask for it."""

    openings: Quota
    """New direct chats and rooms."""
    questions: Quota
    """Searches, lists and profiles that a network has to be asked for."""
    invitations: Quota
    """Of others into rooms."""

    @classmethod
    def of(cls, limits: Limits, now: Callable[[], float]) -> "Quotas":
        return cls(
            Quota(limits.openings, 3_600.0, now), Quota(limits.questions, 60.0, now),
            Quota(limits.invitations, 60.0, now),
        )  # fmt: skip

    def ask(self, user: str) -> None:
        """`user` asks a network something now. Raises `Refused`."""
        if self.questions.take(user):
            raise Refused("You have asked for very much in the last minute. Wait a little.", Reason.RESOURCE)

    def invite(self, user: str) -> None:
        """`user` invites somebody now. Raises `Refused`."""
        if self.invitations.take(user):
            text = "You have invited very many people in the last minute. Wait a little before you invite others."
            raise Refused(text, Reason.RESOURCE)
