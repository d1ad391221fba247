"""Reads a configuration and checks it as a whole: every fault is named, not only the first."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_type_hints
from urllib.parse import unquote, urlsplit

from bridge.config import links, shapes
from bridge.config.model import Config, ConfigError, Http, Network, Xmpp
from bridge.config.section import Notes, Section
from bridge.config.sources import fill, merge, read
from bridge.contract import NetworkId
from bridge.hub.limits import Limits, MediaLimits, Retention
from bridge.registry import ConnectorMissing
from bridge.registry import load as load_connector
from bridge.web.addresses import Permitted

TOP = frozenset({
    "xmpp", "database", "data", "http", "admins", "users", "networks", "links", "limits", "retention", "media",
    "allow_private",
})  # fmt: skip
T = TypeVar("T", Limits, MediaLimits, Retention)


def load(path: Path, environment: Mapping[str, str] | None = None) -> Config:
    """The checked configuration. Relative paths in it start at its folder. Raises `ConfigError`."""
    environment = os.environ if environment is None else environment
    path = path.absolute()
    tree, faults = read(path)
    if faults:
        raise ConfigError(path, faults)
    notes = Notes(path.parent)
    warnings = merge(tree, environment, TOP)
    tree = fill(tree, "", environment, notes.faults)
    config = _read(Section(tree, "", notes), path, notes, warnings)
    if notes.faults:
        raise ConfigError(path, notes.faults)
    return config


def _read(top: Section, path: Path, notes: Notes, warnings: list[str]) -> Config:
    folder = path.parent
    xmpp = _xmpp(top.section("xmpp"))
    database = top.take(
        "database", str, f"sqlite:///{folder / 'landbridge.db'}", lambda text: shapes.database_url(text, folder)
    )
    data = folder / top.take("data", str, "data", _folder)
    http = _http(top.section("http"))
    admins, users = top.take_list("admins", shapes.pattern), top.take_list("users", shapes.pattern)
    networks = _networks(top.section("networks"), xmpp, folder, warnings)
    limits = _numbers(top.section("limits"), Limits())
    retention = _numbers(top.section("retention"), Retention())
    media, service = _media(top.section("media"))
    allowed = top.take_list("allow_private", _permitted)
    found = links.links(top.section("links"), {name: network.jid for name, network in networks.items()})
    top.close()
    if not admins and not users:
        warnings.append("Neither users nor admins are named in the configuration: nobody may use the gateways.")
    _note_password(database, notes)
    warnings += _readable(path, notes)
    return Config(
        path, xmpp, database, data, http, admins, users, networks, limits, retention, media, service,
        allowed,
        found, frozenset(notes.secrets), tuple(warnings),
    )  # fmt: skip


def _xmpp(section: Section) -> Xmpp:
    defaults = Xmpp()
    server = section.take("server", str, defaults.server, shapes.host_port)
    size = section.take("max_stanza", int, defaults.max_stanza, shapes.stanza_size)
    section.close()
    return Xmpp(server, size)


def _http(section: Section) -> Http:
    listen = section.take("listen", str, Http().listen, shapes.host_port)
    public = section.take("public_url", str, f"http://{listen}", shapes.web_address)
    token = section.take("token", str, "")
    section.close()
    return Http(listen, public, token)


def _media(section: Section) -> tuple[MediaLimits, str]:
    service = section.take("upload_service", str, "", lambda text: shapes.domain(text) if text else "")
    media = _numbers(section, MediaLimits())
    if media.largest > media.quota:
        section.fault("largest", "it is more than media.quota, so that such a file could not be kept")
    return media, service


def _numbers(section: Section, defaults: T) -> T:
    """A section of positive numbers, as the dataclass `defaults` has them."""
    kinds = get_type_hints(type(defaults))
    values = {
        name: section.take(name, kinds[name], default, shapes.positive)
        for name, default in dataclasses.asdict(defaults).items()
    }
    section.close()
    return type(defaults)(**values)


def _networks(section: Section, xmpp: Xmpp, folder: Path, warnings: list[str]) -> dict[str, Network]:
    found: dict[str, Network] = {}
    domains: dict[str, str] = {}
    for name in section.names():
        one = section.section(name)
        try:
            shapes.network_name(name)
        except ValueError as error:
            one.fault("", str(error))
        network = _network(name, one, xmpp, folder, warnings)
        if network.jid and network.jid in domains:
            one.fault("jid", f"the network {domains[network.jid]} has the same one")
        domains.setdefault(network.jid, name)
        found[name] = network
    if not found:
        section.fault("", "no network is configured")
    return found


def _network(name: str, section: Section, xmpp: Xmpp, folder: Path, warnings: list[str]) -> Network:
    connector = section.need("connector")
    jid = section.need("jid", shapes.domain)
    secret = section.need("secret")
    server = section.take("server", str, xmpp.server, shapes.host_port)
    kinds: Mapping[str, Any] = {}
    if connector:
        try:
            kinds = load_connector(connector)(NetworkId(name)).options
        except ConnectorMissing as error:
            if not error.broken:
                section.fault("connector", error.text)
            else:
                # Its options cannot be checked now; the other networks run without it.
                warnings.append(f"The network {name} is disabled. {error.text}")
            return Network(connector, jid, secret, server)
    options = {
        key: section.take(key, str, None, lambda text: folder / _folder(text)) if kind is Path
        else section.take(key, kind, None)
        for key, kind in kinds.items()
    }  # fmt: skip
    section.close()
    return Network(connector, jid, secret, server, {k: v for k, v in options.items() if v is not None})


def _folder(text: str) -> str:
    if not text:
        raise ValueError("it is empty")
    return text


def _permitted(entry: str) -> str:
    Permitted([entry])
    return entry


def _note_password(database: str, notes: Notes) -> None:
    password = urlsplit(database).password if database.startswith("postgres") else None
    if password:
        notes.secrets |= {password, unquote(password)}


def _readable(path: Path, notes: Notes) -> list[str]:
    """Warn where others can read what is secret."""
    files = ([path] if notes.written else []) + notes.secret_files
    return [
        f"Others can read {file}, and it holds a secret: run chmod 600 {file}."
        for file in files
        if file.stat().st_mode & 0o077
    ]
