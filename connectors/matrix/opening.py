"""Opening direct chats: a room with one person, made once however often we have to try.

Creating a room has no transaction id. Before we ask for one we note durably that we do, and the room's creation
carries our key; so after an answer was lost we look for that room instead of making a second one.
Source: client-server API #post_matrixclientv3createroom, #get_matrixclientv3profileuserid.
"""

from dataclasses import dataclass

from bridge.contract import ChatId, ContactId, Memory, Reason, Refused
from connectors.matrix import errors, ids
from connectors.matrix.api import Api, path
from connectors.matrix.directs import Directs
from connectors.matrix.events import KEY
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
    memory: Memory

    async def direct(self, contact: ContactId, key: str) -> ChatId:
        """See `Session.direct`."""
        found = await self.latest(contact)
        if found is not None:
            return ChatId(found.id)
        note = f"opening {key}"
        before = await self.memory.get(note)
        room = await self._made_before(before, contact, key)
        if room is None:
            await self._check(contact)
            await self.memory.put(note, _TRIED)
            room = await self._create(contact, key)
        await self.memory.put(note, room)
        await self.directs.add(contact, room)
        return ChatId(room)

    async def latest(self, contact: ContactId) -> Room | None:
        """The direct chat with `contact`: the latest in `m.direct` with exactly us two."""
        for id in reversed(self.directs.rooms_of(contact)):
            room = await self._known(id)
            if room is not None and room.alone_with(self.me, contact) and room.present(contact):
                return room
        return None

    async def _made_before(self, note: str | None, contact: ContactId, key: str) -> str | None:
        """The room that an earlier try has made."""
        if note is None:
            return None
        if note != _TRIED:
            room = await self._known(note)
            return note if room is not None and room.alone_with(self.me, contact) else None
        joined = (await self.api.get(path("joined_rooms"))).get("joined_rooms")
        for id in reversed(joined) if isinstance(joined, list) else ():
            if isinstance(id, str) and self.directs.contact_of(id) in (None, contact):
                room = await self._known(id)
                if room is not None and room.key == key:
                    return id
        return None

    async def _known(self, id: str) -> Room | None:
        try:
            return await self.rooms.of(id)
        except Refused:
            return None  # we are not in it any more

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
        made = (await self.api.post(path("createRoom"), wish, seconds=_SECONDS)).get("room_id")
        if not isinstance(made, str):
            raise Refused("The homeserver made no room for this chat.", Reason.SERVICE)
        return made
