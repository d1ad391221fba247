"""Rooms say that they are bridged, and whether they are already.

Source: MSC2346 (bridge information state event), as bridges in use write it: `m.bridge`, and before that
`uk.half-shot.bridge`. What others have written counts as long as their bot is in the room.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bridge.contract import Announce, ContactId, Memory, Receipt, Refused
from connectors.matrix import errors, fields, ids
from connectors.matrix.api import Api, path
from connectors.matrix.groups import Groups

KIND = "m.bridge"
_KINDS = (KIND, "uk.half-shot.bridge")
_MOST = 50  # events of a room that are looked at
_SECONDS = 60.0
_ENCRYPTED = "It is encrypted, and a link would show elsewhere what is said in it."


@dataclass(slots=True)
class Bridged:
    """For one session. What was said of a room is remembered durably: a restart asks the homeserver nothing."""

    api: Api
    me: ContactId
    ours: Callable[[str], bool]
    groups: Groups
    memory: Memory
    names: Mapping[str, str] = field(default_factory=lambda: {"xmpp": "XMPP"})

    async def announce(self, action: Announce) -> Receipt:
        """Raises the four errors. Where we may not say so, that is said once, and tried again on another day."""
        key, said = f"bridged {action.chat}", json.dumps(self._content(action), sort_keys=True)
        before = await self.memory.get(key) or "{}"
        refused = f"{date.today().isoformat()} {said}"
        if before in (said, refused):
            return Receipt()
        where = path("rooms", action.chat, "state", KIND, f"org.landbridge://{self.me[1:]}")
        try:
            await self.api.put(where, json.loads(said))
        except Refused:
            await self.memory.put(key, refused)
            if before.partition(" ")[2] == said:
                return Receipt()
            raise
        await self.memory.put(key, said)
        return Receipt()

    async def obstacles(self, room: str) -> Sequence[str]:
        """Raises the four errors."""
        found = [_ENCRYPTED] if (await self.groups.facts(room)).encrypted else []
        for bot, protocol in _others(await self._state(room), self.ours):
            if await self._there(room, bot):
                what = f"Another bridge is in it already: {protocol}, whose bot is {bot}."
                found.append(f"{what} Two of them would bring everything twice. Have that one leave first.")
        return list(dict.fromkeys(found))

    def _content(self, action: Announce) -> dict[str, Any]:
        if not action.rooms:
            return {}
        network, chat = action.rooms[0]
        more = [{"network": other, "room": called} for other, called in action.rooms]
        return {
            "bridgebot": self.me,
            "protocol": {"id": network, "displayname": self.names.get(network, network.capitalize())},
            "channel": {"id": chat, "displayname": chat},
            "org.landbridge.rooms": more,
        }

    async def _state(self, room: str) -> Sequence[object]:
        """The events of these kinds alone, as far as our user may see them, the newest first: all the state that a
        large room has is too much."""
        query = {"dir": "b", "limit": str(_MOST), "filter": json.dumps({"types": list(_KINDS)})}
        said = await self.api.get(path("rooms", room, "messages"), query, seconds=_SECONDS)
        return fields.listed(said.get("chunk"))

    async def _there(self, room: str, user: str) -> bool:
        """Raises the four errors: no answer does not say that nobody is there."""
        answer = await self.api.ask("GET", path("rooms", room, "state", "m.room.member", user))
        if answer.status in (403, 404):
            return False
        said = errors.read(answer, changes=False)
        return said.get("membership") == "join"


def _others(state: Iterable[object], ours: Callable[[str], bool]) -> list[tuple[str, str]]:
    """The bot of each other bridge, and what it brings; `state` has the newest first."""
    latest: dict[tuple[str, str], Mapping[str, object]] = {}
    for raw in state:
        event = fields.mapping(raw)
        kind, key = event.get("type"), event.get("state_key")
        if kind in _KINDS and isinstance(kind, str) and isinstance(key, str):
            latest.setdefault((kind, key), event)
    found = []
    for event in latest.values():
        content, sender = fields.mapping(event.get("content")), event.get("sender")
        bot = content.get("bridgebot", sender)
        if not content or not isinstance(bot, str) or not ids.valid_user(bot) or ours(bot):
            continue
        if isinstance(sender, str) and ours(sender):
            continue
        protocol = fields.mapping(content.get("protocol"))
        name = fields.line(protocol.get("displayname"), 60) or fields.line(protocol.get("id"), 60) or "of some network"
        found.append((bot, name))
    return found[:_MOST]
