"""A small connector that asks at login, and a desk around it: real coroutines, no network."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.contract import (
    Account,
    AccountId,
    ChatId,
    ConnectorError,
    Contact,
    ContactId,
    CreateRoom,
    Credentials,
    Dialogue,
    Field,
    Flow,
    Form,
    Guests,
    Invite,
    LoginRefused,
    NetworkId,
    Reason,
    Refused,
    Retract,
    Session,
    SetRoom,
    Unavailable,
    Workspace,
)
from bridge.contract.unasked import Unchecked
from bridge.contract.workspace import Answer, Download
from bridge.hub.desk import CommandDesk, Office, Patience
from bridge.hub.desk.departure import Departure
from bridge.hub.engines import Resting
from bridge.hub.facades import Caller, Room
from bridge.hub.found import FoundRooms
from bridge.hub.limits import Limits
from bridge.hub.operator import Operator
from bridge.hub.people import KnownPeople
from bridge.hub.permission import matches, may_use
from bridge.hub.workspace import Workspaces
from bridge.store.accounts import AccountRow, accounts_of
from bridge.store.database import Database
from bridge.store.secrets import Secrets

NETWORK = NetworkId("matrix")
ROMEO = Caller("romeo@example.org", NETWORK)
NURSE = Caller("nurse@example.org", NETWORK)  # an admin
JULIET = Caller("juliet@example.org", NETWORK)
EVE = Caller("eve@example.org.evil.example", NETWORK)
PASSWORD = {"homeserver": "y", "username": "x", "password": "open sesame"}


class HandClock:
    """Time that tests turn."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def time(self) -> float:
        return self.now


class NoHttp:
    """There is no network here."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | AsyncIterable[bytes] | None = None,
        timeout: float = 30.0,
        limit: int = 50 * 1024 * 1024,
        redirects: int = 0,
        trusted: bool = False,
    ) -> Answer:
        raise Refused("There is no network here.")

    def download(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 600.0,
        idle: float = 20.0,
        limit: int,
        redirects: int = 5,
        trusted: bool = False,
    ) -> AbstractAsyncContextManager[Download]:
        raise Refused("There is no network here.")


class AskingConnector(Unchecked):
    """Logs in whoever knows the password; the homeserver `broken` is a bug, `slow` never answers, `down` is down."""

    id = "matrix"
    name = "Matrix"
    options: Mapping[str, type] = {}
    guests: Guests | None = None

    def __init__(self, *flows: str) -> None:
        self.flows: Sequence[Flow] = [Flow(flow, flow.capitalize()) for flow in flows or ("password",)]
        self.logged_out: list[Account] = []
        self.trouble: Exception | None = None  # raised by the next log_out
        self.waiting = asyncio.Event()  # a login hangs at the slow homeserver
        self.answered = asyncio.Event()  # the slow homeserver answers
        self.cancelled = asyncio.Event()  # a login saw its cancellation
        self.over = asyncio.Event()  # a login ended, however

    def operator(self, options: Mapping[str, Any]) -> Credentials | None:
        return None

    def localpart(self, contact: ContactId) -> str:
        return contact

    def contact(self, localpart: str) -> ContactId | None:
        return ContactId(localpart)

    async def login(self, flow: Flow, ask: Dialogue, workspace: Workspace) -> Credentials:
        try:
            return await _WAYS[flow.id](self, ask)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        finally:
            self.over.set()

    async def _token(self, ask: Dialogue) -> Credentials:
        answer = await ask.ask(Form("Token", "Paste the token.", (Field("token", "Token", secret=True),)))
        if answer["token"] != "good":
            raise LoginRefused("The token is not accepted.")
        return Credentials(ContactId("@token:y"), "Token", {"token": answer["token"]})

    async def _browser(self, ask: Dialogue) -> Credentials:
        """A question that need not be answered when `answered` comes."""
        form = Form("Browser", "Open this link.", (Field("token", "Token", secret=True, required=False),))
        asking, outside = asyncio.ensure_future(ask.ask(form)), asyncio.ensure_future(self.answered.wait())
        try:
            await asyncio.wait({asking, outside}, return_when=asyncio.FIRST_COMPLETED)
            self.waiting.set()
            await outside
        finally:
            for one in (asking, outside):
                one.cancel()
            await asyncio.gather(asking, outside, return_exceptions=True)
        return Credentials(ContactId("@browser:y"), "Browser", {"token": "browser"})

    async def _password(self, ask: Dialogue) -> Credentials:
        text = "Who are you?"
        while True:
            answer = await ask.ask(Form("Log in", text, _FIELDS))
            match answer["homeserver"]:
                case "broken":
                    raise KeyError(answer["password"])
                case "down":
                    raise Unavailable("The homeserver does not answer.")
                case "slow":
                    await ask.show("Confirm this in your app.")
                    self.waiting.set()
                    await self.answered.wait()
            if answer["password"] == "open sesame":
                break
            text = "The password is wrong. Who are you?"
        me = f"@{answer['username']}:{answer['homeserver']}"
        return Credentials(ContactId(me), answer["username"], {"token": f"token of {me}"})

    def connect(self, account: Account, workspace: Workspace) -> AbstractAsyncContextManager[Session]:
        raise Unavailable("There is no network here.")

    async def log_out(self, account: Account, workspace: Workspace) -> None:
        self.logged_out.append(account)
        if self.trouble is not None:
            raise self.trouble


_WAYS = {
    "token": AskingConnector._token, "password": AskingConnector._password, "sso": AskingConnector._browser
}  # fmt: skip
_FIELDS = (
    Field("homeserver", "Homeserver"),
    Field("username", "User name"),
    Field("password", "Password", secret=True),
    Field("device", "Device name", required=False),
)


class Switchboard:
    """Sessions that only remember what they were told, and deliveries that somebody else counts."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []
        self.states: dict[int, tuple[bool, str]] = {}
        self.waiting = (0, 0.0)
        self.open = asyncio.Event()  # until then nothing can be started
        self.open.set()
        self.starting = asyncio.Event()

    async def start(self, account: AccountId) -> None:
        self.starting.set()
        await self.open.wait()
        self.calls.append(("start", account))
        self.states[account] = (True, "")

    async def ended(self, account: AccountId) -> None: ...

    async def stop(self, account: AccountId) -> None:
        self.calls.append(("stop", account))
        self.states.pop(account, None)

    def state(self, account: AccountId) -> tuple[bool, str]:
        return self.states.get(account, (False, "It is being connected."))

    async def count(self, accounts: Sequence[AccountId]) -> tuple[int, float]:
        return self.waiting


