"""Making rooms, each once however often we have to try.

Creating a room has no transaction id. Before we ask for one we note durably that we do, and the room's creation
carries our key; so after an answer was lost we look for that room instead of making a second one.
Source: client-server API #post_matrixclientv3createroom.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.contract import Action, ChatId, CreateRoom, Reason, Receipt, Refused, Unavailable
from connectors.matrix import fields
from connectors.matrix.api import Api, path
from connectors.matrix.events import KEY
from connectors.matrix.notes import Notes

_TRIED = "tried"
_SECONDS = 120.0  # a homeserver invites over federation before it answers


@dataclass(frozen=True, slots=True)
class Making:
    """For one account."""

    api: Api
    notes: Notes  # of what is being made, by key

    async def before(self, key: str, usable: Callable[[str], Awaitable[bool]]) -> str | None:
        """The room that an earlier try has made, if it is still `usable`."""
        noted = self.notes.get(key)
        if noted is None:
            return None
        if noted != _TRIED:
            return noted if await usable(noted) else None
        for room in await self._rooms():
            if await self._carries(room, key) and await usable(room):
                return room
        return None

    async def make(self, key: str, wish: Mapping[str, Any]) -> str:
        """Ask for it; that it is made stays noted until `done`. Raises the four errors."""
        if not await self.notes.put(key, _TRIED):
            await self.notes.drop(*(name for name, noted in self.notes.all().items() if noted != _TRIED))
        if not await self.notes.put(key, _TRIED):
            raise Refused("Too many rooms are being made. Try again in an hour.", Reason.RESOURCE)
        try:
            said = await self.api.post(path("createRoom"), {**wish, "creation_content": {KEY: key}}, seconds=_SECONDS)
        except (Refused, Unavailable):
            await self.notes.drop(key)  # nothing happened
            raise
        made = fields.room_id(said.get("room_id"))
        if made is None:
            raise Refused("The homeserver made no room. Try again later.", Reason.SERVICE)
        await self.notes.put(key, made)
        return made

    async def done(self, key: str) -> None:
        """From here on it is found in another way."""
        await self.notes.drop(key)

    async def joined(self, room: str) -> bool:
        """Whether we are in it."""
        return room in await self._rooms()

    async def _rooms(self) -> list[str]:
        some = fields.listed((await self.api.get(path("joined_rooms"))).get("joined_rooms"))
        return [room for id in some if (room := fields.room_id(id)) is not None]

    async def _carries(self, room: str, key: str) -> bool:
        """Whether we have created it with this key."""
        try:
            return (await self.api.get(path("rooms", room, "state", "m.room.create"))).get(KEY) == key
        except Refused:
            return False


async def create(making: Making, action: CreateRoom) -> Receipt:
    """A room of many: its messages are not encrypted, since what is encrypted cannot be carried. Raises the four
    errors."""
    room = await making.before(action.key, making.joined)
    if room is None:
        wish: dict[str, Any] = {
            "preset": "public_chat" if action.open else "private_chat",
            "visibility": "public" if action.open else "private",
            "invite": list(action.invited),
            "name": action.name,
            **({"topic": action.subject} if action.subject else {}),
        }
        room = await making.make(action.key, wish)  # and it stays noted: the same key gives the same room
    return Receipt(chat=ChatId(room))


DOINGS: Mapping[type[Action], Callable[[Making, Any], Awaitable[Receipt]]] = {CreateRoom: create}
