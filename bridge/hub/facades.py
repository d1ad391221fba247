"""What the XMPP side may ask the hub, and the hub the XMPP side: narrow protocols, wired in `bridge.app`.

Questions are not journaled. XMPP knows JIDs and stanzas; the hub knows persons and networks; neither learns the
other's business.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bridge.contract import (
    Ban,
    ChatId,
    Contact,
    ContactId,
    CreateRoom,
    Form,
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
from bridge.hub.attendance import Attendance

HOME = NetworkId("xmpp")
"""The network where our users are at home."""

OURS = "landbridge:"
"""A reference (`Media.reference`, on XMPP) that begins so is a file in our own store; its id follows."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who gives a command, and to which gateway. `user` is a bare JID."""

    user: str
    network: NetworkId


@dataclass(frozen=True, slots=True)
class Verb:
    """A command: `name` is what is typed and the ad-hoc node (XEP-0050), `summary` one line about it."""

    name: str
    summary: str
    fields: tuple[str, ...] = ()  # typed after the verb just so, word by word; the last is all that is left
    named: tuple[str, ...] = ()  # others that may be typed after it, as `name=value`


@dataclass(frozen=True, slots=True)
class Turn:
    """What the desk says next in a dialogue: with a `form` it waits for `Desk.answer`, else it is over."""

    dialogue: str  # opaque id, unguessable
    text: str  # whole sentences for the person, may have several lines
    form: Form | None = None
    failed: bool = False


class Desk(Protocol):
    """Every command once; rendered by whoever asks (chat, ad-hoc form, command line)."""

    def verbs(self, caller: Caller) -> Sequence[Verb]:
        """What this caller may do, in the order of DESIGN §7."""
        ...

    async def begin(self, caller: Caller, verb: str, given: Mapping[str, str]) -> Turn:
        """Start `verb`. `given` are fields known already (may be empty); an unknown verb or a caller without right
        gets a failed turn with a sentence. Never raises for what a person typed."""
        ...

    async def answer(self, caller: Caller, dialogue: str, given: Mapping[str, str]) -> Turn:
        """Go on. A refused step comes back as the same form with the reason in its text. An unknown or expired
        dialogue, or somebody else's, is a failed turn."""
        ...

    def cancel(self, caller: Caller, dialogue: str) -> Turn:
        """End a dialogue."""
        ...

    def over(self, caller: Caller, dialogue: str) -> bool:
        """Whether it has ended without an answer, and the caller has been told so: what they type is none."""
        ...


@dataclass(frozen=True, slots=True)
class Avatar:
    """A picture of a person or a room as its network names it; opaque to whoever shows it."""

    network: NetworkId
    scope: str  # whose word that is
    reference: str  # empty: they have none


@dataclass(frozen=True, slots=True)
class Picture:
    """An avatar as it is shown: a small PNG."""

    sha1: str  # hexadecimal, of the data (XEP-0153, XEP-0084)
    data: bytes
    width: int
    height: int


class Avatars(Protocol):
    """Pictures of people and rooms."""

    def of(self, user: str, network: NetworkId, contact: Contact) -> Avatar | None:
        """Of somebody as an account of `user` sees them; None if that is not known, or no account is connected."""
        ...

    def known(self, avatar: Avatar) -> str | None:
        """Its hash; empty when there is none that can be shown, None when that is not known yet."""
        ...

    def want(self, avatar: Avatar, *, soon: bool = False) -> None:
        """Have it fetched, if it is not known: `soon`, or when nothing else is to be done."""
        ...

    async def get(self, avatar: Avatar) -> Picture | None:
        """None when there is none that can be shown. Raises `Unavailable`."""
        ...

    def watch(self, learned: Callable[[Avatar], None]) -> None:
        """Call `learned` (synchronously, on the loop) for each that is known now."""
        ...


Hides = Callable[[str, NetworkId, ContactId], bool]
"""Whether a user (bare JID) wants to hear nothing of somebody."""


@dataclass(frozen=True, slots=True)
class PresenceOf:
    """A contact as one user sees it now. `contact` None means the gateway itself."""

    user: str
    network: NetworkId
    contact: Contact | None
    available: bool
    status: str = ""
    subscribed: bool = False  # the user has asked for it
    away: bool = False  # there, but not at it
    idle: float | None = None  # since when they have not done anything, seconds since the epoch


