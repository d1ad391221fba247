"""Opening direct chats: a room with one person, made once however often we have to try.

Creating a room has no transaction id. Before we ask for one we note durably that we do, and the room's creation
carries our key; so after an answer was lost we look for that room instead of making a second one.
Source: client-server API #post_matrixclientv3createroom, #get_matrixclientv3profileuserid.
"""

from dataclasses import dataclass

from bridge.contract import ChatId, ContactId, Reason, Refused, Unavailable
from connectors.matrix import errors, fields, ids
from connectors.matrix.api import Api, path
from connectors.matrix.directs import Directs
from connectors.matrix.events import KEY
from connectors.matrix.notes import Notes
from connectors.matrix.rooms import Room, Rooms

_TRIED = "tried"
_SECONDS = 120.0  # a homeserver invites over federation before it answers


@dataclass(frozen=True, slots=True)
class Opening:
    """For one account."""

    api: Api
    me: ContactId
    rooms: Rooms
    directs: Directs
    notes: Notes  # of what is being opened, by key

    async def direct(self, contact: ContactId, key: str) -> ChatId:
        """See `Session.direct`."""
        found = await self.latest(contact)
        if found is not None:
            return ChatId(found.id)
        room = await self._made_before(contact, key)
        if room is None:
            await self._check(contact)
            room = await self._create(contact, key)
        await self.directs.add(contact, room)
        await self.notes.drop(key)  # from here on it is found in `m.direct`
        return ChatId(room)

    async def latest(self, contact: ContactId) -> Room | None:
        """The direct chat with `contact`: the latest in `m.direct` with exactly us two; if they have left all of those,
        the latest of them."""
        left: Room | None = None
        for id in reversed(self.directs.rooms_of(contact)):
            room = await self._known(id)
            if room is not None and room.alone_with(self.me, contact):
                if room.present(contact):
                    return room
                left = left or room
        return left

    async def _made_before(self, contact: ContactId, key: str) -> str | None:
        """The room that an earlier try has made."""
        noted = self.notes.get(key)
        if noted is None:
            return None
        if noted != _TRIED:
            return noted if await self._usable(noted, contact) else None
        for id in fields.listed((await self.api.get(path("joined_rooms"))).get("joined_rooms")):
            room = fields.room_id(id)
            if room is not None and await self._carries(room, key) and await self._usable(room, contact):
                return room
        return None

    async def _carries(self, room: str, key: str) -> bool:
        """Whether we have created it with this key."""
        try:
            return (await self.api.get(path("rooms", room, "state", "m.room.create"))).get(KEY) == key
        except Refused:
            return False

    async def _usable(self, id: str, contact: ContactId) -> bool:
        room = await self._known(id)
        return room is not None and room.alone_with(self.me, contact)

    async def _known(self, id: str) -> Room | None:
        try:
            return await self.rooms.of(id)
        except Refused:
            return None  # we are not in it, or it is no chat of two

    async def _check(self, contact: ContactId) -> None:
        """Raises `Refused` for whom nobody knows."""
        server = contact.partition(":")[2]
        if contact == self.me or not ids.valid_user(contact):
            raise Refused("You cannot have a chat with yourself.", Reason.NOT_ALLOWED)
        answer = await self.api.ask("GET", path("profile", contact))
        code = errors.code_of(answer)
        if answer.status == 200 or (answer.status == 403 and code == "M_FORBIDDEN"):
            return  # some homeservers keep profiles for those who share a room
        if code and answer.status in (400, 404):
            raise Refused(f"There is nobody called {contact} on Matrix. Check the address.", Reason.NOT_FOUND)
        if code and answer.status >= 500 and server != self.me.partition(":")[2]:
            text = f"Your homeserver cannot reach {server}. Check the address, or try again later."
            raise Refused(text, Reason.UNREACHABLE)
        raise errors.error_of(answer, changes=False)

    async def _create(self, contact: ContactId, key: str) -> str:
        wish = {
            "preset": "trusted_private_chat",
            "is_direct": True,
            "invite": [contact],
            "creation_content": {KEY: key},
        }
        if not await self.notes.put(key, _TRIED):
            raise Refused("Too many chats are being opened. Write again in an hour.", Reason.RESOURCE)
        try:
            said = await self.api.post(path("createRoom"), wish, seconds=_SECONDS)
        except (Refused, Unavailable):
            await self.notes.drop(key)  # nothing happened
            raise
        made = fields.room_id(said.get("room_id"))
        if made is None:
            raise Refused("The homeserver made no room for this chat. Write again later.", Reason.SERVICE)
        await self.notes.put(key, made)
        return made
