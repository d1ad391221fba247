"""Speaking in rooms, as whoever it is.

Source: client-server API #put_matrixclientv3roomsroomidsendeventtypetxnid; application service API
#timestamp-massaging.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.contract import (
    Action,
    Clock,
    Edit,
    LoggedOut,
    MarkRead,
    React,
    Reason,
    Receipt,
    Refused,
    Retract,
    Send,
    SetTyping,
)
from connectors.matrix import changing, signs, speaking, unread
from connectors.matrix.api import Api, path
from connectors.matrix.errors import Locked
from connectors.matrix.events import BRIDGED
from connectors.matrix.groups import Groups
from connectors.matrix.relay import mentions
from connectors.matrix.relay.attendance import Attendance
from connectors.matrix.relay.faces import Face, Faces, closed, whole
from connectors.matrix.relay.faces import speaking as as_user


@dataclass(frozen=True, slots=True)
class Voice:
    """For one session. `me` is our own user, who speaks where it is for nobody."""

    api: Api
    me: Face
    faces: Faces
    attendance: Attendance
    groups: Groups
    clock: Clock

    async def perform(self, action: Action) -> Receipt:
        """Raises the four errors. What the homeserver's admin does to one user of ours is no matter of the others'."""
        try:
            return await self._perform(action)
        except (LoggedOut, Locked) as error:
            if action.persona is None:
                raise
            raise Refused(closed(whole(action.persona)), Reason.FORBIDDEN) from error

    async def _perform(self, action: Action) -> Receipt:
        try:
            return await DOINGS[type(action)](self, action)
        except Refused:
            if not await self._mislaid(action):
                raise
        return await DOINGS[type(action)](self, action)

    async def _mislaid(self, action: Action) -> bool:
        """Whether the homeserver has lost who was to do something, or that they are in the room: what a restored
        backup does. Then they are made, or come in, again. Raises `Unavailable`, `Unconfirmed`."""
        if action.persona is None:
            return False
        face = await self.faces.of(action.persona)
        lost = await self.faces.lost(face) or await self.attendance.mislaid(face, action.chat)
        if lost:
            self.attendance.doubt(face, action.chat)
        return lost

    async def _as(self, action: Action) -> tuple[Api, Face]:
        """Who does it: there, called as they are, and in the room."""
        face = self.me if action.persona is None else await self.faces.of(action.persona)
        if face is not self.me:
            await self.attendance.enter(face, action.chat)
        return as_user(self.api, face), face

    async def _say(self, action: Send | Edit) -> Receipt:
        if (await self.groups.facts(action.chat)).encrypted:
            raise Refused(unread.REFUSAL, Reason.NOT_ACCEPTABLE)
        api, face = await self._as(action)
        if action.maybe_done:
            lasts = face.device and speaking.lasting(action, self.clock.time())
            found = None if lasts else await speaking.found(api, action.chat, face.user, action.key)
            if found is not None:
                return Receipt((found,))
        content = {**speaking.content(mentions.saying(action, self.faces.registration)), BRIDGED: True}
        where = path("rooms", action.chat, "send", speaking.kind(content), action.key)
        late = {} if action.at is None else {"ts": str(int(action.at * 1000))}
        try:
            return Receipt((speaking.sent(await api.put(where, content, late)),))
        except Refused as refusal:
            if refusal.reason is Reason.FORBIDDEN:
                self.attendance.doubt(face, action.chat)
            raise

    async def _retract(self, action: Retract) -> Receipt:
        """Who keeps order does it by our own user's right."""
        api = self.api if action.moderator else (await self._as(action))[0]
        return await changing.retract(api, action, bridged=True)

    async def _react(self, action: React) -> Receipt:
        api, face = await self._as(action)
        return await changing.react(api, face.user, action, bridged=True)

    async def _type(self, action: SetTyping) -> Receipt:
        """Nobody comes into a room only to be seen writing."""
        face = self.me if action.persona is None else await self.faces.of(action.persona)
        if face is self.me or self.attendance.there(face, action.chat):
            await signs.show_typing(as_user(self.api, face), face.user, action)
        return Receipt()

    async def _mark(self, action: MarkRead) -> Receipt:
        face = self.me if action.persona is None else await self.faces.of(action.persona)
        if face is self.me or self.attendance.there(face, action.chat):
            await signs.show_read(as_user(self.api, face), action, private=action.private)
        return Receipt()


DOINGS: Mapping[type[Action], Callable[[Voice, Any], Awaitable[Receipt]]] = {
    Send: Voice._say,
    Edit: Voice._say,
    Retract: Voice._retract,
    React: Voice._react,
    SetTyping: Voice._type,
    MarkRead: Voice._mark,
}
