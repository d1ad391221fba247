"""Who is connected: the operator's bot, and the guests whose sessions go through it. One for each network."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from bridge.contract import Event, Unavailable
from connectors.telegram.operator.bot import Bot

_WAIT = 20.0  # seconds for the bot, or for a guest, to be connected
_ALONE = "The gateway's bot is not connected."
_AGAIN = "A user's account has ended while something was passed to it."


class Passenger(Protocol):
    """The session of a guest."""

    @property
    def behind(self) -> bool:
        """Whether it has been given something that is not durable yet."""
        ...

    def give(self, *events: Event) -> None: ...

    def live(self) -> None:
        """The bot has caught up."""
        ...

    def end(self, why: Unavailable) -> None: ...


class Lobby:
    def __init__(self) -> None:
        self.error = ""  # why the bot is not connected, for people
        self._moved = asyncio.Event()
        self._bot: Bot | None = None
        self.live = False  # the bot has caught up
        self._lost = False  # a guest has left, and what it was given may not be durable
        self._guests: dict[str, Passenger] = {}
        self._missing: set[str] = set()  # who was waited for in vain

    def here(self) -> Bot:
        """The bot. Raises `Unavailable`."""
        if self._bot is None:
            raise Unavailable(self.error or _ALONE)
        return self._bot

    async def bot(self) -> Bot:
        """The same, when it is connected. Raises `Unavailable` when that takes long."""
        await self._until(lambda: self._bot is not None)
        return self.here()

    async def guest(self, user: str) -> Passenger | None:
        """The session of a guest; None if it is not connected, also after a while."""
        if user not in self._guests and user not in self._missing:
            await self._until(lambda: user in self._guests)
        found = self._guests.get(user)
        if found is None:
            self._missing.add(user)
        return found

    @contextmanager
    def opened(self, bot: Bot) -> Iterator[None]:
        """The bot is connected in this."""
        self._bot, self.live, self._lost, self.error = bot, False, False, ""
        self._missing.clear()
        self.notify()
        try:
            yield
        finally:
            self._bot = None
            for guest in list(self._guests.values()):
                guest.end(Unavailable(self.error or _ALONE))

    @contextmanager
    def entered(self, user: str, guest: Passenger) -> Iterator[None]:
        """A guest is connected in this."""
        self._guests[user] = guest
        self._missing.discard(user)
        self.notify()
        try:
            yield
        finally:
            self._lost = self._lost or guest.behind
            if self._guests.get(user) is guest:
                del self._guests[user]
            self.notify()

    def caught_up(self) -> None:
        """The bot has."""
        self.live = True
        for guest in self._guests.values():
            guest.live()

    async def settled(self) -> None:
        """Return when everything that guests were given is durable. Raises `Unavailable` when it may never be: then
        Telegram is to say it again."""
        while self._lost or any(guest.behind for guest in self._guests.values()):
            if self._lost:
                self._lost = False
                raise Unavailable(_AGAIN, retry_after=0.1)
            await self._moved.wait()

    def notify(self) -> None:
        """Something of this has changed."""
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def _until(self, so: Callable[[], bool]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_WAIT):
                while not so():
                    await self._moved.wait()
