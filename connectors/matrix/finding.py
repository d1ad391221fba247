"""Looking for people and rooms, as one account may see them; and reporting.

Source: client-server API #user-directory, #profiles, #published-room-directory,
#get_matrixclientv1roomsroomidhierarchy, #reporting-content.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.contract import (
    ChatId,
    Contact,
    ContactId,
    Listed,
    Listing,
    Reason,
    Receipt,
    Refused,
    Report,
)
from connectors.matrix import errors, fields, ids
from connectors.matrix.api import Api, path
from connectors.matrix.facts import Facts

_SECONDS = 30.0  # another homeserver may have to be asked
_LARGEST = 4 * 1024 * 1024  # bytes of an answer
_MOST = 200  # of a page
_ALL = 16 * 1024 * 1024  # bytes of all that one is in
_NOTHING: Mapping[str, object] = {"types": []}
_SPACES = json.dumps(
    {
        "presence": _NOTHING,
        "account_data": _NOTHING,
        "room": {
            "account_data": _NOTHING,
            "ephemeral": _NOTHING,
            "timeline": {"types": [], "limit": 1},
            "state": {"types": ["m.room.create", "m.room.name", "m.room.topic", "m.room.canonical_alias"]},
        },
    }
)
_TYPED = 500  # characters


@dataclass(frozen=True, slots=True)
class MatrixDirectory:
    """See `bridge.contract.Directory`."""

    api: Api
    me: ContactId

    async def find(self, typed: str, most: int) -> Sequence[Contact]:
        """Whose very address it is comes first: homeservers list only whom one shares a room with, or who are in a
        public one."""
        wanted = typed.strip()[:_TYPED]
        if not wanted:
            return []
        exact = await self.profile(ContactId(wanted)) if ids.valid_user(wanted) else None
        found = {} if exact is None else {exact.id: exact}
        for raw in fields.listed(await self._directory(wanted, most)):
            person = _person(fields.mapping(raw))
            if person is not None and person.id != self.me and len(found) < most:
                found.setdefault(person.id, person)
        return list(found.values())

    async def _directory(self, wanted: str, most: int) -> object:
        """A homeserver may have none."""
        try:
            asked = {"search_term": wanted, "limit": min(most, _MOST)}
            return (await self.api.post(path("user_directory", "search"), asked, seconds=_SECONDS)).get("results")
        except Refused as refusal:
            if refusal.reason in (Reason.UNSUPPORTED, Reason.FORBIDDEN, Reason.NOT_FOUND):
                return []
            raise

    async def profile(self, contact: ContactId) -> Contact | None:
        if not ids.valid_user(contact):
            return None
        answer = await self.api.ask("GET", path("profile", contact), seconds=_SECONDS, largest=_LARGEST)
        if answer.status in (403, 404) and errors.code_of(answer):
            return None
        said = errors.read(answer, changes=False)
        return Contact(contact, fields.line(said.get("displayname")), fields.mxc(said.get("avatar_url")))

    async def rooms(self, typed: str, where: str, after: str, most: int) -> Listing:
        asked: dict[str, object] = {"limit": max(1, min(most, _MOST))}
        if typed.strip():
            asked["filter"] = {"generic_search_term": typed.strip()[:_TYPED]}
        if after:
            asked["since"] = after
        server = where.strip()
        if server and not ids.valid_user(f"@a:{server}"):
            raise Refused("This is no homeserver. Homeservers are called like example.org.", Reason.BAD_REQUEST)
        answer = await self.api.ask(
            "POST", path("publicRooms"), asked, {"server": server} if server else None, seconds=_SECONDS,
            largest=_LARGEST,
        )  # fmt: skip
        if answer.status >= 500 and errors.code_of(answer) and server:
            raise Refused(f"Your homeserver cannot ask {server} for its rooms.", Reason.UNREACHABLE)
        said = errors.read(answer, changes=False)
        return Listing(_rooms(said.get("chunk")), _next(said, after))

    async def inside(self, space: ChatId, after: str, most: int) -> Listing:
        if fields.room_id(space) is None:
            raise Refused("This is no space on Matrix.", Reason.NOT_FOUND)
        query = {"limit": str(max(1, min(most, _MOST))), "max_depth": "1", **({"from": after} if after else {})}
        where = path("rooms", space, "hierarchy", version="v1")
        said = await self.api.get(where, query, seconds=_SECONDS, largest=_LARGEST)
        found = [one for one in _rooms(said.get("rooms")) if one.chat != space]
        return Listing(found, _next(said, after))

    async def spaces(self) -> Sequence[Listed]:
        """Syncs do not bring rooms again that one has been in for long, so all are asked for, with next to nothing of
        each (#syncing, #filtering)."""
        query = {"filter": _SPACES, "timeout": "0", "set_presence": "offline"}
        said = await self.api.get(path("sync"), query, seconds=_SECONDS, largest=_ALL)
        found = []
        for number, (id, raw) in enumerate(fields.mapping(fields.mapping(said.get("rooms")).get("join")).items()):
            if number % 200 == 199:
                await asyncio.sleep(0)
            facts = Facts(id, self.me)
            facts.apply(fields.listed(fields.mapping(fields.mapping(raw).get("state")).get("events")))
            if fields.room_id(id) is not None and facts.kind == "m.space":
                alias = ids.alias_localpart(facts.alias) if facts.alias else ""
                found.append(Listed(ChatId(id), facts.name or facts.alias, facts.topic, alias, 0, True))
        return sorted(found, key=lambda one: (one.name.casefold(), one.chat))[:_MOST]


def _rooms(source: object) -> list[Listed]:
    found: dict[str, Listed] = {}
    for raw in fields.listed(source)[: 2 * _MOST]:
        said = fields.mapping(raw)
        room, alias = fields.room_id(said.get("room_id")), said.get("canonical_alias")
        if room is None:
            continue
        own = alias if isinstance(alias, str) and ids.valid_alias(alias) else ""
        found[room] = Listed(
            ChatId(room),
            fields.line(said.get("name")) or own,
            fields.line(said.get("topic"), 300),
            ids.alias_localpart(own) if own else "",
            int(fields.number(said.get("num_joined_members")) or 0),
            said.get("room_type") == "m.space",
        )
    return list(found.values())


def _next(said: Mapping[str, object], after: str) -> str:
    """Where the next page begins; a homeserver that says the same place again is at its end."""
    token = fields.token(said.get("next_batch"))
    return token if token is not None and token != after and len(token) <= 1_000 else ""


def _person(said: Mapping[str, object]) -> Contact | None:
    user = said.get("user_id")
    if not isinstance(user, str) or not ids.valid_user(user):
        return None
    return Contact(ContactId(user), fields.line(said.get("display_name")), fields.mxc(said.get("avatar_url")))


async def report(api: Api, action: Report) -> Receipt:
    """A message, or, where the homeserver has that (since version 1.14), a person. Raises the four errors."""
    reason = {"reason": action.reason[:_TYPED]}
    if action.target is not None:
        await api.post(path("rooms", action.chat, "report", action.target.ids[0]), reason)
    elif action.whom is not None:
        await api.post(path("users", action.whom, "report"), reason)
    else:
        raise Refused("Nothing was named that could be reported.", Reason.BAD_REQUEST)
    return Receipt()
