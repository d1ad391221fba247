"""An HTTP proxy on loopback before a real server, which answers instead of it as a test wants.

What can go wrong is in `tests.support.homeserver` (`says`, `truncate`, `reset`, `drip`, `silent`, `lose_answer`,
`held`); what can go wrong with the connection itself is `tests.support.proxy`.
"""

from types import TracebackType

import aiohttp
from aiohttp import web
from yarl import URL

from tests.support.faults import Answer, Faults

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host", "upgrade"})
_NOT_CARRIED = _HOP_BY_HOP | {"accept-encoding"}  # what is cut short shall be JSON


class HttpProxy(Faults):
    """Carries requests to `target`, a base URL."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self.url = ""
        self._target = target
        self._http: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> "HttpProxy":
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        application = web.Application(middlewares=[self.through], client_max_size=100_000_000)
        application.router.add_route("*", "/{path:.*}", self._carry)
        self._runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._http is not None:
            await self._http.close()

    async def _carry(self, request: web.Request) -> Answer:
        assert self._http is not None
        where = URL(self._target + request.raw_path, encoded=True)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _NOT_CARRIED}
        body = await request.read()
        try:
            async with self._http.request(
                request.method, where, headers=headers, data=body, allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None),
            ) as answer:  # fmt: skip
                kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
                return web.Response(status=answer.status, body=await answer.read(), headers=kept)
        except aiohttp.ClientError:
            return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")
