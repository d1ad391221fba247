"""What was said in a room before, read backwards as far as the account may.

The homeserver cuts it to what the account may read (#mroomhistory_visibility); we take its word for that, and for who
wrote what, as for everything that it tells this account.
Source: client-server API #get_matrixclientv3roomsroomidmessages, #get_matrixclientv3roomsroomidcontexteventid.
"""

import asyncio
import json

from bridge.contract import (
    ChatId,
    History,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    ReactionsChanged,
    Refused,
    Unavailable,
)
from connectors.matrix import fields
from connectors.matrix.api import Api, path
from connectors.matrix.events import member
from connectors.matrix.groups import Groups

_SECONDS = 8.0  # for a page, which the homeserver may have to fetch from others
_PAGE = "100"  # events
_PAGES = 5  # without anything that people have said, one after the other
_AT_ONCE = 20  # events between two turns of the event loop
_LARGEST = 8 * 1024 * 1024  # bytes of a page
# Who comes and goes is most of what happens in large rooms.
_FILTER = json.dumps({"not_types": ["m.room.member"], "lazy_load_members": True})
_SAID = MessageReceived | MessageEdited | MessageRetracted | ReactionsChanged


async def page(api: Api, groups: Groups, chat: ChatId, before: MessageId | None, cursor: str | None) -> History:
    """See `bridge.contract.Session.history`."""
    try:
        async with asyncio.timeout(_SECONDS):
            facts = await groups.facts(chat)
            at = cursor if cursor is not None else await _before(api, chat, before)
            for _ in range(_PAGES):
                query = {"dir": "b", "limit": _PAGE, "filter": _FILTER, **({"from": at} if at else {})}
                answer = await api.get(path("rooms", chat, "messages"), query, largest=_LARGEST)
                chunk, end = fields.listed(answer.get("chunk")), fields.token(answer.get("end"))
                end = end if end != at else None
                states = [member(raw) for raw in fields.listed(answer.get("state"))]
                names: dict[str, str] = {one.user: one.name for one in states if one is not None and one.name}
                found: list[_SAID] = []
                for number, raw in enumerate(reversed(chunk)):
                    found += [one for one in groups.told(facts, raw, names) if isinstance(one, _SAID)]
                    if number % _AT_ONCE == _AT_ONCE - 1:
                        await asyncio.sleep(0)
                if found or end is None:
                    break
                at = end
            return History(found, end)
    except TimeoutError:
        raise Unavailable("The homeserver takes too long to say what was said before.") from None


async def _before(api: Api, chat: ChatId, event: MessageId | None) -> str:
    """Where the page before an event begins; empty: with the latest."""
    if event is None:
        return ""
    try:
        found = await api.get(path("rooms", chat, "context", event), {"limit": "0"})
    except Refused:
        return ""  # it is not there any more
    return fields.token(found.get("start")) or ""
