"""The HTTP client that every connector uses: limits on size and time, and a guard against private addresses.

The guard stands where addresses are known: at literals in every URL (first and redirected), and behind the resolver,
whose answer is what gets connected to, so that a name cannot change between check and use. Trusted requests (addresses
from the configuration) have a connection pool of their own: a guarded request never rides on a connection they opened.
"""

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, TypeVar

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from yarl import URL

from bridge.contract import Reason, Refused, Unavailable, Unconfirmed
from bridge.contract.workspace import Answer, Download
from bridge.web.addresses import Permitted, is_public

log = logging.getLogger(__name__)

_CHUNK = 64 * 1024
_STALLS = 30  # times as long (10 minutes): then few pieces, signs of life while an answer is made, are none either
_SLOWEST = 100  # bytes a second: fewer than these, and many times a few, are no answer but a drip
_PIECES = 8  # that make many
_PACKED = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd"})
_Found = TypeVar("_Found", Answer, Download)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SAFE = frozenset({"GET", "HEAD"})  # asking again changes nothing
# Headers that speak to one server and must not be told to the next (RFC 9110 #field.authorization).
_FOR_ONE_ORIGIN = frozenset({"authorization", "cookie", "proxy-authorization"})


class HttpClient:
    """Implements `bridge.contract.workspace.Http`. Make it inside a running loop; `close` it."""

    def __init__(
        self,
        allow_private: Iterable[str] = (),
        resolver: AbstractResolver | None = None,
        *,
        drip: float = 20.0,
    ) -> None:
        """`allow_private`: hosts or host:port that may be private. `resolver` replaces the system's DNS. A body that
        drips for `drip` seconds is given up. Raises ValueError for an entry that is neither host nor host:port."""
        self._drip = drip
        self._permitted = Permitted(allow_private)
        self._resolver = resolver or DefaultResolver()
        self._guarded = _session(_Guard(self._resolver, self._permitted))
        self._trusted = _session(self._resolver)

    async def close(self) -> None:
        await self._guarded.close()
        await self._trusted.close()
        await self._resolver.close()

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
    ) -> Answer:
        """See the contract. Redirects are followed for GET and HEAD only; `trusted` covers the first origin."""
        call = _Call(method.upper(), _parse(url), dict(headers or {}), body, limit, trusted)
        begun = time.monotonic()
        with _explained(call, timeout):
            async with asyncio.timeout(timeout):
                answer = await self._follow(call, redirects, self._ask)
        # Without the path: in some networks' URLs it holds a token.
        log.debug(
            "http answered method=%s host=%s status=%d bytes=%d seconds=%.3f",
            call.method, call.url.host, answer.status, len(answer.body), time.monotonic() - begun,
        )  # fmt: skip
        return answer

    @asynccontextmanager
    async def download(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 600.0,
        idle: float = 20.0,
        limit: int,
        redirects: int = 5,
        trusted: bool = False,
    ) -> AsyncIterator[Download]:
        """See the contract."""
        # Packed, a few bytes could become any number of them in one step.
        call = _Call("GET", _parse(url), {"Accept-Encoding": "identity", **(headers or {})}, None, limit, trusted)
        end = time.monotonic() + timeout
        response: aiohttp.ClientResponse | None = None

        async def ask(call: _Call) -> Download:
            nonlocal response
            if response is not None:
                response.close()
            response = await self._send(call)
            return Download(response.status, _headers(response), _chunks(response, call, end, idle))

        try:
            with _explained(call, idle):
                async with asyncio.timeout(min(idle, timeout)):
                    found = await self._follow(call, redirects, ask)
            if found.headers.get("content-encoding", "").lower() in _PACKED:
                raise Refused(f"{call.url.host} packs what was asked for as it is.", Reason.NOT_ACCEPTABLE)
            yield found
        finally:
            if response is not None:
                response.close()

    async def _follow(self, call: "_Call", redirects: int, ask: "Callable[[_Call], Awaitable[_Found]]") -> "_Found":
        origin = call.url.origin()
        for hop in range(redirects + 1):
            answer = await ask(call)
            location = answer.headers.get("location", "")
            if answer.status not in _REDIRECTS or not location or call.method not in _SAFE or not redirects:
                return answer
            if hop < redirects:
                call.url = _parse(location, call.url)
                if call.url.origin() != origin:
                    call.trusted = False
                    call.headers = {n: v for n, v in call.headers.items() if n.lower() not in _FOR_ONE_ORIGIN}
                    origin = call.url.origin()
        raise Refused(f"{call.url.host} redirects too often.", Reason.UNREACHABLE)

    async def _ask(self, call: "_Call") -> Answer:
        async with await self._send(call) as response:
            return Answer(response.status, _headers(response), await _read(response, call, self._drip))

    async def _send(self, call: "_Call") -> aiohttp.ClientResponse:
        session = self._trusted if call.trusted else self._guarded
        if not call.trusted:
            self._check_literal(call.url)
        return await session.request(
            call.method, call.url, headers=call.headers, data=call.body, allow_redirects=False, trace_request_ctx=call,
            middlewares=(call.once,),
        )  # fmt: skip

    def _check_literal(self, url: URL) -> None:
        host, port = url.host or "", url.port or 0
        # What aiohttp takes for a literal ("2130706433" too) it connects to without asking the resolver.
        literal = ":" in host or host.replace(".", "").isdigit()
        if literal and not is_public(host) and (host, port) not in self._permitted:
            raise _private(host)


