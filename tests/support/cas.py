"""A Central Authentication Service: a homeserver's single sign-on, where everybody is whom the test says; and a browser
that follows links as far as a person has to click."""

import re
from html import unescape
from types import TracebackType
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from tests.support.faults import Answer


class Cas:
    """On a loopback port that a homeserver knows before. Whoever comes is `user` (a localpart)."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.user = ""
        self._tickets: dict[str, str] = {}
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> "Cas":
        application = web.Application()
        application.add_routes([web.get("/login", self._login), web.get("/p3/proxyValidate", self._validate),
                                web.get("/proxyValidate", self._validate)])  # fmt: skip
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _login(self, request: web.Request) -> Answer:
        ticket = f"ST-{len(self._tickets)}"
        self._tickets[ticket] = self.user
        service = request.query["service"]
        raise web.HTTPFound(f"{service}{'&' if '?' in service else '?'}{urlencode({'ticket': ticket})}")

    async def _validate(self, request: web.Request) -> Answer:
        user = self._tickets.pop(request.query["ticket"])
        cas = "http://www.yale.edu/tp/cas"
        return web.Response(
            text=f'<cas:serviceResponse xmlns:cas="{cas}"><cas:authenticationSuccess><cas:user>{user}</cas:user>'
            "</cas:authenticationSuccess></cas:serviceResponse>",
            content_type="text/xml",
        )


async def log_in(link: str) -> str:
    """Open a link of a homeserver's in a browser, log in and confirm there; where that leads to, with the token."""
    cookies = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=cookies) as browser, browser.get(link) as answer:
        page = await answer.text()
        assert answer.status == 200, page
    [where] = [unescape(found) for found in re.findall(r'href="([^"]*loginToken=[^"]*)"', page)]
    return where


async def confirm(where: str, *, who: str) -> str:
    """Go on to the gateway's page, which names `who`, and press its button; what it says then."""
    async with aiohttp.ClientSession() as browser:
        async with browser.get(where) as answer:
            page = await answer.text()
            assert answer.status == 200, page
            assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert f"<strong>{who}</strong>" in page
        fields = {unescape(n): unescape(v) for n, v in re.findall(r'name="([^"]*)" value="([^"]*)"', page)}
        async with browser.post(where.partition("?")[0], data=fields) as answer:
            return await answer.text()
