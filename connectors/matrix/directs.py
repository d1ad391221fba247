"""Which rooms are direct chats, and with whom: the account data `m.direct`.

Apps list chats of more than two there, too: groups of friends, and chats that a bridge has made, with its bot in them.
Those are rooms like others, and so is a chat of two that others come into, or that its user takes off the list. They
stay rooms.

Source: client-server API #direct-messaging, #mdirect.
"""

import asyncio
import json
from collections.abc import Iterator, Sequence

from bridge.contract import ContactId, Memory
from connectors.matrix import decoding, errors, fields, ids
from connectors.matrix.api import Api, path
from connectors.matrix.notes import Notes

KIND = "m.direct"
_MOST = 20_000  # rooms; what is beyond is not believed
_ROOM = "room"
_LISTED, _LARGEST = "direct chats", 60_000  # where it is remembered, and bytes; a memory's value has 64 KiB


class Directs:
    """One account's. `load` comes first; `read` takes what a sync brings, `add` changes it on the homeserver."""

    def __init__(self, api: Api, me: ContactId, many: Notes, memory: Memory) -> None:
        """`many` remembers which chats are rooms although they are, or were, listed; `memory` what the list was, so
        that it is known what was taken off it while nobody was looking."""
        self._memory = memory
        self._kept = ""  # as it is in the memory
        self._api = api
        self._me = me
        self._many = many
        self._where = path("user", me, "account_data", KIND)
        self._rooms: dict[ContactId, list[str]] = {}
        self._contacts: dict[str, ContactId] = {}
        self._dropped: set[str] = set()  # listed before, and not any more
        self._changing = asyncio.Lock()  # two of ours must not overwrite each other's

    def __iter__(self) -> Iterator[ContactId]:
        return iter(list(self._rooms))

    def contact_of(self, room: str) -> ContactId | None:
        return self._contacts.get(room)

    def rooms_of(self, contact: ContactId) -> Sequence[str]:
        """The latest one last."""
        return self._rooms.get(contact, ())

    def is_room(self, room: str) -> bool:
        """Whether it is reported as a room, whatever lists it and however many people it still has."""
        return self._many.get(room) == _ROOM

    def dropped(self, room: str) -> bool:
        """Whether its user has taken it off the list."""
        return room in self._dropped

    async def become_room(self, room: str) -> None:
        """It is a room from here on; durable when this returns."""
        if not self.is_room(room):
            await self._many.keep(room, _ROOM)
        contact = self._contacts.pop(room, None)
        if contact is not None:
            self._rooms[contact].remove(room)
            if not self._rooms[contact]:
                del self._rooms[contact]

    def read(self, content: object) -> None:
        """The content of the account data, as any app may have written it."""
        before = set(self._contacts)
        self._rooms, self._contacts = {}, {}
        for user, rooms in _understood(content).items():
            for room in rooms:
                known = room in self._contacts or self.is_room(room)
                if ids.valid_user(user) and not known and len(self._contacts) < _MOST:
                    self._rooms.setdefault(ContactId(user), []).append(room)
                    self._contacts[room] = ContactId(user)
        if len(before) > 1 and not self._contacts:
            return  # an app that has lost the whole list; nobody does that on purpose
        self._dropped = (self._dropped | before) - set(self._contacts)

    async def load(self) -> None:
        """Raises `Unavailable`, `Refused`, `LoggedOut`."""
        stored = await self._stored()
        self._kept = await self._memory.get(_LISTED) or ""
        known = fields.mapping(json.loads(self._kept)) if self._kept else {}
        self._contacts = {fields.string(room): self._me for room in fields.listed(known.get("listed"))}
        self._dropped = {fields.string(room) for room in fields.listed(known.get("dropped"))}
        self.read(stored)
        await self.remember()

    async def remember(self) -> None:
        """What is listed now, and what is not any more, is durable when this returns."""
        listed, dropped = list(self._contacts), sorted(self._dropped)
        while True:
            written = json.dumps({"listed": listed, "dropped": dropped}, ensure_ascii=False)
            if len(written.encode()) <= _LARGEST:
                break
            listed, dropped = listed[len(listed) // 2 + 1 :], dropped[len(dropped) // 2 + 1 :]
        if written != self._kept:
            await self._memory.put(_LISTED, written)
            self._kept = written

    async def add(self, contact: ContactId, room: str) -> None:
        """Make `room` the latest direct chat with `contact`, for all apps of the account. Raises the four errors."""
        async with self._changing:
            stored = _understood(await self._stored())
            rooms = [one for one in stored.get(contact, ()) if one != room]
            stored[contact] = [*rooms, room]
            await self._api.put(self._where, stored)
            self.read(stored)
            await self.remember()

    async def _stored(self) -> object:
        answer = await self._api.ask("GET", self._where)
        if errors.code_of(answer) == "M_NOT_FOUND" or answer.body.strip() == b"null":
            return {}
        if answer.status == 200 and (stored := decoding.decoded(answer.body)) is not None:
            return stored
        return errors.read(answer, changes=False)


def _understood(content: object) -> dict[str, list[str]]:
    """What of it has the shape that the specification gives."""
    return {
        fields.string(user): [id for room in fields.listed(rooms) if (id := fields.room_id(room)) is not None]
        for user, rooms in fields.mapping(content).items()
    }
