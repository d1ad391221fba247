"""Events: facts from a network, past tense. Each has an id of its own, edits and reactions too."""

from dataclasses import dataclass
from enum import StrEnum

from bridge.contract.errors import Reason
from bridge.contract.ids import ChatId, ContactId, MessageId, NetworkId
from bridge.contract.message import Contact, Message, Occupant, Person, Rank, Rules


class Provenance(StrEnum):
    """Who speaks, as far as the network or a mark in what is said tells; names tell nothing."""

    PERSON = "person"  # or nobody knows better
    PROGRAM = "program"  # the network says that its author is one
    COPY = "copy"  # a bridge has brought what somebody said elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Authored:
    """What every event has that a person caused in a chat."""

    chat: ChatId
    id: MessageId  # the event's own id on its network
    sender: Contact
    at: float  # when it was said, seconds since the epoch
    key: str | None = None
    """The `Action.key` (with its part, if any) that this event carries, as found: then it is our own doing seen again,
    by whichever account. The hub believes it only of a sender that is one of our accounts; a session with `personas`
    answers for its personas itself and sets it only for them."""
    alias: MessageId | None = None
    """Another name of it, where its author's app and the room do not call it the same: by it its author corrects it
    (XMPP rooms). `target` of an event may be either name."""
    addressee: Person | None = None
    """Whom a direct chat is with, on networks where a message to a person opens the chat (XMPP)."""
    origin: str = ""
    """Opaque to the hub: what the session needs to answer the author (`Confirm`, `Fail`); empty for no answers."""
    confirm: bool = True
    """Whether the author, if they get answers, wants to be told of success as well."""
    marks: bool = False
    """Whether the author wants to be told what others have read (`MarkRead`)."""
    among: tuple[ChatId, ...] = ()
    """Of what changes a message, where the network does not say in which of several chats that is: the others that may
    be meant, of the same scope. It is the one in which `target` is known; `chat`, if none of them."""
    provenance: Provenance = Provenance.PERSON


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived(Authored):
    """A new message. For one that cannot be carried yet the message is one readable line."""

    message: Message
    further: tuple[MessageId, ...] = ()
    """Where a network calls each file of a message by a name of its own: what the second is called, the third …; the
    first is called `id`."""
    called: tuple[ContactId, ...] = ()
    """Whom it calls of its network's people although no span of its text names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEdited(Authored):
    """`target` now reads `message`. `target` is always the first id."""

    target: MessageId
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRetracted(Authored):
    """`target` is gone: a message, or what brought one more reaction. `moderator` when the network has let `sender` do
    it, whoever wrote it."""

    target: MessageId
    moderator: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionsChanged(Authored):
    """The sender's whole set of reactions to `target`; empty when all are gone. With `added` one that comes to those
    that stand, where a network has an event for each; the retraction of that event takes it back."""

    target: MessageId
    reactions: tuple[str, ...]
    added: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFailed:
    """What we delivered, and believed delivered, bounced later. `target` is the id we gave it or got for it."""

    chat: ChatId
    target: MessageId
    reason: Reason
    text: str = ""  # the network's own words, at most 500 characters


class ChatKind(StrEnum):
    DIRECT = "direct"  # one's own account and one other person
    ROOM = "room"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSeen:
    """A chat of this account as it is now. Comes before the chat's first event, and again when it changes.

    With `kind` DIRECT, `contact` is the other person and this is *the* direct chat with them. A direct chat that others
    come into is a room from there on, and stays one. A room that the account is no longer in is told by
    `OccupantChanged`.
    """

    chat: ChatId
    kind: ChatKind
    contact: Contact | None = None
    name: str = ""
    encrypted: bool = False
    subject: str = ""  # of a room: what is talked about there
    avatar: str = ""  # of a room: opaque reference of its picture, as in `Contact`
    alias: str = ""
    """Of a room: how people of other networks may type it, any Unicode; checked to mean this room. Empty: it has no
    such name. No contact may be called so (`Connector.contact` gives None for it)."""
    rules: Rules | None = None  # of a room; None: not known
    closed: str | None = None
    """Of a room: why nobody can be heard there now who is not there themselves, as a sentence for the people of other
    rooms that are linked with it; empty: they can be; None: as before."""
    moved: ChatId | None = None
    """Of a room that is `closed` because it was ended: where it is said to go on. Whoever ended it has said so, so that
    it is followed by the word of somebody who keeps order in another room of its link alone."""
    made: str = ""  # of a room that this very account has made by us: the key of the `CreateRoom`


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMoved:
    """A room goes on in another one: those who may say so have said it in both, and the account is in both. Told by the
    operator's accounts, and again until it is told in vain."""

    chat: ChatId
    to: ChatId


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupantChanged:
    """Somebody in a room as they are now, or who is invited to it or banned and may never have been in it. About the
    account itself: it has left (with `ChatSeen` it had come in)."""

    chat: ChatId
    occupant: Occupant
    by: Contact | None = None  # who has removed them; None: nobody but they themselves
    reason: str = ""  # in the words of whoever did it


