"""The two protocols that make a network: `Connector`, and `Session`, one account connected."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bridge.contract.actions import Action
from bridge.contract.capabilities import Capabilities
from bridge.contract.checking import Finding, Prepared
from bridge.contract.directory import Directory
from bridge.contract.events import Event, MessageEdited, MessageReceived, MessageRetracted, ReactionsChanged
from bridge.contract.guests import Guests
from bridge.contract.ids import AccountId, ChatId, ContactId, MessageId, NetworkId
from bridge.contract.login import Credentials, Dialogue, Flow
from bridge.contract.message import Contact, Media, Membership, Occupant, Rank, Thumbnail
from bridge.contract.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Account:
    """Credentials on a network, a user's own (`user` is a bare JID) or the operator's (`user` empty)."""

    id: AccountId
    network: NetworkId
    user: str
    me: ContactId
    secret: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The network's answer to an action: the ids it gave. For `React`, one id per reaction that now stands; for `Join`,
    the room."""

    ids: tuple[MessageId, ...] = ()
    reactions: tuple[tuple[str, MessageId], ...] = ()
    chat: ChatId | None = None
    alias: MessageId | None = None  # what the author has called the part, if the network calls it otherwise


@dataclass(frozen=True, slots=True)
class Kept:
    """A file on our disk, and what it is; it stays there while an action that needs it is performed."""

    path: Path
    media: Media  # with its size and hash, and a type that its bytes do not contradict


@dataclass(frozen=True, slots=True)
class History:
    """A page of what was said in a chat. `events` are oldest first, edits and reactions among them, each with its own
    time; what people may not read any more is not there. They may change messages of pages that come later."""

    events: Sequence[MessageReceived | MessageEdited | MessageRetracted | ReactionsChanged]
    older: str | None  # what to ask for next; None: there is nothing before it that this account may read


class File(Protocol):
    """A file of another network that is to be published on this one."""

    @property
    def id(self) -> str:
        """Ours, unguessable, the same on every attempt; [0-9a-f]."""
        ...

    async def kept(self) -> Kept:
        """Bring it here, if it is not here yet. Raises the four errors as its own network does."""
        ...

    async def preview(self) -> Thumbnail | None:
        """A larger one, of at most 800 by 600 pixels, for networks that do not make their own; None of what is no
        picture. Raises what `kept` does."""
        ...


