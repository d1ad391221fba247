"""Calls that networks make to us, to whichever session answers them now (`Workspace.routes`).

Which addresses there are changes with the sessions, and two networks may share one (their callers are told apart by
what they bring), so one route takes all that nothing else does. Addresses and headers may hold secrets: none is logged.
"""

import asyncio
import itertools
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from aiohttp import web

from bridge.contract import ConnectorError
from bridge.contract.workspace import Answerer, Reply

log = logging.getLogger(__name__)


class Routes:
    """`public_url`: how others reach us, without a slash at its end."""

    def __init__(self, public_url: str) -> None:
        self._base = public_url
        self._answerers: dict[str, list[Answerer]] = {}
        self._connections: WeakKeyDictionary[asyncio.BaseTransport, int] = WeakKeyDictionary()
        self._numbers = itertools.count(1)

    @contextmanager
    def mount(self, prefix: str, answer: Answerer) -> Iterator[str]:
        """See `Workspace.routes`. A prefix begins and ends with a slash; of several that fit, the longest counts."""
        if not (prefix.startswith("/") and prefix.endswith("/") and len(prefix) > 1):
            raise ValueError("a prefix begins and ends with a slash")
        self._answerers.setdefault(prefix, []).append(answer)
        try:
            yield self._base + prefix
        finally:
            self._answerers[prefix].remove(answer)
            if not self._answerers[prefix]:
                del self._answerers[prefix]

    def routes(self) -> list[web.RouteDef]:
        """To be added last."""
        return [web.route("*", "/{path:.*}", self._serve)]

    async def _serve(self, request: web.Request) -> web.Response:
        path = request.rel_url.raw_path
        prefix = max((one for one in self._answerers if path.startswith(one)), key=len, default=None)
        if prefix is None:
            return web.Response(status=404, text="There is nothing here.\n")
        call = _Request(request, path.removeprefix(prefix), self._number(request.transport))
        for answer in list(self._answerers[prefix]):
            try:
                reply = await answer(call)
            except ConnectorError as error:
                log.info("a call could not be answered prefix=%s reason=%s", prefix, error.text)
                reply = Reply(503)
            except Exception:
                log.exception("answering a call failed prefix=%s", prefix)
                reply = Reply(500)
            if reply is not None:
                return web.Response(status=reply.status, body=reply.body, content_type=reply.type)
        return web.Response(status=404, text="There is nothing here.\n")

    def _number(self, connection: asyncio.BaseTransport | None) -> int:
        """That of a connection; of one that has just ended, a new one."""
        if connection is None:
            return next(self._numbers)
        if connection not in self._connections:
            self._connections[connection] = next(self._numbers)
        return self._connections[connection]


class _Request:
    """Implements `bridge.contract.workspace.Call`."""

    def __init__(self, request: web.Request, path: str, connection: int) -> None:
        self.method = request.method
        self.path = path
        self.connection = connection
        self.query: Mapping[str, str] = request.query
        self.headers = {name.lower(): value for name, value in request.headers.items()}
        self._request = request
        self._read = bytearray()

    async def body(self, limit: int) -> bytes | None:
        while len(self._read) <= limit:
            piece = await self._request.content.readany()
            if not piece:
                return bytes(self._read)
            self._read += piece
        return None
