"""Asking Telegram for news: an update is confirmed to it when it is durable here, not before.

`getUpdates` with an offset confirms all updates below it (https://core.telegram.org/bots/api#getupdates), so the next
poll waits until the journal has what the last one brought. What was read and not confirmed comes again, under the same
ids, and the hub knows it. So it is with an album of which more may come (`albums`).
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from bridge.contract import (
    CursorMoved,
    Event,
    Live,
    MessageEdited,
    MessageReceived,
    ReactionsChanged,
    Refused,
    Unavailable,
)
from connectors.telegram import fields
from connectors.telegram.albums import LOOK, Albums
from connectors.telegram.api import Api
from connectors.telegram.holding import Holding

_WAIT = 50  # seconds for which Telegram holds an answer back while there is no news
_LOST = 10.0  # seconds more until we take the connection for dead
_MOST = 100  # updates of one answer
_LOOK = 3_600.0  # seconds of silence until we ask whether there really is nothing
OLD = (MessageReceived, MessageEdited, ReactionsChanged)


class Reads(Protocol):
    """What makes events of updates: a `Reader`, or what stands before one."""

    @property
    def allowed(self) -> Sequence[str]:
        """The kinds of updates that are to come."""
        ...

    async def read(self, *updates: object, since: float = -math.inf) -> Sequence[Event]:
        """The events of an update, or of those that make an album. What was said before `since` does nothing."""
        ...


class Polling:
    """For one session."""

    def __init__(self, api: Api, reader: Reads, holding: Holding, since: float) -> None:
        """`since`: when the bot became an account here; what was said to it before is not told. `holding`: albums that
        Telegram has called us with before we asked."""
        self._api = api
        self._since = since
        self._reader = reader
        self._holding = holding
        self._albums = Albums()
        self._journaled = ""
        self._moved = asyncio.Event()

    def journaled(self, cursor: str) -> None:
        self._journaled = cursor
        self._moved.set()

    async def events(self, cursor: str | None) -> AsyncIterator[Event]:
        """See the contract. Without a cursor, of what was said before `since` only the chats are told."""
        offset, live, heard = _number(cursor), False, time.monotonic()
        await self._holding.load(heard)
        left = self._holding.ripe(math.inf)
        for album in left:
            for event in await self._reader.read(*album.updates):
                yield event
        if left:
            yield CursorMoved(str(offset))
            await self._until_journaled(str(offset))
            for album in left:
                self._holding.journaled(album)
            await self._holding.tidy()
        if await self._renumbered(offset):
            offset = 0
        while True:
            batch = await self._poll(offset, _WAIT if live else 0)
            if batch:
                heard = time.monotonic()
                ripe, waiting = self._albums.sorted(batch, heard)
                since = -math.inf if live or cursor is not None else self._since
                for one in ripe:
                    for event in await self._reader.read(*one, since=since):
                        if not (isinstance(event, OLD) and event.at < since):
                            yield event
                before, offset = offset, _after(batch, offset) if waiting is None else waiting
                if waiting is None or offset > before:
                    yield CursorMoved(str(offset))
                    await self._until_journaled(str(offset))
                if waiting is not None:
                    await asyncio.sleep(LOOK)  # it comes again with the next poll, with what belongs to it
            elif not live:
                live = True
                yield CursorMoved(str(offset))
                yield Live()
            elif time.monotonic() - heard > _LOOK:
                heard = time.monotonic()
                offset = 0 if await self._renumbered(offset) else offset

    async def _poll(self, offset: int, wait: int) -> Sequence[Any]:
        try:
            found = await self._api.ask(
                "getUpdates",
                {"offset": offset, "limit": _MOST, "timeout": wait, "allowed_updates": list(self._reader.allowed)},
                wait + _LOST,
            )
        except Refused as refusal:
            raise Unavailable(refusal.text, lasting=True) from refusal
        except Unavailable as error:
            raise Unavailable(error.text, retry_after=error.retry_after, lasting=error.lasting) from error
        return fields.listed(found)

    async def _renumbered(self, offset: int) -> bool:
        """Whether something waits that this offset does not find: after a week without updates Telegram counts anew
        from anywhere (#update, `update_id`)."""
        if not offset:
            return False
        if await self._poll(offset, 0):
            return False  # it comes with the next poll, since nothing has confirmed it
        waiting = fields.mapping(await self._api.ask("getWebhookInfo")).get("pending_update_count")
        return (fields.positive(waiting) or 0) > 0 and not await self._poll(offset, 0)

    async def _until_journaled(self, cursor: str) -> None:
        while self._journaled != cursor:
            self._moved.clear()
            await self._moved.wait()


def _number(cursor: str | None) -> int:
    return int(cursor) if cursor is not None and cursor.isascii() and cursor.isdigit() else 0


def _after(batch: Sequence[Any], offset: int) -> int:
    """What confirms the batch. Telegram gives updates in the order of their numbers; one that has none is passed with
    the others."""
    numbers = [n for one in batch if (n := fields.integer(fields.mapping(one).get("update_id"))) is not None]
    return max(numbers) + 1 if numbers else offset + 1
