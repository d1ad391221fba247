"""What people say: text with spans over it, references to media, replies. No network's markup is in it."""

from dataclasses import dataclass
from enum import StrEnum

from bridge.contract.ids import ContactId, MessageId, NetworkId


@dataclass(frozen=True, slots=True)
class Contact:
    """A person on the network that reports them."""

    id: ContactId
    name: str = ""  # as people see it; empty when not known
    avatar: str | None = None
    """Opaque reference (`Session.open_media`) that changes when the picture does; empty: has none; None: not known."""


@dataclass(frozen=True, slots=True)
class Person:
    """A contact together with its network: who somebody is, wherever they are mentioned."""

    network: NetworkId
    id: ContactId


class Membership(StrEnum):
    """How somebody stands to a room."""

    JOINED = "joined"
    INVITED = "invited"
    LEFT = "left"
    BANNED = "banned"


class Rank(StrEnum):
    """What somebody may do in a room; who stands first may most."""

    OWNER = "owner"  # everything
    ADMIN = "admin"  # keeps order: removes people, and for good
    MODERATOR = "moderator"  # keeps order: removes messages, perhaps people
    MEMBER = "member"  # speaks
    VISITOR = "visitor"  # only listens

    @property
    def keeps_order(self) -> bool:
        return self in (Rank.OWNER, Rank.ADMIN, Rank.MODERATOR)

    def above(self, other: "Rank") -> bool:
        order = list(Rank)
        return order.index(self) < order.index(other)


class Past(StrEnum):
    """Who may read what is said in a room."""

    ANYBODY = "anybody"  # also who is not in it
    MEMBERS = "members"  # who is in it, everything
    INVITED = "invited"  # who is in it, since they were invited
    JOINED = "joined"  # who is in it, since they came


@dataclass(frozen=True, slots=True)
class Rules:
    """How a room is set up. A rank is the lowest that may do a thing."""

    open: bool = False  # anybody may come in; else who is invited, or as the network has it
    moderated: bool = False  # who comes in may only listen
    subject: Rank = Rank.MODERATOR  # says what the room is about
    invites: Rank = Rank.MEMBER  # asks others in
    past: Past = Past.MEMBERS


@dataclass(frozen=True, slots=True)
class Title:
    """What a network says somebody in a room is beyond their rank, as its people read it."""

    id: str  # opaque; on one network the same wherever it means the same
    name: str


@dataclass(frozen=True, slots=True)
class Occupant:
    """Somebody in a room."""

    contact: Contact  # as they are called in this room
    membership: Membership = Membership.JOINED
    rank: Rank | None = None  # None: as it was before; a member if that is not known
    titles: tuple[Title, ...] | None = None  # all that they have; None: as before, none if that is not known


class SpanKind(StrEnum):
    BOLD = "bold"
    ITALIC = "italic"
    STRIKE = "strike"
    UNDERLINE = "underline"
    CODE = "code"
    PRE = "pre"  # value: language, or empty
    QUOTE = "quote"
    LINK = "link"  # value: URL
    MENTION = "mention"  # value: ContactId
    SPOILER = "spoiler"  # value: reason, or empty


@dataclass(frozen=True, slots=True)
class Span:
    """Formatting of `text[start:end]`, counted in code points; spans may nest, never cross."""

    start: int
    end: int
    kind: SpanKind
    value: str = ""
    network: str = ""  # of whom a mention means; empty: the network of the event or action that carries this


class Style(StrEnum):
    """How the whole message is meant."""

    TEXT = "text"
    EMOTE = "emote"  # "/me" (XEP-0245, m.emote)
    NOTICE = "notice"  # said by a program (m.notice)


class MediaKind(StrEnum):
    """How a file is meant to be shown."""

    FILE = "file"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    VOICE = "voice"  # spoken for this very message
    STICKER = "sticker"


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small JPEG of a picture: a few thousand bytes, that go where words go."""

    data: bytes
    width: int  # pixels
    height: int


@dataclass(frozen=True, slots=True)
class Media:
    """A file. In an event everything stands here as its sender says; in an action as it is."""

    reference: str
    """Opaque to all but one network's connector: in an event, of the network that reports it (`Session.open_media`); in
    an action, of the one that performs it (`Session.publish`)."""
    name: str = ""
    mime: str = "application/octet-stream"
    size: int | None = None  # bytes; None when the network does not say
    kind: MediaKind = MediaKind.FILE
    width: int | None = None  # pixels
    height: int | None = None
    duration: float | None = None  # seconds
    sha256: str = ""  # hexadecimal; empty when it is not known
    blurhash: str = ""  # how a picture looks before it is there (https://blurha.sh)
    thumbnail: Thumbnail | None = None  # of an action only: made by us
    link: str = ""  # a web address where anybody can have it, if there is one


@dataclass(frozen=True, slots=True)
class Quote:
    """What a reply answers, in words. Of an event: as its author's app has quoted it; of an action: as it reads now."""

    text: str  # plain
    author: Person | None = None  # None: not known
    name: str = ""  # the author's, as people see it


@dataclass(frozen=True, slots=True)
class Place:
    """A place on Earth (WGS 84), in degrees."""

    latitude: float  # -90 to 90
    longitude: float  # -180 to 180
    accuracy: float | None = None  # metres; None: not known


@dataclass(frozen=True, slots=True)
class Preview:
    """What the sender's app says of a link in the text; nobody has checked it."""

    url: str  # as it stands in the text; http or https
    title: str = ""
    description: str = ""
    site: str = ""  # its name


@dataclass(frozen=True, slots=True)
class Message:
    """The content of a message, the same type in both directions."""

    text: str = ""  # plain; what a client without formatting shows
    spans: tuple[Span, ...] = ()
    style: Style = Style.TEXT
    media: tuple[Media, ...] = ()  # then `text` is their caption
    reply_to: MessageId | None = None  # on the network of the event or action that carries this
    quote: Quote | None = None
    """Of a reply. Where what it answers is not known, the action has no `reply_to` and says this in its text."""
    thread: MessageId | None = None
    """The message with which its thread began (a topic, on some networks), on the network of the event or action that
    carries this; None: it is in no thread, or in one that is not known there."""
    place: Place | None = None  # the message is this place; `text` says it in words, its geo URI (RFC 5870) among them
    previews: tuple[Preview, ...] = ()  # of links in `text`
