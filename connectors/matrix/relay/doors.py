"""Rooms that our own user is asked into: it comes, so that people can have it where they want it.

Who asks for more than a few in a minute is told no, by our leaving at once: then people can ask again, and nobody has
us join thousands of rooms. Invitations are noted before the homeserver is told that we have heard of them.
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

_AT_MOST, _WITHIN = 10, 60.0  # invitations that are accepted, in seconds
_TRIES, _PAUSE = 5, 2.0


@dataclass(slots=True)
class Doors:
    """For one session. `run` is a task; `waiting` keeps what is not answered, by room."""

    api: Api
    waiting: Notes
    clock: Clock
    log: logging.Logger
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _came: "deque[float]" = field(default_factory=deque)

    async def asked(self, room: str) -> None:
        """Our user is invited; that is durable when this returns."""
        if not await self.waiting.put(room, "invited"):
            self.log.warning("too many invitations; one is left open room=%s", room)
        self._news.set()

    async def run(self) -> None:
        """Ends only by being cancelled."""
        while True:
            for room in self.waiting.all():
                try:
                    await self._answer(room)
                except ConnectorError as error:
                    self.log.info("an invitation could not be answered room=%s reason=%s", room, error.text)
                await self.waiting.drop(room)
            await self._news.wait()
            self._news.clear()

    async def _answer(self, room: str) -> None:
        now = self.clock.time()
        while self._came and self._came[0] <= now - _WITHIN:
            self._came.popleft()
        if len(self._came) >= _AT_MOST:
            await moving.leave(self.api, Leave(chat=ChatId(room), key="-"))
            return
        self._came.append(now)
        for number in range(_TRIES):
            try:
                await moving.join(self.api, Join(chat=ChatId(room), key="-"))
            except (Unavailable, Unconfirmed):
                await asyncio.sleep(_PAUSE * 2**number)
            else:
                return
