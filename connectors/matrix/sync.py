"""Syncs become contract events: direct chats, what is said in them, cursors.

Everything that a sync brings is reported before its cursor moves, gaps first, so a crash reads it again. A first sync
reports chats and none of their messages.
Source: client-server API #syncing, #filtering, #lazy-loading-room-members.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.contract import (
    ChatId,
    ChatKind,
    ChatSeen,
    Clock,
    Contact,
    ContactId,
    Event,
    NetworkId,
    Refused,
    Unavailable,
    Unparsable,
)
from connectors.matrix import events, fields, timeline, unread
from connectors.matrix.api import Api, path
from connectors.matrix.directs import KIND, Directs
from connectors.matrix.invitations import Invitations
from connectors.matrix.rooms import Room, Rooms

_WAIT = 25.0  # seconds that the homeserver may wait for news; a revoked login is noticed after them
_ANSWER = 40.0  # seconds that its answer may take besides
_FIRST = 3_600.0  # for a first sync, which takes a homeserver minutes for a large account
_LARGEST = 256 * 1024 * 1024  # bytes of an answer
_STATE = ["m.room.member", "m.room.encryption", "m.room.create"]
_FILTER = json.dumps(
    {
        "presence": {"types": []},
        "account_data": {"types": [KIND]},
        "room": {
            "account_data": {"types": []},
            "ephemeral": {"types": []},
            "state": {"types": _STATE, "lazy_load_members": True},
            "timeline": {"limit": 100, "lazy_load_members": True},
        },
    }
)
_FIRST_FILTER = _FILTER.replace('"limit": 100', '"limit": 1')


@dataclass(frozen=True, slots=True)
class Known:
    """What a session knows of its account."""

    api: Api
    me: ContactId
    network: NetworkId
    rooms: Rooms
    directs: Directs
    invitations: Invitations
    clock: Clock
    log: logging.Logger


class Sync:
    """Reads for one session. `current` tells which room is the direct chat with somebody, as last reported."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._reported: dict[str, ChatSeen] = {}
        self.current: dict[ContactId, str] = {}

    async def poll(self, cursor: str | None, *, wait: bool) -> Mapping[str, object]:
        """One answer, checked for a cursor. Raises `Unavailable`, `LoggedOut`."""
        first = cursor is None
        query = {"filter": _FIRST_FILTER if first else _FILTER, "set_presence": "offline"}
        query["timeout"] = str(int(_WAIT * 1000)) if wait else "0"
        if cursor is not None:
            query["since"] = cursor
        seconds = _FIRST if first else _ANSWER + (_WAIT if wait else 0.0)
        asked = self._known.api.get(path("sync"), query, seconds=seconds, largest=_LARGEST)
        try:
            answer = await (self._while_alive(asked) if first else asked)
        except Refused as refusal:
            raise Unavailable(refusal.text, lasting=True) from refusal
        if not isinstance(answer.get("next_batch"), str):
            raise Unavailable("The homeserver's answer makes no sense.")
        return answer

    async def _while_alive(self, asked: Coroutine[Any, Any, Mapping[str, object]]) -> Mapping[str, object]:
        """A first sync may take long; that the homeserver lives is asked meanwhile."""
        asking = asyncio.create_task(asked)
        try:
            while not (await asyncio.wait({asking}, timeout=_WAIT))[0]:
                await self._known.api.get("/_matrix/client/versions", seconds=_ANSWER)
            return asking.result()
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def read(self, answer: Mapping[str, object], cursor: str | None) -> AsyncIterator[Event]:
        """What `answer`, which came after `cursor`, reports."""
        for raw in _listed(fields.mapping(answer.get("account_data")).get("events")):
            if fields.mapping(raw).get("type") == KIND:
                self._known.directs.read(fields.mapping(raw).get("content"))
        rooms = fields.mapping(answer.get("rooms"))
        for id in fields.mapping(rooms.get("leave")):
            self._known.rooms.forget(id)
            self._reported.pop(id, None)
        for id, news in fields.mapping(rooms.get("invite")).items():
            await self._known.invitations.note(id, fields.mapping(news).get("invite_state"))
        if cursor is None:
            async for seen in self._chats(fields.mapping(rooms.get("join"))):
                yield seen
            return
        for id, news in fields.mapping(rooms.get("join")).items():
            async for event in self._news(id, fields.mapping(news), cursor):
                yield event

    async def _chats(self, joined: Mapping[str, object]) -> AsyncIterator[Event]:
        """The direct chat with everybody who has one."""
        for contact in self._known.directs:
            for id in reversed(self._known.directs.rooms_of(contact)):
                room = await self._room(id) if id in joined else None
                if room is not None and room.alone_with(self._known.me, contact):
                    for seen in self._seen(room, contact):
                        yield seen
                    break

    async def _news(self, id: str, news: Mapping[str, object], cursor: str) -> AsyncIterator[Event]:
        """What happened in one room, if it is a direct chat."""
        brought = [
            raw for part in ("state", "timeline") for raw in _listed(fields.mapping(news.get(part)).get("events"))
        ]
        self._known.rooms.apply(id, brought)
        contact = self._contact(id, brought)
        room = await self._room(id) if contact is not None else None
        if contact is None or room is None or not room.alone_with(self._known.me, contact):
            return
        happened = await timeline.since(self._known.api, self._known.me, id, news, cursor)
        for seen in self._seen(room, contact):
            yield seen
        if happened.missing:
            yield Unparsable(reason=f"a gap: {happened.missing}", source=f"{self._known.network} {id}", raw="")
        for event in self._events(room, contact, happened.events):
            yield event

    def _events(self, room: Room, contact: ContactId, happened: Sequence[object]) -> Iterator[Event]:
        now = self._known.clock.time()
        reader = events.Reader(
            me=self._known.me, direct=True, names=room.names, network=self._known.network, now=now
        )  # fmt: skip
        for raw in happened:
            if events.encrypted(raw) and fields.mapping(raw).get("sender") == contact:
                yield unread.line(unread.Unread.RECEIVED, ChatId(room.id), person(room, contact), now)
            yield from events.parse(raw, ChatId(room.id), reader)

    def _contact(self, id: str, brought: Sequence[object]) -> ContactId | None:
        """With whom this room is a direct chat: `m.direct` says so, or the invitation did."""
        listed = self._known.directs.contact_of(id)
        if listed is not None:
            return listed
        room = self._known.rooms.known(id)
        if room is None:
            room = Room(id)
            for raw in brought:
                room.apply(raw, self._known.me)
        return room.meant_direct

    def _seen(self, room: Room, contact: ContactId) -> Iterator[ChatSeen]:
        """`ChatSeen`, if it says anything new: who writes in another of their rooms makes that one the direct chat."""
        seen = ChatSeen(
            chat=ChatId(room.id), kind=ChatKind.DIRECT, contact=person(room, contact), encrypted=room.encrypted
        )
        if self._reported.get(room.id) != seen or self.current.get(contact) != room.id:
            self._reported[room.id] = seen
            self.current[contact] = room.id
            yield seen

    async def _room(self, id: str) -> Room | None:
        try:
            return await self._known.rooms.of(id)
        except Refused as refusal:
            self._known.log.info("a room is left out room=%s reason=%s", id, refusal.text)
            return None


def person(room: Room, contact: ContactId) -> Contact:
    """The contact as the room's members see them."""
    found = room.members.get(contact)
    return Contact(contact, found.name, found.avatar) if found is not None else Contact(contact)


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()
