"""An account's direct chats: which room is the one with whom, and what happens in it, as contract events.

Of several rooms with one person the one that was spoken in last, or come into last, is *the* direct chat.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bridge.contract import (
    ChatId,
    ChatKind,
    ChatSeen,
    Clock,
    Contact,
    ContactId,
    Event,
    NetworkId,
    Reason,
    Refused,
    Unparsable,
)
from connectors.matrix import events, fields, timeline
from connectors.matrix.api import path
from connectors.matrix.directs import Directs
from connectors.matrix.events import member
from connectors.matrix.gone import Gone
from connectors.matrix.notes import Notes
from connectors.matrix.opening import Opening
from connectors.matrix.patience import Patience
from connectors.matrix.rooms import Room
from connectors.matrix.unread import Lines, Unread

_SECONDS = 120.0  # for a page of a room, which a homeserver may have to fetch from others
_KEPT = 10_000  # event ids
_SHOWN = frozenset({"m.room.name", "m.room.topic", "m.room.canonical_alias"})
_AT_ONCE = 10  # events between two turns of the event loop


@dataclass(frozen=True, slots=True)
class NowRoom:
    """A direct chat that is a room from here on (`connectors.matrix.groups`)."""

    said: Sequence[Event]  # while it was a chat of two
    rest: timeline.Timeline | None  # what has happened since; None: all that the sync brings, which was not read yet
    contact: ContactId


class Chats:
    """For one session. `current` tells which room is the direct chat with somebody, as last reported."""

    def __init__(
        self,
        network: NetworkId,
        opening: Opening,
        left: Notes,
        patience: Patience,
        lines: Lines,
        clock: Clock,
    ) -> None:
        """`left` remembers with whom the rooms were that we have left."""
        self._api = opening.api
        self._network = network
        self._opening = opening
        self._me = opening.me
        self._rooms = opening.rooms
        self._directs: Directs = opening.directs
        self._left = left
        self._patience = patience
        self._lines = lines
        self._clock = clock
        self._reported: dict[ContactId, ChatSeen] = {}
        self._gone = Gone()
        self._being_told: set[str] = set()  # rooms that we make, of which we do not know yet what they will be
        self._places: OrderedDict[str, str] = OrderedDict()  # of the latest events: in which room each was

    def current(self, contact: ContactId) -> ChatId | None:
        seen = self._reported.get(contact)
        return None if seen is None else seen.chat

    async def first(self) -> Sequence[Event]:
        """The direct chat with everybody who has one."""
        found: list[Event] = []
        for contact in self._directs:
            found += await self._latest(contact)
        return found

    async def left(self, id: str, news: Mapping[str, object], cursor: str) -> Sequence[Event] | None:
        """We are no longer in a room: what was said since `cursor` is reported, as far as we may read it, and which
        room is the chat now, if any; None if it is no direct chat. Raises `Unavailable`, `LoggedOut`."""
        room = self._rooms.known(id) or Room(id)
        self._rooms.forget(id)
        if self._directs.is_room(id):
            return None
        contact = next((contact for contact, seen in self._reported.items() if seen.chat == id), None)
        contact = contact or self._directs.contact_of(id) or room.meant_direct
        if contact is None:
            return None
        happened = await timeline.since(self._page(id), news, cursor, None)
        said: list[Event] = [self._gap(id, happened.missing)] if happened.missing else []
        said += await self._said(room, contact, happened.events)
        await self._left.keep(id, contact)
        return said + await self._instead(id, contact)

    async def news(self, id: str, news: Mapping[str, object], cursor: str) -> "Sequence[Event] | NowRoom | None":
        """What happened in one room since `cursor`; None if it is no direct chat. Raises `Unavailable`, `LoggedOut`."""
        brought = [*fields.listed(fields.mapping(news.get("state")).get("events")), *_timeline(news)]
        before = self._rooms.known(id)
        joining = None if before is not None and before.holds(self._me) else self._me
        self._rooms.apply(id, brought)
        contact = await self._contact(id, brought)
        if contact is None:
            return () if self._being_made(id, brought) else None
        if self._directs.dropped(id):
            return NowRoom((), None, contact)
        try:
            room = await self._patience.ask(id, lambda: self._rooms.of(id))
        except Refused as refusal:
            if refusal.reason is Reason.RESOURCE:
                return NowRoom((), None, contact)
            return [self._gap(id, refusal.text)] if refusal.reason is Reason.SERVICE else ()
        happened = await timeline.since(self._page(id), news, cursor, joining)
        if not room.alone_with(self._me, contact):
            crowd = _crowd(happened.events, self._me, contact)
            was_chat = crowd is not None and (self._is_chat(id) or not _comes(brought, joining))
            number = crowd if crowd is not None and was_chat else 0
            said = await self._said(room, contact, happened.events[:number])
            return NowRoom(said, replace(happened, events=happened.events[number:]), contact)
        found: list[Event] = [self._gap(id, happened.missing)] if happened.missing else []
        found += self._see(room, contact, moves=_spoken(happened.events) or _comes(brought, joining))
        return found + await self._said(room, contact, happened.events)

    async def is_room(self, id: str, contact: ContactId) -> bool:
        """Whether a room of a first sync that is listed as a direct chat with `contact` has more than two people.
        Raises `Unavailable`, `LoggedOut`."""
        try:
            many = not (await self._rooms.of(id)).alone_with(self._me, contact)
        except Refused as refusal:
            many = refusal.reason is Reason.RESOURCE
        if many:
            await self._directs.become_room(id)
        return many

    def _is_chat(self, id: str) -> bool:
        """Whether it was reported as a chat of two."""
        return any(seen.chat == id for seen in self._reported.values())

    async def became_room(self, id: str, contact: ContactId) -> Sequence[Event]:
        """It has been reported as a room, and stays one; another room may be the direct chat with `contact` now."""
        await self._directs.become_room(id)
        return await self._instead(id, contact)

    async def _instead(self, id: str, contact: ContactId) -> list[Event]:
        """`id` cannot be the direct chat any more; another may be."""
        if self.current(contact) not in (None, id):
            return []
        self._reported.pop(contact, None)
        return await self._latest(contact)

    async def _latest(self, contact: ContactId) -> list[Event]:
        room = await self._opening.latest(contact)
        return [] if room is None else list(self._see(room, contact))

    async def _said(self, room: Room, contact: ContactId, happened: Sequence[object]) -> list[Event]:
        found: list[Event] = []
        for start in range(0, len(happened), _AT_ONCE):
            found += self._events(room, contact, happened[start : start + _AT_ONCE])
            await asyncio.sleep(0)
        return found

    def _page(self, id: str) -> timeline.Page:
        where = path("rooms", id, "messages")

        async def page(query: Mapping[str, str]) -> Mapping[str, object]:
            return await self._patience.ask(id, lambda: self._api.get(where, query, seconds=_SECONDS))

        return page

    def _events(self, room: Room, contact: ContactId, happened: Sequence[object]) -> Iterator[Event]:
        now, chat = self._clock.time(), ChatId(room.id)
        reader = events.Reader(me=self._me, direct=True, names=room.names, network=self._network, now=now)
        for raw in happened:
            if not self._belongs(raw, room.id) or self._gone.has(raw):
                continue
            if events.encrypted(raw) and fields.mapping(raw).get("sender") == contact:
                yield from self._lines.line(Unread.RECEIVED, chat, person(room, contact))
            yield from events.parse(raw, chat, reader)

    def _belongs(self, raw: object, room: str) -> bool:
        """An event is in one room only: what comes in a second one under the same id is not believed."""
        event = fields.mapping(raw)
        id = fields.event_id(event.get("event_id"))
        if event.get("room_id", room) != room:
            return False
        if id is None:
            return True
        place = self._places.setdefault(id, room)
        if len(self._places) > _KEPT:
            self._places.popitem(last=False)
        return place == room

    def _being_made(self, id: str, brought: Sequence[object]) -> bool:
        """A room that we make, here or in another app, may come in pieces, and last who is invited to it: only that
        says whether it is a direct chat. Till then it is nothing."""
        made = id in self._being_told or any(_creates(raw, self._me) for raw in brought)
        if not made or any(_says_more(raw, self._me) for raw in brought):
            self._being_told.discard(id)
            return False
        self._being_told.add(id)
        return True

    async def _contact(self, id: str, brought: Sequence[object]) -> ContactId | None:
        """With whom this room is a direct chat: `m.direct` says so, or the invitation did."""
        if self._directs.is_room(id):
            return None
        listed = self._directs.contact_of(id)
        if listed is not None:
            return listed
        room = self._rooms.known(id)
        if room is None:
            room = Room(id)
            for number, raw in enumerate(brought):
                room.apply(raw, self._me)
                if number % _AT_ONCE == _AT_ONCE - 1:
                    await asyncio.sleep(0)
        return room.meant_direct

    def _see(self, room: Room, contact: ContactId, *, moves: bool = False) -> Iterator[ChatSeen]:
        """`ChatSeen`, if it says anything new. `moves`: this room becomes the direct chat if another was."""
        seen = ChatSeen(
            chat=ChatId(room.id), kind=ChatKind.DIRECT, contact=person(room, contact), encrypted=room.encrypted
        )
        before = self._reported.get(contact)
        if before != seen and (before is None or before.chat == seen.chat or moves):
            self._reported[contact] = seen
            yield seen

    def _gap(self, id: str, why: str) -> Unparsable:
        return Unparsable(reason=f"a gap: {why}", source=f"{self._network} {id}", raw="", chat=ChatId(id))


def person(room: Room, contact: ContactId) -> Contact:
    """The contact as the room's members see them."""
    found = room.members.get(contact)
    return Contact(contact, found.name, found.avatar) if found is not None else Contact(contact)


def _timeline(news: Mapping[str, object]) -> list[object]:
    return fields.listed(fields.mapping(news.get("timeline")).get("events"))


def _creates(raw: object, me: ContactId) -> bool:
    event = fields.mapping(raw)
    return event.get("type") == "m.room.create" and event.get("sender") == me


def _says_more(raw: object, me: ContactId) -> bool:
    """Whether a new room is not for its maker alone, or has something that people read."""
    event, found = fields.mapping(raw), member(raw)
    return "state_key" not in event or event.get("type") in _SHOWN or (found is not None and found.user != me)


def _spoken(happened: Sequence[object]) -> bool:
    return any("state_key" not in fields.mapping(raw) for raw in happened)


def _comes(brought: Sequence[object], joining: ContactId | None) -> bool:
    """Whether we have just come into the room."""
    found = [member(raw) for raw in brought]
    return any(one is not None and one.user == joining and one.membership == "join" for one in found)


def _crowd(happened: Sequence[object], me: ContactId, contact: ContactId) -> int | None:
    """Where somebody else comes in or is invited; None if nobody does."""
    for place, raw in enumerate(happened):
        found = member(raw)
        if found is not None and found.user not in (me, contact) and found.membership in ("join", "invite"):
            return place
    return None