class Bar(StrEnum):
    """What was done to somebody in a room."""

    BANNED = "banned"  # they may not come again
    REMOVED = "removed"  # they were made to leave, and may come again one day


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonaBarred:
    """Those who keep order in a room want nothing of somebody there who is in it only by us (`Capabilities.personas`);
    or, without `bar`, they may come again. Believed of the operator's accounts. What is still performed for them, until
    this is taken in, is `Unavailable`: it is the hub that tells them."""

    chat: ChatId
    who: Person
    bar: Bar | None
    seconds: float | None = None
    """After which it is over, or is to be looked at again, where the network does not tell of that; None: it tells."""
    by: Contact | None = None  # who has done it
    reason: str = ""  # in their words


@dataclass(frozen=True, slots=True, kw_only=True)
class RanksChanged:
    """What people may do in a room is so now, whether they are in it or not; all that were told before are over."""

    chat: ChatId
    ranks: tuple[tuple[ContactId, Rank], ...]
    others: Rank  # everybody else


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomInvited:
    """The account is invited to a room that it is not in."""

    chat: ChatId
    inviter: Contact | None = None
    name: str = ""
    alias: str = ""  # as in `ChatSeen`
    reason: str = ""  # the inviter's own words


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactChanged:
    """A person's name or picture."""

    contact: Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class TypingChanged:
    """Somebody writes, or does not any more; a sign. It also ends with what they say, and by itself after minutes."""

    chat: ChatId
    sender: Contact
    typing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadUpTo:
    """Somebody has read a chat up to `target`, which may also be an edit or a reaction; a sign. Of the account itself:
    its user has, in whatever app. `private`: nobody else is to know."""

    chat: ChatId
    sender: Contact
    target: MessageId
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceChanged:
    """Whether a person is there, and the picture that they show with it (`contact.avatar`); a sign. On networks where
    people show themselves to single networks of others, `towards` is the one that may know."""

    contact: Contact
    available: bool
    away: bool = False  # there, but not at it
    status: str = ""  # in their own words
    idle: float | None = None  # since when they have not done anything, seconds since the epoch; None: not known
    towards: NetworkId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unparsable:
    """Something that could not be understood at all; goes to the dead letters."""

    reason: str
    source: str  # where from: a chat, a sender
    raw: str  # the thing itself, cut to 10,000 characters
    chat: ChatId | None = None  # whose people are told, once for many, that there was something


@dataclass(frozen=True, slots=True)
class CursorMoved:
    """Everything that came before this event is covered by `cursor`: reading may resume there."""

    cursor: str


@dataclass(frozen=True, slots=True)
class Live:
    """Caught up: everything the network had before the connection has been reported. Again after every reconnect
    that the session made by itself: whatever waits for this account tries at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedChanged:
    """Whom the account has blocked now, all of them; told before `Live` if it has blocked anybody."""

    contacts: frozenset[ContactId]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOutChanged:
    """Somebody has told the operator's account that nothing of theirs is to be carried, and nothing to them, for those
    who have no account of their own; or that it may be again. From any other account it counts for nothing."""

    contact: ContactId
    out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInformed:
    """Something about the account that its user is to know, as whole sentences. It is told whenever it is reported, so
    it is reported once; what is said of an operator's account goes to the log."""

    text: str


Sign = TypingChanged | ReadUpTo | PresenceChanged
"""Signs of life: never journaled, never replayed, and dropped rather than that anything waits for them."""

TYPING = 30.0  # seconds for which `SetTyping` counts, if nothing else is said

Event = (
    MessageReceived
    | MessageEdited
    | MessageRetracted
    | ReactionsChanged
    | DeliveryFailed
    | ChatSeen
    | ChatMoved
    | OccupantChanged
    | PersonaBarred
    | RanksChanged
    | RoomInvited
    | ContactChanged
    | TypingChanged
    | ReadUpTo
    | PresenceChanged
    | BlockedChanged
    | OptOutChanged
    | UserInformed
    | Unparsable
    | CursorMoved
    | Live
)
