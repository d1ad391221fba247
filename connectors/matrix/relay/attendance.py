"""Who of ours is in which room: asked once, then as the homeserver tells; and coming in, when that is first needed.

Who was removed by somebody of the room stays out, also after a restart, until they are invited again or the ban is
lifted. Source: client-server API #get_matrixclientv3roomsroomidjoined_members, #post_matrixclientv3roomsroomidjoin,
#post_matrixclientv3roomsroomidinvite.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from bridge.contract import Reason, Refused
from connectors.matrix import errors, fields
from connectors.matrix.api import Api, path
from connectors.matrix.events import Member
from connectors.matrix.notes import Notes
from connectors.matrix.relay.faces import Face, banned, speaking
from connectors.matrix.relay.registration import Registration

_KEPT = 5_000  # rooms
_LARGEST = 64 * 1024 * 1024  # bytes of a room's members
_SECONDS = 60.0
_OUT = (Reason.FORBIDDEN, Reason.NOT_FOUND)


@dataclass(slots=True)
class Attendance:
    """For one session. `removed` remembers who was removed, by user and room."""

    api: Api
    registration: Registration
    removed: Notes
    _rooms: "OrderedDict[str, set[str] | None]" = field(default_factory=OrderedDict)  # None: we are not in it

    async def here(self, room: str) -> bool:
        """Whether our own user is in a room. Raises `Unavailable`, `Refused` for a room that cannot be asked about."""
        return await self._ours(room) is not None

    def there(self, face: Face, room: str) -> bool:
        """Whether somebody is known to be in it."""
        return face.user in (self._rooms.get(room) or ())

    async def enter(self, face: Face, room: str) -> None:
        """Have somebody be in a room that we are in. Raises the four errors."""
        present = await self._ours(room)
        if present is None:
            text = "The gateway is not in the Matrix room any more, so it cannot speak there."
            raise Refused(text, Reason.NOT_ALLOWED)
        if face.user in present:
            return
        if self.removed.get(_name(face.user, room)) is not None:
            raise banned(face.name)
        try:
            await self._join(face, room)
        except Refused as refusal:
            if refusal.reason not in _OUT:
                raise
            await self._invite(face, room)
            await self._join(face, room)
        present.add(face.user)

    def forget(self, room: str) -> None:
        """It is to be asked anew."""
        self._rooms.pop(room, None)

    async def note(self, room: str, member: Member) -> None:
        """What has become of one of ours; durable when this returns."""
        if member.user == self.registration.me:
            if member.membership == "join":
                if self._rooms.get(room, ()) is None:
                    self.forget(room)
            elif member.membership in ("leave", "ban"):
                self._keep(room, None)
            return
        present = self._rooms.get(room)
        if member.membership == "join":
            if present is not None:
                present.add(member.user)
            return
        if present is not None:
            present.discard(member.user)
        by_others = member.by is not None and not self.registration.ours(member.by)
        name = _name(member.user, room)
        if member.membership == "ban" or (
            member.membership == "leave" and by_others and self.removed.get(name) is None
        ):
            await self.removed.keep(name, member.membership)
        elif self.removed.get(name) is not None and by_others:
            await self.removed.drop(name)  # invited again, or not banned any more

    async def _ours(self, room: str) -> set[str] | None:
        if room in self._rooms:
            self._rooms.move_to_end(room)
            return self._rooms[room]
        where = path("rooms", room, "joined_members")
        answer = await self.api.ask("GET", where, seconds=_SECONDS, largest=_LARGEST)
        if answer.status in (403, 404):
            return self._keep(room, None)
        joined = fields.mapping(errors.read(answer, changes=False).get("joined"))
        here = self.registration.me in joined
        return self._keep(room, {user for user in joined if self.registration.ours(user)} if here else None)

    def _keep(self, room: str, present: set[str] | None) -> set[str] | None:
        self._rooms[room] = present
        self._rooms.move_to_end(room)
        if len(self._rooms) > _KEPT:
            self._rooms.popitem(last=False)
        return present

    async def _join(self, face: Face, room: str) -> None:
        await speaking(self.api, face).post(path("rooms", room, "join"), {}, seconds=_SECONDS)

    async def _invite(self, face: Face, room: str) -> None:
        try:
            await self.api.post(path("rooms", room, "invite"), {"user_id": face.user})
        except Refused as refusal:
            text = (
                f"{face.name} cannot come into the Matrix room: the gateway may not invite anybody there, or they are "
                f"banned. {refusal.text}"
            )
            raise Refused(text, refusal.reason) from refusal


def _name(user: str, room: str) -> str:
    return f"{user} {room}"
