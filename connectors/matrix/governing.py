"""Keeping order in rooms and setting them up, by one's own account: whoever may not is told so by the homeserver.

Source: client-server API #post_matrixclientv3roomsroomidkick, #post_matrixclientv3roomsroomidban,
#post_matrixclientv3roomsroomidunban, #put_matrixclientv3roomsroomidstateeventtypestatekey, #mroompower_levels.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from bridge.contract import (
    Action,
    Ban,
    ContactId,
    Rank,
    Reason,
    Receipt,
    Refused,
    Remove,
    Rules,
    SetRank,
    SetRoom,
    Unban,
)
from connectors.matrix import errors, fields
from connectors.matrix.api import Api, path
from connectors.matrix.facts import PASTS
from connectors.matrix.groups import Groups
from connectors.matrix.powers import Powers

_UPLOAD = 60.0  # seconds, for a picture
_POWERS = "m.room.power_levels"


async def remove(api: Api, groups: Groups, action: Remove) -> Receipt:
    """Raises the four errors; `Refused` also for somebody who is not in the room."""
    return await _membership(api, "kick", action.chat, action.whom, action.reason)


async def ban(api: Api, groups: Groups, action: Ban) -> Receipt:
    """Raises the four errors."""
    return await _membership(api, "ban", action.chat, action.whom, action.reason)


async def unban(api: Api, groups: Groups, action: Unban) -> Receipt:
    """Raises the four errors; `Refused` also for somebody who is not banned."""
    return await _membership(api, "unban", action.chat, action.whom, "")


async def set_rank(api: Api, groups: Groups, action: SetRank) -> Receipt:
    """Raises the four errors. The levels are read just before: whoever changes them at the same time may win."""
    powers = await _powers(api, groups, action.chat)
    if action.whom in powers.creators:
        raise Refused("They made this room, so what they may do in it cannot be changed.", Reason.NOT_ALLOWED)
    if powers.rank(action.whom) is not action.rank:
        await _put(api, action.chat, _POWERS, powers.with_rank(action.whom, action.rank))
    return Receipt()


async def set_room(api: Api, groups: Groups, action: SetRoom) -> Receipt:
    """One event for each thing that is to be otherwise. Raises the four errors: what came before it is done."""
    room = action.chat
    facts = await groups.facts(room)
    if action.name is not None and action.name != facts.name:
        await _put(api, room, "m.room.name", {"name": action.name})
    if action.subject is not None and (action.subject != facts.topic or action.rules is None):
        await _put(api, room, "m.room.topic", {"topic": action.subject})
    if action.rules is not None:
        async for kind, content in _changes(api, groups, room, action.rules):
            await _put(api, room, kind, content)
    if action.avatar is not None:
        url = await _upload(api, action.avatar) if action.avatar else ""
        await _put(api, room, "m.room.avatar", {"url": url} if url else {})
    return Receipt()


async def _changes(api: Api, groups: Groups, room: str, wanted: Rules) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """The state that is to be otherwise, and its new content."""
    now = (await groups.facts(room)).rules
    if wanted.open != now.open:
        yield "m.room.join_rules", {"join_rule": "public" if wanted.open else "invite"}
    if wanted.past is not now.past:
        yield "m.room.history_visibility", {"history_visibility": next(k for k, v in PASTS.items() if v is wanted.past)}
    if replace(wanted, open=now.open, past=now.past) != now:
        powers = await _powers(api, groups, room)
        yield (
            _POWERS,
            powers.with_rules(
                moderated=wanted.moderated if wanted.moderated != now.moderated else None,
                subject=wanted.subject if wanted.subject is not now.subject else None,
                invites=wanted.invites if wanted.invites is not now.invites else None,
            ),
        )


async def _powers(api: Api, groups: Groups, room: str) -> Powers:
    """As they are at this moment."""
    answer = await api.ask("GET", path("rooms", room, "state", _POWERS, ""))
    known = (await groups.facts(room)).powers
    if answer.status == 404:
        return replace(known, content=None)
    return replace(known, content=errors.read(answer, changes=False))


async def rank(api: Api, groups: Groups, room: str, user: ContactId) -> Rank | None:
    """What somebody may do in a room at this moment. Raises the four errors."""
    answer = await api.ask("GET", path("rooms", room, "state", "m.room.member", user))
    if answer.status == 404:
        return None
    if errors.read(answer, changes=False).get("membership") != "join":
        return None
    return (await _powers(api, groups, room)).rank(user)


async def _membership(api: Api, what: str, room: str, whom: ContactId, reason: str) -> Receipt:
    asked = {"user_id": whom, **({"reason": reason} if reason else {})}
    await api.post(path("rooms", room, what), asked)
    return Receipt()


async def _put(api: Api, room: str, kind: str, content: Mapping[str, Any]) -> None:
    await api.put(path("rooms", room, "state", kind, ""), content)


async def _upload(api: Api, data: bytes) -> str:
    async def pieces() -> "AsyncIterator[bytes]":
        yield data

    headers = {"Content-Type": "image/png", "Content-Length": str(len(data))}
    answer = await api.upload("/_matrix/media/v3/upload?filename=avatar.png", pieces(), headers, _UPLOAD)
    url = fields.mxc(errors.read(answer, changes=True).get("content_uri"))
    if not url:
        raise Refused("The homeserver does not say what it calls the picture.", Reason.SERVICE)
    return url


DOINGS: Mapping[type[Action], Callable[[Api, Groups, Any], Awaitable[Receipt]]] = {
    Ban: ban,
    Remove: remove,
    SetRank: set_rank,
    SetRoom: set_room,
    Unban: unban,
}
