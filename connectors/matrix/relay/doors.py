"""Rooms that our own user is asked into, or that replace one that is linked: it comes, so that people can have it where
they want it.

Who asks for more than a few in a minute is told no, by our leaving at once: then people can ask again, and nobody has
us join thousands of rooms. Invitations are noted before the homeserver is told that we have heard of them; those that
are declined are not, so after a crash they stay open. A few are answered at once, so that a room that cannot be
reached holds up nobody else. What replaces another room is tried for again at the next start, if its homeserver could
not be reached.
Source: client-server API #post_matrixclientv3joinroomidoralias.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote

from bridge.contract import ChatId, Clock, ConnectorError, Join, Leave, Unavailable, Unconfirmed
from connectors.matrix import moving
from connectors.matrix.api import Api
from connectors.matrix.callers import Callers
from connectors.matrix.notes import Notes

_AT_ONCE = 4
_MOST = 10_000  # that are to be declined
_TRIES, _PAUSE = 5, 2.0


@dataclass(slots=True)
class Doors:
    """For one session. `run` is a task; `waiting` keeps what is not answered: by room, who invites, or the server that
    knows a room which replaces another one."""

    api: Api
    waiting: Notes
    clock: Clock
    log: logging.Logger
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _callers: Callers = field(default_factory=Callers)
    _declined: dict[str, str] = field(default_factory=dict)  # by room, who invites
    _followed: dict[str, asyncio.Event] = field(default_factory=dict)
    _few: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def asked(self, room: str, by: str) -> None:
        """Our user is invited; that is durable when this returns."""
        if room not in self.waiting.all() and self._callers.too_many(by, self.clock.time()):
            if len(self._declined) < _MOST:
                self._declined[room] = by
            else:
                self.log.warning("too many invitations; one is left open room=%s", room)
        elif not await self.waiting.put(room, by):
            self.log.warning("too many invitations; one is left open room=%s", room)
        self._news.set()

    async def follow(self, room: str, server: str, seconds: float) -> None:
        """A linked room goes on in this one. Return when we have come into it, or may not, or after so long; then that
        is durable, and goes on."""
        if not await self.waiting.put(room, server):
            self.log.warning("too many rooms to come into; one is not followed room=%s", room)
            return
        settled = self._followed.setdefault(room, asyncio.Event())
        self._news.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await settled.wait()

    async def run(self) -> None:
        """Ends only by being cancelled."""
        answering: dict[str, asyncio.Task[None]] = {}
        declining: asyncio.Task[None] | None = None
        try:
            while True:
                for room, by in self.waiting.all().items():
                    if room not in answering:
                        task = asyncio.create_task(self._settle(room, by), name=f"invitation into {room}")
                        answering[room] = task
                        task.add_done_callback(lambda done, room=room: answering.pop(room))  # type: ignore[misc]
                if self._declined and (declining is None or declining.done()):
                    declining = asyncio.create_task(self._decline(), name="invitations that are declined")
                await self._news.wait()
                self._news.clear()
        finally:
            tasks = [*answering.values(), *([declining] if declining is not None else [])]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _settle(self, room: str, by: str) -> None:
        try:
            async with self._few:
                await self._answer(room, by)
        except ConnectorError as error:
            self.log.warning("a room is not entered room=%s reason=%s", room, error.text)
            if not _invites(by) and isinstance(error, Unavailable | Unconfirmed):
                await asyncio.Event().wait()  # until the next start
        except Exception:
            self.log.exception("an invitation broke room=%s", room)
        await self.waiting.drop(room)
        if (settled := self._followed.pop(room, None)) is not None:
            settled.set()

    async def _answer(self, room: str, by: str) -> None:
        """Raises the four errors."""
        where = room if _invites(by) or not by else f"{room}?via={quote(by)}"
        for number in range(1, _TRIES + 1):
            try:
                await moving.join(self.api, Join(chat=ChatId(where), key="-"))
            except (Unavailable, Unconfirmed):
                if number == _TRIES:
                    raise
                await asyncio.sleep(_PAUSE * 2 ** (number - 1))
            else:
                return

    async def _decline(self) -> None:
        """What is to be declined, one after the other; whoever else waits comes in between."""
        while self._declined:
            await asyncio.sleep(0)
            room, by = next(iter(self._declined.items()))
            del self._declined[room]
            self.log.warning("too many invitations by one person; declined room=%s by=%s", room, by)
            try:
                async with self._few:
                    await moving.leave(self.api, Leave(chat=ChatId(room), key="-"))
            except ConnectorError as error:
                self.log.warning("an invitation could not be declined room=%s reason=%s", room, error.text)


def _invites(by: str) -> bool:
    return by.startswith("@")
