"""What of one room could not be understood: so much an hour is kept for the operator, the rest is counted and said."""

import asyncio

from bridge.contract import ChatId, Unparsable
from bridge.xmpp.joined.grounds import Grounds

_MOST = 50  # of one room in one window
_WINDOW = 3_600.0  # seconds


class Unreadable:
    """Of one room."""

    def __init__(self, room: ChatId, grounds: Grounds) -> None:
        self._room = room
        self._grounds = grounds
        self._found = 0
        self._over: asyncio.TimerHandle | None = None

    def found(self, reason: str, source: str, raw: str) -> None:
        self._found += 1
        if self._over is None:
            self._over = asyncio.get_running_loop().call_later(_WINDOW, self.close)
        if self._found <= _MOST:
            self._tell(reason, source, raw)

    def close(self) -> None:
        """Say how much was not kept, and begin anew."""
        if self._over is not None:
            self._over.cancel()
        more, self._found, self._over = self._found - _MOST, 0, None
        if more > 0:
            self._tell(f"{more} more messages of this room could not be read. They are not kept.", self._room, "")

    def _tell(self, reason: str, source: str, raw: str) -> None:
        self._grounds.offer(Unparsable(reason=reason[:500], source=source[:500], raw=raw[:500], chat=self._room))
