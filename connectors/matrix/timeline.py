"""What happened in a room since a cursor, without gaps. Pure but for the pages it asks for.

A sync brings a room's latest events only and says that it is `limited` when there were more. The rest is read
backwards before anything of it is reported; the timeline of a room that we have just joined begins at our invitation.
Source: client-server API #syncing, #get_matrixclientv3roomsroomidmessages.

We chose to read back to the event before the cursor, which is asked for first, and not to give the cursor as `to`:
Synapse then keeps back what it has fetched late from other homeservers, and other homeservers do not know `to`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from bridge.contract import ContactId, Refused
from connectors.matrix import fields
from connectors.matrix.events import member

_PAGE = 100  # events
_FEW = 10  # that are asked for where there are likely to be no new ones
_NOW = ""  # where a room ends
_MOST = 20_000  # events of one gap
_MOST_BEFORE = 1_000  # events before a join
_MOST_EMPTY = 5  # pages without an event, one after the other
Page = Callable[[Mapping[str, str]], Awaitable[Mapping[str, object]]]  # asks for a room's messages


@dataclass(frozen=True, slots=True)
class Timeline:
    """Events, the oldest first; `missing` says why there may have been others."""

    events: Sequence[object]
    missing: str = ""


async def since(page: Page, news: Mapping[str, object], cursor: str, joining: ContactId | None) -> Timeline:
    """A room's events after `cursor`, of which a sync has brought `news`. `joining` is who of ours may have come into
    it since: then what was said since they were invited counts. Raises `Unavailable`, `LoggedOut`."""
    back = _begun(page, news)
    try:
        if _limited(news) and not back.joined(joining):
            await back.read(_MOST, await _before(page, cursor), cursor=cursor)
        if back.joined(joining):
            await back.read(_MOST_BEFORE, to=(joining, "invite"))
    except Refused as refusal:
        back.missing = refusal.text
    return Timeline(back.since_joined(joining), back.missing)


async def behind(page: Page, is_there: Callable[[], Awaitable[bool]], event: str, me: ContactId) -> Timeline:
    """A room's events behind one that is known, up to now; from where we came, if that was later. `is_there`: whether
    the homeserver has it still, asked when it is none of the latest. Raises `Unavailable`, `LoggedOut`."""
    back, known = _Back(page, _NOW, ()), frozenset({event})
    try:
        await back.read(_FEW, known, to=(me, "join"))
        if back.more:
            if not await is_there():
                return Timeline((), "the homeserver does not have what came last any more")
            await back.read(_MOST, known, to=(me, "join"))
    except Refused as refusal:
        back.missing = refusal.text
    return Timeline(back.from_joined(me), back.missing)


def _limited(news: Mapping[str, object]) -> bool:
    return fields.mapping(news.get("timeline")).get("limited") is True


def _begun(page: Page, news: Mapping[str, object]) -> "_Back":
    shown = fields.mapping(news.get("timeline"))
    start = fields.token(shown.get("prev_batch"))
    back = _Back(page, start, fields.listed(shown.get("events")))
    if _limited(news) and start is None:
        back.missing = "the homeserver does not say where the gap begins"
    return back


async def _before(page: Page, cursor: str) -> frozenset[str]:
    """The event that was the latest at `cursor`; none if the homeserver does not show any."""
    try:
        chunk = (await page({"dir": "b", "from": cursor, "limit": "1"})).get("chunk")
    except Refused:
        return frozenset()
    return frozenset(id for raw in fields.listed(chunk) if (id := _id(raw)) is not None)


class _Back:
    """Reads a room backwards from where its timeline begins."""

    def __init__(self, page: Page, start: str | None, events: Sequence[object]) -> None:
        self.missing = ""
        self._page = page
        self._at = start
        self._ended = False
        self._newest_first: list[object] = list(reversed(events))

    def joined(self, me: ContactId | None) -> bool:
        """Whether we have come into the room in what was read."""
        return any(_becomes(raw, me, "join") for raw in self._newest_first)

    def since_joined(self, me: ContactId | None, *, invited: bool = True) -> Sequence[object]:
        """What was said since we were invited, or since we came if nobody had; all if we had been there."""
        end = self._place(me)
        for place in range(end, len(self._newest_first) if invited else 0):
            if _becomes(self._newest_first[place], me, "invite"):
                end = place
                break
        return self._newest_first[:end][::-1]

    def from_joined(self, me: ContactId) -> Sequence[object]:
        """From where we came, all if we had been there."""
        return self._newest_first[: self._place(me) + 1][::-1]

    def _place(self, me: ContactId | None) -> int:
        """Where we came in; behind everything if we did not."""
        places = (place for place, raw in enumerate(self._newest_first) if _becomes(raw, me, "join"))
        return next(places, len(self._newest_first))

    @property
    def more(self) -> bool:
        """Whether it has not gone on to where it was to."""
        return self._at is not None and not self._ended

    async def read(
        self,
        most: int,
        until: frozenset[str] = frozenset(),
        *,
        cursor: str = "",
        to: tuple[ContactId | None, str] = (None, ""),
    ) -> None:
        """Go on to one of the events `until` (if there is none, to where the homeserver says that `cursor` is), to
        where somebody comes to be a member of some kind, or to the room's beginning."""
        read, empty, self.missing = 0, 0, ""
        bounds = {"to": cursor} if cursor and not until else {}
        if any(_becomes(raw, *to) for raw in self._newest_first):
            return
        while self._at is not None:
            if read >= most:
                self.missing = f"there are more than {most} events before"
                return
            start = {"from": self._at} if self._at != _NOW else {}
            page = await self._page({"dir": "b", **start, "limit": str(min(_PAGE, most)), **bounds})
            older, end = fields.listed(page.get("chunk")), fields.token(page.get("end"))
            read, empty = read + len(older), 0 if older else empty + 1
            self._at = end if end != self._at and empty < _MOST_EMPTY else None
            self._ended = self._take(older, until, to)
            if self._ended:
                return

    def _take(self, older: Sequence[object], until: frozenset[str], to: tuple[ContactId | None, str]) -> bool:
        """Whether that was the end."""
        for raw in older:
            if _id(raw) in until:
                return True
            self._newest_first.append(raw)
            if _becomes(raw, *to):
                return True
        return False


def _id(raw: object) -> str | None:
    return fields.event_id(fields.mapping(raw).get("event_id"))


def _becomes(raw: object, user: ContactId | None, membership: str) -> bool:
    """Whether this is where `user` comes to be a member of that kind; a new name is a member event, too."""
    if user is None or fields.mapping(raw).get("state_key") != user:
        return False  # also of thousands of others, who are not read for that
    found = member(raw)
    if found is None or found.membership != membership:
        return False
    unsigned = fields.mapping(fields.mapping(raw).get("unsigned"))
    before = fields.mapping(unsigned.get("prev_content")).get("membership")
    return before != membership and (before is not None or "replaces_state" not in unsigned)
