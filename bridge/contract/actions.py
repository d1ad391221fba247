"""Actions: wishes to a network, imperative. `key` is the same on every attempt; parts append `.1`, `.2`, …"""

from dataclasses import dataclass, field

from bridge.contract.errors import Reason
from bridge.contract.ids import ChatId, ContactId, MessageId, NetworkId
from bridge.contract.message import Message, Rank, Rules


@dataclass(frozen=True, slots=True)
class Persona:
    """Whom an action speaks for, when that is not the performing account itself."""

    key: str  # stable: network and contact id
    network: NetworkId  # where the person is at home
    contact: str  # their ContactId there
    name: str = ""
    avatar: str = ""
    own: bool = False  # it is the chat's own user, who said it in another app (`Capabilities.own_messages`)


@dataclass(frozen=True, slots=True)
class Target:
    """A message as the chat's network calls it: the ids of its parts, in order, never empty.

    Where the network does not reflect, what one of its own people has written has two names: an edit is given the
    author's (`Action.own_id`), everything else the key under which we have shown it.
    """

    ids: tuple[MessageId, ...]
    aliases: tuple[MessageId, ...] = ()  # of the same parts, where the network has told them (`Receipt.alias`)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What every action has."""

    chat: ChatId
    key: str  # 1-64 characters of [A-Za-z0-9_.-]; a transaction id where the network has them
    persona: Persona | None = None
    at: float | None = None  # when it was said, if that was long ago (XEP-0203); None for now
    maybe_done: bool = False  # an earlier attempt may have arrived: look before doing what has no idempotent form
    contact: ContactId | None = None  # whom the chat is with, if it is direct
    own_id: MessageId | None = None
    """What its author, who is in this very chat, has called it: where the network does not reflect, this action is what
    everybody there sees of it, the author too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send(Action):
    message: Message
    merged: int = 1
    """`message` is so many texts of one person, one below the other (`Capabilities.merges`): the receipt has a name for
    each, by which the whole can be edited, retracted or answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit(Action):
    """The target now reads `message`. `Session.parts` spreads it over the target's parts."""

    target: Target
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Retract(Action):
    target: Target
    reason: str = ""
    moderator: bool = False  # somebody else's message, by right
    author: Persona | None = None
    """With `moderator`: whose message it is, if the account speaks for them, too. Where everybody may take back what is
    theirs, that needs no right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class React(Action):
    """The person's whole set; `before` is what earlier receipts gave for the set that stands there now."""

    target: Target
    reactions: tuple[str, ...]
    before: tuple[tuple[str, MessageId], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm(Action):
    """Tell an author that a message of theirs was accepted (XEP-0184). Only where `Capabilities.answers`."""

    target: MessageId
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail(Action):
    """Tell an author that a message of theirs did not arrive, and why. Only where `Capabilities.answers`."""

    target: MessageId
    origin: str
    reason: Reason
    text: str  # a whole sentence for a person
    shown: str = ""
    """Where the network does not reflect: the key under which we have shown the message; it is shown no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite(Action):
    """Ask somebody to come into the room."""

    whom: ContactId
    by: str = ""  # who asks, as people see them; empty: nobody in particular
    reason: str = ""
    inside: bool = False  # they are in it already, and only have to be told


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove(Action):
    """Have somebody leave a room, or take back that they are invited. They may come again as anybody may."""

    whom: ContactId
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ban(Action):
    """Have somebody leave a room, if they are in it, and never come again."""

    whom: ContactId
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unban(Action):
    """Somebody who was banned may come again as anybody may."""

    whom: ContactId


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRank(Action):
    """Say what somebody may do in a room. What a network makes of it is told by `RanksChanged`: it need not know each
    rank, and gives the lowest that may do as much."""

    whom: ContactId
    rank: Rank


@dataclass(frozen=True, slots=True, kw_only=True)
class Join(Action):
    """Come into a room. `chat` may also be what a person typed for it; the receipt's `chat` is the room. Joining a room
    that one is in changes nothing."""

    password: str = field(default="", repr=False)  # of the room, where rooms have any (MUCs); empty: none is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave(Action):
    """Leave a room. Leaving one that one is not in changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRoom(Action):
    """Change what is said of a room; None: as it is."""

    subject: str | None = None
    name: str | None = None
    rules: Rules | None = None  # all of them
    avatar: bytes | None = None  # a PNG; empty: it is to have none


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce(Action):
    """Say of a room, where its network has a place for that beside its name and its topic, that it is linked with
    `rooms`; with none: that it is not any more. What it says already is not said again."""

    rooms: tuple[tuple[NetworkId, str], ...]  # and what each is called there, by people


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRoom(Action):
    """Make a room with the account as its owner. `chat` is empty; the receipt's `chat` is the room. The same key gives
    the same room, also when an answer was lost."""

    name: str
    subject: str = ""
    open: bool = False  # anybody may come in and find it; else who is invited
    invited: tuple[ContactId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTyping(Action):
    """Show that somebody writes, for `TYPING` seconds, or that they do not any more."""

    typing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRead(Action):
    """Show that somebody has read up to `target`. Of the performing account itself (or `Persona.own`): its own apps
    need not show it as new any more; `private`: and nobody else is to know."""

    target: Target
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPicture(Action):
    """Show `picture`, which `Session.publish` has returned, as the account's own; empty: none. Concerns no chat: `chat`
    is empty. `Refused` if the account shows another one than this and those in `before`: its user has chosen that."""

    picture: str
    before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPresence(Action):
    """Show whether the account's user is there. Concerns no chat: `chat` is empty."""

    available: bool
    away: bool = False
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block(Action):
    """Hear nothing of somebody any more, or again (`blocked` False). Concerns no chat: `chat` is empty. Blocking whom
    one has blocked changes nothing."""

    whom: ContactId
    blocked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Action):
    """Tell those who run the network of a message, or, without `target`, of a person; `chat` is empty then."""

    whom: ContactId | None = None
    target: Target | None = None
    reason: str = ""
