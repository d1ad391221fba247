"""What those who speak in a room are called there. A homeserver tells people that with what is said (lazy loading of
members), and an appservice never: it is asked, once for each of them.

Source: client-server API #get_matrixclientv3roomsroomidstateeventtypestatekey.
"""

import asyncio
from collections.abc import Callable, Sequence

from bridge.contract import Refused, Unavailable
from connectors.matrix import fields, ids
from connectors.matrix.api import Api, path
from connectors.matrix.events import member
from connectors.matrix.facts import Facts

_AT_ONCE = 10  # questions at the same time
_MOST = 200  # people of one transaction; others are called by their ids this once
_SECONDS = 20.0


async def learn(api: Api, facts: Facts, happened: Sequence[object], ours: Callable[[str], bool]) -> None:
    """Ask for the names of those whose doings `happened`, as far as they are not known. Nothing waits for a name that
    cannot be had now: whose it is, is called by their id this once. Raises `LoggedOut`."""
    told = {one.user for raw in happened if (one := member(raw)) is not None}
    senders = dict.fromkeys(by for raw in happened if isinstance(by := fields.mapping(raw).get("sender"), str))
    unknown = [
        one for one in senders if one not in facts.names and one not in told and ids.valid_user(one) and not ours(one)
    ][:_MOST]
    for start in range(0, len(unknown), _AT_ONCE):
        some = unknown[start : start + _AT_ONCE]
        found = await asyncio.gather(*(_member(api, facts.id, user) for user in some))
        facts.apply([one for one in found if one is not None and one["state_key"] not in facts.names])
        if all(one is None for one in found):
            return  # it answers nobody now, and what was said would wait for it once more


async def _member(api: Api, room: str, user: str) -> dict[str, object] | None:
    """As a state event; None: not now. Who is in the room no more is called by their id."""
    try:
        content = await api.get(path("rooms", room, "state", "m.room.member", user), seconds=_SECONDS)
    except Unavailable:
        return None
    except Refused:
        content = {}
    return {"type": "m.room.member", "state_key": user, "content": {"membership": "leave", **content}}
