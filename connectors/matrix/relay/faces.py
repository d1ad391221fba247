"""Users that we make for people of other networks: each when first needed, and called as the person is.

What has been done is remembered durably, so a restart asks the homeserver nothing. One that has lost a user (it was
restored from a backup) refuses what they do: then it is asked whether it knows them, and they are made again. Each has
a device of its own, where homeservers allow that (MSC4190, MSC4326): with it, transaction ids last (Synapse: a day,
over its restarts).
Source: application service API #server-admin-style-permissions, #identity-assertion; client-server API
#put_matrixclientv3profileuseridkeyname.
"""

import asyncio
import json
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace

from bridge.contract import ContactId, Memory, Person, Persona, Reason, Refused, Unavailable
from connectors.matrix import errors, fields
from connectors.matrix.api import Api, path
from connectors.matrix.relay.registration import Registration

log = logging.getLogger(__name__)

DEVICE = "LANDBRIDGE"
_KEPT = 20_000  # remembered in memory
_ASK_AGAIN = 600.0  # seconds after which it is asked again whether a user is known
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Face:
    """A user of ours, as it is now on the homeserver."""

    user: ContactId
    name: str = ""
    device: bool = False  # it has one, so its transaction ids last


def speaking(api: Api, face: Face) -> Api:
    """`api` as that user."""
    device = {"device_id": DEVICE} if face.device else {}
    return replace(api, also={"user_id": face.user, **device})


@dataclass(slots=True)
class Faces:
    """For one session; `api` speaks as ourselves."""

    api: Api
    registration: Registration
    memory: Memory
    _known: "OrderedDict[ContactId, Face]" = field(default_factory=OrderedDict)
    _making: dict[ContactId, asyncio.Lock] = field(default_factory=dict)
    _asked: "OrderedDict[ContactId, float]" = field(default_factory=OrderedDict)

    async def of(self, persona: Persona) -> Face:
        """The user, there and called so. Raises the four errors."""
        user = self.registration.user(Person(persona.network, ContactId(persona.contact)))
        return await self.made(user, persona.name or persona.contact)

    async def made(self, user: ContactId, name: str, *, anew: bool = True) -> Face:
        """A user of ours, there and called `name`; if not `anew`, only if it has none yet. Raises the four errors."""
        name = fields.line(name, _LONGEST_NAME)
        known = self._known.get(user)
        if known is not None and (known.name == name or not anew):
            self._known.move_to_end(user)
            return known
        lock = self._making.setdefault(user, asyncio.Lock())
        try:
            async with lock:
                face = self._known.get(user) or await self._remembered(user) or await self._register(user)
                if face.name != name and (anew or not face.name):
                    await self._call(face, name)
                    face = replace(face, name=name)
                    await self._remember(face)
                self._known[user] = face
        finally:
            if not lock.locked():
                self._making.pop(user, None)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return face

    async def lost(self, face: Face) -> bool:
        """Whether the homeserver, which has just refused something, does not know the user or their device any more:
        then they are made again when they are next needed. Asked for nobody twice within ten minutes, so whoever cannot
        be made is not tried in a loop. Raises `Unavailable`, `Unconfirmed`."""
        now = time.monotonic()
        if now - self._asked.get(face.user, -_ASK_AGAIN) < _ASK_AGAIN:
            return False
        self._asked[face.user] = now
        self._asked.move_to_end(face.user)
        if len(self._asked) > _KEPT:
            self._asked.popitem(last=False)
        answer = await speaking(self.api, face).ask("GET", path("account", "whoami"))
        refused = 400 <= answer.status < 500 and answer.status != 429
        if not refused or errors.code_of(answer) in ("", "M_UNRECOGNIZED"):
            return False
        log.warning("the homeserver does not know a user of ours; they are made again user=%s", face.user)
        self._known.pop(face.user, None)
        await self.memory.put(f"face {face.user}", "")
        return True

    async def _call(self, face: Face, name: str) -> None:
        """A homeserver may let nobody choose a name: then they speak without one, and it is not asked each time."""
        where = path("profile", face.user, "displayname")
        try:
            await speaking(self.api, face).put(where, {"displayname": name})
        except Refused as refusal:
            log.warning("a display name is not set user=%s reason=%s", face.user, refusal.text)

    async def _remembered(self, user: ContactId) -> Face | None:
        said = await self.memory.get(f"face {user}")
        if not said:
            return None
        known = json.loads(said)
        return Face(user, known["name"], known["device"])

    async def _remember(self, face: Face) -> None:
        await self.memory.put(f"face {face.user}", json.dumps({"name": face.name, "device": face.device}))

    async def _register(self, user: ContactId) -> Face:
        local = user[1:].partition(":")[0]
        asked = {"type": "m.login.application_service", "username": local, "inhibit_login": True}
        answer = await self.api.ask("POST", path("register"), asked)
        code = errors.code_of(answer)
        if answer.status != 200 and code != "M_USER_IN_USE":
            if code == "M_EXCLUSIVE":
                text = f"The homeserver's copy of the appservice's registration is an old one: {user} is not in it."
                raise Unavailable(text, lasting=True)
            raise errors.error_of(answer, changes=True)
        face = Face(user)
        where = path("devices", DEVICE)
        answer = await speaking(self.api, face).ask("PUT", where, {"display_name": "Landbridge"})
        if answer.status >= 500 or answer.status == 429:
            raise errors.error_of(answer, changes=False)
        face = replace(face, device=answer.status in (200, 201))
        await self._remember(face)
        return face


def whole(persona: Persona) -> str:
    """Who it is, in a sentence."""
    return persona.name or persona.contact


def banned(name: str) -> Refused:
    text = f"{name} was removed from the Matrix room, so what they say is not shown there."
    return Refused(text, Reason.FORBIDDEN)


def closed(name: str) -> str:
    return (
        f"{name} cannot speak on Matrix: the homeserver's admin has closed the account there that the gateway made for "
        "them. Ask that admin to open it again."
    )
