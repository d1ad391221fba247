"""Who of ours is in which room: asked once, then as the homeserver tells; and coming in, when that is first needed.

Who was banned by somebody of the room stays out until the ban is lifted; who was removed comes in again when the hub,
which is told of both (`PersonaBarred`), wants something of theirs said there. Source: client-server API
#get_matrixclientv3roomsroomidjoined_members, #post_matrixclientv3roomsroomidjoin,
#post_matrixclientv3roomsroomidinvite.
"""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from bridge.contract import Bar, ChatId, Contact, ContactId, PersonaBarred, Reason, Refused, Scope, Unavailable
from connectors.matrix import errors, fields
from connectors.matrix.api import Api, path
from connectors.matrix.events import Member
from connectors.matrix.notes import Notes
from connectors.matrix.relay.faces import Face, banned, speaking
from connectors.matrix.relay.registration import Registration

_KEPT = 5_000  # rooms
_NOTED = 50  # who were removed from one room: a room that removes whom it makes up does not push out the others'
_AT_ONCE = 500  # members between two turns of the loop
_LARGEST = 64 * 1024 * 1024  # bytes of a room's members
_SECONDS = 60.0
_DAY = 86_400.0
_TAKEN_IN = 60.0  # seconds for the hub to take in that somebody is not wanted; what it wants then is tried
_OUT = (Reason.FORBIDDEN, Reason.NOT_FOUND)


@dataclass(slots=True)
class Attendance:
    """For one session. `removed` remembers who was removed, by user and room."""

    api: Api
    registration: Registration
    removed: Notes
    _fresh: dict[str, float] = field(default_factory=dict)  # when somebody was removed just now
    _rooms: "OrderedDict[str, set[str] | None]" = field(default_factory=OrderedDict)  # None: we are not in it

    async def here(self, room: str) -> bool:
        """Whether our own user is in a room. Raises `Unavailable`, `Refused` for a room that cannot be asked about."""
        return await self._ours(room) is not None

    def there(self, face: Face, room: str) -> bool:
        """Whether somebody is known to be in it."""
        return face.user in (self._rooms.get(room) or ())

    async def brought(self, room: str) -> list[ContactId]:
        """Whom we have brought into a room, without our own user. Raises as `here` does."""
        return sorted(ContactId(user) for user in await self._ours(room) or () if user != self.registration.me)

    async def enter(self, face: Face, room: str) -> None:
        """Have somebody be in a room that we are in. Raises the four errors."""
        present = await self._ours(room)
        if present is None:
            text = "The gateway is not in the Matrix room any more, so it cannot speak there."
            raise Refused(text, Reason.NOT_ALLOWED)
        if face.user in present:
            return
        name = _name(face.user, room)
        if time.monotonic() - self._fresh.get(name, -_TAKEN_IN) < _TAKEN_IN:
            raise Unavailable(f"{face.name} is not wanted in the Matrix room.", scope=Scope.CHAT)
        if self.removed.get(name) == "ban":
            raise banned(face.name)
        try:
            await self._join(face, room)
        except Refused as refusal:
            if refusal.reason not in _OUT:
                raise
            await self._invite(face, room)
            await self._join(face, room)
        present.add(face.user)
        await self.removed.drop(name)

    def forget(self, room: str) -> None:
        """It is to be asked anew."""
        self._rooms.pop(room, None)

    def doubt(self, face: Face, room: str) -> None:
        """Perhaps somebody is not in it any more: they come again next time."""
        (self._rooms.get(room) or set()).discard(face.user)

    async def mislaid(self, face: Face, room: str) -> bool:
        """Whether the homeserver, which has just refused something, knows nothing of it that they have ever been in a
        room. Who was removed, or has left, has been there. Raises `Unavailable`, `Unconfirmed`."""
        if self._rooms.get(room) is None:
            return False
        where = path("rooms", room, "state", "m.room.member", face.user)
        answer = await self.api.ask("GET", where)
        return answer.status == 404 and errors.code_of(answer) == "M_NOT_FOUND"

    async def note(self, room: str, member: Member) -> PersonaBarred | None:
        """What has become of one of ours, and whether they are wanted there; durable when this returns, and the same
        when it is told again. Raises as `here` does: what happens in rooms that we are not in is not ours to
        remember."""
        if member.user == self.registration.me:
            if member.membership == "join":
                if self._rooms.get(room, ()) is None:
                    self.forget(room)
            elif member.membership in ("leave", "ban"):
                self._keep(room, None)
            return None
        present = await self._ours(room)
        if present is None:
            return None
        if member.membership == "join":
            present.add(member.user)
            return None
        present.discard(member.user)
        by_others = member.by is not None and member.by not in (member.user, self.registration.me)
        name = _name(member.user, room)
        if member.membership == "ban" or (
            member.membership == "leave" and by_others and not self._unbans(name, member)
        ):
            await self._remove(name, room, member.membership)
            return self._barred(room, member, Bar.BANNED if member.membership == "ban" else Bar.REMOVED)
        if not by_others:
            return None
        self._fresh.pop(name, None)
        await self.removed.drop(name)  # invited again, or not banned any more
        return self._barred(room, member, None)

    def _barred(self, room: str, member: Member, bar: Bar | None) -> PersonaBarred | None:
        who = self.registration.person(member.user)
        by = Contact(member.by) if member.by is not None else None
        seconds = _DAY if bar is Bar.REMOVED else None  # homeservers tell when a ban is lifted
        if who is None:
            return None
        return PersonaBarred(chat=ChatId(room), who=who, bar=bar, seconds=seconds, by=by, reason=member.reason)

    def _unbans(self, name: str, member: Member) -> bool:
        """Whether it was a ban that ended; homeservers that do not tell what was before are believed by our notes."""
        return (member.before or self.removed.get(name)) == "ban"

    async def _remove(self, name: str, room: str, membership: str) -> None:
        now = time.monotonic()
        self._fresh = {one: at for one, at in self._fresh.items() if now - at < _TAKEN_IN} | {name: now}
        if self.removed.get(name) == membership:
            return
        noted = [known for known in self.removed.all() if known.endswith(f" {room}") and known != name]
        if len(noted) >= _NOTED:
            await self.removed.drop(*noted[: 1 + len(noted) - _NOTED])
        await self.removed.keep(name, membership)

    async def _ours(self, room: str) -> set[str] | None:
        if room in self._rooms:
            self._rooms.move_to_end(room)
            return self._rooms[room]
        where = path("rooms", room, "joined_members")
        answer = await self.api.ask("GET", where, seconds=_SECONDS, largest=_LARGEST)
        if answer.status in (403, 404):
            return self._keep(room, None)
        joined = fields.mapping(errors.read(answer, changes=False).get("joined"))
        if self.registration.me not in joined:
            return self._keep(room, None)
        end, found = f":{self.registration.server}", set[str]()
        for number, user in enumerate(joined):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            if user.endswith(end) and self.registration.ours(user):
                found.add(user)
        return self._keep(room, found)

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
