"""Coming into rooms, asking others into them, and leaving them, by one's own account.

Source: client-server API #post_matrixclientv3joinroomidoralias, #post_matrixclientv3roomsroomidleave,
#post_matrixclientv3roomsroomidinvite.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from bridge.contract import Action, ChatId, Invite, Join, Leave, Reason, Receipt, Refused, Report
from connectors.matrix import fields, ids
from connectors.matrix.api import Api, path
from connectors.matrix.finding import report

_SECONDS = 120.0  # a homeserver may have to join over federation


async def join(api: Api, action: Join) -> Receipt:
    """Raises the four errors."""
    room = ids.room(action.chat)
    if room is None:
        text = "This is no Matrix room. Rooms are called like #room:example.org or !id:example.org."
        raise Refused(text, Reason.BAD_REQUEST)
    # Homeservers before version 1.12 know these by another name.
    query = urlencode([(name, server) for server in ids.via(action.chat) for name in ("via", "server_name")])
    said = await api.post(path("join", room) + (f"?{query}" if query else ""), {}, seconds=_SECONDS)
    joined = fields.room_id(said.get("room_id"))
    if joined is None:
        raise Refused("The homeserver does not say which room it joined.", Reason.SERVICE)
    return Receipt(chat=ChatId(joined))


async def leave(api: Api, action: Leave) -> Receipt:
    """Raises the four errors."""
    await api.post(path("rooms", action.chat, "leave"), {})
    return Receipt()


async def invite(api: Api, action: Invite) -> Receipt:
    """Raises the four errors; `Refused` also for somebody who is in the room."""
    asked = {"user_id": action.whom, **({"reason": action.reason} if action.reason else {})}
    await api.post(path("rooms", action.chat, "invite"), asked)
    return Receipt()


DOINGS: Mapping[type[Action], Callable[[Api, Any], Awaitable[Receipt]]] = {
    Invite: invite,
    Join: join,
    Leave: leave,
    Report: report,
}
