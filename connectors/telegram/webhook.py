"""Being called by Telegram with news, in place of asking for it: a call is answered when its update is in the journal.

Until then, and whenever the answer is not one of success, Telegram calls again. It calls for several chats at a time,
but for the next update of a chat only when the one before is answered; so a file of an album is answered for when it is
durable elsewhere (`holding`).

Source: https://core.telegram.org/bots/api#setwebhook, #getwebhookinfo; github.com/tdlib/telegram-bot-api.
"""

import asyncio
import hmac
import json
import math
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bridge.contract import CursorMoved, Event, Live, Refused, Unavailable
from bridge.contract.workspace import Call, Reply
from connectors.telegram import errors, fields
from connectors.telegram.api import Api
from connectors.telegram.holding import Holding
from connectors.telegram.polling import OLD, Reads

_HEADER = "x-telegram-bot-api-secret-token"
_LARGEST = 1024 * 1024  # bytes of an update; those of Telegram have some thousands
_AT_ONCE = 10  # calls
_SENDING = 20.0  # seconds for a caller to send it
_JOURNAL = 45.0  # seconds until a caller is told to come again; Telegram itself gives up after a minute
_LOOK = 25.0  # seconds between looks whether it still calls us


@dataclass(eq=False, slots=True)
class _Called:
    raw: Any
    durable: "asyncio.Future[bool]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def answer(self, durable: bool = True) -> None:
        if not self.durable.done():
            self.durable.set_result(durable)


class Webhook:
    """For one session."""

    def __init__(self, api: Api, reader: Reads, holding: Holding, since: float, look: float = _LOOK) -> None:
        """`since`: when the bot became an account here; what was said to it before is not told. `look`: seconds."""
        self.url = ""  # where Telegram is to call
        self._api = api
        self._reader = reader
        self._holding = holding
        self._since = since
        self._look = look
        self._heard = 0.0  # when something came last, or we looked
        self._secret = secrets.token_urlsafe(32)  # only this session's calls are answered
        self._name = secrets.token_hex(8)
        self._calls: asyncio.Queue[_Called] = asyncio.Queue(2 * _AT_ONCE)
        self._waiting: set[_Called] = set()
        self._owed: dict[int, Callable[[], None]] = {}  # what is to be done when a cursor is durable
        self._open = False

    async def answer(self, call: Call) -> Reply:
        """Nothing is read of who does not know the secret."""
        given = call.headers.get(_HEADER)
        if given is None:
            return Reply(401)
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._secret.encode()):
            return Reply(403)
        if call.method != "POST":
            return Reply(405)
        if not self._open or self._calls.full():
            return Reply(503)
        try:
            async with asyncio.timeout(_SENDING):
                body = await call.body(_LARGEST)
        except TimeoutError:
            return Reply(408)
        if body is None:
            return Reply(413)
        return await self._taken(_Called(_decoded(body)))

    async def events(self, cursor: str | None) -> AsyncIterator[Event]:
        """See the contract. Without a cursor nothing is told that was said before `since`."""
        await self._holding.load(time.monotonic())
        self._open = True
        try:
            await self._set()
            number, since = 0, -math.inf if cursor is not None else self._since
            yield CursorMoved(f"{self._name}-{number}")
            yield Live()
            self._heard = time.monotonic()
            while True:
                for updates, then in await self._next():
                    for event in await self._reader.read(*updates, since=since):
                        if not (isinstance(event, OLD) and event.at < since):
                            yield event
                    number += 1
                    self._owed[number] = then
                    yield CursorMoved(f"{self._name}-{number}")
                await self._holding.tidy()
        finally:
            self._open = False
            for called in self._waiting:
                called.answer(durable=False)

    def journaled(self, cursor: str) -> None:
        name, _, number = cursor.partition("-")
        if name != self._name or not number.isdigit():
            return
        for one in [known for known in self._owed if known <= int(number)]:
            self._owed.pop(one)()

    async def _taken(self, called: _Called) -> Reply:
        self._waiting.add(called)
        try:
            self._calls.put_nowait(called)
            async with asyncio.timeout(_JOURNAL):
                durable = await called.durable
        except (TimeoutError, asyncio.QueueFull):
            return Reply(503)
        finally:
            self._waiting.discard(called)
        return Reply() if durable else Reply(503)

    async def _next(self) -> list[tuple[Sequence[Any], Callable[[], None]]]:
        """What is to be read now, an update or those of an album; and what to do when it is durable."""
        called = await self._call()
        kept = called is not None and await self._holding.keep(called.raw, time.monotonic())
        if called is not None and kept:
            called.answer()
        found: list[tuple[Sequence[Any], Callable[[], None]]] = [
            (album.updates, partial(self._holding.journaled, album)) for album in self._holding.ripe(time.monotonic())
        ]
        return found if called is None or kept else [*found, ([called.raw], called.answer)]

    async def _call(self) -> _Called | None:
        """The next call; None when there may be something else to do. Looks now and then whether Telegram still calls
        us."""
        left = self._heard + self._look - time.monotonic()
        if left <= 0:
            url = fields.mapping(await self._api.ask("getWebhookInfo")).get("url")
            if url != self.url:
                raise Unavailable(errors.WEBHOOK if url else errors.RIVAL, lasting=True)
            self._heard, left = time.monotonic(), self._look
        with suppress(TimeoutError):
            async with asyncio.timeout(min(left, self._holding.due(time.monotonic()))):
                called = await self._calls.get()
                self._heard = time.monotonic()
                return called
        return None

    async def _set(self) -> None:
        given = {
            "url": self.url, "secret_token": self._secret, "allowed_updates": list(self._reader.allowed),
            "max_connections": _AT_ONCE,
        }  # fmt: skip
        try:
            await self._api.ask("setWebhook", given)  # the same once more changes nothing
        except Refused as refusal:
            text = f"Telegram does not want to call {self.url}. {refusal.text}"
            raise Unavailable(text, lasting=True) from refusal


def _decoded(body: bytes) -> Any:
    """What makes no sense is a text, and so no update: it becomes a dead letter, and does not come again."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
