"""All that a session may use of us."""

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bridge.contract.ids import AccountId, ChatId


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


class Visit(Protocol):
    """One visit of a browser that is waited for."""

    @property
    def url(self) -> str:
        """Where it may come: unguessable, and for the one person who logs in. Empty when no browser can reach us."""
        ...

    async def came(self) -> Mapping[str, str]:
        """Wait until that person has confirmed there that it is theirs; the query that the browser brought."""
        ...


class Call(Protocol):
    """An HTTP request that somebody makes to us: anybody, until they have shown who they are."""

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str:
        """What follows the prefix, escaped as it came."""
        ...

    @property
    def query(self) -> Mapping[str, str]: ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case."""
        ...

    @property
    def connection(self) -> int:
        """The same for calls that came over one connection, and for no other while this process runs: a caller who has
        been away comes by another one."""
        ...

    async def body(self, limit: int) -> bytes | None:
        """All of it; None when there are more than `limit` bytes. To be asked for when it is known who calls."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """What a caller is answered."""

    status: int = 200
    body: bytes = b"{}"
    type: str = "application/json"


Answerer = Callable[[Call], Awaitable[Reply | None]]
"""Answers calls; None: it is not meant for this one (another network may have the same prefix)."""


@contextmanager
def no_routes(prefix: str, answer: Answerer) -> Iterator[str]:
    """Where nobody can call."""
    yield ""


@contextmanager
def no_visit() -> Iterator[Visit]:
    """Where no browser can come."""
    yield _NoVisit()


async def nobody(user: str, only_ask: bool) -> bool:
    """Where nobody can be called."""
    return False


async def nowhere(secret: Mapping[str, str]) -> None:
    """What a login has found out is returned by it, and kept by nobody else."""


async def unlinked(scope: str, chat: ChatId) -> bool:
    """Where nothing is linked."""
    return False


class _NoVisit:
    url = ""

    async def came(self) -> Mapping[str, str]:
        await asyncio.Event().wait()
        return {}


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
    keep: Callable[[Mapping[str, str]], Awaitable[None]] = nowhere
    """Credentials that have changed, whole, for `Account.secret` of every later connection: durable and encrypted when
    it returns. Raises `Unavailable`: then the old ones are what is kept."""
    routes: Callable[[str, Answerer], AbstractContextManager[str]] = no_routes
    """Have calls to addresses that begin with a prefix (`/telegram/`) answered while the context lasts, at most as long
    as the session. It gives the prefix's whole address for callers elsewhere; empty when nobody can call."""
    summon: Callable[[str, bool], Awaitable[bool]] = nobody
    """Somebody on the network calls a user (bare JID) who has no session there: they are made a guest (`Guests`), and
    that is durable when it returns. False when they may not be called or do not want to be. With True as second
    argument it only asks that."""
    linked: Callable[[str, ChatId], Awaitable[bool]] = unlinked
    """Whether a chat (with its `Session.scope`) belongs to a link of communities, so that the operator's account reads
    and speaks there for everybody."""
    visit: Callable[[], AbstractContextManager[Visit]] = no_visit
    """For a login: an address that the browser of the person who logs in can be sent to, while the context lasts."""