@dataclass
class Scene:
    """A desk and everything around it."""

    database: Database
    secrets: Secrets
    connector: AskingConnector
    desk: CommandDesk
    clock: HandClock = field(default_factory=HandClock)
    sessions: Switchboard = field(default_factory=Switchboard)
    users: list[str] = field(default_factory=lambda: ["*@example.org"])
    doors: "Doors" = field(default_factory=lambda: Doors())
    said: list[tuple[str, str]] = field(default_factory=list)  # to whom, besides turns
    directory: "Directory" = field(default_factory=lambda: Directory())
    people: KnownPeople | None = None
    admins: list[str] = field(default_factory=list)

    async def accounts(self, caller: Caller = ROMEO) -> list[AccountRow]:
        return await self.database.read(lambda c: accounts_of(c, caller.user, caller.network))

    async def log_in(self, username: str = "x", caller: Caller = ROMEO) -> int:
        turn = await self.desk.begin(caller, "login", PASSWORD | {"username": username})
        assert turn.text == f"You are logged in to Matrix as @{username}:y."
        return max(row.id for row in await self.accounts(caller))


@dataclass
class Doors:
    """The desk's `Moving`: rooms that open to whoever asks."""

    known: list[Room] = field(default_factory=list)
    joined: list[str] = field(default_factory=list)
    left: list[Room] = field(default_factory=list)
    wishes: list[Any] = field(default_factory=list)
    made: list[CreateRoom] = field(default_factory=list)
    refuses: ConnectorError | None = None
    seen: bool = True

    async def rooms(self, reader: str, network: NetworkId) -> Sequence[Room]:
        return self.known

    async def join(self, user: str, network: NetworkId, typed: str) -> Room | None:
        if self.refuses is not None:
            raise self.refuses
        self.joined.append(typed)
        return Room(ChatId(f"{typed}@matrix.example"), network, "Verona", "") if self.seen else None

    async def create(self, user: str, network: NetworkId, wish: CreateRoom, address: str) -> Room | None:
        if self.refuses is not None:
            raise self.refuses
        jid = ChatId(f"{address}@matrix.example")
        if jid in {room.jid for room in self.known}:
            raise Refused("There is such a room.", Reason.NOT_FOUND)
        self.made.append(wish)
        return Room(jid, network, wish.name, "") if self.seen else None

    async def leave(self, user: str, room: Room) -> None:
        self.left.append(room)

    async def change(self, user: str, wish: SetRoom | Retract | Invite) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.wishes.append(wish)


