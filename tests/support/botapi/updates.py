"""What bots are told, one after the other, until they say that they have it.

Source: https://core.telegram.org/bots/api#getupdates, #update.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Any

from tests.support.botapi.state import Bot

# "all update types except chat_member, message_reaction, and message_reaction_count (default)"
_NEVER_BY_DEFAULT = {"chat_member", "message_reaction", "message_reaction_count"}
_MOST = 100


class Conflict(Exception):
    """Somebody else asks for the same bot."""


class Updates:
    """`grown` is set whenever there is something new for anybody."""

    def __init__(self, touched: Callable[[], None]) -> None:
        self._touched = touched
        self.waiting: set[int] = set()  # bots that have everything and wait for more
        self.polls: dict[int, asyncio.Future[None]] = {}  # who waits, by bot
        self.asked = 0
        self._grown = asyncio.Event()

    def push(self, bot: Bot, kind: str, what: Any) -> int:
        """An update, if the bot wants its kind; its number."""
        wanted = kind in bot.allowed if bot.allowed else kind not in _NEVER_BY_DEFAULT
        number = bot.next_update
        if wanted:
            self.push_raw(bot, {"update_id": number, kind: what})
        return number

    def push_raw(self, bot: Bot, update: Any) -> None:
        """Whatever it is; it is counted all the same."""
        bot.queue.append(update)
        bot.next_update += 1
        self._grown.set()

    def renumber(self, bot: Bot, *, lower: bool = True) -> None:
        """ "If there are no new updates for at least a week, then identifier of the next update will be chosen randomly
        instead of sequentially"."""
        bot.next_update = random.randrange(1, bot.next_update) if lower else bot.next_update + 1_000_000

    def interrupt(self) -> None:
        for waiting in self.polls.values():
            if not waiting.done():
                waiting.set_exception(Conflict())

    async def get(self, bot: Bot, offset: int, limit: int, timeout: float, allowed: list[str] | None) -> list[Any]:
        """Raises `Conflict` when another poll of the same bot takes over."""
        self.asked += 1
        if allowed is not None:
            bot.allowed = allowed
        before = self.polls.get(bot.id)
        if before is not None and not before.done():
            before.set_exception(Conflict())
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.polls[bot.id] = mine
        end = asyncio.get_running_loop().time() + timeout
        try:
            while True:
                found = self._waiting(bot, offset)[: min(limit, _MOST)]
                left = end - asyncio.get_running_loop().time()
                if found or left <= 0:
                    return found
                self.waiting.add(bot.id)
                self._touched()
                self._grown.clear()
                grown = asyncio.ensure_future(self._grown.wait())
                await asyncio.wait({grown, mine}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                grown.cancel()
                if mine.done():
                    mine.result()
        finally:
            self.waiting.discard(bot.id)
            if self.polls.get(bot.id) is mine:
                del self.polls[bot.id]
            if not mine.done():
                mine.cancel()
            else:
                mine.exception()

    @staticmethod
    def _waiting(bot: Bot, offset: int) -> list[Any]:
        """An offset behind all that was ever given confirms nothing and gets nothing: numbers have begun anew."""
        if offset < 0:
            bot.queue[:] = bot.queue[offset:]
            return bot.queue
        if offset > bot.next_update:
            return []
        if offset > 0:
            bot.queue[:] = [u for u in bot.queue if not _before(u, offset)]
        return bot.queue


def _before(update: Any, offset: int) -> bool:
    number = update.get("update_id") if isinstance(update, dict) else None
    return not isinstance(number, int) or number < offset
