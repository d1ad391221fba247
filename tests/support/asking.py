"""A small connector that asks at login, and a desk around it: real coroutines, no network."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bridge.contract import (
    Account,
    AccountId,
    ChatId,
    ConnectorError,
    ContactId,
    Credentials,
    Dialogue,
    Field,
    Flow,
    Form,
    LoginRefused,
    NetworkId,
    Refused,
    Session,
    Unavailable,
    Workspace,
)
from bridge.contract.workspace import Answer, Download
from bridge.hub.desk import CommandDesk, Office, Patience
from bridge.hub.facades import Caller, Room
from bridge.hub.limits import Limits
from bridge.hub.permission import may_use
from bridge.hub.workspace import Workspaces
from bridge.store.accounts import AccountRow, accounts_of
from bridge.store.database import Database
from bridge.store.secrets import Secrets

NETWORK = NetworkId("matrix")
ROMEO = Caller("romeo@example.org", NETWORK)
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


class AskingConnector:
    """Logs in whoever knows the password; the homeserver `broken` is a bug, `slow` never answers, `down` is down."""

    id = "matrix"
    name = "Matrix"
    options: Mapping[str, type] = {}

    def __init__(self, *flows: str) -> None:
        self.flows: Sequence[Flow] = [Flow(flow, flow.capitalize()) for flow in flows or ("password",)]
        self.logged_out: list[Account] = []
        self.trouble: Exception | None = None  # raised by the next log_out
        self.waiting = asyncio.Event()  # a login hangs at the slow homeserver
        self.answered = asyncio.Event()  # the slow homeserver answers
        self.cancelled = asyncio.Event()  # a login saw its cancellation
        self.over = asyncio.Event()  # a login ended, however

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
    refuses: ConnectorError | None = None
    seen: bool = True

    async def rooms(self, reader: str, network: NetworkId) -> Sequence[Room]:
        return self.known

    async def join(self, user: str, network: NetworkId, typed: str) -> Room | None:
        if self.refuses is not None:
            raise self.refuses
        self.joined.append(typed)
        return Room(ChatId(f"{typed}@matrix.example"), network, "Verona", "") if self.seen else None

    async def leave(self, user: str, room: Room) -> None:
        self.left.append(room)


@asynccontextmanager
async def scene(
    database: Database, folder: Path, *flows: str, patience: Patience | None = None, limits: Limits | None = None
) -> AsyncIterator[Scene]:
    connector = AskingConnector(*flows)
    clock, sessions, users = HandClock(), Switchboard(), ["*@example.org"]
    rooms = Doors()
    said: list[tuple[str, str]] = []
    secrets = Secrets.create(folder / "key")
    workspaces = Workspaces(database, NoHttp(), clock, folder / "networks", {})
    office = Office(
        database, secrets, sessions, sessions, rooms, workspaces, {NETWORK: connector},
        lambda user: may_use(user, users, []), clock, patience or Patience(),
        limits or Limits(),         lambda user, network, text: said.append((user, text)),
    )  # fmt: skip
    desk = CommandDesk(office)
    try:
        yield Scene(database, secrets, connector, desk, clock, sessions, users, rooms, said)
    finally:
        await desk.close()
