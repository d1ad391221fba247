"""A Matrix homeserver in memory: what a client needs of one, and every way in which one can misbehave.

It answers as Synapse does: whoever has just joined is shown a room as if for the first time, timelines are limited,
pages read backwards end before their token. Rooms are changed by the methods of `World`, whoever does it.
"""

import asyncio
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any

from aiohttp import web

from tests.support.faults import Answer, Fault, Faults, Handler
from tests.support.homeserver_world import Event, World


class Homeserver(World, Faults):
    """On a loopback port."""

    def __init__(self, name: str = "hs.test") -> None:
        World.__init__(self, name)
        Faults.__init__(self)
        self.url = ""
        self.port = 0
        self.syncs: list[dict[str, str]] = []  # their queries
        self.filters: dict[str, Any] = {"sync": None}
        self.longest_wait = 0.2  # seconds that a sync waits for news, whatever is asked
        self.reactions_at_once = 100
        self.knows_to = True
        self.well_known: Any = None  # what `.well-known/matrix/client` gives; None for 404
        self.login_types = ["m.login.password"]
        self.login_tokens: dict[str, str] = {}  # of single sign-on: user by token
        self.auth_metadata: Any = None  # of its authorization server; None for none
        self.lifetime = 0.0  # seconds of an access token that can be renewed; 0: none can
        self._refresh: dict[str, tuple[str, str]] = {}  # user, and the access token that it came with
        self._successors: dict[str, str] = {}  # by access token: the refresh token that it makes void
        self._done: dict[tuple[str, str], str] = {}  # transaction ids
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> "Homeserver":
        application = web.Application(middlewares=[self.through], client_max_size=10_000_000)
        api = "/_matrix/client/v3"
        application.add_routes(
            [
                web.get("/.well-known/matrix/client", self._well_known),
                web.get("/_matrix/client/versions", self._versions),
                web.get(f"{api}/login", self._flows),
                web.post(f"{api}/login", self._login),
                web.post(f"{api}/logout", self._logout),
                web.post(f"{api}/refresh", self._renew),
                web.get("/_matrix/client/v1/auth_metadata", self._auth_metadata),
                web.get(f"{api}/account/whoami", self._whoami),
                web.get(f"{api}/sync", self._sync),
                web.get(f"{api}/joined_rooms", self._joined_rooms),
                web.get(f"{api}/profile/{{user}}", self._profile),
                web.get(f"{api}/user/{{user}}/account_data/{{kind}}", self._get_account_data),
                web.put(f"{api}/user/{{user}}/account_data/{{kind}}", self._put_account_data),
                web.post(f"{api}/createRoom", self._create_room),
                web.get(f"{api}/rooms/{{room}}/state", self._state),
                web.get(f"{api}/rooms/{{room}}/state/{{kind}}", self._state_event),
                web.get(f"{api}/rooms/{{room}}/messages", self._messages),
                web.get(f"{api}/rooms/{{room}}/joined_members", self._joined_members),
                web.get(f"{api}/rooms/{{room}}/members", self._members),
                web.post(f"{api}/rooms/{{room}}/join", self._join),
                web.post(f"{api}/rooms/{{room}}/invite", self._invite),
                web.put(f"{api}/rooms/{{room}}/send/{{kind}}/{{key}}", self._send),
                web.put(f"{api}/rooms/{{room}}/redact/{{event}}/{{key}}", self._redact),
                web.get("/_matrix/client/v1/rooms/{room}/relations/{event}/m.annotation/m.reaction", self._reactions),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    # Who asks.

    def _user(self, request: web.Request) -> str:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        user = self.tokens.get(token)
        if user is None:
            raise refusal(401, "M_UNKNOWN_TOKEN", "Unknown access token")
        self._refresh.pop(self._successors.pop(token, ""), None)
        return user

    async def _well_known(self, request: web.Request) -> Answer:
        if self.well_known is None:
            raise web.HTTPNotFound
        return web.json_response(self.well_known)

    async def _versions(self, request: web.Request) -> Answer:
        return web.json_response({"versions": ["v1.11"]})

    async def _flows(self, request: web.Request) -> Answer:
        return web.json_response({"flows": [{"type": kind} for kind in self.login_types]})

    async def _auth_metadata(self, request: web.Request) -> Answer:
        if self.auth_metadata is None:
            raise refusal(404, "M_UNRECOGNIZED", "Unrecognized request")
        return web.json_response(self.auth_metadata)

    async def _login(self, request: web.Request) -> Answer:
        given = await request.json()
        if given["type"] == "m.login.token":
            found = self.login_tokens.pop(given["token"], None)
            if found is None:
                raise refusal(403, "M_FORBIDDEN", "Invalid login token")
            return web.json_response({"user_id": found, "device_id": "D", **self._tokens(found)})
        name = str(given["identifier"]["user"]).removeprefix("@").partition(":")[0]
        user = f"@{name}:{self.name}"
        if self.passwords.get(user) != given["password"]:
            raise refusal(403, "M_FORBIDDEN", "Invalid username or password")
        more = self._tokens(user) if given.get("refresh_token") else {"access_token": self.token(user)}
        return web.json_response({"user_id": user, "device_id": "D", **more})

    def _tokens(self, user: str, refresh: str = "") -> dict[str, Any]:
        """A pair that makes the one void that `refresh` is of, when it is used."""
        token = self.token(user)
        if not self.lifetime:
            return {"access_token": token}
        fresh = f"refresh-{token}"
        self._refresh[fresh] = (user, token)
        self._successors[token] = refresh
        return {"access_token": token, "refresh_token": fresh, "expires_in_ms": int(self.lifetime * 1000)}

    async def _renew(self, request: web.Request) -> Answer:
        refresh = (await request.json())["refresh_token"]
        if refresh not in self._refresh:
            raise refusal(401, "M_UNKNOWN_TOKEN", "invalid refresh token")
        user, old = self._refresh[refresh]
        self.tokens.pop(old, None)
        return web.json_response(self._tokens(user, refresh))

    async def _logout(self, request: web.Request) -> Answer:
        self._user(request)
        self.tokens.pop(request.headers["Authorization"].removeprefix("Bearer "))
        return web.json_response({})

    async def _whoami(self, request: web.Request) -> Answer:
        return web.json_response({"user_id": self._user(request)})

    async def _profile(self, request: web.Request) -> Answer:
        if request.match_info["user"] not in self.passwords:
            raise refusal(404, "M_NOT_FOUND", "No such user")
        return web.json_response({})

    async def _get_account_data(self, request: web.Request) -> Answer:
        user = self._own(request)
        if request.match_info["kind"] not in self.account_data[user]:
            raise refusal(404, "M_NOT_FOUND", "Account data not found")
        return web.json_response(self.account_data[user][request.match_info["kind"]][1])

    async def _put_account_data(self, request: web.Request) -> Answer:
        user = self._own(request)
        self.set_account_data(user, request.match_info["kind"], await request.json())
        return web.json_response({})

    def _own(self, request: web.Request) -> str:
        user = self._user(request)
        if request.match_info["user"] != user:
            raise refusal(403, "M_FORBIDDEN", "Cannot get account data for other users.")
        return user

    # Rooms.

    async def _joined_rooms(self, request: web.Request) -> Answer:
        user = self._user(request)
        return web.json_response({"joined_rooms": [r for r in self.rooms if self.membership(r, user) == "join"]})

    async def _create_room(self, request: web.Request) -> Answer:
        user, wish = self._user(request), await request.json()
        room = self.create_room(user, wish.get("creation_content", {}))
        for guest in wish.get("invite", []):
            self.invite(room, guest, user, direct=wish.get("is_direct", False))
        return web.json_response({"room_id": room})

    def _member(self, request: web.Request) -> tuple[str, str]:
        user, room = self._user(request), request.match_info["room"]
        if room not in self.rooms or self.membership(room, user) != "join":
            raise refusal(403, "M_FORBIDDEN", f"User {user} not in room {room}")
        return user, room

    async def _state(self, request: web.Request) -> Answer:
        user, room = self._user(request), request.match_info["room"]
        if room not in self.rooms or self.membership(room, user) not in ("join", "leave"):
            raise refusal(403, "M_FORBIDDEN", f"User {user} not in room {room}")
        left = self.membership(room, user) == "leave"
        return web.json_response(list(self.state(room, self.changed_at(room, user) if left else None).values()))

    async def _state_event(self, request: web.Request) -> Answer:
        _, room = self._member(request)
        found = self.state(room).get((request.match_info["kind"], ""))
        if found is None:
            raise refusal(404, "M_NOT_FOUND", "Event not found.")
        return web.json_response(found if request.query.get("format") == "event" else found["content"])

    async def _joined_members(self, request: web.Request) -> Answer:
        _, room = self._member(request)
        people = {key: event["content"] for (kind, key), event in self.state(room).items() if kind == "m.room.member"}
        joined = {
            user: {"display_name": now["displayname"]} if "displayname" in now else {}
            for user, now in people.items() if now["membership"] == "join"
        }  # fmt: skip
        return web.json_response({"joined": joined})

    async def _members(self, request: web.Request) -> Answer:
        _, room = self._member(request)
        wanted = request.query.get("membership", "")
        people = [event for (kind, _), event in self.state(room).items() if kind == "m.room.member"]
        return web.json_response({"chunk": [one for one in people if wanted in ("", one["content"]["membership"])]})

    async def _messages(self, request: web.Request) -> Answer:
        """Who has left reads what was said till then."""
        user, room = self._user(request), request.match_info["room"]
        if room not in self.rooms or self.membership(room, user) not in ("join", "leave"):
            raise refusal(403, "M_FORBIDDEN", f"User {user} not in room {room}")
        query = request.query
        bound = _place(query["to"]) if "to" in query and self.knows_to else 0
        start = _place(query["from"]) if "from" in query else None
        if self.membership(room, user) == "leave":
            left = self.changed_at(room, user)
            start = left if start is None else min(start, left)
        return web.json_response(self.page(room, start, bound, query))

    async def _join(self, request: web.Request) -> Answer:
        user, room = self._user(request), request.match_info["room"]
        if self.membership(room, user) not in ("invite", "join"):
            raise refusal(403, "M_FORBIDDEN", "You are not invited to this room.")
        self.join(room, user)
        return web.json_response({"room_id": room})

    async def _invite(self, request: web.Request) -> Answer:
        user, room = self._member(request)
        guest = (await request.json())["user_id"]
        if self.membership(room, guest) == "join":
            raise refusal(403, "M_FORBIDDEN", f"{guest} is already in the room.")
        self.invite(room, guest, user)
        return web.json_response({})

    async def _send(self, request: web.Request) -> Answer:
        user, room = self._member(request)
        done = (request.headers["Authorization"], request.path)
        if done not in self._done:
            content = await request.json()
            relation = content.get("m.relates_to", {})
            if any(e["sender"] == user and e["content"]["m.relates_to"] == relation for e in self.reactions(room)):
                raise refusal(400, "M_DUPLICATE_ANNOTATION", "Can't send same reaction twice")
            self._done[done] = self.send(room, user, content, request.match_info["kind"])
        return web.json_response({"event_id": self._done[done]})

    async def _redact(self, request: web.Request) -> Answer:
        user, room = self._member(request)
        done = (request.headers["Authorization"], request.path)
        if done not in self._done:
            self._done[done] = self.redact(room, user, request.match_info["event"], await request.json())
        return web.json_response({"event_id": self._done[done]})

    async def _reactions(self, request: web.Request) -> Answer:
        _, room = self._member(request)
        about = request.match_info["event"]
        found = [e for e in self.reactions(room) if e["content"]["m.relates_to"]["event_id"] == about]
        begin = int(request.query.get("from", "0"))
        end = begin + self.reactions_at_once
        more = {"next_batch": str(end)} if end < len(found) else {}
        return web.json_response({"chunk": found[::-1][begin:end], **more})

    # Syncs.

    async def _sync(self, request: web.Request) -> Answer:
        user, query = self._user(request), dict(request.query)
        self.syncs.append(query)
        since = _place(query["since"]) if "since" in query else None
        wait = min(self.longest_wait, int(query.get("timeout", "0")) / 1000)
        try:
            async with asyncio.timeout(wait):
                while not self.has_news(user, since):
                    await self.news.wait()
        except TimeoutError:
            pass
        body = self.sync(user, since, json.loads(query["filter"]) if "filter" in query else {})
        return web.json_response(body)


def _place(token: str) -> int:
    if not token[1:].isdigit():
        raise refusal(400, "M_INVALID_PARAM", "Invalid stream token")
    return int(token[1:])


def refusal(status: int, code: str, words: str) -> web.HTTPException:
    """An answer as homeservers refuse."""
    body = json.dumps({"errcode": code, "error": words})
    found = next(
        kind for kind in (
            web.HTTPBadRequest, web.HTTPUnauthorized, web.HTTPForbidden, web.HTTPNotFound, web.HTTPTooManyRequests
        ) if kind.status_code == status
    )  # fmt: skip
    return found(text=body, content_type="application/json")


# Faults.


def says(status: int, body: str | bytes | dict[str, Any], **headers: str) -> Fault:
    """Any answer; headers with `_` for `-`."""

    async def fault(request: web.Request, handler: Handler) -> Answer:
        raw = json.dumps(body).encode() if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
        return web.Response(status=status, body=raw, headers={n.replace("_", "-"): v for n, v in headers.items()})

    return fault


def instead(change: Callable[[dict[str, Any]], Any]) -> Fault:
    """The right answer, changed."""

    async def fault(request: web.Request, handler: Handler) -> Answer:
        answer = await handler(request)
        assert isinstance(answer, web.Response)
        assert isinstance(answer.body, bytes)
        said = json.loads(answer.body)
        return web.json_response(change(said))

    return fault


BAD_GATEWAY = says(502, "<html><body>Bad Gateway</body></html>", Content_Type="text/html")
THROTTLED = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests", "retry_after_ms": 2000}


async def reset(request: web.Request, handler: Handler) -> Answer:
    """The connection ends after the request was read; nothing happens."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def silent(request: web.Request, handler: Handler) -> Answer:
    """No answer, and the connection stays."""
    await asyncio.Event().wait()
    raise AssertionError


async def lose_answer(request: web.Request, handler: Handler) -> Answer:
    """It happens, and the connection ends before the answer."""
    await request.read()
    await handler(request)
    return await reset(request, handler)


async def truncate(request: web.Request, handler: Handler) -> Answer:
    answer = await handler(request)
    assert isinstance(answer, web.Response)
    assert isinstance(answer.body, bytes)
    return web.Response(body=answer.body[: len(answer.body) // 2], content_type="application/json")


def dripping(pause: float) -> Fault:
    """A byte now and then, for ever."""

    async def fault(request: web.Request, handler: Handler) -> Answer:
        answer = web.StreamResponse()
        answer.content_length = 1_000_000
        await answer.prepare(request)
        while True:
            await answer.write(b" ")
            await asyncio.sleep(pause)

    return fault


drip = dripping(0.02)


def held(arrived: asyncio.Event, go: asyncio.Event, *, before: bool = False) -> Fault:
    """The answer is made, and held until `go`; with `before`, it is made then."""

    async def fault(request: web.Request, handler: Handler) -> Answer:
        if before:
            arrived.set()
            await go.wait()
        answer = await handler(request)
        arrived.set()
        await go.wait()
        return answer

    return fault


def event_ids(events: list[Event]) -> list[str]:
    return [str(event["event_id"]) for event in events]
