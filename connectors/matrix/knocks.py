"""Wrong passwords and tokens, counted across all who log in here: nobody guesses a Matrix account's password with the
help of many XMPP accounts, and no homeserver gets more guesses from us than people make by mistake."""

from collections import deque
from dataclasses import dataclass, field

from bridge.contract import LoginRefused

_WITHIN = 600.0  # seconds
_OF_ONE, _OF_ALL = 10, 100  # for one account, and for one homeserver
_TIDY = 1_000  # remembered before those whose time is over are forgotten


@dataclass(slots=True)
class Knocks:
    """In memory: a restart forgives."""

    _wrong: dict[tuple[str, str], deque[float]] = field(default_factory=dict)

    def check(self, base: str, name: str, now: float) -> None:
        """Before one more try at the homeserver `base`. Raises `LoginRefused`."""
        for who, most in ((name, _OF_ONE), ("", _OF_ALL)):
            times = self._wrong.get((base, who))
            if times is not None and len(times) == most and (left := times[0] + _WITHIN - now) > 0:
                raise LoginRefused(
                    "There have been too many wrong logins at this homeserver from here. "
                    f"Try again in {max(1, round(left / 60))} minutes."
                )

    def wrong(self, base: str, name: str, now: float) -> None:
        """The homeserver said that it was."""
        if len(self._wrong) >= _TIDY:
            self._wrong = {key: times for key, times in self._wrong.items() if times[-1] + _WITHIN > now}
        for who, most in ((name, _OF_ONE), ("", _OF_ALL)):
            self._wrong.setdefault((base, who), deque(maxlen=most)).append(now)