class Session(Protocol):
    """One account, connected. Left by its context manager; usable by one hub at a time."""

    me: Contact
    directory: Directory | None  # None where nobody can be looked for

    def scope(self, chat: ChatId) -> str:
        """Whose word counts for this chat (Matrix: the homeserver). Events are shared only in the same scope."""
        ...

    def capabilities(self, chat: ChatId) -> Capabilities: ...

    def events(self, cursor: str | None) -> AsyncIterator[Event]:
        """Everything after `cursor`, in order per chat and without gaps; `CursorMoved` after what it covers, `Live`
        once caught up. A first sync (`cursor` None) reports chats, not their old messages.

        Raises `Unavailable` when the connection ends and `LoggedOut` when the credentials do."""
        ...

    def journaled(self, cursor: str) -> None:
        """Everything up to `cursor` is durable; called in commit order. Acknowledge now; must not raise."""
        ...

    def parts(self, action: Action) -> Sequence[Action]:
        """What one call each can carry, in order; pure. Part n > 0 has `key.n`. Edit: the parts of the new text over
        the ids of the old ones, further parts as `Send`, superfluous ids as `Retract`."""
        ...

    async def turn(self, action: Action) -> None:
        """Return when the network lets one part be performed now; where nothing would tell whether a call has arrived
        (neither `idempotent` nor `echoes`) it is asked for before it is written down that the call is made. Raises the
        four errors."""
        ...

    async def perform(self, action: Action) -> Receipt:
        """Carry out one part; return when the network accepted it. Raises the four errors, nothing else."""
        ...

    def open_media(self, media: Media, limit: int) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The bytes of a file that an event of this network named, at most `limit` of them, as they come. Entering and
        reading raise the four errors; `Refused(RESOURCE)` when there are more."""
        ...

    async def publish(self, chat: ChatId, media: Media, file: File) -> str:
        """Make `file` ready to be sent in a chat; its `Media.reference` there. Called before `perform` of the part that
        holds it, and not again once it has returned. `media` is as its sender described it. Raises the four errors;
        `Refused` when people have to read a line instead."""
        ...

    async def direct(self, contact: ContactId, key: str) -> ChatId:
        """The direct chat with `contact`, opened if there is none. Idempotent: look for `key` before opening a second
        one. Raises the four errors; `Refused(NOT_FOUND)` when there is no such person."""
        ...

    async def contacts(self) -> Sequence[Contact]:
        """People the account has direct chats with."""
        ...

    async def occupants(self, chat: ChatId, membership: Membership = Membership.JOINED) -> Sequence[Occupant]:
        """Who is in a room now, the account too; or who is invited or banned. Changes after this are events. Raises the
        four errors."""
        ...

    async def rank(self, chat: ChatId, contact: ContactId) -> Rank | None:
        """What somebody in a room may do there, as the network says at this moment; None: they are not in it, or it is
        not shown who they are. Raises the four errors."""
        ...

    async def obstacles(self, chat: ChatId) -> Sequence[str]:
        """Why a room that the account is in is not to be linked, as far as the network shows that: it is encrypted,
        another bridge is in it. Whole sentences. Raises the four errors."""
        ...

    async def history(self, chat: ChatId, before: MessageId | None, cursor: str | None) -> History:
        """At most a few hundred events of a chat, as far as this account may read them: those before the event `before`
        (the latest, if it is None or not known any more), or where `cursor`, which an earlier page has named, begins.
        May be empty and not the last. Takes ten seconds at most. Raises the four errors."""
        ...


class Connector(Protocol):
    """The package that speaks one network; found by the entry point group `landbridge.connectors`, called with
    the network's id."""

    id: str  # "matrix"
    name: str  # "Matrix"
    flows: Sequence[Flow]
    options: Mapping[str, type]
    """Keys of the network's configuration section that this connector understands, with their types. A `Path` starts at
    the configuration file's folder."""
    guests: Guests | None
    """None where nobody can be invited by a link."""

    def operator(self, options: Mapping[str, Any]) -> Credentials | None:
        """The account that the operator has by this network's section of the configuration; None for none. It is
        connected like any other, with `Account.user` empty. Asks nobody. Raises `Refused` for what makes no sense."""
        ...

    def localpart(self, contact: ContactId) -> str:
        """A contact as people of other networks may type it: any Unicode, reversible by `contact`. The XMPP side
        escapes what a JID cannot hold, and case."""
        ...

    def contact(self, localpart: str) -> ContactId | None:
        """The inverse of `localpart`; None for what no person of this network can be called."""
        ...

    async def login(self, flow: Flow, ask: Dialogue, workspace: Workspace) -> Credentials:
        """Ask, check with the network, return. Raises `LoginRefused`."""
        ...

    def connect(self, account: Account, workspace: Workspace) -> AbstractAsyncContextManager[Session]:
        """Entering may raise `Unavailable` or `LoggedOut`."""
        ...

    async def log_out(self, account: Account, workspace: Workspace) -> None:
        """End the credentials on the network too; raises the four errors."""
        ...

    def prepare(self, given: Mapping[str, str], networks: Sequence[str], address: str, folder: Path) -> Prepared | None:
        """What `landbridge init` is to make for what an operator has given; None: nothing. `networks`: all others that
        there are or may be, `address`: where the network reaches us, `folder`: that of the configuration. Raises
        `Refused` for what makes no sense."""
        ...

    async def check(self, workspace: Workspace) -> Sequence[Finding]:
        """Try what the network's section of the configuration names, for an operator who asks whether all is well;
        fifteen seconds at most. Changes nothing; raises nothing."""
        ...

    async def check_account(
        self, account: Account, rooms: Sequence[ChatId], trouble: str | None, workspace: Workspace
    ) -> Sequence[Finding]:
        """The same of an account that is logged in, and of the rooms that it was last in. `trouble`: None when no
        gateway runs; else why the one that runs is not connected with it, empty if it is: then nothing may be done that
        disturbs its session."""
        ...
