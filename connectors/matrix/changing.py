"""Taking back what was said, and reacting to it.

A reaction is an event of its own, and taking it back is redacting that event: its id is in the receipt, and comes back
in `React.before`. Each of an action's events has a transaction id that is the same on every attempt.
Source: client-server API #put_matrixclientv3roomsroomidredacteventidtxnid, #event-annotations-and-reactions,
#get_matrixclientv1roomsroomidrelationseventidreltypeeventtype.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bridge.contract import Action, ContactId, Edit, MessageId, React, Receipt, Retract, Scope, Send
from connectors.matrix import errors, fields
from connectors.matrix.api import Api, path
from connectors.matrix.events import BRIDGED, KEY
from connectors.matrix.speaking import Speaker, sent

_REMOVALS = 1_000  # the first number of a removal's key; what one person adds at once is less
_PAGE, _PAGES = "500", 10  # reactions among which we look for ours; homeservers may give fewer at once
_STANDS = "M_DUPLICATE_ANNOTATION"


async def _say(speaker: Speaker, action: Send | Edit) -> Receipt:
    return await speaker.say(action)


async def retract(api: Api, action: Retract, *, bridged: bool = False) -> Receipt:
    """`bridged`: for somebody of another network. Raises the four errors."""
    more = {**({"reason": action.reason} if action.reason else {}), **_mark(bridged)}
    return Receipt((await _redact(api, action.chat, action.target.ids[0], action.key, more),))


async def react(api: Api, me: ContactId, action: React, *, bridged: bool = False) -> Receipt:
    """As `retract`."""
    stands, wanted = dict(action.before), dict.fromkeys(action.reactions)
    now = []
    for number, emoji in enumerate(wanted):
        id = stands.get(emoji)
        if id is None:
            id = await _annotate(api, me, action, emoji, _key(action, number), _mark(bridged))
        now.append((emoji, id))
    for number, (emoji, id) in enumerate(action.before):
        if emoji not in wanted:
            await _redact(api, action.chat, id, _key(action, _REMOVALS + number), _mark(bridged))
    return Receipt(reactions=tuple(now))


async def _retract(speaker: Speaker, action: Retract) -> Receipt:
    return await retract(speaker.api, action)


async def _react(speaker: Speaker, action: React) -> Receipt:
    return await react(speaker.api, speaker.me, action)


def _mark(bridged: bool) -> Mapping[str, Any]:
    return {BRIDGED: True} if bridged else {}


async def _redact(api: Api, room: str, event: MessageId, key: str, more: Mapping[str, Any]) -> MessageId:
    return sent(await api.put(path("rooms", room, "redact", event, key), {KEY: key, **more}))


async def _annotate(api: Api, me: ContactId, action: React, emoji: str, key: str, more: Mapping[str, Any]) -> MessageId:
    """The event by which we react; the one that there is, if we have done so."""
    target = action.target.ids[0]
    relation = {"rel_type": "m.annotation", "event_id": target, "key": emoji}
    where = path("rooms", action.chat, "send", "m.reaction", key)
    answer = await api.ask("PUT", where, {"m.relates_to": relation, KEY: key, **more})
    if errors.code_of(answer) == _STANDS and (found := await _standing(api, me, action.chat, target, emoji)):
        return found
    return sent(errors.read(answer, changes=True, throttles=Scope.ACCOUNT))


async def _standing(api: Api, me: ContactId, room: str, target: MessageId, emoji: str) -> MessageId | None:
    where = path("rooms", room, "relations", target, "m.annotation", "m.reaction", version="v1")
    query = {"limit": _PAGE}
    for _ in range(_PAGES):
        page = await api.get(where, query)
        for raw in fields.listed(page.get("chunk")):
            event = fields.mapping(raw)
            relation = fields.mapping(fields.mapping(event.get("content")).get("m.relates_to"))
            id = fields.event_id(event.get("event_id"))
            if event.get("sender") == me and relation.get("key") == emoji and id is not None:
                return MessageId(id)
        more = fields.token(page.get("next_batch"))
        if more is None:
            break
        query = {"limit": _PAGE, "from": more}
    return None


def _key(action: Action, number: int) -> str:
    return f"{action.key}.{number}" if number else action.key


DOINGS: Mapping[type[Action], Callable[[Speaker, Any], Awaitable[Receipt]]] = {
    Send: _say,
    Edit: _say,
    Retract: _retract,
    React: _react,
}
