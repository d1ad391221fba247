"""What we know of rooms: who is in them, what they are called, whether they are encrypted.

A room is looked up when it is first needed and kept up to date by what syncs bring; the least used are forgotten.
Source: client-server API #get_matrixclientv3roomsroomidstate, #mroommember, #mroomencryption.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from bridge.contract import ChatId, ContactId, Reason, Refused, Scope
from connectors.matrix import errors, fields
from connectors.matrix.api import Api, path
from connectors.matrix.events import Member, member

_KEPT = 5_000  # rooms
_LARGEST = 1024 * 1024  # bytes of a room's state; one with more is no chat of two people
_AT_ONCE = 200  # events between two turns of the event loop
_PRESENT = ("join", "invite")


@dataclass(slots=True)
class Room:
    """One room, as its state events say."""

    id: str
    members: dict[ContactId, Member] = field(default_factory=dict)
    encrypted: bool = False  # once it is, it stays so
    meant_direct: ContactId | None = None  # who invited us, or whom we invited, to a direct chat

    def apply(self, raw: object, me: ContactId) -> None:
        """A state event; anything else changes nothing."""
        event = fields.mapping(raw)
        if not isinstance(event.get("state_key"), str):
            return
        match event.get("type"):
            case "m.room.encryption":
                self.encrypted = True
            case "m.room.member" if (found := member(event)) is not None:
                self.members[found.user] = found
                self._note_intent(event, found, me)

    def alone_with(self, me: ContactId, contact: ContactId) -> bool:
        """Whether nobody but us two is in the room or invited, and we are in it."""
        present = {user for user, one in self.members.items() if one.membership in _PRESENT}
        return self.holds(me) and present <= {me, contact}

    @property
    def chat(self) -> ChatId:
        return ChatId(self.id)

    def holds(self, user: ContactId) -> bool:
        """Whether somebody has come into the room."""
        return user in self.members and self.members[user].membership == "join"

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
        self._meanwhile: dict[str, list[list[object]]] = {}  # what syncs bring of rooms that are being asked for

    def known(self, id: str) -> Room | None:
        return self._rooms.get(id)

    async def of(self, id: str) -> Room:
        """Raises `Refused` (`FORBIDDEN` or `NOT_FOUND` when we are not in the room), `Unavailable`, `LoggedOut`."""
        found = self._rooms.get(id) or await self._load(id)
        if id in self._rooms:
            self._rooms.move_to_end(id)
        if not found.holds(self._me):  # Synapse shows those who have left how it was then
            raise Refused("You are not in this Matrix chat any more.", Reason.FORBIDDEN)
        return found

    def apply(self, id: str, state: Sequence[object]) -> None:
        """What a sync has brought."""
        for news in self._meanwhile.get(id, ()):
            news += state
        room = self._rooms.get(id)
        if room is not None:
            for event in state:
                room.apply(event, self._me)

    def forget(self, id: str) -> None:
        """We are not in it any more, or no longer sure how it is."""
        self._rooms.pop(id, None)
        self._meanwhile.pop(id, None)

    async def _load(self, id: str) -> Room:
        """An answer may be older than a sync that comes before it, so what that has brought is applied again: nothing
        is sent in clear because the news of encryption was overtaken."""
        news: list[object] = []
        self._meanwhile.setdefault(id, []).append(news)
        try:
            state = await self._state(id)
            room = Room(id)
            for number, event in enumerate(state):
                room.apply(event, self._me)
                if number % _AT_ONCE == _AT_ONCE - 1:
                    await asyncio.sleep(0)
            for event in news:
                room.apply(event, self._me)
            if any(one is news for one in self._meanwhile.get(id, ())):
                room = self._rooms.setdefault(id, room)
            if len(self._rooms) > _KEPT:
                self._rooms.popitem(last=False)
            return room
        finally:
            waiting = [one for one in self._meanwhile.pop(id, ()) if one is not news]
            if waiting:
                self._meanwhile[id] = waiting

    async def _state(self, id: str) -> list[object]:
        answer = await self._api.ask("GET", path("rooms", id, "state"), largest=_LARGEST)
        if answer.status != 200:
            raise errors.error_of(answer, changes=False)
        found = errors.listed(answer.body)
        if found is None:
            raise errors.Faulty("The homeserver's answer makes no sense.", scope=Scope.CHAT)
        return found


def _inviter(event: object) -> ContactId | None:
    """Who had invited the one who now joins; a server need not say."""
    sender = fields.mapping(fields.mapping(event).get("unsigned")).get("prev_sender")
    return ContactId(sender) if isinstance(sender, str) else None
