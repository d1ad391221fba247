"""Rows as the hub sees them; structs where every message makes several, because they are made ten times as fast."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat on a network; `native` None is a direct chat that is still to be opened."""

    id: int
    network: str
    scope: str
    native: str | None
    kind: str
    owner: str = ""
    contact: str = ""
    encrypted: bool = False
    name: str = ""
    subject: str = ""
    avatar: str = ""
    rules: str = ""  # of a room: `Rules`, JSON
    closed: str = ""  # of a room: why nobody from elsewhere can be heard there
    moved: str = ""  # of such a room: where it is said to go on
    shows: int | None = None  # of a hosted room: the chat on a network that it shows


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One chat in a link; `account` speaks for people who have none of their own there."""

    chat: Chat
    account: int | None
    direction: str = "both"  # from, to: only that
    name_format: str = ""  # how others' names are shown there; empty: as usual
    typed: str = ""  # the chat as it was asked for
    programs: bool = False  # what other bots say there goes on, too

    @property
    def room(self) -> int:
        """The chat on a network that it is, or that it shows."""
        return self.chat.shows or self.chat.id


@dataclass(frozen=True, slots=True)
class Link:
    """A set of chats kept in step; a personal one has no name."""

    id: int
    name: str
    endpoints: tuple[Endpoint, ...]
    suspended: str = ""  # why nothing goes through it; empty: it does
    barred: Mapping[tuple[int, str, str], float] = field(default_factory=dict, hash=False)
    """Whom its rooms do not want: the room, and the network and the id of whom, until when (0: for ever)."""

    def shut(self, here: int) -> str:
        """Why something that is said `here` gets nowhere, if it is because other rooms are closed (`Chat.closed`)."""
        return next((e.chat.closed for e in self.endpoints if self.name and e.chat.closed and e.chat.id != here), "")


class Copy(Struct, frozen=True):
    """What a message is called in one chat."""

    chat: int
    native: str
    message: int
    part: int
    version: int


class Message(Struct, frozen=True):
    """The present state of a message."""

    id: int
    network: str
    author: str
    content: int
    retracted: int | None


class Entry(Struct, frozen=True):
    """An event of the journal."""

    id: int
    chat: int
    native: str
    kind: str
    message: int
    reply: int | None
    account: int
    network: str
    author: str
    key: str
    body: bytes
    at: float


class Debt(Struct):
    """An open delivery with all that performing it needs; what a lane holds."""

    chat: int
    event: int
    account: int
    kind: str
    message: int
    reply: int | None
    source: int  # the chat where it happened
    network: str  # of the author
    author: str
    key: str
    body: bytes
    content: int  # the event whose text the message shows now
    content_body: bytes | None  # its body, when it is not `body`
    retracted: int | None
    since: float  # when it was owed: journaled, or tried again by the operator
    reporter: int  # the account that reported the event
    tried: int = 0  # 1 + the part whose call was begun, where that is durable
    bugs: int = 0
    maybe: bool = False  # an attempt may have arrived
    meant: str = ""  # whom the chat is with where it was written, if that is a direct one
    late: bool = False  # its author knows that it is late
    older: bool = False  # than what its lane may have read already
    copies: list[Copy] | None = None  # what its message is called there, if that was read with it
    said: object = None  # what `body` reads, if that is known
