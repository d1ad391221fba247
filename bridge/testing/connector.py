"""A connector for memory networks (`bridge.testing.world`): small enough to begin one's own with."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from bridge.contract import (
    Account,
    ChatId,
    ContactId,
    Credentials,
    Dialogue,
    Field,
    Finding,
    Flow,
    Form,
    Guests,
    LoginRefused,
    Refused,
    Session,
    Unavailable,
    Unconfirmed,
    Workspace,
)
from bridge.testing import wire
from bridge.testing.client import Client, Gone
from bridge.testing.session import MemorySession, connected

_ID = re.compile(r"[A-Za-z0-9._-]{1,255}")
_MOST_TRIES = 10


class MemoryConnector:
    """How the network behaves is the network's business, so besides `socket` the only option is `operator`:
    which account is the operator's."""

    id = "memory"
    name = "Memory"
    flows: Sequence[Flow] = (Flow("password", "Name and password"),)
    options: Mapping[str, type] = {"socket": str, "operator": str}
    guests: Guests | None = None

    def __init__(self, network: str = "memory") -> None:
        self.network = network

    def operator(self, options: Mapping[str, Any]) -> Credentials | None:
        """Accounts of operators have no password here."""
        name = options.get("operator")
        return Credentials(ContactId(name), name, {}) if name else None

    def localpart(self, contact: ContactId) -> str:
        return contact

    def contact(self, localpart: str) -> ContactId | None:
        return ContactId(localpart) if _ID.fullmatch(localpart) else None

    async def login(self, flow: Flow, ask: Dialogue, workspace: Workspace) -> Credentials:
        text = "Who are you on this network?"
        username = ""
        for _ in range(_MOST_TRIES):
            given = await ask.ask(_form(text, username))
            username = given["username"]
            try:
                return await _sign_in(_socket(workspace), username, given["password"])
            except Refused as refusal:
                text = refusal.text
        raise LoginRefused("That was wrong too often. Begin again when you know the password.")

    def connect(self, account: Account, workspace: Workspace) -> AbstractAsyncContextManager[Session]:
        return _session(account, _socket(workspace))

    async def log_out(self, account: Account, workspace: Workspace) -> None:
        try:
            client = await Client.open(_socket(workspace))
        except OSError as error:
            raise Unavailable("The network cannot be reached.") from error
        try:
            await client.ask(wire.SignOut(account.secret.get("token", "")), None)  # type: ignore[arg-type]
        except Gone:
            raise Unconfirmed("The network ended the connection before it answered.") from None
        finally:
            await client.close()

    async def check(self, workspace: Workspace) -> Sequence[Finding]:
        try:
            client = await Client.open(_socket(workspace))
        except OSError as error:
            return [Finding(f"The network cannot be reached: {error}. Does it run?", "socket")]
        await client.close()
        return ()

    async def check_account(
        self, account: Account, rooms: Sequence[ChatId], trouble: str | None, workspace: Workspace
    ) -> Sequence[Finding]:
        return [Finding(trouble)] if trouble else ()


@asynccontextmanager
async def _session(account: Account, socket: Path) -> AsyncIterator[Session]:
    client, welcome = await connected(socket, account)
    session = MemorySession(socket, account, client, welcome)
    try:
        yield session
    finally:
        await session.close()


async def _sign_in(socket: Path, username: str, password: str) -> Credentials:
    """Raises `Refused` for a wrong password, `LoginRefused` when the network cannot be asked."""
    try:
        client = await Client.open(socket)
    except OSError as error:
        raise LoginRefused("The network cannot be reached. Try again later.") from error
    try:
        found = await client.ask(wire.SignIn(username, password), dict[str, str])
    except (Gone, Unavailable) as error:
        raise LoginRefused("The network did not answer. Try again later.") from error
    finally:
        await client.close()
    return Credentials(ContactId(username), found["name"], {"token": found["token"]})


def _form(text: str, username: str) -> Form:
    fields = (Field("username", "Name", value=username), Field("password", "Password", secret=True))
    return Form("Log in", text, fields)


def _socket(workspace: Workspace) -> Path:
    return Path(str(workspace.options["socket"]))
