"""What a configuration is once it has been checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.hub.limits import Limits, MediaLimits, Retention
from bridge.hub.wanted import WantedLink


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. `key` is dotted ("networks.matrix.jid"), empty for the file itself."""

    key: str
    reason: str


class ConfigError(Exception):
    """Everything that is wrong with a configuration; one line each."""

    def __init__(self, path: Path, faults: Sequence[Fault]) -> None:
        self.path = path
        self.faults = tuple(faults)
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """`file: key: reason`"""
        return [f"{self.path}: {fault.key}: {fault.reason}".replace(": : ", ": ") for fault in self.faults]


@dataclass(frozen=True, slots=True)
class Xmpp:
    server: str = "127.0.0.1:5347"  # host:port of the XMPP server's component port
    max_stanza: int = 65_536  # bytes we never exceed


@dataclass(frozen=True, slots=True)
class Http:
    listen: str = "127.0.0.1:8480"  # host:port
    public_url: str = ""  # how other servers and people reach it; without a slash at the end
    token: str = field(default="", repr=False)  # for dashboard and API, which a later version has


@dataclass(frozen=True, slots=True)
class Network:
    """One network; `options` are the keys that only its connector understands."""

    connector: str
    jid: str  # the component's domain
    secret: str = field(repr=False)
    server: str  # host:port of the component port
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Config:
    """Every path is absolute."""

    path: Path
    xmpp: Xmpp
    database: str = field(repr=False)  # a URL; it may hold a password
    data: Path
    http: Http
    admins: tuple[str, ...]
    users: tuple[str, ...]
    networks: Mapping[str, Network]
    limits: Limits
    retention: Retention
    media: MediaLimits
    upload_service: str  # of the XMPP server (XEP-0363); empty: it is looked for
    allow_private: tuple[str, ...]
    links: tuple[WantedLink, ...] = ()
    secrets: frozenset[str] = field(default=frozenset(), repr=False)  # values that no log may show
    warnings: tuple[str, ...] = ()  # whole lines for the operator
