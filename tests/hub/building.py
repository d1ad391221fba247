"""A hub over memory networks, for tests in this process and for the child process that is killed."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bridge.contract import AccountId, ChatId, Connector, Contact, ContactId, NetworkId
from bridge.hub.hub import Hub, Surroundings
from bridge.hub.limits import Limits, MediaLimits
from bridge.hub.people import KnownPeople
from bridge.hub.pictures import Converter
from bridge.hub.workspace import Workspaces
from bridge.store import accounts
from bridge.store.database import Database
from bridge.store.secrets import Secrets
from bridge.testing.connector import MemoryConnector
from tests.support.asking import HandClock, NoHttp

HOME = NetworkId("xmpp")


class MemoryHome:
    """How direct chats at home are called."""

    def room_chat(self, network: NetworkId, name: str) -> ChatId | None:
        return None  # no rooms here

    def looks(self, nick: str) -> str:
        return nick.casefold()

    def nick(self, contact: Contact, number: int) -> str:
        return f"{contact.name or contact.id} ({number})" if number > 1 else contact.name or contact.id

    def direct_chat(self, user: str, network: NetworkId, contact: ContactId | None) -> ChatId:
        return ChatId(f"{user}.{network}.{contact or 'gateway'}")


async def hub_over(
    database: Database,
    sockets: Mapping[str, Path],
    folder: Path,
    limits: Limits | None = None,
    connectors: Mapping[str, Connector] | None = None,
    media: MediaLimits | None = None,
    converter: Converter | None = None,
) -> Hub:
    """A hub that is not started yet; one memory network per socket, by the network's id."""
    secrets = await database.write(lambda c: Secrets.for_database(folder / "key", c))
    options: dict[NetworkId, dict[str, Any]] = {NetworkId(n): {"socket": str(s)} for n, s in sockets.items()}
    workspaces = Workspaces(database, NoHttp(), HandClock(), folder, options)
    nets: dict[NetworkId, Connector] = {NetworkId(name): MemoryConnector(name) for name in sockets}
    nets.update({NetworkId(name): connector for name, connector in (connectors or {}).items()})
    people = KnownPeople(database, ["*"], [])
    return Hub(
        Surroundings(
            database,
            nets,
            workspaces,
            secrets,
            people,
            MemoryHome(),
            limits or Limits(backoff_max=0.5),
            media=media or MediaLimits(),
            converter=converter,
        )
    )


@asynccontextmanager
async def running(hub: Hub) -> AsyncIterator[Hub]:
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()


async def put_account(database: Database, network: str, user: str, me: str) -> AccountId:
    """An account that is logged in already; not connected yet. `user` empty: the operator's."""
    return AccountId(await database.write(lambda c: accounts.put_account(c, network, user, me, me, b"")))


async def home_account(database: Database) -> AccountId:
    """XMPP's own, once the hub has been started."""
    found: Sequence[accounts.AccountRow] = await database.read(lambda c: accounts.accounts_of(c, "", HOME))
    return AccountId(found[0].id)
