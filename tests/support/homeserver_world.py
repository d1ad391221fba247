"""What a homeserver in memory knows: people, rooms, and everything that happened, in one stream."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

Event = dict[str, Any]
_STATE_OF_INVITATIONS = ("m.room.create", "m.room.member", "m.room.encryption", "m.room.join_rules")


class World:
    """Everything has a place in the stream, from 1; a token is a letter and a place. Nothing is checked."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.passwords: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self.account_data: dict[str, dict[str, tuple[int, Any]]] = defaultdict(dict)
        self.rooms: dict[str, list[tuple[int, Event]]] = {}
        self.news = asyncio.Event()
        self._here = 0
        self._numbers = itertools.count(1)

    @property
    def here(self) -> str:
        """The token of now."""
        return f"s{self._here}"

    def add_user(self, name: str, password: str = "open sesame") -> str:
        user = f"@{name}:{self.name}"
        self.passwords[user] = password
        return user

    def token(self, user: str) -> str:
        """A new access token."""
        token = f"secret-token-{next(self._numbers)}"
        self.tokens[token] = user
        return token

    def set_account_data(self, user: str, kind: str, content: Any) -> None:
        self.account_data[user][kind] = (self._step(), content)

    def create_room(self, creator: str, content: Mapping[str, Any] | None = None, room: str = "") -> str:
        """Without a server's name in its id, as room version 12 has it."""
        room = room or f"!room{next(self._numbers)}"
        self.rooms[room] = []
        self.put_state(room, creator, "m.room.create", {"room_version": "12", **(content or {})})
        self.put_state(room, creator, "m.room.member", {"membership": "join"}, creator)
        return room

    def direct(self, one: str, other: str) -> str:
        """A direct chat, opened by `other` and joined by `one`; in the account data of `one`."""
        room = self.create_room(other)
        self.invite(room, one, other, direct=True)
        self.join(room, one)
        listed = self.account_data[one].get("m.direct", (0, {}))[1]
        self.set_account_data(one, "m.direct", {**listed, other: [*listed.get(other, []), room]})
        return room

    def say(self, room: str, user: str, text: str) -> str:
        return self.send(room, user, {"msgtype": "m.text", "body": text})

    def send(self, room: str, user: str, content: Any, kind: str = "m.room.message") -> str:
        return self.add(room, {"type": kind, "sender": user, "content": content})

    def redact(self, room: str, user: str, target: str, content: Mapping[str, Any] | None = None) -> str:
        """As room version 11 has it."""
        id = self.send(room, user, {**(content or {}), "redacts": target}, "m.room.redaction")
        for _, event in self.rooms[room]:
            if event["event_id"] == target:
                event["content"] = {}
        return id

    def reactions(self, room: str) -> list[Event]:
        """Those that stand."""
        return [e for _, e in self.rooms[room] if isinstance(e, dict) and e["type"] == "m.reaction" and e["content"]]

    def invite(self, room: str, guest: str, by: str, *, direct: bool = False) -> None:
        content = {"membership": "invite"} | ({"is_direct": True} if direct else {})
        self.put_state(room, by, "m.room.member", content, guest)

    def join(self, room: str, user: str) -> None:
        if self.membership(room, user) != "join":
            self.put_state(room, user, "m.room.member", {"membership": "join"}, user)

    def populate(self, room: str, number: int, first: int = 0) -> list[str]:
        """So many people come into the room, one after the other, as `Person 0` and so on; who they are."""
        people = [f"@p{n}:{self.name}" for n in range(first, first + number)]
        for n, user in enumerate(people, first):
            content = {"membership": "join", "displayname": f"Person {n}"}
            self.add(room, {"type": "m.room.member", "sender": user, "state_key": user, "content": content})
        return people

    def move(self, room: str, people: Mapping[str, Mapping[str, Any]]) -> None:
        """Member events of many who are in the room, each with this content."""
        now = self.state(room)
        for user, content in people.items():
            before = now["m.room.member", user]
            unsigned = {"replaces_state": before["event_id"], "prev_content": before["content"], "prev_sender": user}
            event = {"type": "m.room.member", "sender": user, "state_key": user, "content": content}
            self.add(room, {**event, "unsigned": unsigned})

    def leave(self, room: str, user: str, by: str = "") -> None:
        self.put_state(room, by or user, "m.room.member", {"membership": "leave"}, user)

    def put_state(self, room: str, by: str, kind: str, content: Any, key: str = "") -> str:
        event: Event = {"type": kind, "sender": by, "content": content, "state_key": key}
        before = self.state(room).get((kind, key))
        if before is not None:
            event["unsigned"] = {"replaces_state": before["event_id"], "prev_content": before["content"]}
            event["unsigned"]["prev_sender"] = before["sender"]
        return self.add(room, event)

    def add(self, room: str, event: Any) -> str:
        """Any event, even one that makes no sense; `event_id` and time are added if it is an object."""
        place = self._step()
        id = f"$event{place}"
        if isinstance(event, dict):
            event = {"event_id": id, "origin_server_ts": 1_700_000_000_000 + place, **event}
        self.rooms[room].append((place, event))
        return id

    def state(self, room: str, until: int | None = None) -> dict[tuple[str, str], Event]:
        return {
            (event["type"], event["state_key"]): event
            for place, event in self.rooms[room]
            if isinstance(event, dict) and isinstance(event.get("state_key"), str) and (until is None or place <= until)
        }

    def membership(self, room: str, user: str, until: int | None = None) -> str:
        if room not in self.rooms:
            return ""
        found = self.state(room, until).get(("m.room.member", user))
        return "" if found is None else str(found["content"].get("membership"))

    def said(self, room: str) -> list[str]:
        """The bodies of all messages."""
        return [
            event["content"]["body"]
            for _, event in self.rooms[room]
            if isinstance(event, dict) and event.get("type") == "m.room.message"
        ]

    def changed_at(self, room: str, user: str) -> int:
        """Where somebody's present membership began."""
        found = self.state(room)[("m.room.member", user)]
        return next(place for place, event in self.rooms[room] if event is found)

    def page(self, room: str, start: int | None, bound: int, query: Mapping[str, str]) -> Any:
        """Backwards from `start`, to `bound`."""
        before = [(p, e) for p, e in reversed(self.rooms[room]) if (start is None or p <= start) and p > bound]
        shown = before[: int(query.get("limit", "10"))]
        page: Any = {"start": f"t{start or self._here}", "chunk": [event for _, event in shown]}
        if len(before) > len(shown):
            page["end"] = f"t{shown[-1][0] - 1}"
        return page

    def has_news(self, user: str, since: int | None) -> bool:
        if since is None or any(place > since for place, _ in self.account_data[user].values()):
            return True
        return any(
            events and events[-1][0] > since and self.membership(room, user) in ("join", "invite", "leave")
            for room, events in self.rooms.items()
        )

    def sync(self, user: str, since: int | None, wanted: Mapping[str, Any]) -> Any:
        account = [
            {"type": kind, "content": content}
            for kind, (place, content) in self.account_data[user].items()
            if since is None or place > since
        ]
        rooms: Any = {"join": {}, "invite": {}, "leave": {}}
        for room, events in self.rooms.items():
            now = self.membership(room, user)
            fresh = [place for place, _ in events if since is None or place > since]
            if now == "join" and (fresh or since is None):
                rooms["join"][room] = self._shown(room, user, since, wanted.get("room", {}))
            elif now == "invite" and self._changed(room, user, since):
                state = [e for (kind, _), e in self.state(room).items() if kind in _STATE_OF_INVITATIONS]
                rooms["invite"][room] = {"invite_state": {"events": state}}
            elif now == "leave" and since is not None and self._changed(room, user, since):
                rooms["leave"][room] = {"timeline": self._till_left(room, user, since, wanted.get("room", {}))}
        return {"next_batch": self.here, "account_data": {"events": account}, "rooms": rooms}

    def _till_left(self, room: str, user: str, since: int, wanted: Mapping[str, Any]) -> Any:
        left = self.changed_at(room, user)
        fresh = [(p, e) for p, e in self.rooms[room] if since < p <= left]
        shown = fresh[-wanted.get("timeline", {}).get("limit", 10) :]
        limited = len(fresh) > len(shown)
        return {"events": [e for _, e in shown], "limited": limited, "prev_batch": f"t{shown[0][0] - 1}"}

    def _shown(self, room: str, user: str, since: int | None, wanted: Mapping[str, Any]) -> Any:
        start = since or 0
        if since is not None and self.membership(room, user, since) != "join":
            start = 0  # as if for the first time
        timeline = wanted.get("timeline", {})
        fresh = [(p, e) for p, e in self.rooms[room] if p > start] if timeline.get("types") != [] else []
        shown = fresh[-timeline.get("limit", 10) :]
        first = shown[0][0] if shown else self._here + 1
        kinds = wanted.get("state", {}).get("types")
        after = {id(event) for place, event in self.rooms[room] if place > start}
        state = [
            event for (kind, _), event in self.state(room, first - 1).items()
            if (kinds is None or kind in kinds) and id(event) in after
        ]  # fmt: skip
        limited = len(fresh) > len(shown)
        return {
            "state": {"events": state},
            "timeline": {"events": [e for _, e in shown], "limited": limited, "prev_batch": f"t{first - 1}"},
        }

    def _changed(self, room: str, user: str, since: int | None) -> bool:
        return since is None or self.changed_at(room, user) > since

    def _step(self) -> int:
        self._here += 1
        self.news.set()
        self.news = asyncio.Event()
        return self._here
