"""The HTTP face: `/bot<token>/<method>`, `/file/bot<token>/<path>`.

Source: https://core.telegram.org/bots/api#making-requests.
"""

import asyncio
import json
from collections import Counter
from types import TracebackType
from typing import Any

from aiohttp import web

from tests.support.botapi.business import Business
from tests.support.botapi.faults import Faults
from tests.support.botapi.limits import Limits
from tests.support.botapi.methods import METHODS
from tests.support.botapi.refusals import No
from tests.support.botapi.state import Bot
from tests.support.botapi.updates import Conflict
from tests.support.botapi.webhooks import Webhooks
from tests.support.botapi.world import World

_CONFLICT = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
_WEBHOOK = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)


class BotApi:
    """Runs in the loop of its test, on loopback."""

    def __init__(self, world: World | None = None, limits: Limits | None = None) -> None:
        self.world = world or World()
        self.limits = limits or Limits()
        self.faults = Faults()
        self.webhooks = Webhooks()
        self.business = Business(self.world)
        self.port = 0
        self.calls: Counter[str] = Counter()  # by method, in lower case
        self.answered: dict[str, str] = {}  # what those who tapped buttons were shown, by query
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> "BotApi":
        app = web.Application(client_max_size=200_000_000)
        app.router.add_route("*", "/bot{token}/{method}", self._method)
        app.router.add_get("/file/bot{token}/{path:.*}", self._file)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.world.updates.interrupt()
        await self.webhooks.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _method(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"].lower()
        self.calls[method] += 1
        bot = self.world.state.bot(request.match_info["token"])
        given = await _given(request)
        if self.faults.take(self.faults.cut, method):
            return _silent(request)
        instead = self.faults.instead(method)
        if instead is not None:
            status, body = instead
            raw = body if isinstance(body, str) else json.dumps(body)
            return web.Response(status=status, text=raw, content_type="application/json")
        try:
            result = await self._asked(bot, method, given)
        except No as refusal:
            return web.json_response(refusal.body, status=refusal.status)
        if method in self.faults.held:
            await self.faults.held[method].wait()
        if self.faults.take(self.faults.lost, method):
            return _silent(request)
        return web.json_response({"ok": True, "result": result})

    async def _asked(self, bot: Bot | None, method: str, given: dict[str, Any]) -> Any:
        if bot is None:
            raise No(401, "Unauthorized")
        if method == "getupdates":
            if bot.webhook:
                raise No(409, _WEBHOOK)
            try:
                return await self.world.updates.get(
                    bot, int(given.get("offset", 0)), int(given.get("limit", 100)), float(given.get("timeout", 0)),
                    given.get("allowed_updates"),
                )  # fmt: skip
            except Conflict:
                raise No(409, _CONFLICT) from None
        if method not in METHODS:
            raise No(404, "Not Found")
        result = METHODS[method](self, bot, given)
        self.world.touched()
        return result

    async def _file(self, request: web.Request) -> web.StreamResponse:
        bot = self.world.state.bot(request.match_info["token"])
        if bot is None:
            return web.json_response(No(401, "Unauthorized").body, status=401)
        found = next((f for f in bot.files.values() if f.path == request.match_info["path"]), None)
        if found is None:
            return web.json_response(No(404, "Not Found").body, status=404)
        return web.Response(body=found.data, content_type="application/octet-stream")


async def _given(request: web.Request) -> dict[str, Any]:
    """Parameters as JSON says them, files as (name, type, bytes)."""
    found: dict[str, Any] = {}
    for key, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            found[key] = (value.filename, value.content_type, await asyncio.to_thread(value.file.read))
        else:
            found[key] = _value(str(value)) if key in _STRUCTURED else str(value)
    return found


_STRUCTURED = {
    "entities", "caption_entities", "reply_parameters", "reaction", "allowed_updates", "media", "reply_markup",
    "message_ids",
}  # fmt: skip


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _silent(request: web.Request) -> web.StreamResponse:
    """The connection ends without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
