"""Albums where Telegram calls: files that were answered for, and wait to be read as one message.

Telegram calls with the next update of a chat only when the one before was answered, and an answer says that we have it.
So a file of an album is in the account's memory, durable, when it is answered for; the album is read when there are ten
files, when something else comes from its chat, or when no more has come for a moment. It leaves the memory when it is
in the journal: what a session finds there when it begins, the one before has not read to the end, or not been told so,
and then the hub knows it.

Source: https://core.telegram.org/bots/api#message (`media_group_id`), #setwebhook; github.com/tdlib/telegram-bot-api.
"""

import json
import math
from dataclasses import dataclass, field
from typing import Any

from bridge.contract import Memory
from connectors.telegram.albums import MOST, album_of, chat_of, number_of

_KEY = "albums"
_LARGEST = 60_000  # bytes; a memory's value has 64 KiB
_QUIET = 1.5  # seconds without more, after which there is none: between two calls are the ways to us and back
_TIDY = 0.25  # seconds between looks whether what was read is in the journal


@dataclass(eq=False, slots=True)
class Album:
    """`ripe`: nothing more belongs to it."""

    updates: list[Any] = field(default_factory=list)
    since: float = 0.0  # when the last came
    ripe: bool = False


class Holding:
    """For one session. `load` comes first."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._growing: list[Album] = []
        self._reading: list[Album] = []  # told, and not in the journal yet
        self._stored = ""

    async def load(self, now: float) -> None:
        self._stored = await self._memory.get(_KEY) or ""
        self._growing = [Album(updates, now) for updates in json.loads(self._stored or "[]")]

    async def keep(self, raw: Any, now: float) -> bool:
        """Whether it is a file of an album, and durable here now. What its chat had here before is ripe then, and is to
        be read first."""
        key, chat = album_of(raw), chat_of(raw)
        for one in self._growing:
            one.ripe = one.ripe or (chat_of(one.updates[0]) == chat and album_of(one.updates[0]) != key)
        if key is None or number_of(raw) is None:
            return False
        album = next((one for one in self._growing if not one.ripe and album_of(one.updates[0]) == key), None)
        if album is None:
            album = Album()
            self._growing.append(album)
        if number_of(raw) in map(number_of, album.updates):
            return True  # the answer was lost
        album.updates.append(raw)
        album.since, album.ripe = now, len(album.updates) >= MOST
        if await self._store():
            return True
        album.updates.pop()
        album.ripe = True
        self._growing = [one for one in self._growing if one.updates]
        return False

    def ripe(self, now: float) -> list[Album]:
        """What is to be read now; each is told of once."""
        found = [one for one in self._growing if one.ripe or now - one.since >= _QUIET]
        self._growing = [one for one in self._growing if one not in found]
        self._reading += found
        return found

    def journaled(self, album: Album) -> None:
        """It leaves the memory with the next `tidy`."""
        self._reading.remove(album)

    async def tidy(self) -> None:
        await self._store()

    def due(self, now: float) -> float:
        """Seconds until something may be ripe, or to be tidied."""
        waits = [max(0.0, one.since + _QUIET - now) for one in self._growing]
        return min([*waits, _TIDY]) if self._reading or (self._stored and not waits) else min(waits, default=math.inf)

    async def _store(self) -> bool:
        """False: it is too much."""
        held = [one.updates for one in (*self._reading, *self._growing)]
        try:
            text = json.dumps(held) if held else ""
        except RecursionError:
            return False
        if len(text) > _LARGEST and len(text) > len(self._stored):
            return False
        if text != self._stored:
            await self._memory.put(_KEY, text)
            self._stored = text
        return True
