"""Rooms of networks as rooms on our domains."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bridge.contract import (
    Ban,
    ChatId,
    ContactId,
    CreateRoom,
    Invite,
    Membership,
    NetworkId,
    Past,
    Rank,
    Remove,
    Retract,
    Rules,
    SetRank,
    SetRoom,
    Title,
    Unban,
)
from bridge.hub.facades.attendance import Attendance
from bridge.hub.facades.avatars import Avatar


@dataclass(frozen=True, slots=True)
class Room:
    """A hosted room, as it is now."""

    jid: ChatId
    network: NetworkId
    name: str
    subject: str
    encrypted: bool = False
    avatar: Avatar | None = None
    rules: Rules = field(default_factory=Rules)
    reactions: int | None = None  # how many of one person's a message can bear, and which: as in `Capabilities`
    allowed_reactions: Sequence[str] | None = None
    linked: bool = False  # what is said is shown in other rooms, too; known where somebody asks what the room is

    @property
    def public(self) -> bool:
        """Whether what is said can be read by everybody, as in a public log."""
        return self.rules.past is Past.ANYBODY


Wish = SetRoom | Retract | Invite | Remove | Ban | Unban | SetRank
"""What a person may want of a room that they are in."""


@dataclass(frozen=True, slots=True)
class Removal:
    """Why somebody is not in a room any more, if others had them go."""

    by: ContactId
    name: str  # of who did it, as their network calls them
    reason: str
    banned: bool  # they may not come again


@dataclass(frozen=True, slots=True)
class RoomOccupant:
    """Somebody in a hosted room. Who is gone still has said what is in the archive."""

    contact: ContactId
    nick: str  # nobody else in the room has the same
    rank: Rank = Rank.MEMBER
    present: bool = True
    avatar: Avatar | None = None
    titles: tuple[Title, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody who enters a room, or reads in it, is to know. `me` is who they are there."""

    room: Room
    me: ContactId
    occupants: Sequence[RoomOccupant]
    outside: Mapping[ContactId, Membership] | None = None  # who is invited or banned; None: not known


@dataclass(frozen=True, slots=True)
class RoomNews:
    """Something about a hosted room has changed; each field is None unless it did."""

    jid: ChatId
    room: Room | None = None  # what is said of it
    occupant: RoomOccupant | None = None
    outside: tuple[ContactId, Membership] | None = None  # is invited or banned now, or not any more
    gone: str | None = None  # a user whose account is not in it any more
    removal: Removal | None = None  # of the occupant, or of the user who is gone


class Rooms(Attendance, Protocol):
    """Rooms of networks as rooms on our domains. A reader is a bare JID; whoever has no account in a room is told
    nothing of it."""

    async def enter(self, room: ChatId, user: str, *, known: bool = False) -> Entry:
        """`user` wants to come in; an invitation is accepted by it, and the room's people are asked for if they are not
        known. With `known` whoever asks knows them, and of `occupants` is told `user` alone. Raises `Refused`:
        NOT_FOUND for no room of theirs, and `Unavailable`."""
        ...

    async def look(self, room: ChatId, reader: str) -> Entry:
        """The same for who only reads: no invitation is accepted, and nobody is asked. Raises `Refused`."""
        ...

    async def describe(self, room: ChatId, reader: str) -> Room | None: ...

    async def rooms(self, reader: str, network: NetworkId) -> Sequence[Room]:
        """The rooms of `reader` on a network, by JID."""
        ...

    async def standing(self, room: ChatId, reader: str, membership: Membership) -> Sequence[RoomOccupant]:
        """Who is in a room; or who is invited or banned, as its network says at this moment: they have the nick that
        they would have. Raises the four errors."""
        ...

    async def change(self, user: str, wish: Wish) -> None:
        """Done at once, on the user's own session; what comes of it the room is told. `wish` names the room and the
        message as they are called here; its key counts for nothing. Raises the four errors."""
        ...

    async def create(self, user: str, network: NetworkId, wish: CreateRoom, address: str) -> Room | None:
        """Make a room by an account of `user`, to be had here under `address` (what stands before the @); None if it is
        not seen here yet. The same address gives the same room, also when an answer was lost. Raises the four errors;
        `Refused(NOT_FOUND)` when there is another room of that address, or none can have it."""
        ...

    def watch(self, changed: Callable[[RoomNews], None]) -> None:
        """Call `changed` (synchronously, on the loop) for all news, before anything that was said after it."""
        ...