class _EndedError(aiohttp.ClientError):
    """A connection ended, or is ended by us, without an answer. aiohttp does not know this error."""


@dataclass(slots=True)
class _Call:
    """A request on its way, with its state."""

    method: str
    url: URL
    headers: dict[str, str]
    body: bytes | AsyncIterable[bytes] | None
    limit: int
    trusted: bool
    sent: bool = False  # a connection was there: something may have reached the server
    reused: bool = False  # and had carried others before

    async def once(self, request: aiohttp.ClientRequest, ask: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        """aiohttp asks again by itself, if the method is idempotent, when a connection ends without an answer. That is
        right for one that was idle before, which the server may just have closed (RFC 9112 #retrying-requests); on a
        new one it would make two requests of each that a server in trouble gets."""
        try:
            return await ask(request)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            if self.reused:
                raise
            raise _EndedError from error

    def lost(self, text: str, *, lasting: bool = False) -> Unavailable | Unconfirmed:
        """What is known when no whole answer came."""
        unsure = self.sent and self.method not in _SAFE
        return Unconfirmed(text) if unsure else Unavailable(text, lasting=lasting)


class _Guard(AbstractResolver):
    """A resolver that keeps private addresses back."""

    def __init__(self, resolver: AbstractResolver, permitted: Permitted) -> None:
        self._resolver = resolver
        self._permitted = permitted

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if (host, port) in self._permitted:
            return found
        kept = [one for one in found if is_public(one["host"]) or (one["host"], port) in self._permitted]
        if found and not kept:
            raise _private(host)
        return kept

    async def close(self) -> None:
        """The resolver behind is closed by who made it."""


def _session(resolver: AbstractResolver) -> aiohttp.ClientSession:
    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(_connected)
    trace.on_connection_reuseconn.append(_reused)
    # No limit on connections: every account keeps one open that waits for news.
    connector = aiohttp.TCPConnector(resolver=resolver, limit=0)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        trace_configs=[trace],
        trust_env=False,  # a proxy would resolve names itself, past the guard
    )


async def _connected(_session: aiohttp.ClientSession, context: SimpleNamespace, _parameters: Any) -> None:
    context.trace_request_ctx.sent, context.trace_request_ctx.reused = True, False


