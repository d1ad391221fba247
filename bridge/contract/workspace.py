"""All that a session may use of us."""

import logging
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bridge.contract.ids import AccountId


class Clock(Protocol):
    """Time, so that tests can turn it."""

    def time(self) -> float:
        """Seconds since the epoch."""
        ...


class Memory(Protocol):
    """Small and durable: strings by key, for one account. Values up to 64 KiB."""

    async def get(self, key: str) -> str | None: ...

    async def put(self, key: str, value: str) -> None:
        """Durable when this returns."""
        ...


class Http(Protocol):
    """HTTP with our limits and the guard against private addresses (`bridge.web.client`).

    Every connection's address is checked after resolving, on every redirect: private, loopback, link-local and
    multicast addresses are refused with `Refused` unless configured. Bodies over `limit` bytes are refused.
    """

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | AsyncIterable[bytes] | None = None,
        timeout: float = 30.0,
        limit: int = 50 * 1024 * 1024,
        redirects: int = 0,
        trusted: bool = False,
    ) -> "Answer":
        """Raises `Unavailable` when nothing was sent, `Unconfirmed` when the answer was lost, `Refused` for an
        address that may not be contacted or a body that is too large. `trusted` addresses come from the
        configuration and may be private. `timeout` seconds for everything, headers and body. A `body` that comes in
        chunks needs a Content-Length among the `headers`."""
        ...

    def download(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 600.0,
        idle: float = 20.0,
        limit: int,
        redirects: int = 5,
        trusted: bool = False,
    ) -> AbstractAsyncContextManager["Download"]:
        """A GET whose answer is read as it comes, unpacked by nobody. Entering raises as `request` does, and so does
        reading; no more than `limit` bytes are read. `idle` seconds for each piece, the headers too."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read whole."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


@dataclass(frozen=True, slots=True)
class Download:
    """An HTTP answer whose body is still to come."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Workspace:
    """One per account (for a login: one per attempt, with account 0 and a memory that is thrown away)."""

    account: AccountId
    options: Mapping[str, Any]  # the network's section of the configuration, as it stands there
    http: Http
    memory: Memory
    clock: Clock
    log: logging.Logger
    data: Path  # a folder of the network's own