class People(Protocol):
    """Contacts and who may see whom. `contact` None is the gateway itself."""

    async def profile(self, user: str, network: NetworkId, contact: ContactId) -> Contact | None:
        """As last seen by an account of `user` (a name counts only for those who were told it), else as the network
        shows them to it now; None for whom it shows nothing."""
        ...

    async def contacts(self, user: str, network: NetworkId) -> Sequence[Contact]:
        """People this user has direct chats with, by name; without those of accounts that were ended."""
        ...

    async def accounts(self, user: str, network: NetworkId) -> Sequence[ContactId]:
        """As whom this user is logged in, in the order in which they logged in."""
        ...

    def presence(self, user: str, network: NetworkId, contact: ContactId | None) -> PresenceOf:
        """As their network says they are, else available, while an account of `user` there is connected (the gateway:
        while it runs and the user may use it)."""
        ...

    async def befriend(self, user: str, network: NetworkId, contact: ContactId | None, yes: bool) -> bool:
        """`user` subscribes to (or leaves) a presence; durable. True if granted: the gateway to whoever may use it,
        a contact to whoever has an account on its network that was not ended."""
        ...

    async def friends(self, user: str, network: NetworkId) -> Sequence[ContactId | None]:
        """Whose presence `user` is subscribed to at this gateway; None in it is the gateway itself."""
        ...

    async def subscribers(self, network: NetworkId) -> Sequence[str]:
        """Users subscribed to anything at this gateway."""
        ...

    def watch(self, changed: Callable[[PresenceOf], None]) -> None:
        """Call `changed` (synchronously, on the loop) for every subscribed presence that changes: an account connects
        or ends, a name changes, a contact turns up."""
        ...

    def allowed(self, user: str) -> bool:
        """Whether `user` may use the gateways (configuration: `users`, `admins`)."""
        ...

    def serves(self, domain: str) -> bool:
        """Whether anybody at home there may."""
        ...


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


class Lists(Protocol):
    """What we have put into users' own lists on XMPP, so that what they remove or rename there stays so. `kind` is the
    XMPP side's own; an item has a name, as we called it."""

    async def put(self, user: str, network: NetworkId, kind: str) -> Mapping[str, str]:
        """All items of a kind, with their names."""
        ...

    async def keep(self, user: str, network: NetworkId, kind: str, item: str, name: str) -> None:
        """We have put it there; durable."""
        ...

    async def drop(self, user: str, network: NetworkId, kind: str, item: str) -> None:
        """We have taken it away; durable."""
        ...

    async def parted(self, network: NetworkId, user: str | None = None) -> Sequence[str]:
        """Who has ended all accounts there (or whose operator has), and still has something of them: in their lists, or
        a subscription to a contact. `user`: only this one."""
        ...

    async def lost(self, user: str, network: NetworkId) -> Sequence[ContactId]:
        """With whom an account that was ended had a chat, and no other account of `user` has one."""
        ...

    def users(self, network: NetworkId) -> Sequence[str]:
        """Whose accounts there are connected and have caught up: their contacts and rooms are all known."""
        ...

    def watch(self, changed: Callable[[str, NetworkId], None]) -> None:
        """Call `changed` (synchronously, on the loop) for a user and a network when their contacts or rooms may have
        changed, or are known now."""
        ...


class Home(Protocol):
    """What the hub needs to know of XMPP: how its direct chats and rooms are called. Pure."""

    def direct_chat(self, user: str, network: NetworkId, contact: ContactId | None) -> ChatId:
        """The chat of `user` (bare JID) with a contact, or with the gateway itself (None)."""
        ...

    def jid(self, network: NetworkId, contact: ContactId | None) -> str:
        """Where to write to somebody, or to the gateway (None). Raises `Refused` for whom no address can be made."""
        ...

    def room_chat(self, network: NetworkId, name: str) -> ChatId | None:
        """The room `name` (any Unicode) on the gateway of a network; None when no room can be called so."""
        ...

    def person(self, network: NetworkId, typed: str) -> ContactId | None:
        """Whom somebody means by what they typed: an address on the network or here; None if it is none."""
        ...

    def nick(self, contact: Contact, number: int) -> str:
        """How somebody is called in rooms; with `number` > 1 one of several people of the same name."""
        ...

    def looks(self, nick: str) -> str:
        """The same for nicks that people could take for each other."""
        ...
