"""Matrix as a network: people's own accounts."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from bridge.contract import (
    Account,
    ContactId,
    Credentials,
    Dialogue,
    Finding,
    Flow,
    Guests,
    NetworkId,
    Session,
    Workspace,
)
from bridge.contract.unasked import Unchecked
from connectors.matrix import checking, credentials, ids, login
from connectors.matrix.connecting import Connecting
from connectors.matrix.knocks import Knocks
from connectors.matrix.patience import Pace


class MatrixConnector(Unchecked):
    """Found by the entry point `matrix`. People's own homeservers are not the operator's business, so no account is
    checked."""

    id = "matrix"
    name = "Matrix"
    flows: Sequence[Flow] = login.FLOWS
    options: Mapping[str, type] = {"homeserver": str, "accept_direct": bool, "private_receipts": bool}
    guests: Guests | None = None

    def __init__(self, network: str = "matrix", pace: Pace | None = None) -> None:
        self._connecting = Connecting(NetworkId(network), pace or Pace())
        self._knocks = Knocks()

    def operator(self, options: Mapping[str, Any]) -> Credentials | None:
        return None

    def localpart(self, contact: ContactId) -> str:
        return ids.localpart(contact)

    def contact(self, localpart: str) -> ContactId | None:
        return ids.contact(localpart)

    async def login(self, flow: Flow, ask: Dialogue, workspace: Workspace) -> Credentials:
        return await login.log_in(flow, ask, workspace, self._knocks)

    def connect(self, account: Account, workspace: Workspace) -> AbstractAsyncContextManager[Session]:
        return self._connecting.connected(account, workspace)

    async def log_out(self, account: Account, workspace: Workspace) -> None:
        await credentials.end(account.secret, workspace)

    async def check(self, workspace: Workspace) -> Sequence[Finding]:
        return await checking.homeserver(workspace)
