"""Pictures of hosted rooms and of those who are in them: wanted when there is somebody to see them, told when they come
(XEP-0153, XEP-0486)."""

from itertools import islice
from typing import Protocol

from bridge.contract import ChatId, ContactId, Unavailable
from bridge.hub.facades import Avatar, Avatars, RoomOccupant
from bridge.xmpp import avatars
from bridge.xmpp.hosted import changes, stanzas
from bridge.xmpp.hosted.room import HostedRoom

_LOOKED_AT = 50  # people of a room whose pictures are fetched although they say nothing
_WAITING = 50_000  # pictures that rooms wait for


class Rooms(changes.Teller, Protocol):
    def room(self, jid: ChatId) -> HostedRoom | None: ...


class RoomPictures:
    """Of all rooms. `known` is the facade's."""

    def __init__(self, pictures: Avatars) -> None:
        self._pictures = pictures
        self._waiting: dict[Avatar, set[tuple[ChatId, ContactId | None]]] = {}  # None: the room itself

    def known(self, avatar: Avatar | None) -> str | None:
        return self._pictures.known(avatar) if avatar is not None else None

    def shown(self, avatar: Avatar | None) -> str | None:
        """The same for somebody who asks: next time it may be known."""
        if avatar is not None:
            self._pictures.want(avatar, soon=True)
        return self.known(avatar)

    async def photo(self, avatar: Avatar | None) -> str:
        """As it stands in a vCard; empty when there is none, or it does not come now."""
        try:
            return avatars.photo(await self._pictures.get(avatar)) if avatar is not None else ""
        except Unavailable:
            return ""

    def opened(self, room: HostedRoom) -> None:
        """Somebody comes into a room that nobody was in."""
        for contact in (None, *islice(room.seen, _LOOKED_AT)):
            self.look_at(room, contact)

    def look_at(self, room: HostedRoom, contact: ContactId | None, *, soon: bool = False) -> bool:
        """The picture of somebody in the room, or of the room itself, is wanted. False if it is known, or there is
        none."""
        seen = room.seen.get(contact) if contact is not None else None
        avatar = room.room.avatar if contact is None else seen.avatar if seen is not None else None
        if avatar is None or self._pictures.known(avatar) is not None:
            return False
        if avatar in self._waiting or len(self._waiting) < _WAITING:
            self._waiting.setdefault(avatar, set()).add((room.jid, contact))
        self._pictures.want(avatar, soon=soon)
        return True

    def speaks(self, room: HostedRoom, contact: ContactId, house: Rooms) -> None:
        """Their picture is the next that is wanted. One that has become known elsewhere, for a contact list or another
        room, since they were shown here is told now: nobody waits for it any more."""
        seen = room.seen.get(contact)
        if seen is not None and not self.look_at(room, contact, soon=True) and seen.photo != self.known(seen.avatar):
            changes.moved(house, room, RoomOccupant(contact, seen.nick, seen.rank, avatar=seen.avatar))

    def learned(self, avatar: Avatar, house: Rooms) -> None:
        """It is known now: whoever is in the rooms where it is shown is told."""
        for jid, contact in self._waiting.pop(avatar, ()):
            room = house.room(jid)
            seen = room.seen.get(contact) if room is not None and contact is not None else None
            if room is not None and contact is None and room.room.avatar == avatar:
                house.tell(room, stanzas.configured(jid), room.inside)
            if room is not None and contact is not None and seen is not None and seen.avatar == avatar:
                now = RoomOccupant(contact, seen.nick, seen.rank, avatar=avatar, titles=seen.titles)
                changes.moved(house, room, now)
