"""Rooms that our own user is asked into: it comes, so that people can have it where they want it.

Who asks for more than a few in a minute is told no, by our leaving at once: then people can ask again, and nobody has
us join thousands of rooms. Invitations are noted before the homeserver is told that we have heard of them. A few are
answered at once, so that a room that cannot be reached holds up nobody else.
Source: client-server API #post_matrixclientv3joinroomidoralias.
"""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field

from bridge.contract import ChatId, Clock, ConnectorError, Join, Leave, Unavailable, Unconfirmed
from connectors.matrix import moving
from connectors.matrix.api import Api
from connectors.matrix.notes import Notes

_AT_MOST, _WITHIN = 10, 60.0  # invitations of one person that are accepted, in seconds
_AT_ONCE = 4
_TRIES, _PAUSE = 5, 2.0


@dataclass(slots=True)
class Doors:
    """For one session. `run` is a task; `waiting` keeps what is not answered: by room, who invites."""

    api: Api
    waiting: Notes
    clock: Clock
    log: logging.Logger
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _came: "dict[str, deque[float]]" = field(default_factory=dict)  # by who invites
    _few: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def asked(self, room: str, by: str) -> None:
        """Our user is invited; that is durable when this returns."""
        if not await self.waiting.put(room, by):
            self.log.warning("too many invitations; one is left open room=%s", room)
        self._news.set()

    async def run(self) -> None:
        """Ends only by being cancelled."""
        answering: dict[str, asyncio.Task[None]] = {}
        try:
            while True:
                for room, by in self.waiting.all().items():
                    if room not in answering:
                        task = asyncio.create_task(self._settle(room, by), name=f"invitation into {room}")
                        answering[room] = task
                        task.add_done_callback(lambda done, room=room: answering.pop(room))  # type: ignore[misc]
                await self._news.wait()
                self._news.clear()
        finally:
            for task in answering.values():
                task.cancel()
            await asyncio.gather(*answering.values(), return_exceptions=True)

    async def _settle(self, room: str, by: str) -> None:
        try:
            async with self._few:
                await self._answer(room, by)
        except ConnectorError as error:
            self.log.warning("an invitation could not be answered room=%s reason=%s", room, error.text)
        except Exception:
            self.log.exception("an invitation broke room=%s", room)
        await self.waiting.drop(room)

    async def _answer(self, room: str, by: str) -> None:
        """Raises the four errors."""
        if self._too_many(by):
            self.log.warning("too many invitations by one person; declined room=%s by=%s", room, by)
            await moving.leave(self.api, Leave(chat=ChatId(room), key="-"))
            return
        for number in range(1, _TRIES + 1):
            try:
                await moving.join(self.api, Join(chat=ChatId(room), key="-"))
            except (Unavailable, Unconfirmed):
                if number == _TRIES:
                    raise
                await asyncio.sleep(_PAUSE * 2 ** (number - 1))
            else:
                return

    def _too_many(self, by: str) -> bool:
        since = self.clock.time() - _WITHIN
        self._came = {who: times for who, times in self._came.items() if times[-1] > since}
        times = self._came.get(by, deque(maxlen=_AT_MOST))
        if len(times) == _AT_MOST and times[0] > since:
            return True
        times.append(self.clock.time())
        self._came[by] = times
        return False