async def _reused(_session: aiohttp.ClientSession, context: SimpleNamespace, _parameters: Any) -> None:
    context.trace_request_ctx.sent = context.trace_request_ctx.reused = True


async def _read(response: aiohttp.ClientResponse, call: _Call, drip: float) -> bytes:
    """The whole body, unpacked. Raises `Refused` as soon as it is known to be too long, `_EndedError` for a drip."""
    if call.method != "HEAD" and (response.content_length or 0) > call.limit:
        raise _too_long(call)
    read = bytearray()
    chunks = response.content.iter_chunked(_CHUNK)
    pieces, since, before = 0, time.monotonic(), 0
    long_since, long_before = since, 0
    while True:
        try:
            async with asyncio.timeout(_STALLS * drip):
                chunk = await anext(chunks, b"")
        except TimeoutError as error:
            raise _EndedError from error
        if not chunk:
            return bytes(read)
        read += chunk
        pieces += 1
        if len(read) > call.limit:
            raise _too_long(call)
        if time.monotonic() - since > drip:
            if pieces > _PIECES and len(read) - before < _SLOWEST * drip:
                raise _EndedError
            pieces, since, before = 0, time.monotonic(), len(read)
        if time.monotonic() - long_since > _STALLS * drip:
            if len(read) - long_before < _SLOWEST * _STALLS * drip:
                raise _EndedError
            long_since, long_before = time.monotonic(), len(read)


async def _chunks(response: aiohttp.ClientResponse, call: _Call, end: float, idle: float) -> AsyncIterator[bytes]:
    """The body as it comes, until `end` (monotonic). Raises `Refused` as soon as it is known to be too long."""
    if (response.content_length or 0) > call.limit:
        raise _too_long(call)
    chunks = response.content.iter_chunked(_CHUNK)
    read = 0
    while True:
        with _explained(call, idle):
            async with asyncio.timeout(min(idle, end - time.monotonic())):
                chunk = await anext(chunks, b"")
        if not chunk:
            return
        read += len(chunk)
        if read > call.limit:
            raise _too_long(call)
        yield chunk


@contextmanager
def _explained(call: _Call, seconds: float) -> Iterator[None]:
    """What can go wrong on the way, as errors of the contract."""
    try:
        yield
    except TimeoutError as error:
        raise call.lost(f"{call.url.host} took longer than {seconds:.0f} seconds to answer.") from error
    except _NOT_CONNECTED as error:
        raise call.lost(_why_not(call.url, error), lasting=isinstance(error, _CERTIFICATE)) from error
    except (aiohttp.ClientError, OSError) as error:
        raise call.lost(f"The connection to {call.url.host} was lost before its answer was complete.") from error


def _headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in response.headers.items():
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def _parse(text: str, base: URL | None = None) -> URL:
    """An absolute http(s) URL. Raises `Refused`."""
    try:
        url = URL(text) if base is None else base.join(URL(text))
        host, port = url.host, url.port
    except ValueError as error:
        raise Refused("That is not a web address.", Reason.BAD_REQUEST) from error
    if url.scheme not in ("http", "https") or not host or not port or url.user or url.password:
        raise Refused("That is not a web address that begins with http:// or https://.", Reason.BAD_REQUEST)
    return url.with_fragment(None)


def _private(host: str) -> Refused:
    return Refused(f"{host} is on a private network, which this gateway does not contact.", Reason.NOT_ALLOWED)


def _too_long(call: _Call) -> Refused:
    return Refused(f"{call.url.host} answers with more than {call.limit} bytes.", Reason.RESOURCE)


_CERTIFICATE = (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError)
_NOT_CONNECTED = (aiohttp.ClientConnectorError, aiohttp.ClientConnectorCertificateError)


def _why_not(url: URL, error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"The server {url.host} was not found."
    if isinstance(error, _CERTIFICATE):
        return f"The server {url.host} has no certificate that we can trust."
    return f"The server {url.host} does not accept connections on port {url.port}."
