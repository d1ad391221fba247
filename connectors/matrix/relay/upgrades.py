"""Rooms that are replaced by others (room upgrades): our own user goes along.

A tombstone in a room's state is by somebody who may write it, since homeservers take no other; the new room has to name
the old one as its predecessor, which only who made it could write. Coming in may take minutes, as another homeserver
has to be asked, so nothing waits long for it (`doors`): that we came later tells what it was for. Where we may not come
in yet, we look again when we are asked into it. Rooms that are not linked are not followed: whoever can ask us into one
of their own would send us anywhere.
Source: client-server API #room-upgrades, #mroomtombstone, #mroomcreate.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bridge.contract import ChatId, ChatMoved, Refused, Unconfirmed
from connectors.matrix import fields
from connectors.matrix.api import Api, path
from connectors.matrix.groups import Groups
from connectors.matrix.relay.attendance import Attendance
from connectors.matrix.relay.doors import Doors

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Upgrades:
    """For one session."""

    api: Api
    groups: Groups
    attendance: Attendance
    doors: Doors
    linked: Callable[[ChatId], Awaitable[bool]]
    log: logging.Logger
    soon: float = 3.0
    """Seconds in which most rooms are come into; nothing waits longer for it."""

    async def of(self, room: str, happened: Sequence[object], *, came: bool) -> list[ChatMoved]:
        """What has happened in a room that we are in tells that it is replaced, or, as we `came`, that it replaces one.
        Raises `Unavailable`, `LoggedOut`."""
        try:
            if came:
                before = (await self._patiently(room, lambda: self.groups.facts(room))).predecessor
                return await self._moved(before, room) if before and await self.linked(ChatId(before)) else []
            for raw in happened:
                event = fields.mapping(raw)
                if event.get("type") == "m.room.tombstone" and event.get("state_key") == "":
                    return await self._replaced(room, event)
        except (Refused, Unconfirmed) as error:
            self.log.info("a room that replaces another is not entered yet room=%s reason=%s", room, error.text)
        return []

    async def _replaced(self, room: str, tombstone: Mapping[str, object]) -> list[ChatMoved]:
        new = fields.room_id(fields.mapping(tombstone.get("content")).get("replacement_room"))
        server = fields.string(tombstone.get("sender")).partition(":")[2]
        if new is None or new == room or not await self.linked(ChatId(room)):
            return []
        if await self._is_here(new):
            return await self._moved(room, new)
        await self.doors.follow(new, server, self.soon)
        self.attendance.forget(new)
        return await self._moved(room, new) if await self._is_here(new) else []

    async def _is_here(self, room: str) -> bool:
        return await self._patiently(room, lambda: self.attendance.here(room))

    async def _moved(self, old: str, new: str) -> list[ChatMoved]:
        """If each names the other."""
        where = path("rooms", old, "state", "m.room.tombstone")
        there = await self._patiently(old, lambda: self.api.get(where))
        named = (await self._patiently(new, lambda: self.groups.facts(new))).predecessor
        if there.get("replacement_room") != new or named != old:
            self.log.warning("a room says that it is replaced, and the other does not room=%s by=%s", old, new)
            return []
        return [ChatMoved(chat=ChatId(old), to=ChatId(new))]

    async def _patiently(self, room: str, question: Callable[[], Awaitable[T]]) -> T:
        """As `Patience.ask`: a room that cannot be read holds up the others no longer than its news would."""
        return await self.groups.patience.ask(room, question)
