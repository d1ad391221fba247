"""The application: puts store, hub, XMPP, connectors and web together; the only file that knows them all."""

import asyncio
import gc
import logging
import signal
import time
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

from bridge.config import Config, ConfigError, load
from bridge.contract import Connector, NetworkId
from bridge.hub.announcing import Announcer
from bridge.hub.appointing import operators
from bridge.hub.control import Control
from bridge.hub.desk.departure import Departure
from bridge.hub.desk.desk import CommandDesk
from bridge.hub.desk.office import Office
from bridge.hub.engines import Running
from bridge.hub.errands import Errands
from bridge.hub.facades import HOME
from bridge.hub.finding import Finder
from bridge.hub.hub import Hub, Surroundings
from bridge.hub.operator import Operator
from bridge.hub.people import KnownPeople
from bridge.hub.permission import matches
from bridge.hub.watch import Watch
from bridge.hub.workspace import Workspaces
from bridge.registry import find
from bridge.store.database import Database
from bridge.store.secrets import Secrets
from bridge.version import version
from bridge.web.addresses import Permitted
from bridge.web.announce import announce
from bridge.web.callbacks import Callbacks
from bridge.web.client import HttpClient
from bridge.web.media import Signer, routes
from bridge.web.routes import Routes
from bridge.web.server import WebServer
from bridge.xmpp.asked import Asked
from bridge.xmpp.chats import Addresses, Gateway
from bridge.xmpp.hosted.movements import Joins
from bridge.xmpp.network import XmppNetwork
from bridge.xmpp.upload import Storing

log = logging.getLogger(__name__)

_OTHER = 10.0  # seconds for PostgreSQL to notice that a gateway before us has ended


class _Clock:
    def time(self) -> float:
        return time.time()


async def run(config: Config) -> None:
    """Run until SIGTERM or SIGINT; then drain. Raises what `Database.open` and `Secrets.for_database` raise."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    database = await Database.open(config.database, alone=_OTHER)
    http = HttpClient(config.allow_private)
    try:
        config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        secrets = await database.write(lambda c: Secrets.for_database(config.data / "key", c))
        connectors: dict[NetworkId, Connector] = {
            NetworkId(name): connector
            for name, network in config.networks.items()
            if (connector := find(network.connector, NetworkId(name))) is not None
        }
        await _serve(config, database, http, secrets, connectors, ended)
    finally:
        await http.close()
        await database.close()


async def _serve(
    config: Config,
    database: Database,
    http: HttpClient,
    secrets: Secrets,
    connectors: dict[NetworkId, Connector],
    ended: asyncio.Event,
) -> None:
    clock = _Clock()
    options = {NetworkId(name): network.options for name, network in config.networks.items()}
    callbacks = Callbacks(config.http.public_url)
    calls = Routes(config.http.public_url)
    workspaces = Workspaces(database, http, clock, config.data, options, secrets, callbacks.expect, calls.mount)
    people = KnownPeople(database, config.users, config.admins)
    gateways = _gateways(config, connectors)
    every: dict[NetworkId, Connector] = dict(connectors)
    signer = Signer(config.http.public_url, secrets.derive("media").encode(), config.media.days)
    hub = Hub(
        Surroundings(
            database, every, workspaces, secrets, people, home=Addresses(gateways), limits=config.limits,
            media=config.media, retention=config.retention, link=signer.link, operators=operators(connectors, options),
            links=config.links,
        )
    )  # fmt: skip
    control = Control(hub, database)
    departure = Departure(database, secrets, control, workspaces, connectors)
    operator = Operator(departure, Running(hub))
    home = Addresses(gateways)
    finder = Finder(database, hub.sessions, people.choices, home, hub.quotas.ask)
    people.stranger = finder.profile
    office = Office(
        database, secrets, control, control, hub.rooms, workspaces, connectors, people, finder,
        Errands(database, finder, home), home, people.choices, operator, Announcer(hub.sessions, home).say,
        people.allowed, lambda user: matches(user, config.admins), clock,
        limits=config.limits, say=control.say, agreeing=hub.commands.agreeing,
    )  # fmt: skip
    desk = CommandDesk(office)
    private = Permitted(config.allow_private)
    storing = Storing(config.upload_service, signer.link, lambda host, port: (host, port) in private)
    asked = Asked(
        people, desk, hub.rooms, hub.archive, hub.lists, hub.avatars, finder, people.choices.blocked,
        Joins(lambda *room: people.choices.on(room[0], room[1], "joins", room[2]), config.limits.notice_window),
        storing,
        config.limits.occupants,
    )  # fmt: skip
    xmpp = XmppNetwork(gateways, asked, config.xmpp.max_stanza, version())
    every[HOME] = xmpp
    watch = Watch(hub, database, list(connectors), xmpp.health)
    web = WebServer(
        config.http.listen, config.data / "control.sock", watch, version(), operations=operator,
        files=[*routes(signer, hub.files), *callbacks.routes(), *calls.routes()],
    )  # fmt: skip
    await web.start()
    announcing = asyncio.create_task(announce(xmpp.health), name="announce")
    try:
        # Modules and classes stay as long as we do: a collection that looks at them again stops us for 100 ms.
        gc.collect()
        gc.freeze()
        gc.set_threshold(10_000)  # hundreds of messages are under way; the default looks at them 200 times a second
        try:
            await _unless(ended, hub.start())
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _reload, config.path, hub)
            await ended.wait()
            log.info("stopping")
            await desk.close()
        finally:
            await hub.stop()
    finally:
        announcing.cancel()
        await asyncio.gather(announcing, return_exceptions=True)
        await web.stop()


def _reload(path: Path, hub: Hub) -> None:
    """SIGHUP: the links are as the configuration has them now. Everything else stays as it was at the start."""
    try:
        hub.links.configure(load(path).links)
        log.info("links were read again from the configuration")
    except ConfigError as error:
        for line in error.lines():
            log.error("the configuration is not read again: %s", line)


async def _unless(ended: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do `work`, which may have to wait for the database, until `ended`."""
    working, ending = asyncio.create_task(work), asyncio.create_task(ended.wait())
    try:
        await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        for task in (working, ending):
            task.cancel()
        await asyncio.gather(working, ending, return_exceptions=True)


def _gateways(config: Config, connectors: Mapping[NetworkId, Connector]) -> list[Gateway]:
    made = []
    for name, network in config.networks.items():
        connector = connectors.get(NetworkId(name))
        if connector is None:
            continue
        host, _, port = network.server.rpartition(":")
        made.append(
            Gateway(
                NetworkId(name), connector.name, network.jid, network.secret, host, int(port),
                connector.localpart, connector.contact, connector.id,
            )
        )  # fmt: skip
    return made
