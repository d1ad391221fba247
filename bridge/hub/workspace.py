"""Workspaces: what a session may use of us, put together for one account or one login."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bridge.contract import AccountId, Clock, NetworkId, Workspace
from bridge.contract.workspace import Answerer, Http, Visit, no_routes, nobody
from bridge.hub.vault import keeper
from bridge.store.database import Database
from bridge.store.links import is_linked
from bridge.store.memory import get_memory, put_memory
from bridge.store.secrets import Secrets

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
    """A memory that is thrown away with its login; `known` is what it begins with."""

    def __init__(self, known: Mapping[str, str] = MappingProxyType({})) -> None:
        self._values = dict(known)

    async def get(self, key: str) -> str | None:
        return self._values.get(key)

    async def put(self, key: str, value: str) -> None:
        _check(value)
        self._values[key] = value


Expect = Callable[[str, NetworkId], AbstractContextManager[Visit]]
"""A visit by the browser of the user who logs in to a network."""
Summon = Callable[[NetworkId, str, bool], Awaitable[bool]]
"""See `Workspace.summon`."""
Routes = Callable[[str, Answerer], AbstractContextManager[str]]
"""See `Workspace.routes`."""


class Workspaces:
    """Makes them; `options` are the networks' sections of the configuration, `data` the folder of all networks.
    Without `secrets` credentials that change are kept by nobody; without `expect` no browser can come to us."""

    def __init__(
        self,
        database: Database,
        http: Http,
        clock: Clock,
        data: Path,
        options: Mapping[NetworkId, Mapping[str, Any]],
        secrets: Secrets | None = None,
        expect: Expect | None = None,
        routes: Routes = no_routes,
    ) -> None:
        self._database = database
        self._http = http
        self._clock = clock
        self.data = data
        self._options = options
        self._secrets = secrets
        self._expect = expect
        self._routes = routes
        self.summon: Summon = lambda network, user, only_ask: nobody(user, only_ask)

    def of(self, network: NetworkId, account: int) -> Workspace:
        """For a session of `account`."""
        identity = AccountId(account)
        made = self._make(identity, network, DurableMemory(self._database, identity))
        made = replace(
            made,
            summon=lambda user, only_ask: self.summon(network, user, only_ask),
            linked=lambda scope, chat: self._database.read(lambda c: is_linked(c, network, scope, chat)),
        )
        if self._secrets is None:
            return made
        return replace(made, keep=keeper(self._database, self._secrets, identity))

    def for_login(self, network: NetworkId, user: str) -> Workspace:
        """For one attempt of `user` to log in."""
        made, expect = self._make(_NOBODY, network, PassingMemory()), self._expect
        return made if expect is None else replace(made, visit=lambda: expect(user, network))

    def _make(self, account: AccountId, network: NetworkId, memory: DurableMemory | PassingMemory) -> Workspace:
        folder = self.data / network
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = logging.getLogger(f"landbridge.{network}")
        return Workspace(
            account, self._options.get(network, {}), self._http, memory, self._clock, log, folder, routes=self._routes
        )


def _check(value: str) -> None:
    if len(value.encode()) > _LONGEST:
        raise ValueError("a memory holds at most 64 KiB per key")
