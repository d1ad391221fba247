"""Departure: an account is logged out, by its user's wish or the operator's; here for sure, there if possible."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.contract import Account, AccountId, Connector, ConnectorError, ContactId, LoggedOut, NetworkId
from bridge.hub.desk.ports import SessionControl
from bridge.hub.workspace import Workspaces
from bridge.store import accounts
from bridge.store.accounts import AccountRow
from bridge.store.database import Database
from bridge.store.secrets import Secrets, WrongKey

_PATIENCE = 20.0  # seconds for the network to end the credentials


@dataclass(frozen=True, slots=True)
class Departure:
    database: Database
    secrets: Secrets
    sessions: SessionControl
    workspaces: Workspaces
    connectors: Mapping[NetworkId, Connector]

    async def of(self, row: AccountRow, error: str = "") -> str:
        """End the account's session and forget its credentials; its chats stay. `error` tells its user why, if it was
        not their wish. Returns why the network's own session could not be ended; empty when it was."""
        identity = AccountId(row.id)
        await self.sessions.stop(identity)
        try:
            # Its session may have renewed its credentials just now.
            now = await self.database.read(lambda c: accounts.account(c, identity))
            return await self._end_on_network(now or row)
        finally:
            await self.database.write(lambda c: accounts.end_account(c, identity, error))
            await self.sessions.ended(identity)

    async def _end_on_network(self, row: AccountRow) -> str:
        network, identity = NetworkId(row.network), AccountId(row.id)
        connector = self.connectors.get(network)
        if not row.active:
            return ""  # the network itself has ended it
        if connector is None:
            return "It is not configured here any more, or its connector cannot be loaded."
        try:
            secret = self.secrets.open(row.secret)
            account = Account(identity, network, row.user, ContactId(row.me), secret)
            async with asyncio.timeout(_PATIENCE):
                await connector.log_out(account, self.workspaces.of(network, identity))
        except LoggedOut:
            return ""
        except (ConnectorError, WrongKey) as error:
            return error.text
        except TimeoutError:
            return "It did not answer."
        return ""
