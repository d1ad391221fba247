"""What we know of rooms: who is in them, what they are called, whether they are encrypted.

A room is looked up when it is first needed and kept up to date by what syncs bring; the least used are forgotten.
Source: client-server API #get_matrixclientv3roomsroomidstate, #mroommember, #mroomencryption, #mroomcreate.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from bridge.contract import ContactId, Unavailable
from connectors.matrix import errors, fields
from connectors.matrix.api import Api, path
from connectors.matrix.events import KEY, Member, member

_KEPT = 5_000  # rooms
_LARGEST = 5 * 1024 * 1024  # bytes of a room's state
_PRESENT = ("join", "invite")


@dataclass(slots=True)
class Room:
    """One room, as its state events say."""

    id: str
    members: dict[ContactId, Member] = field(default_factory=dict)
    encrypted: bool = False  # once it is, it stays so
    key: str = ""  # with which we created it
    meant_direct: ContactId | None = None  # who invited us, or whom we invited, to a direct chat

    def apply(self, raw: object, me: ContactId) -> None:
        """A state event; anything else changes nothing."""
        event = fields.mapping(raw)
        if not isinstance(event.get("state_key"), str):
            return
        content = fields.mapping(event.get("content"))
        match event.get("type"):
            case "m.room.encryption":
                self.encrypted = True
            case "m.room.create":
                self.key = fields.string(content.get(KEY))
            case "m.room.member" if (found := member(event)) is not None:
                self.members[found.user] = found
                self._note_intent(event, found, me)

    def alone_with(self, me: ContactId, contact: ContactId) -> bool:
        """Whether nobody but us two is in the room or invited, and we are in it."""
        mine = self.members.get(me)
        present = {user for user, one in self.members.items() if one.membership in _PRESENT}
        return mine is not None and mine.membership == "join" and present <= {me, contact}

    def present(self, user: ContactId) -> bool:
        """Whether somebody is in the room, or invited."""
        return user in self.members and self.members[user].membership in _PRESENT

    @property
    def names(self) -> dict[str, str]:
        return {user: one.name for user, one in self.members.items() if one.name}

    def _note_intent(self, event: object, found: Member, me: ContactId) -> None:
        """Client-server API #mroommember: `is_direct` stands in the invitation, and in what the join replaced."""
        before = fields.mapping(fields.mapping(event).get("unsigned")).get("prev_content")
        direct = found.direct or fields.mapping(before).get("is_direct") is True
        if not direct or found.by is None:
            return
        if found.user == me:
            inviter = found.by if found.membership == "invite" else _inviter(event)
            self.meant_direct = inviter if inviter != me else self.meant_direct
        elif found.by in (me, found.user):
            self.meant_direct = found.user


class Rooms:
    """The rooms of one account. `of` asks the homeserver when it has to."""

    def __init__(self, api: Api, me: ContactId) -> None:
        self._api = api
        self._me = me
        self._rooms: OrderedDict[str, Room] = OrderedDict()

    def known(self, id: str) -> Room | None:
        return self._rooms.get(id)

    async def of(self, id: str) -> Room:
        """Raises `Refused` when we are not in the room, `Unavailable`, `LoggedOut`."""
        found = self._rooms.get(id)
        if found is None:
            found = Room(id)
            for event in await self._state(id):
                found.apply(event, self._me)
            self._rooms[id] = found
            if len(self._rooms) > _KEPT:
                self._rooms.popitem(last=False)
        self._rooms.move_to_end(id)
        return found

    def apply(self, id: str, state: Iterable[object]) -> None:
        """What a sync has brought for a room that we know."""
        room = self._rooms.get(id)
        if room is not None:
            for event in state:
                room.apply(event, self._me)

    def forget(self, id: str) -> None:
        self._rooms.pop(id, None)

    async def _state(self, id: str) -> list[object]:
        answer = await self._api.ask("GET", path("rooms", id, "state"), largest=_LARGEST)
        if answer.status != 200:
            raise errors.error_of(answer, changes=False)
        found = errors.listed(answer.body)
        if found is None:
            raise Unavailable("The homeserver's answer makes no sense.")
        return found


def _inviter(event: object) -> ContactId | None:
    """Who had invited the one who now joins; a server need not say."""
    sender = fields.mapping(fields.mapping(event).get("unsigned")).get("prev_sender")
    return ContactId(sender) if isinstance(sender, str) else None
