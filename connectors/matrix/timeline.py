"""What happened in a room since a cursor, without gaps.

A sync brings a room's latest events only and says that it is `limited` when there were more. The rest is read
backwards before anything of it is reported; the timeline of a room that we have just joined begins at our invitation.
Source: client-server API #syncing, #get_matrixclientv3roomsroomidmessages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.contract import ContactId, Refused
from connectors.matrix import fields
from connectors.matrix.api import Api, path
from connectors.matrix.events import member

_PAGE = 100  # events
_MOST = 20_000  # events of one gap
_MOST_BEFORE = 1_000  # events before a join


@dataclass(frozen=True, slots=True)
class Timeline:
    """Events, the oldest first; `missing` says why there may have been others."""

    events: Sequence[object]
    missing: str = ""


async def since(api: Api, me: ContactId, room: str, news: Mapping[str, object], cursor: str) -> Timeline:
    """The room's events after `cursor`, of which a sync has brought `news`. Raises `Unavailable`, `LoggedOut`."""
    shown = fields.mapping(news.get("timeline"))
    listed = shown.get("events")
    events = list(listed) if isinstance(listed, list) else []
    start = shown.get("prev_batch")
    if not isinstance(start, str):
        return Timeline(events, "the homeserver does not say where the gap begins" if shown.get("limited") else "")
    back = _Back(api, room, start, events)
    missing = ""
    if shown.get("limited") is True:
        missing = await back.read(_MOST, until=cursor)
    if _joined(back.events, me) is not None:
        missing = await back.read(_MOST_BEFORE, invited=me) or missing
        return Timeline(_ours(back.events, me), missing)
    return Timeline(back.events, missing)


class _Back:
    """Reads a room backwards from where its timeline begins."""

    def __init__(self, api: Api, room: str, start: str, events: list[object]) -> None:
        self.events = events
        self._api = api
        self._where = path("rooms", room, "messages")
        self._at = start
        self._over = False

    async def read(self, most: int, *, until: str | None = None, invited: ContactId | None = None) -> str:
        """Put what came before in front of `events`: back to the cursor `until`, or to the invitation of `invited`.
        Why that was not reached, if so."""
        read = 0
        while not self._over and not (invited is not None and _invited(self.events, invited) is not None):
            if read >= most:
                return f"there are more than {most} events before"
            query = {"dir": "b", "from": self._at, "limit": str(_PAGE)} | ({} if until is None else {"to": until})
            try:
                page = await self._api.get(self._where, query)
            except Refused as refusal:
                return refusal.text
            before, end = page.get("chunk"), page.get("end")
            older = list(reversed(before)) if isinstance(before, list) else []
            self.events[:0] = _new(older, self.events)
            read += len(older)
            if not older or not isinstance(end, str) or end == self._at:
                # What ends at a cursor has not been read to the room's beginning.
                self._over = until is None
                return ""
            self._at = end
        return ""


def _new(older: Sequence[object], known: Sequence[object]) -> list[object]:
    have = {id for raw in known if (id := fields.event_id(fields.mapping(raw).get("event_id"))) is not None}
    return [raw for raw in older if fields.event_id(fields.mapping(raw).get("event_id")) not in have]


def _joined(events: Sequence[object], me: ContactId) -> int | None:
    """Where we have come into the room, for the last time; a new name is a join event, too."""
    return _last(events, me, "join")


def _invited(events: Sequence[object], me: ContactId) -> int | None:
    return _last(events, me, "invite")


def _last(events: Sequence[object], me: ContactId, membership: str) -> int | None:
    for place in range(len(events) - 1, -1, -1):
        found = member(events[place])
        if found is None or found.user != me or found.membership != membership:
            continue
        unsigned = fields.mapping(fields.mapping(events[place]).get("unsigned"))
        before = fields.mapping(unsigned.get("prev_content")).get("membership")
        if before != membership and (before is not None or "replaces_state" not in unsigned):
            return place
    return None


def _ours(events: Sequence[object], me: ContactId) -> Sequence[object]:
    """What was said since we were invited, or since we came if nobody had."""
    joined, invited = _joined(events, me), _invited(events, me)
    if invited is not None and (joined is None or invited < joined):
        return events[invited + 1 :]
    return events if joined is None else events[joined + 1 :]
