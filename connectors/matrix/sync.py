"""Syncs: one question to the homeserver, asked again and again, and its answers room by room.

Everything that a sync brings is reported before its cursor moves, gaps first, so a crash reads it again. A first sync
reports chats and none of their messages, so it asks for none.
Source: client-server API #syncing, #filtering, #lazy-loading-room-members.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

import msgspec

from bridge.contract import ContactId, Event, Reason, Refused, RoomInvited, Unavailable
from connectors.matrix import decoding, errors, fields
from connectors.matrix.api import Api, path
from connectors.matrix.chats import Chats, NowRoom
from connectors.matrix.directs import KIND, Directs
from connectors.matrix.events import member
from connectors.matrix.groups import STATE, Groups
from connectors.matrix.ignored import KIND as IGNORED
from connectors.matrix.ignored import Ignored
from connectors.matrix.invitations import Invitations
from connectors.matrix.signs import Signs
from connectors.matrix.unread import Lines

_WAIT = 25.0  # seconds that the homeserver may wait for news; a revoked login is noticed after them
_ANSWER = 40.0  # seconds that its answer may take besides
_FIRST = 3_600.0  # for a first sync, which takes a homeserver minutes for a large account (beside it: `pulse`)
_LARGEST = 256 * 1024 * 1024  # bytes of an answer
_STATE = ["m.room.member", *STATE]


def _filter(state: Mapping[str, Any], timeline: Mapping[str, Any], *, signs: bool) -> str:
    nothing: Mapping[str, Any] = {"types": []}
    ephemeral = {"types": ["m.typing", "m.receipt"]} if signs else nothing
    room = {"account_data": nothing, "ephemeral": ephemeral, "state": state, "timeline": timeline}
    presence = {"types": ["m.presence"]}
    return json.dumps({"presence": presence, "account_data": {"types": [KIND, IGNORED]}, "room": room})


_LAZY = {"lazy_load_members": True, "include_redundant_members": True}
_FILTER = _filter({"types": _STATE, **_LAZY}, {"limit": 100, **_LAZY}, signs=True)
_FIRST_FILTER = _filter({"types": _STATE, **_LAZY}, {"types": [], "limit": 1}, signs=False)


@dataclass(frozen=True, slots=True)
class Known:
    """What a session knows of its account."""

    api: Api
    me: ContactId
    directs: Directs
    ignored: Ignored
    invitations: Invitations | None  # None where they are left to other apps
    chats: Chats
    groups: Groups
    lines: Lines
    signs: Signs
    relayed: "Relayed | None" = None


class Relayed(Protocol):
    """Rooms of an account that are somebody else's business."""

    @property
    def sender(self) -> ContactId:
        """Who asks the account into them."""
        ...

    async def has(self, room: str) -> bool:
        """Raises `Unavailable`, `LoggedOut`."""
        ...

    def forget(self, room: str) -> None:
        """`sender` has come or gone."""
        ...


@dataclass(frozen=True, slots=True)
class News:
    """The answer to one sync, its rooms not decoded yet."""

    cursor: str
    account: object  # account data
    joined: Mapping[str, msgspec.Raw]
    left: Mapping[str, msgspec.Raw]
    invited: Mapping[str, msgspec.Raw]
    people: object = None  # presence

    @property
    def empty(self) -> bool:
        return not (self.joined or self.left or self.invited or fields.mapping(self.people).get("events"))


async def poll(api: Api, cursor: str | None, *, wait: bool, presence: str = "offline") -> News:
    """One answer, checked for a cursor; `presence` is how its user is shown meanwhile. Raises `Unavailable`,
    `LoggedOut`."""
    query = {"filter": _FIRST_FILTER if cursor is None else _FILTER, "set_presence": presence}
    query["timeout"] = str(int(_WAIT * 1000)) if wait else "0"
    if cursor is not None:
        query["since"] = cursor
    seconds = _FIRST if cursor is None else _ANSWER + (_WAIT if wait else 0.0)
    try:
        answer = await api.ask("GET", path("sync"), None, query, seconds=seconds, largest=_LARGEST)
        if answer.status != 200:
            raise errors.error_of(answer, changes=False)
    except Refused as refusal:
        raise Unavailable(refusal.text, lasting=refusal.reason is Reason.RESOURCE) from refusal
    return await _news(answer.body)


