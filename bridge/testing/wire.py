"""What a memory network and its clients say to each other: one JSON object a line, both ways.

A client asks (`op` names what, `re` numbers it) and gets a `Reply` with the same number; `re` 0 wants none. A
connection that reads events gets `Happened` lines instead. What the contract describes travels as it is there.
"""

from typing import Any, Union

import msgspec

from bridge.contract import Membership, Provenance, Span, Style, Title
from bridge.testing.performs import ASKS, Ask
from bridge.testing.traits import Traits

LONGEST = 8 * 1024 * 1024  # bytes of a line


# What sessions ask.


class SignIn(Ask, tag="sign-in"):
    username: str
    password: str


class SignOut(Ask, tag="sign-out"):
    token: str


class Open(Ask, tag="open", kw_only=True):
    """First line of a session's connection. `events`: this one reads, from `cursor`; else it performs."""

    account: str
    token: str = ""
    network: str = ""  # what the hub calls it: a persona at home there is one of the network's own people
    events: bool = False
    cursor: str | None = None


class Fence(Ask, tag="fence"):
    """Answered after everything that was written before."""


class Direct(Ask, tag="direct"):
    contact: str
    key: str


class Contacts(Ask, tag="contacts"):
    """People the account has direct chats with."""


class Occupants(Ask, tag="occupants"):
    """Who is in a room, or is invited or banned."""

    chat: str
    membership: Membership = Membership.JOINED


class GetHistory(Ask, tag="get-history"):
    """What was said in a room before an event, or where an earlier page ended; answered with `Past`."""

    chat: str
    before: str | None = None
    cursor: str | None = None


class Find(Ask, tag="find"):
    """People by what was typed."""

    typed: str
    most: int


class Profile(Ask, tag="profile"):
    """Who somebody is; nothing if nobody."""

    contact: str


class Rooms(Ask, tag="rooms", kw_only=True):
    """Rooms that anybody may come into; `within`: those that a space holds."""

    typed: str = ""
    where: str = ""
    within: str = ""
    mine: bool = False  # the spaces that one is in
    after: str = ""
    most: int


class PutFile(Ask, tag="put-file", kw_only=True):  # answered with its reference
    name: str
    mime: str
    data: bytes


class GetFile(Ask, tag="get-file"):  # answered with its bytes
    reference: str


class Journaled(Ask, tag="journaled"):
    cursor: str


SessionAsk = (
    SignIn | SignOut | Open | Fence | Direct | Contacts | Occupants | GetHistory | Find | Profile | Rooms | PutFile
    | GetFile | Journaled
)  # fmt: skip


# What tests ask (`bridge.testing.control` has a method for each).


class AddPerson(Ask, tag="add-person"):
    id: str
    name: str = ""
    avatar: str | None = None  # a file's reference; None: nobody is told whether they have one


class AddAccount(Ask, tag="add-account", kw_only=True):
    id: str
    password: str = ""
    name: str = ""
    relay: bool = False  # may use personas
    own: bool | None = None  # is shown its own doings; None: where the network echoes
    everywhere: bool = False  # sees every room


class AddChat(Ask, tag="add-chat", kw_only=True):
    """A chat, or new facts of one. `addressee` (network, id): whom the owner of this chat writes to there."""

    id: str
    kind: str = "room"
    members: list[str] = []
    name: str = ""
    addressee: tuple[str, str] | None = None
    encrypted: bool = False
    subject: str = ""
    alias: str = ""
    shared: bool = True  # who comes in may read what was said before
    public: bool = False  # anybody may come in, and it is listed
    holds: list[str] = []  # of a space: its rooms


class Comes(Ask, tag="comes", kw_only=True):
    """Somebody comes into a room."""

    person: str
    chat: str


class Goes(Ask, tag="goes", kw_only=True):
    """Somebody leaves a room, or is removed by somebody, perhaps for good."""

    person: str
    chat: str
    by: str = ""
    ban: bool = False
    reason: str = ""


class Ranks(Ask, tag="ranks", kw_only=True):
    """Somebody may do so much in a room now."""

    person: str
    chat: str
    rank: str


class Entitles(Ask, tag="entitles", kw_only=True):
    """Somebody has these titles in a room now, and no others."""

    person: str
    chat: str
    titles: tuple[Title, ...] = ()


class Invites(Ask, tag="invites", kw_only=True):
    """Somebody invites an account to a room."""

    person: str
    chat: str
    whom: str
    reason: str = ""


