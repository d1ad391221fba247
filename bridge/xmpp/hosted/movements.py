"""Who comes and goes in rooms, in a line for users who want one (`settings joins=on`). By itself no line is made.

What happens within a while is told at its end; no room is told more than once in a window that is twenty times as long.
Of who has come and is gone again by then nothing is said: people who flap make no line, or one.
"""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bridge.contract import ChatId, ContactId, NetworkId
from bridge.hub.facades import RoomOccupant
from bridge.xmpp.hosted import stanzas
from bridge.xmpp.hosted.room import HostedRoom

_NAMED = 5  # of those who did the same


@dataclass(frozen=True, slots=True)
class Joins:
    """`wanted`: whether a user (bare JID) wants to be told in a room. `window` in seconds."""

    wanted: Callable[[str, NetworkId, ChatId], bool] = lambda user, network, room: False
    window: float = 600.0


@dataclass(slots=True)
class _Watched:
    room: HostedRoom
    before: dict[ContactId, str | None] = field(default_factory=dict)  # what they were called; None: they were not in
    told: float | None = None  # when, by the loop's clock
    timer: asyncio.TimerHandle | None = None


class Movements:
    """Owns the timers: one for each room where somebody has moved."""

    def __init__(self, tell: Callable[[HostedRoom, str, list[str]], None]) -> None:
        self.joins = Joins()
        self._tell = tell
        self._watched: dict[ChatId, _Watched] = {}

    def note(self, room: HostedRoom, occupant: RoomOccupant) -> None:
        """Somebody is about to be shown as `occupant`."""
        watched = self._watched.get(room.jid)
        if watched is None or watched.room is not room:
            self._forget(room.jid)
            watched = self._watched[room.jid] = _Watched(room)
        known = room.seen.get(occupant.contact)
        watched.before.setdefault(occupant.contact, known.nick if known is not None else None)
        if watched.timer is None:
            loop, delay = asyncio.get_running_loop(), self.joins.window / 20
            if watched.told is not None:
                delay = max(delay, watched.told + self.joins.window - loop.time())
            watched.timer = loop.call_later(delay, self._over, watched)

    def close(self) -> None:
        for jid in list(self._watched):
            self._forget(jid)

    def _forget(self, jid: ChatId) -> None:
        watched = self._watched.pop(jid, None)
        if watched is not None and watched.timer is not None:
            watched.timer.cancel()

    def _over(self, watched: _Watched) -> None:
        room, before = watched.room, watched.before
        watched.timer, watched.before = None, {}
        for one in list(room.attendees.values()):
            if one.entering is None and self.joins.wanted(one.user, room.room.network, room.jid):
                words = _words(room, {who: nick for who, nick in before.items() if who != one.me})
                if words:
                    watched.told = asyncio.get_running_loop().time()
                    self._tell(room, stanzas.remark(room.jid, uuid.uuid4().hex, words), [one.jid])
        if not room.attendees:
            self._forget(room.jid)


def _words(room: HostedRoom, before: dict[ContactId, str | None]) -> str:
    """What is otherwise than it was; empty if nothing is."""
    came, left, renamed = [], [], []
    for contact, nick in before.items():
        now = room.seen.get(contact)
        if now is not None and nick is None:
            came.append(now.nick)
        elif now is None and nick is not None:
            left.append(nick)
        elif now is not None and nick is not None and now.nick != nick:
            renamed.append(f"{nick} is called {now.nick} now.")
    said = [_sentence(came, "come in"), _sentence(left, "left"), *renamed[:_NAMED]]
    if len(renamed) > _NAMED:
        said.append(f"{len(renamed) - _NAMED:,} others are called otherwise now.")
    return " ".join(filter(None, said))


def _sentence(nicks: Sequence[str], what: str) -> str:
    if not nicks:
        return ""
    if len(nicks) == 1:
        return f"{nicks[0]} has {what}."
    named = nicks if len(nicks) <= _NAMED else [*nicks[: _NAMED - 1], f"{len(nicks) - _NAMED + 1:,} others"]
    return f"{', '.join(named[:-1])} and {named[-1]} have {what}."