async def _news(body: bytes) -> News:
    parts = decoding.pieces(body)
    cursor = fields.token(decoding.decoded(parts["next_batch"])) if "next_batch" in parts else None
    if cursor is None:
        raise Unavailable("The homeserver's answer makes no sense.")
    await asyncio.sleep(0)  # each step reads all that there is, which may be tens of MB
    rooms = decoding.pieces(parts.get("rooms"))
    await asyncio.sleep(0)
    joined = _rooms(rooms.get("join"))
    await asyncio.sleep(0)
    account = decoding.decoded(parts["account_data"]) if "account_data" in parts else None
    people = decoding.decoded(parts["presence"]) if "presence" in parts else None
    return News(cursor, account, joined, _rooms(rooms.get("leave")), _rooms(rooms.get("invite")), people)


def _rooms(source: msgspec.Raw | None) -> Mapping[str, msgspec.Raw]:
    return {id: news for id, news in decoding.pieces(source).items() if fields.room_id(id) is not None}


async def read(known: Known, news: News, cursor: str | None, now: float, *, live: bool) -> AsyncIterator[Event]:
    """What `news`, which came after `cursor`, reports; `live` if it has just happened. Raises `Unavailable`,
    `LoggedOut`."""
    for sign in known.signs.of_people(fields.mapping(news.people).get("events"), now):
        yield sign
    for raw in fields.listed(fields.mapping(news.account).get("events")):
        kind, content = fields.mapping(raw).get("type"), fields.mapping(raw).get("content")
        if kind == KIND:
            known.directs.read(content)
            await known.directs.remember()
        elif kind == IGNORED:
            known.ignored.read(content)
    blocked = known.ignored.news()
    if blocked is not None:
        yield blocked
    if known.invitations is not None:
        for id in (*news.left, *news.joined):
            await known.invitations.drop(id)
    for id, raw_news in news.invited.items():
        await asyncio.sleep(0)
        state = fields.mapping(decoding.decoded(raw_news)).get("invite_state")
        found = known.groups.invited(id, state)
        if known.relayed is not None and any(_asked_by(known.relayed.sender, event) for event in found):
            continue
        if known.invitations is not None and await known.invitations.note(id, state):
            continue
        for event in found:
            yield event
    if cursor is None:
        for event in await known.chats.first():
            yield event
        for event in await known.groups.first(await _groups(known, news)):
            yield event
        return
    for id, raw_news in news.left.items():
        gone = fields.mapping(decoding.decoded(raw_news))
        said = await known.chats.left(id, gone, cursor)
        for event in await known.groups.left(id, gone, cursor) if said is None else said:
            yield event
    for id, raw_news in news.joined.items():
        await asyncio.sleep(0)
        happened = fields.mapping(decoding.decoded(raw_news))
        if not _only_signs(happened):
            async for event in _happened(known, id, happened, cursor):
                yield event
        for sign in known.signs.of_room(id, happened, live=live):
            yield sign


def _asked_by(user: ContactId, event: Event) -> bool:
    return isinstance(event, RoomInvited) and event.inviter is not None and event.inviter.id == user


def _only_signs(news: Mapping[str, object]) -> bool:
    """Whether nothing was said in a room, and nothing changed: then it need not be known."""
    shown, state = fields.mapping(news.get("timeline")), fields.mapping(news.get("state"))
    said = shown.get("events") or state.get("events") or shown.get("limited") or news.get("summary")
    return not said and "ephemeral" in news


async def _happened(known: Known, id: str, happened: Mapping[str, object], cursor: str) -> AsyncIterator[Event]:
    """What a sync after `cursor` reports of one room that we are in."""
    if known.relayed is not None and _concerns(known.relayed.sender, happened):
        known.relayed.forget(id)
    if await _is_relayed(known, id):
        return
    found = await known.chats.news(id, happened, cursor)
    if isinstance(found, NowRoom):
        parts = [found.said, await known.groups.news(id, happened, cursor, found.rest)]
        parts.append(await known.chats.became_room(id, found.contact))
    else:
        parts = [await known.groups.news(id, happened, cursor) if found is None else found]
    for event in chain.from_iterable(parts):
        yield event


def _concerns(user: ContactId, news: Mapping[str, object]) -> bool:
    """Whether somebody has come or gone, or is told of, in a room."""
    parts = (fields.listed(fields.mapping(news.get(part)).get("events")) for part in ("state", "timeline"))
    return any(one is not None and one.user == user for one in map(member, chain.from_iterable(parts)))


async def _is_relayed(known: Known, room: str) -> bool:
    return known.relayed is not None and await known.relayed.has(room)


async def _groups(known: Known, news: News) -> Mapping[str, Mapping[str, object]]:
    """The rooms of a first sync that are no direct chats of two."""
    found = {}
    for id, raw_news in news.joined.items():
        await asyncio.sleep(0)
        contact = known.directs.contact_of(id)
        if await _is_relayed(known, id):
            continue
        if contact is None or await known.chats.is_room(id, contact):
            found[id] = fields.mapping(decoding.decoded(raw_news))
    return found
