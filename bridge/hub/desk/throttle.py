"""Throttle: after five failed logins in ten minutes a user waits, and after too many commands in a minute."""

from bridge.contract import Clock
from bridge.hub.desk.words import in_time
from bridge.hub.quota import Quota

_FAILURES = 5
_TRIES = 30  # well or not: each is work for a homeserver
_WITHIN = 600.0  # seconds
_VISITS = 10  # rooms that somebody has us come into
_STRANGERS, _FROM_ONE = 1_000, 100  # commands an hour of people who may not use the gateways, and of one server's


class Throttle:
    """By user. `commands`: so many a minute."""

    def __init__(self, clock: Clock, commands: int) -> None:
        self._failures = Quota(_FAILURES, _WITHIN, clock.time)
        self._tries = Quota(_TRIES, _WITHIN, clock.time)
        self._commands = Quota(commands, 60.0, clock.time)
        self._visits = Quota(_VISITS, _WITHIN, clock.time)
        self._servers = Quota(_FROM_ONE, 3_600.0, clock.time)
        self._strangers = Quota(_STRANGERS, 3_600.0, clock.time)

    def command(self, user: str, *, stranger: bool = False) -> str:
        """A command is given now; what to say if it is one too many, else nothing. `stranger`: `user` may not use the
        gateways, and addresses cost a hostile server nothing."""
        seconds = self._commands.take(user)
        if stranger and not seconds:
            seconds = self._servers.take(user.rpartition("@")[2]) or self._strangers.take("")
        return f"Those are too many commands. You can go on {in_time(seconds)}." if seconds else ""

    def visit(self, user: str) -> str:
        """`user` has the gateway come into a room; what to say if that is once too often, else nothing."""
        seconds = self._visits.take(user)
        return f"Those are too many rooms. You can try again {in_time(seconds)}." if seconds else ""

    def failed(self, user: str) -> None:
        """A login of `user` failed just now."""
        self._failures.note(user)

    def tried(self, user: str) -> str:
        """`user` has filled in something to log in with; what to say if that is once too often, else nothing."""
        seconds = self._tries.take(user)
        return f"Those are too many logins. You can try again {in_time(seconds)}." if seconds else ""

    def refusal(self, user: str) -> str:
        """What to say to `user`; empty when they may try."""
        seconds = self._failures.wait(user)
        return f"Too many logins have failed. You can try again {in_time(seconds)}." if seconds else ""