class Says(Ask, tag="says", kw_only=True):
    person: str
    chat: str
    text: str
    id: str | None = None
    key: str | None = None  # forged
    reply_to: str | None = None
    media: list[str] = []  # references
    spans: list[Span] = []
    style: Style = Style.TEXT
    provenance: Provenance = Provenance.PERSON


class Edits(Ask, tag="edits", kw_only=True):
    person: str
    chat: str
    target: str
    text: str
    id: str | None = None


class Retracts(Ask, tag="retracts", kw_only=True):
    person: str
    chat: str
    target: str
    id: str | None = None


class Reacts(Ask, tag="reacts", kw_only=True):
    person: str
    chat: str
    target: str
    reactions: list[str]
    id: str | None = None


class Types(Ask, tag="types", kw_only=True):
    """Somebody begins to write, or stops."""

    person: str
    chat: str
    typing: bool = True


class Reads(Ask, tag="reads", kw_only=True):
    """Somebody has read a chat up to `target`; an account in another app, if it is one."""

    person: str
    chat: str
    target: str
    private: bool = False


class Appears(Ask, tag="appears", kw_only=True):
    """Somebody shows how they are."""

    person: str
    available: bool = True
    away: bool = False
    status: str = ""
    idle: float | None = None


class Wears(Ask, tag="wears", kw_only=True):
    """The user of an account chooses a picture in another app."""

    person: str
    picture: str


class Bounce(Ask, tag="bounce", kw_only=True):
    """What was delivered comes back (`DeliveryFailed`)."""

    chat: str
    target: str
    reason: str
    text: str = ""


class Report(Ask, tag="report"):
    """Show every account an event of the contract as it stands; `kind` is its class."""

    kind: str
    body: msgspec.Raw


class State(Ask, tag="state"):
    chat: str


class Chats(Ask, tag="chats"):
    """The ids of all chats."""


class Accounts(Ask, tag="accounts"):
    """What the accounts have been shown and have acknowledged."""


class Reports(Ask, tag="reports"):
    """What accounts have reported."""


class Changed(Ask, tag="changed"):
    """Answered when something has happened since revision `since`: the revision now."""

    since: int = 0


class Fault(Ask, tag="fault", kw_only=True):
    """Something goes wrong. `kind`:

    lost     the connection breaks after the action was accepted, `times` times
    limit    too many requests, for `seconds`
    reject   refused for good with `reason` and `text`, `times` times (0: always)
    slow     answers come `seconds` later
    hold     actions are not looked at until `mend`
    down     no session can be, for `seconds` (0: until `mend`)

    `chat` and `account` empty: everywhere."""

    kind: str
    chat: str = ""
    account: str = ""
    seconds: float = 0.0
    times: int = 1
    reason: str = ""
    text: str = ""


class Mend(Ask, tag="mend"):
    """Faults of this kind are over; empty: all of them."""

    kind: str = ""


class EndLogin(Ask, tag="end-login"):
    """The network no longer accepts the credentials of `account`."""

    account: str


_Any = (
    SessionAsk | AddPerson | AddAccount | AddChat | Comes | Goes | Ranks | Entitles | Invites | Says | Edits | Retracts
    | Reacts | Types | Reads | Appears | Wears | Bounce | Report | State | Chats | Accounts | Reports | Changed | Fault
    | Mend | EndLogin
)  # fmt: skip
AnyAsk: Any = Union[(_Any, *ASKS.values())]


class Trouble(msgspec.Struct, omit_defaults=True):
    """Why something did not happen; `kind` names the error of the contract that it becomes."""

    kind: str  # refused, unavailable, logged-out, unconfirmed
    text: str
    reason: str = ""
    retry_after: float | None = None
    scope: str = "account"


class Reply(msgspec.Struct, omit_defaults=True):
    re: int
    ok: Any = None
    error: Trouble | None = None


class RawReply(msgspec.Struct):
    """A reply as a client reads it."""

    re: int
    ok: msgspec.Raw = msgspec.Raw(b"null")
    error: Trouble | None = None


class Welcome(msgspec.Struct):
    """The answer to `Open`."""

    me: str
    name: str
    relay: bool
    traits: Traits


class Happened(msgspec.Struct):
    """A line of a connection that reads events: everything up to `n` has been shown with it."""

    n: int
    kind: str  # a class of the contract, "Live", or "LoggedOut"
    by: str = ""  # who did it: person, account, persona
    body: msgspec.Raw = msgspec.Raw(b"null")


class Past(msgspec.Struct):
    """A page of what was said, oldest first."""

    lines: list[Happened]
    older: str | None


encode = msgspec.json.Encoder().encode


def line(thing: object) -> bytes:
    return encode(thing) + b"\n"
