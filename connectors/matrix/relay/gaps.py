"""What the homeserver has forgotten to tell us, read from the rooms themselves.

COMPAT Synapse (1.163) has in memory what is for an appservice and forgets that when it ends, and it answers no
appservice that asks for news as people's apps do. So we remember of each linked room what came last. At our start, and
when the homeserver calls by another connection than before, as one does that was started anew, each of them is in
doubt: it is read back to there before anything else of it is told, the others meanwhile, a few in a second. What comes
once more is known by its id, to us or to the journal. What is remembered may be older than what came last, never newer.

COMPAT Synapse (1.163) also strands what it is about to send at the very moment in which it finds us back (its
appservice/scheduler.py creates a transaction between two looks at whether we are there): it comes when we have been
away the next time. So for a minute a room is read before each of its news, and once more at the end of it; until then
nothing later is remembered.
Source: client-server API #get_matrixclientv3joined_rooms, #get_matrixclientv3roomsroomidmessages.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bridge.contract import ChatId, ContactId, Memory, Reason, Refused, Unavailable
from connectors.matrix import fields, timeline
from connectors.matrix.api import Api, path
from connectors.matrix.groups import Groups

_KEPT = 20_000  # events that are known to have come
_FLUSHED = 10.0  # seconds between two notes of what came last
_AT_ONCE = 50  # rooms that are asked about together
PACE = 0.2  # seconds between two rooms that nobody waits for
_SETTLED = 60.0  # seconds after which the homeserver has found us back, if anything was wrong


@dataclass(slots=True)
class Gaps:
    """For one session; `api` speaks as our own user."""

    api: Api
    me: ContactId
    groups: Groups
    memory: Memory
    linked: Callable[[ChatId], Awaitable[bool]]
    _doubtful: "OrderedDict[str, None]" = field(default_factory=OrderedDict)
    _heard: "OrderedDict[str, None]" = field(default_factory=OrderedDict)
    _last: dict[str, str] = field(default_factory=dict)  # by room: told, perhaps not journaled yet
    _journaling: dict[str, str] = field(default_factory=dict)  # with the transaction that is under way
    _journaled: dict[str, str] = field(default_factory=dict)  # not remembered yet
    _known: dict[str, str] = field(default_factory=dict)  # remembered, of rooms that have been asked for
    _flushed: float = field(default_factory=time.monotonic)
    _turned: float = 0.0
    settled: float = _SETTLED
    _base: dict[str, str] = field(default_factory=dict)  # of rooms that are read before their news: where they were
    _once_more: float = math.inf  # when those are read for the last time
    _last_time: bool = False  # whether that is now

    def new(self, room: str, events: Sequence[object]) -> list[object]:
        """What has not come before; now it has."""
        found = []
        for raw in events:
            id = fields.event_id(fields.mapping(raw).get("event_id"))
            if id is not None and id in self._heard:
                continue
            if id is not None:
                self._heard[id] = None
                self._last[room] = id
            found.append(raw)
        while len(self._heard) > _KEPT:
            self._heard.popitem(last=False)
        return found

    # what came last

    def awaits(self) -> None:
        """All that has come is about to be journaled."""
        self._journaling |= self._last
        self._last = {}

    def journaled(self) -> None:
        """It is."""
        self._journaled |= self._journaling
        self._journaling = {}

    async def remember(self, *, ending: bool = False) -> None:
        """Make it durable, now and then; of rooms of which nothing is remembered, and at the end, now; of rooms that
        are to be read once more, then."""
        due = ending or time.monotonic() - self._flushed >= _FLUSHED
        now = [room for room in self._journaled if (due or room not in self._known) and room not in self._base]
        for start in range(0, len(now), _AT_ONCE):  # together they are one commit
            await asyncio.gather(*(self._keep(room) for room in now[start : start + _AT_ONCE]))
        if due:
            self._flushed = time.monotonic()

    async def _keep(self, room: str) -> None:
        event = self._journaled.pop(room)
        if await self.linked(ChatId(room)) or await self._remembered(room):
            await self._remember(room, event)

    async def entered(self, room: str) -> None:
        """It is about to be linked: what is said from now on counts. Raises `Unavailable`, `LoggedOut`."""
        if await self._remembered(room) is None:
            await self._begin(room)

    async def left(self, room: str) -> None:
        """What is said from now on does not count."""
        for kept in (self._doubtful, self._last, self._journaling, self._journaled, self._base):
            kept.pop(room, None)
        await self._remember(room, "")

    async def _begin(self, room: str) -> None:
        """What is there now is known."""
        try:
            said = await self.groups.page(room)({"dir": "b", "limit": "1"})
        except Refused:
            return
        for raw in fields.listed(said.get("chunk")):
            if (id := fields.event_id(fields.mapping(raw).get("event_id"))) is not None:
                await self._remember(room, id)

    async def _remembered(self, room: str) -> str | None:
        if room not in self._known and (said := await self.memory.get(f"heard {room}")):
            self._known[room] = said
        return self._known.get(room) or None

    async def _remember(self, room: str, event: str) -> None:
        self._known[room] = event
        await self.memory.put(f"heard {room}", event)

    # what did not come

    async def doubt(self) -> None:
        """Something of any linked room may be missing. Raises `Unavailable`, `LoggedOut`."""
        self._once_more, self._last_time = time.monotonic() + self.settled, False
        await self._doubt()

    async def settle(self) -> None:
        """When it is time for that, have the rooms be read for the last time. Raises `Unavailable`, `LoggedOut`."""
        if time.monotonic() >= self._once_more and not self._doubtful:
            self._once_more, self._last_time = math.inf, True
            await self._doubt()

    async def _doubt(self) -> None:
        try:
            rooms = fields.listed((await self.api.get(path("joined_rooms"))).get("joined_rooms"))
        except Refused as refusal:
            raise Unavailable(refusal.text) from refusal
        found = [room for raw in rooms if (room := fields.room_id(raw)) is not None]
        for start in range(0, len(found), _AT_ONCE):
            some = found[start : start + _AT_ONCE]
            linked = await asyncio.gather(*(self.linked(ChatId(room)) for room in some))
            self._doubtful |= {room: None for room, is_linked in zip(some, linked, strict=True) if is_linked}

    @property
    def doubtful(self) -> str | None:
        """The room that has been in doubt for the longest time."""
        return next(iter(self._doubtful), None)

    def turn(self) -> str | None:
        """The same when it is time for another one."""
        now = time.monotonic()
        if now - self._turned < PACE:
            return None
        self._turned = now
        return self.doubtful

    async def missed(self, room: str) -> timeline.Timeline:
        """What may not have come of a room, and perhaps what has; nothing of one that is not in doubt. Raises
        `Unavailable`, `LoggedOut`."""
        if room not in self._doubtful and room not in self._base:
            return timeline.Timeline(())
        try:
            found = await self._behind(room)
        except Unavailable:
            raise
        except BaseException:
            self._doubtful.pop(room, None)  # it would be the same next time
            self._base.pop(room, None)
            raise
        self._doubtful.pop(room, None)
        if self._last_time:
            self._base.pop(room, None)
        return found

    async def _behind(self, room: str) -> timeline.Timeline:
        known = self._base.get(room) or self._last.get(room) or self._journaling.get(room) or self._journaled.get(room)
        known = known or await self._remembered(room)
        if known is None:
            await self._begin(room)
            return timeline.Timeline(())
        found = await timeline.behind(self.groups.page(room), lambda: self._is_there(room, known), known, self.me)
        latest = (fields.event_id(fields.mapping(raw).get("event_id")) for raw in reversed(found.events))
        self._base[room] = next(filter(None, latest), known)
        return found

    async def _is_there(self, room: str, event: str) -> bool:
        """Whether the homeserver still has an event: one that it has purged would not be met on the way back."""
        try:
            await self.groups.patience.ask(room, lambda: self.api.get(path("rooms", room, "event", event)))
        except Refused as refusal:
            if refusal.reason is Reason.SERVICE:
                raise
            return False
        return True
