"""What is remembered of one room over a restart: how far it was heard, and who of ours is in.

How far it was heard counts once everything up to there is in the journal (`CursorMoved`).
"""

import asyncio
import json
import logging
import time

from bridge.contract import ChatId, CursorMoved
from bridge.xmpp.joined.grounds import Grounds, Heard
from bridge.xmpp.joined.people import OurPeople

log = logging.getLogger(__name__)
_CURSOR = 0.3  # seconds in which what was heard gathers until it is noted how far that was


class Remembering:
    """Of one room."""

    def __init__(self, room: ChatId, grounds: Grounds, people: OurPeople, heard: Heard) -> None:
        self._room = room
        self._grounds = grounds
        self._people = people
        self._heard = heard
        self.secret = False  # a password was known with which it is entered; itself it is not kept
        self._loaded = False
        self._noting: asyncio.TimerHandle | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._durable = ("", 0.0, 0)  # how far what was heard is in the journal

    @property
    def _key(self) -> str:
        return f"room {self._room}"

    async def load(self) -> None:
        """What the last process has left, once."""
        if self._loaded:
            return
        found = await self._grounds.memory.get(self._key)
        if found:
            kept = json.loads(found)
            self._heard.naming.read(kept.get("number", 0), kept.get("tail", ()))
            self.begin(kept["last"], min(kept["at"], time.time()))
            self.secret = kept.get("secret", False)
            self._people.read_former(kept.get("former", ()))
            ours = kept["ours"]
            self._people.read(json.loads(ours) if isinstance(ours, str) else ours)  # a text: as it was written first
        self._loaded = True

    def begin(self, last: str, at: float) -> None:
        """It is heard from here on."""
        self._heard.last, self._heard.at = last, at
        self._durable = (last, at, self._heard.naming.number)

    async def now(self) -> None:
        last, at, number = self._durable
        kept = {
            "last": last, "at": at, "number": number, "tail": self._heard.naming.kept(number),
            "ours": self._people.written(), "former": self._people.written_former(), "secret": self.secret,
        }  # fmt: skip
        await self._grounds.memory.put(self._key, json.dumps(kept, ensure_ascii=False))

    def changed(self) -> None:
        """Who of us is in has changed."""
        self.heard(self._heard.last, self._heard.at)

    def heard(self, last: str, at: float) -> None:
        """Everything up to `last`, which the room calls so, has been reported."""
        self._heard.last, self._heard.at = last, max(min(at, time.time()), self._heard.at)
        if self._noting is None:
            self._noting = asyncio.get_running_loop().call_later(_CURSOR, self._report)

    def _report(self) -> None:
        self._noting = None
        heard = self._heard
        self._grounds.offer(CursorMoved(f"{self._room} {heard.at:.3f} {heard.naming.number} {heard.last}"))

    def journaled(self, at: float, number: int, last: str) -> None:
        """Everything up to there is durable."""
        self._durable = (last, at, number)
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self.kept())

    async def kept(self) -> None:
        """Return when it is."""
        try:
            await self.now()
        except Exception:  # it is kept with what is heard next
            log.exception("what was heard in a room is not kept room=%s", self._room)

    async def close(self) -> None:
        if self._noting is not None:
            self._noting.cancel()
        if self._keeping is not None:
            await asyncio.gather(self._keeping, return_exceptions=True)

    async def forget(self) -> None:
        """The room was left for good."""
        await self.close()
        await self._grounds.memory.put(self._key, "")