@dataclass
class Directory:
    """The desk's `Finder` and `Errands`: finds what it was told to, and remembers what it was asked to do."""

    people_found: list[Contact] = field(default_factory=list)
    rooms_found: FoundRooms = field(default_factory=lambda: FoundRooms(()))
    asked: list[tuple[str, ...]] = field(default_factory=list)
    blocked: list[tuple[str, bool]] = field(default_factory=list)
    reported: list[tuple[str, str, str]] = field(default_factory=list)
    announced: list[tuple[str, str]] = field(default_factory=list)
    refuses: ConnectorError | None = None
    shared: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # by user and contact
    said: bool = True  # whether whoever is reported has said something

    async def people(self, user: str, network: NetworkId, typed: str, most: int) -> Sequence[Contact]:
        self._ask(typed)
        return self.people_found[:most]

    async def rooms(self, user: str, network: NetworkId, typed: str, where: str, after: str, most: int) -> FoundRooms:
        self._ask(typed, where)
        return self.rooms_found

    async def inside(self, user: str, network: NetworkId, space: str, after: str, most: int) -> FoundRooms:
        self._ask(space)
        return self.rooms_found

    async def spaces(self, user: str, network: NetworkId) -> FoundRooms:
        self._ask("spaces")
        return self.rooms_found

    async def common(self, user: str, network: NetworkId, contact: ContactId) -> Sequence[str]:
        return self.shared.get((user, contact), [])

    async def block(self, user: str, network: NetworkId, contact: ContactId, *, blocked: bool) -> None:
        self._ask(contact)
        self.blocked.append((contact, blocked))

    async def report(self, user: str, network: NetworkId, contact: ContactId, room: str, reason: str) -> bool:
        self._ask(contact)
        self.reported.append((contact, room, reason))
        return self.said

    async def announce(self, user: str, network: NetworkId, text: str) -> None:
        self._ask(text)
        self.announced.append((user, text))

    def _ask(self, *words: str) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.asked.append(words)


class Addresses:
    """The desk's `Home`: who has an "@" first is on the network, and lives at matrix.example."""

    def jid(self, network: NetworkId, contact: ContactId | None) -> str:
        return "matrix.example" if contact is None else f"{contact[1:].replace(':', '%')}@matrix.example"

    def person(self, network: NetworkId, typed: str) -> ContactId | None:
        if typed.startswith("@") and ":" in typed:
            return ContactId(typed)
        local, _, domain = typed.partition("@")
        return ContactId(f"@{local.replace('%', ':')}") if domain == "matrix.example" and "%" in local else None

    def direct_chat(self, user: str, network: NetworkId, contact: ContactId | None) -> ChatId:
        return ChatId(f"{user} {self.jid(network, contact)}")

    def room_chat(self, network: NetworkId, name: str) -> ChatId | None:
        return ChatId(f"{name}@matrix.example")

    def nick(self, contact: Contact, number: int) -> str:
        return contact.name


@asynccontextmanager
async def scene(
    database: Database, folder: Path, *flows: str, patience: Patience | None = None, limits: Limits | None = None
) -> AsyncIterator[Scene]:
    connector = AskingConnector(*flows)
    clock, sessions, users = HandClock(), Switchboard(), ["*@example.org"]
    rooms = Doors()
    said: list[tuple[str, str]] = []
    secrets = Secrets.create(folder / "key")
    directory, people, admins = Directory(), KnownPeople(database, users, []), ["nurse@example.org"]
    workspaces = Workspaces(database, NoHttp(), clock, folder / "networks", {})
    departure = Departure(database, secrets, sessions, workspaces, {NETWORK: connector})
    office = Office(
        database, secrets, sessions, sessions, rooms, workspaces, {NETWORK: connector}, people, directory, directory,
        Addresses(), people.choices, Operator(departure, Resting(database)), directory.announce,
        lambda user: may_use(user, users, []), lambda user: matches(user, admins), clock, patience or Patience(),
        limits or Limits(),
        lambda user, network, text: said.append((user, text)),
    )  # fmt: skip
    desk = CommandDesk(office)
    try:
        yield Scene(database, secrets, connector, desk, clock, sessions, users, rooms, said, directory, people, admins)
    finally:
        await desk.close()
