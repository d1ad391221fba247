"""Workspaces: what a session may use of us, put together for one account or one login."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.contract import AccountId, Clock, NetworkId, Workspace
from bridge.contract.workspace import Http
from bridge.store.database import Database
from bridge.store.memory import get_memory, put_memory

_LONGEST = 64 * 1024
_NOBODY = AccountId(0)


class DurableMemory:
    """An account's memory in the database."""

    def __init__(self, database: Database, account: AccountId) -> None:
        self._database = database
        self._account = account

    async def get(self, key: str) -> str | None:
        return await self._database.read(lambda connection: get_memory(connection, self._account, key))

    async def put(self, key: str, value: str) -> None:
        """Raises ValueError for what is too long: a fault of the connector."""
        _check(value)
        await self._database.write(lambda connection: put_memory(connection, self._account, key, value))


class PassingMemory:
    """A memory that is thrown away with its login."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        return self._values.get(key)

    async def put(self, key: str, value: str) -> None:
        _check(value)
        self._values[key] = value


class Workspaces:
    """Makes them; `options` are the networks' sections of the configuration, `data` the folder of all networks."""

    def __init__(
        self, database: Database, http: Http, clock: Clock, data: Path, options: Mapping[NetworkId, Mapping[str, Any]]
    ) -> None:
        self._database = database
        self._http = http
        self._clock = clock
        self.data = data
        self._options = options

    def of(self, network: NetworkId, account: int) -> Workspace:
        """For a session of `account`."""
        return self._make(AccountId(account), network, DurableMemory(self._database, AccountId(account)))

    def for_login(self, network: NetworkId) -> Workspace:
        """For one attempt to log in."""
        return self._make(_NOBODY, network, PassingMemory())

    def _make(self, account: AccountId, network: NetworkId, memory: DurableMemory | PassingMemory) -> Workspace:
        folder = self.data / network
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = logging.getLogger(f"landbridge.{network}")
        return Workspace(account, self._options.get(network, {}), self._http, memory, self._clock, log, folder)


def _check(value: str) -> None:
    if len(value.encode()) > _LONGEST:
        raise ValueError("a memory holds at most 64 KiB per key")
