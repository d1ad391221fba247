"""Matrix as a network. So far only how its people are called; flows and sessions are not part of this version yet."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from bridge.contract import (
    Account,
    ContactId,
    Credentials,
    Dialogue,
    Flow,
    LoginRefused,
    Session,
    Unavailable,
    Workspace,
)
from connectors.matrix import ids

_NOT_YET = "This version cannot connect to Matrix yet."


class MatrixConnector:
    """Found by the entry point `matrix`."""

    id = "matrix"
    name = "Matrix"
    flows: Sequence[Flow] = ()
    options: Mapping[str, type] = {"homeserver": str, "accept_direct": bool}

    def __init__(self, network: str = "matrix") -> None:
        self.network = network

    def localpart(self, contact: ContactId) -> str:
        return ids.localpart(contact)

    def contact(self, localpart: str) -> ContactId | None:
        return ids.contact(localpart)

    async def login(self, flow: Flow, ask: Dialogue, workspace: Workspace) -> Credentials:
        raise LoginRefused(_NOT_YET)

    def connect(self, account: Account, workspace: Workspace) -> AbstractAsyncContextManager[Session]:
        raise Unavailable(_NOT_YET, lasting=True)

    async def log_out(self, account: Account, workspace: Workspace) -> None:
        raise Unavailable(_NOT_YET, lasting=True)
