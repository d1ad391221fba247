"""Opening direct chats: a room with one person, made once however often we have to try (`making`).

Source: client-server API #post_matrixclientv3createroom, #get_matrixclientv3profileuserid.
"""

from dataclasses import dataclass

from bridge.contract import ChatId, ContactId, Reason, Refused
from connectors.matrix import errors, ids
from connectors.matrix.api import Api, path
from connectors.matrix.directs import Directs
from connectors.matrix.making import Making
from connectors.matrix.rooms import Room, Rooms


@dataclass(frozen=True, slots=True)
class Opening:
    """For one account."""

    api: Api
    me: ContactId
    rooms: Rooms
    directs: Directs
    making: Making

    async def direct(self, contact: ContactId, key: str) -> ChatId:
        """See `Session.direct`."""
        found = await self.latest(contact)
        if found is not None:
            return ChatId(found.id)
        room = await self.making.before(key, lambda room: self._usable(room, contact))
        if room is None:
            await self._check(contact)
            room = await self.making.make(
                key, {"preset": "trusted_private_chat", "is_direct": True, "invite": [contact]}
            )
        await self.directs.add(contact, room)
        await self.making.done(key)  # from here on it is found in `m.direct`
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
