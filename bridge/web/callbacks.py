"""Where browsers come back to when somebody has logged in to a network's web site.

Each address is unguessable, is there only as long as its login waits, and takes one visit. What the browser brings
counts only when the person at it has confirmed, on a page that names whom it is for: else somebody could send others
the link of a login of their own, and get their accounts. Addresses with what they bring are secrets: none is logged.
"""

import asyncio
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from urllib.parse import urlsplit

from aiohttp import web

from bridge.contract import NetworkId
from bridge.contract.workspace import Visit

_MOST, _LONGEST = 10, 4_096  # parameters of a visit, and characters of one
_SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_GONE = "This link is not valid, or not any more. Send “login” to the gateway again to get a new one."


class Callbacks:
    """Those that are waited for now, in memory. `public_url`: how browsers reach us; empty when they cannot. What they
    bring must not go in clear over a network: such an address counts as none."""

    def __init__(self, public_url: str) -> None:
        self._base = public_url.rstrip("/") if _is_private(public_url) else ""
        self._waiting: dict[str, _Expected] = {}

    @contextmanager
    def expect(self, user: str, network: NetworkId) -> Iterator[Visit]:
        """A visit for the login of `user` to `network`."""
        state = secrets.token_urlsafe(24)
        expected = _Expected(f"{self._base}/login/{state}" if self._base else "", user, network)
        self._waiting[state] = expected
        try:
            yield expected
        finally:
            del self._waiting[state]

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/login/{state}", self._show, allow_head=False), web.post("/login/{state}", self._take)]

    async def _show(self, request: web.Request) -> web.Response:
        """Ask whether it is theirs. Nothing happens yet: programs that look at links in advance use none up."""
        expected = self._waiting.get(request.match_info["state"])
        if expected is None or expected.visited:
            return _page(_GONE, status=404)
        query = dict(request.query)
        if len(query) > _MOST or any(len(part) > _LONGEST for pair in query.items() for part in pair):
            return _page("That is too much for a link.", status=400)
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in query.items()
        )
        who = escape(expected.user)
        return _page(
            f"Your account on {escape(expected.network)} is about to be connected with the XMPP address "
            f"<strong>{who}</strong>. Whoever has that address can then read and write in your chats.<br>"
            "If it is not yours, or you have not asked for this, close this page.",
            f'<form method="post">{hidden}<button>Connect it with {who}</button></form>',
        )

    async def _take(self, request: web.Request) -> web.Response:
        expected = self._waiting.get(request.match_info["state"])
        if expected is None or expected.visited:
            return _page(_GONE, status=404)
        given = await request.post()
        expected.visit({name: value for name, value in given.items() if isinstance(value, str)})
        return _page(
            "Thank you. Go back to your XMPP app: the gateway says there how it went. You can close this page."
        )


class _Expected:
    """Implements `bridge.contract.workspace.Visit`."""

    def __init__(self, url: str, user: str, network: NetworkId) -> None:
        self.url = url
        self.user = user
        self.network = network
        self._query: asyncio.Future[Mapping[str, str]] = asyncio.get_running_loop().create_future()

    @property
    def visited(self) -> bool:
        return self._query.done()

    def visit(self, query: Mapping[str, str]) -> None:
        self._query.set_result(query)

    async def came(self) -> Mapping[str, str]:
        return await asyncio.shield(self._query)


def _is_private(url: str) -> bool:
    """Whether nobody on the way reads what goes to this address."""
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in ("127.0.0.1", "::1", "localhost")


def _page(words: str, more: str = "", status: int = 200) -> web.Response:
    body = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<title>Landbridge</title><style>body{font:1.1em/1.5 sans-serif;max-width:34em;margin:3em auto;padding:0 1em}"
        f"button{{font:inherit;padding:.4em 1em}}</style><p>{words}</p>{more}</html>"
    )
    return web.Response(text=body, content_type="text/html", status=status, headers=_SAFE)
