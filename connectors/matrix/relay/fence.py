"""Knowing when the homeserver has sent all that it had for us: it sends in order, so what we do now comes last.

We do it in a room of our own, where nobody else is. Source: application service API #pushing-events; client-server API
#put_matrixclientv3roomsroomidstateeventtypestatekey.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.contract import Memory, Reason, Refused
from connectors.matrix import fields
from connectors.matrix.api import Api, path

_KIND = "org.landbridge.fence"
_ROOM = "fence"


@dataclass(slots=True)
class Fence:
    """For one session."""

    api: Api
    memory: Memory
    _mark: str = ""

    async def put(self) -> None:
        """Raises the four errors."""
        self._mark = uuid.uuid4().hex
        room = await self.memory.get(_ROOM)
        try:
            await self._put(room or await self._make())
        except Refused as refusal:
            if room is None or refusal.reason not in (Reason.FORBIDDEN, Reason.NOT_FOUND):
                raise
            await self._put(await self._make())

    def passed(self, events: Sequence[object]) -> bool:
        """Whether what was put is among these."""
        return any(
            is_one(raw) and fields.mapping(fields.mapping(raw).get("content")).get("mark") == self._mark
            for raw in events
        )

    async def _put(self, room: str) -> None:
        await self.api.put(path("rooms", room, "state", _KIND, ""), {"mark": self._mark})

    async def _make(self) -> str:
        wish = {"preset": "private_chat", "name": "Landbridge", "creation_content": {"type": _KIND}}
        room = fields.room_id((await self.api.post(path("createRoom"), wish)).get("room_id"))
        if room is None:
            raise Refused("The homeserver made no room for the gateway itself.", Reason.SERVICE)
        await self.memory.put(_ROOM, room)
        return room


def is_one(raw: object) -> bool:
    """Whether that is all that an event is."""
    return fields.mapping(raw).get("type") == _KIND
