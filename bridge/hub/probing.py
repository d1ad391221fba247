"""A network in trouble is asked by one lane of an account at a time, however many wait.

One chat may be in trouble alone: then its lane rests by itself and holds up no other. When a second chat fails before
anything has worked, it is the network: from then on the lanes take turns, those first that have not failed yet, with
pauses that grow; the first success lets all go on.
"""

import asyncio
from collections import OrderedDict

from bridge.hub.retry import Backoff

_ALONE = 2  # chats that fail until it is the network
_LONGEST = 120.0  # seconds for a try; then another lane has its turn


class Probes:
    """Of one account. Lanes are named by their chats."""

    def __init__(self) -> None:
        self.why = ""  # the last failure, for people
        self._failed: set[int] = set()  # since the last success
        self._waiting: OrderedDict[int, asyncio.Future[None]] = OrderedDict()
        self._turn: int | None = None  # who may try, or is trying
        self._timer: asyncio.TimerHandle | None = None
        self._backoff = Backoff()

    @property
    def on(self) -> bool:
        return len(self._failed) >= _ALONE

    def may(self, chat: int) -> bool:
        """Whether the lane of `chat` may try now; it does if it may."""
        return not self.on or self._turn == chat

    async def turn(self, chat: int) -> None:
        """Return when it may be its turn. Cancelled when the lane has something else to do."""
        heard = self._waiting[chat] = asyncio.get_running_loop().create_future()
        if self._timer is None:
            self._next()
        try:
            await heard
        finally:
            if self._waiting.get(chat) is heard:
                del self._waiting[chat]

    def failed(self, chat: int, why: str, asked: float | None = None) -> None:
        """The network, or only this chat, is in trouble. `asked`: seconds for which it wants to be left alone."""
        self.why = why
        self._failed.add(chat)
        if self.on and self._turn in (None, chat) and (self._timer is None or asked):
            self._pause(self._backoff.pause(asked=asked))

    def landed(self, chat: int) -> None:
        """A try has ended; it may have told nothing."""
        if self._turn == chat:
            self._pause(self._backoff.pause())

    def succeeded(self) -> None:
        """The network has taken something."""
        if not self._failed:
            return
        self._failed.clear()
        self._backoff.reset()
        self._turn = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for heard in self._waiting.values():
            if not heard.done():
                heard.set_result(None)

    def _pause(self, seconds: float) -> None:
        self._turn = None
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._next)

    def _next(self) -> None:
        """Somebody else may try; if nobody waits, the next who comes."""
        self._timer = None
        waiting = [chat for chat, heard in self._waiting.items() if not heard.done()]
        self._turn = next((chat for chat in waiting if chat not in self._failed), waiting[0] if waiting else None)
        if self._turn is not None:
            self._waiting.pop(self._turn).set_result(None)
            self._timer = asyncio.get_running_loop().call_later(_LONGEST, self._next)
