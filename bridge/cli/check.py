"""`landbridge check`: validates the configuration and tries every connection; one line for every fault."""

import argparse
import asyncio
import sys
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from bridge.cli import networks, uploads
from bridge.cli.handshake import Failed, greet
from bridge.config import Config, Network, load
from bridge.hub.permission import may_serve
from bridge.store import inspect
from bridge.web import control
from bridge.web.client import HttpClient
from bridge.xmpp.privilege import Grant, believe, lines

_SECONDS = 30.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("check", parents=[common], help="validate the configuration and try every connection")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Raises `ConfigError`."""
    config = load(given.config)
    for warning in config.warnings:
        print(f"warning: {warning}")
    faults = asyncio.run(_faults(config))
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        return 1
    print("All is well.")
    return 0


async def _faults(config: Config) -> list[str]:
    """Every line that an operator has to do something about."""
    http = HttpClient(config.allow_private)
    try:
        database, xmpp, tried = await asyncio.gather(
            asyncio.to_thread(_database, config), _xmpp(config), networks.check(config, http)
        )
        _tell(tried.notes)
        return [*database, *xmpp, *tried.faults]
    finally:
        await http.close()


def _database(config: Config) -> list[str]:
    try:
        inspect.look(config.database, config.data / "key")
    except inspect.Unusable as error:
        return [error.text]
    return []


async def _xmpp(config: Config) -> list[str]:
    """A running gateway is asked how its components are: a second connection of the same name would disturb it."""
    try:
        said = await asyncio.to_thread(control.ask, config.data / control.NAME, "/status")
    except control.NotRunning:
        tried = [_component(name, network, config) for name, network in config.networks.items()]
        return [line for lines in await asyncio.gather(*tried) for line in lines]
    except OSError as error:
        return [f"data: a gateway holds {config.data / control.NAME} and does not answer: {error}."]
    print("A gateway runs with this configuration; it was asked how it is.")
    if "networks" not in said:
        return [f"The running gateway says: {said.get('error', 'nothing sensible')}"]
    _tell({name: one.get("notes", ()) for name, one in said["networks"].items()})
    return [
        f"networks.{name}: {one['error'] or 'it is not connected.'}"
        for name, one in said["networks"].items()
        if not (one["connected"] and one["moving"])
    ]


async def _component(name: str, network: Network, config: Config) -> list[str]:
    granted: dict[str, Grant] = {}
    notes: list[str] = []

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        notes.append(await _files(config, network, reader, writer))

    try:
        async with asyncio.timeout(_SECONDS):
            for domain, grant in await greet(network.server, network.jid, network.secret, ask):
                if may_serve(domain, config.users, config.admins):
                    believe(granted, domain, grant)
    except TimeoutError:
        return [f"networks.{name}: {network.server} does not answer. Is it the XMPP server's component port?"]
    except Failed as error:
        return [f"networks.{name}.{error.key}: {error.text}"]
    _tell({name: [*lines(granted), *notes]})
    return []


def _tell(notes: Mapping[str, Sequence[str]]) -> None:
    """What is worth knowing although nothing is wrong."""
    for name, said in notes.items():
        for note in said:
            print(f"note: networks.{name}: {note}")


async def _files(config: Config, network: Network, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    """Where files for XMPP go, in a sentence."""
    try:
        service = await uploads.find(reader, writer, network.jid, config.upload_service)
        why = "the XMPP server has no upload service (XEP-0363)"
    except uploads.Refuses as refusal:
        service, why = "", f"the upload service {refusal.jid} gives this gateway no slot ({refusal.condition})"
    if service:
        return f"files go to the upload service {service}."
    url = config.http.public_url
    alone = urlsplit(url).hostname in _LOOPBACK
    only = ", which only this machine reaches: set http.public_url" if alone else ""
    return f"{why}, so files are in the gateway's own store at {url}/media/{only}."
