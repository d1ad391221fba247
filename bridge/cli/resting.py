"""The operator's part of a gateway that does not run, put together around its database."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bridge.config import Config
from bridge.contract import Connector, NetworkId
from bridge.hub.desk.departure import Departure
from bridge.hub.engines import Resting
from bridge.hub.operator import Operator
from bridge.hub.workspace import Workspaces
from bridge.registry import find
from bridge.store.database import Database
from bridge.store.inspect import Unusable, look
from bridge.store.secrets import Secrets
from bridge.web.client import HttpClient

_OTHER = 2.0  # seconds to wait for somebody else who uses the database


@asynccontextmanager
async def resting(config: Config) -> AsyncIterator[Operator]:
    """Nobody else uses the database meanwhile, and nothing is upgraded. Raises `Unusable`, `WrongKey`, and what
    `Database.open` raises."""
    found = look(config.database, config.data / "key")
    if not found.made:
        raise Unusable("No gateway has ever run with this database.")
    if not found.current:
        raise Unusable("The database must be upgraded first. The gateway does that when it starts.")
    http = HttpClient(config.allow_private)
    try:
        database = await Database.open(config.database, alone=_OTHER)
        try:
            yield _operator(config, database, http)
        finally:
            await database.close()
    finally:
        await http.close()


def _operator(config: Config, database: Database, http: HttpClient) -> Operator:
    connectors: dict[NetworkId, Connector] = {
        NetworkId(name): connector
        for name, network in config.networks.items()
        if (connector := find(network.connector, NetworkId(name))) is not None
    }
    options = {NetworkId(name): network.options for name, network in config.networks.items()}
    workspaces = Workspaces(database, http, _Clock(), config.data, options)
    engine = Resting(database)
    departure = Departure(database, Secrets.load(config.data / "key"), engine, workspaces, connectors)
    return Operator(departure, engine)


class _Clock:
    def time(self) -> float:
        return time.time()
