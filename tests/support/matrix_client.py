"""A Matrix client by plain HTTP, for a person on the Matrix side."""

import asyncio
import itertools
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Any
from urllib.parse import quote

import aiohttp

_SECONDS = 20.0
_ALL = '{"room": {"timeline": {"limit": 1000}}}'  # else the homeserver leaves out all but the last ten
Event = dict[str, Any]


class MatrixError(Exception):
    """The homeserver said no."""

    def __init__(self, status: int, said: Any) -> None:
        super().__init__(f"{status}: {said}")
        self.status = status
        self.said = said


class MatrixClient:
    """One person. `events` has every timeline event since the start, with its `room_id`; invitations are accepted
    unless `joins` is off. With a `token` nobody has to log in."""

    def __init__(
        self, url: str, name: str, password: str, *, joins: bool = True, presence: str = "online", token: str = ""
    ) -> None:
        self.url = url
        self.me = ""
        self.events: list[Event] = []
        self.invited: list[str] = []
        self.joins = joins
        self.typing: dict[str, list[str]] = {}  # by room: who writes
        self.read: dict[tuple[str, str], str] = {}  # by room and person: how far
        self.people: dict[str, Event] = {}  # how they are
        self.presence = presence  # as syncs say it
        self._name, self._password = name, password
        self.token = token
        self._news = asyncio.Condition()
        self._seen = 0
        self._numbers = itertools.count()
        self._http: aiohttp.ClientSession | None = None
        self._syncing: asyncio.Task[None] | None = None
        self._since = ""

    async def __aenter__(self) -> "MatrixClient":
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120))
        if not self.token:
            login = {
                "type": "m.login.password",
                "identifier": {"type": "m.id.user", "user": self._name},
                "password": self._password,
            }
            self.token = (await self.call("POST", "/login", login))["access_token"]
        self.me = (await self.call("GET", "/account/whoami"))["user_id"]
        await self._sync(0)
        self._syncing = asyncio.create_task(self._keep_syncing(), name=f"sync {self.me}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._syncing is not None:
            self._syncing.cancel()
            await asyncio.gather(self._syncing, return_exceptions=True)
        if self._http is not None:
            await self._http.close()

    async def call(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """One request to the client-server API (paths begin after `v3`). Raises MatrixError, aiohttp.ClientError."""
        assert self._http is not None
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        url = f"{self.url}/_matrix/client/v3{path}"
        async with self._http.request(method, url, json=body, params=query, headers=headers) as answer:
            said = await answer.json(content_type=None)
            if answer.status != 200:
                raise MatrixError(answer.status, said)
            return said

    async def direct(self, other: str) -> str:
        """A new direct room with somebody, marked as such; its id."""
        room = (
            await self.call(
                "POST", "/createRoom", {"invite": [other], "is_direct": True, "preset": "trusted_private_chat"}
            )
        )["room_id"]
        direct = await self._direct()
        direct.setdefault(other, []).append(room)
        await self.call("PUT", f"/user/{quote(self.me)}/account_data/m.direct", direct)
        return str(room)

    async def send(self, room: str, body: str, key: str = "", **content: Any) -> str:
        """A text message; its event id, which means that the homeserver has it."""
        return await self.send_event(room, {"msgtype": "m.text", "body": body, **content}, key)

    async def send_event(self, room: str, content: Any, key: str = "", kind: str = "m.room.message") -> str:
        key = key or f"{uuid.uuid4().hex}{next(self._numbers)}"
        answer = await self.call("PUT", f"/rooms/{quote(room)}/send/{kind}/{key}", content)
        return str(answer["event_id"])

    async def redact(self, room: str, event: str) -> None:
        key = uuid.uuid4().hex
        await self.call("PUT", f"/rooms/{quote(room)}/redact/{quote(event)}/{key}", {})

    async def join(self, room: str) -> None:
        await self.call("POST", f"/rooms/{quote(room)}/join", {})

    async def types(self, room: str, typing: bool) -> None:
        wish = {"typing": True, "timeout": 60_000} if typing else {"typing": False}
        await self.call("PUT", f"/rooms/{quote(room)}/typing/{quote(self.me)}", wish)

    async def reads(self, room: str, event: str, kind: str = "m.read") -> None:
        await self.call("POST", f"/rooms/{quote(room)}/receipt/{kind}/{quote(event)}", {})

    async def appears(self, presence: str, status: str = "") -> None:
        self.presence = presence
        await self.call("PUT", f"/presence/{quote(self.me)}/status", {"presence": presence, "status_msg": status})

    async def until(self, so: Callable[["MatrixClient"], bool], seconds: float = _SECONDS) -> None:
        """Wait until what was heard of others is `so`. Raises TimeoutError."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: so(self))

    async def timeline(self, room: str) -> list[Event]:
        """Everything in a room as the homeserver has it, oldest first."""
        found: list[Event] = []
        at = ""
        while True:
            query = {"dir": "b", "limit": "500"} | ({"from": at} if at else {})
            page = await self.call("GET", f"/rooms/{quote(room)}/messages", **query)
            found += page["chunk"]
            at = page.get("end", "")
            if not at:
                return found[::-1]

    async def texts(self, room: str, sender: str = "") -> list[str]:
        """The bodies of all messages in a room, oldest first."""
        return [
            event["content"].get("body", "")
            for event in await self.timeline(room)
            if event["type"] == "m.room.message" and sender in ("", event["sender"])
        ]

    async def expect(self, fits: Callable[[Event], bool], seconds: float = _SECONDS, what: str = "event") -> Event:
        """The next event that fits, after the one `expect` gave last. Raises TimeoutError with what came instead."""

        def find() -> int | None:
            return next((i for i in range(self._seen, len(self.events)) if fits(self.events[i])), None)

        try:
            async with asyncio.timeout(seconds), self._news:
                while (found := find()) is None:
                    await self._news.wait()
        except TimeoutError as error:
            came = self.events[self._seen :][-10:]
            raise TimeoutError(f"{self.me} waited {seconds} s for an {what}; came: {came}") from error
        self._seen = found + 1
        return self.events[found]

    async def text(self, body: str, seconds: float = _SECONDS) -> Event:
        """The next message with this body."""
        return await self.expect(lambda e: e["content"].get("body") == body, seconds, f"message {body!r}")

    async def _direct(self) -> dict[str, list[str]]:
        try:
            found: dict[str, list[str]] = await self.call("GET", f"/user/{quote(self.me)}/account_data/m.direct")
        except MatrixError as error:
            if error.status != 404:
                raise
            return {}
        return found

    async def _keep_syncing(self) -> None:
        while True:
            try:
                await self._sync(20_000)
            except (aiohttp.ClientError, TimeoutError, MatrixError):
                await asyncio.sleep(0.3)  # the homeserver is away: a test stops it

    async def _sync(self, wait: int) -> None:
        query = {"timeout": str(wait), "set_presence": self.presence} | (
            {"since": self._since, "filter": _ALL} if self._since else {}
        )
        answer = await self.call("GET", "/sync", **query)
        rooms = answer.get("rooms", {})
        for room in rooms.get("invite", {}):
            self.invited.append(room)
            if self.joins:
                await self.join(room)
        async with self._news:
            for room, news in rooms.get("join", {}).items():
                self.events += [{**event, "room_id": room} for event in news.get("timeline", {}).get("events", [])]
                for event in news.get("ephemeral", {}).get("events", []):
                    self._note(room, event["type"], event["content"])
            for event in answer.get("presence", {}).get("events", []):
                self.people[event["sender"]] = event["content"]
            self._news.notify_all()
        self._since = answer["next_batch"]

    def _note(self, room: str, kind: str, content: Event) -> None:
        if kind == "m.typing":
            self.typing[room] = content["user_ids"]
        elif kind == "m.receipt":
            for event, about in content.items():
                for user in about.get("m.read", {}):
                    self.read[room, user] = event
