"""Matrix as a network: people's own accounts, and the operator's appservice."""

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
    Finding,
    Flow,
    Guests,
    NetworkId,
    Prepared,
    Refused,
    Session,
    Workspace,
)
from bridge.contract.unasked import Unchecked
from connectors.matrix import checking, credentials, ids, login
from connectors.matrix.bot import connecting as bot
from connectors.matrix.connecting import Connecting
from connectors.matrix.knocks import Knocks
from connectors.matrix.patience import Pace
from connectors.matrix.relay import connecting as relay
from connectors.matrix.relay import guests, preparing, registration
from connectors.matrix.relay.guests import MatrixGuests, is_guest


class MatrixConnector(Unchecked):
    """Found by the entry point `matrix`. People's own homeservers are not the operator's business, so their accounts
    are not checked."""

    id = "matrix"
    name = "Matrix"
    flows: Sequence[Flow] = login.FLOWS
    options: Mapping[str, type] = {
        "homeserver": str, "appservice": Path, "bot": str, "bot_token": str, "accept_direct": bool,
        "private_receipts": bool,
    }  # fmt: skip
    guests: Guests | None = None

    def __init__(self, network: str = "matrix", pace: Pace | None = None) -> None:
        self._network, self._pace = NetworkId(network), pace or Pace()
        self._connecting = Connecting(self._network, self._pace)
        self._knocks = Knocks()

    def operator(self, options: Mapping[str, Any]) -> Credentials | None:
        if "appservice" not in options:
            return bot.operator(options)
        if not options.get("homeserver"):
            raise Refused("An appservice needs the homeserver's address: set homeserver, too.")
        told = registration.read(options["appservice"])
        self.guests = MatrixGuests(told)
        return Credentials(told.me, "", {})

    def localpart(self, contact: ContactId) -> str:
        return ids.localpart(contact)

    def contact(self, localpart: str) -> ContactId | None:
        return ids.contact(localpart)

    async def login(self, flow: Flow, ask: Dialogue, workspace: Workspace) -> Credentials:
        return await login.log_in(flow, ask, workspace, self._knocks)

    def connect(self, account: Account, workspace: Workspace) -> AbstractAsyncContextManager[Session]:
        if not account.user and bot.is_bot(account):
            return bot.connected(account, workspace, self._connecting)
        if not account.user:
            return relay.connected(account, workspace, self._network, self._pace)
        if is_guest(account):
            return self._as_guest(account, workspace)
        return self._connecting.connected(account, workspace)

    @asynccontextmanager
    async def _as_guest(self, account: Account, workspace: Workspace) -> AsyncIterator[Session]:
        told = relay.registered(workspace)
        api = relay.api_of(workspace, told)
        async with guests.connected(account, workspace, told, api, self._connecting.speaking) as session:
            yield session

    async def log_out(self, account: Account, workspace: Workspace) -> None:
        if not is_guest(account):
            await credentials.end(account.secret, workspace)

    async def check(self, workspace: Workspace) -> Sequence[Finding]:
        found = [*await checking.homeserver(workspace), *await checking.appservice(workspace)]
        return found or [*await checking.bot(workspace)]

    async def check_account(
        self, account: Account, rooms: Sequence[ChatId], trouble: str | None, workspace: Workspace
    ) -> Sequence[Finding]:
        return () if account.user or bot.is_bot(account) else await checking.reached(trouble, workspace)

    def prepare(self, given: Mapping[str, str], networks: Sequence[str], address: str, folder: Path) -> Prepared | None:
        return preparing.prepared(self._network, given, networks, address, folder)
