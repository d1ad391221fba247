"""What the desk needs of the rest of the hub, and how a verb looks from inside."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bridge.contract import (
    AccountId,
    Clock,
    Connector,
    ContactId,
    CreateRoom,
    Form,
    Invite,
    NetworkId,
    Retract,
    SetRoom,
)
from bridge.hub.choices import Choices
from bridge.hub.consent.agreeing import Agreeing
from bridge.hub.desk.throttle import Throttle
from bridge.hub.facades import Caller, Home, People, Room, Verb
from bridge.hub.found import Finder
from bridge.hub.limits import Limits
from bridge.hub.overview import AccountLine, DeadList, LinkLine, Said
from bridge.hub.workspace import Workspaces
from bridge.store.database import Database
from bridge.store.secrets import Secrets


class SessionControl(Protocol):
    """The sessions, by account."""

    async def start(self, account: AccountId) -> None:
        """Read the account from the database and connect it; return without waiting for the connection. An account
        that is already connected begins anew, with the credentials that are stored now."""
        ...

    async def stop(self, account: AccountId) -> None:
        """Disconnect; return when nothing of the session runs any more. Fine for one that is not connected."""
        ...

    async def ended(self, account: AccountId) -> None:
        """It is logged out, in the database too: its user is in none of its rooms any more, and their lists follow."""
        ...

    def state(self, account: AccountId) -> tuple[bool, str]:
        """Whether it is connected now; if not, why, as a whole sentence for its user (may be empty)."""
        ...


class Waiting(Protocol):
    """The journal's open deliveries."""

    async def count(self, accounts: Sequence[AccountId]) -> tuple[int, float]:
        """How many deliveries wait for these accounts, and the age of the oldest in seconds (0.0 for none)."""
        ...


class Moving(Protocol):
    """Rooms, as their people come and go on the network itself. Raises the four errors."""

    async def rooms(self, reader: str, network: NetworkId) -> Sequence[Room]: ...

    async def join(self, user: str, network: NetworkId, typed: str) -> Room | None:
        """Come into a room, by an account of `user`; None if it is not seen here yet."""
        ...

    async def create(self, user: str, network: NetworkId, wish: CreateRoom, address: str) -> Room | None:
        """See `bridge.hub.facades.Rooms`."""
        ...

    async def leave(self, user: str, room: Room) -> None: ...

    async def change(self, user: str, wish: SetRoom | Retract | Invite) -> None:
        """See `Rooms.change`."""
        ...


class Errands(Protocol):
    """What an account does at once, and which is of no chat. Raises the four errors."""

    async def block(self, user: str, network: NetworkId, contact: ContactId, *, blocked: bool) -> None: ...

    async def report(self, user: str, network: NetworkId, contact: ContactId, room: str, reason: str) -> bool:
        """The last thing that somebody has said, in a room (its JID), or to `user`; False if there is none, and they
        themselves were reported."""
        ...


class Administration(Protocol):
    """What the operator may do (`bridge.hub.operator`)."""

    async def accounts(self) -> Sequence[AccountLine]: ...

    async def remove_account(self, account: int) -> Said: ...

    async def links(self) -> Sequence[LinkLine]: ...

    async def dead(self) -> DeadList: ...

    async def show(self, identity: str) -> Sequence[tuple[str, str]]: ...

    async def retry(self, identity: str) -> Said: ...

    async def drop(self, identity: str) -> Said: ...


class Talk(Protocol):
    """The person who gave the command, as a verb sees them; a `bridge.contract.Dialogue` too."""

    async def ask(self, form: Form) -> Mapping[str, str]: ...

    async def show(self, text: str) -> None: ...

    def seal(self) -> None:
        """From here on the command is carried out to its end: it cannot be cancelled any more."""
        ...

    def given(self, name: str) -> str | None:
        """A field that came with the command itself and has not been used; its value is used up by this."""
        ...

    def unused(self) -> frozenset[str]:
        """The names of those fields that have not been used."""
        ...


class Declined(Exception):
    """The command ends without success; the text is a whole sentence for the person."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, slots=True)
class Tools:
    """All that verbs may use."""

    database: Database
    secrets: Secrets
    sessions: SessionControl
    waiting: Waiting
    rooms: Moving
    workspaces: Workspaces
    connectors: Mapping[NetworkId, Connector]
    people: People
    finder: Finder
    errands: Errands
    home: Home
    choices: Choices
    operator: Administration
    admin: Callable[[str], bool]
    announce: Callable[[str, NetworkId, str], Awaitable[None]]
    agreeing: Agreeing | None
    throttle: Throttle
    clock: Clock
    verbs: Callable[[Caller], Sequence[Verb]]
    limits: Limits


@dataclass(frozen=True, slots=True)
class Command:
    """A verb and what it does: the coroutine returns the last words, or raises `Declined` or a connector's error."""

    verb: Verb
    run: Callable[[Tools, Caller, Talk], Coroutine[Any, Any, str]]
    fields: bool = True  # whether it asks anything at all
    admin: bool = False  # whether it is for admins alone
    anybody: bool = False  # whether it is also for who may not use the gateway
