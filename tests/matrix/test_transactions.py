"""What a homeserver calls the appservice for, over real HTTP: nothing is answered before it is journaled."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bridge.contract import Person
from bridge.web.routes import Routes
from connectors.matrix.relay import registration
from connectors.matrix.relay.inbox import PREFIX, Inbox
from tests.support.ports import free_port

TOLD = registration.new("matrix", ["xmpp", "telegram"], "localhost", "")
EVENT = {"event_id": "$1", "room_id": "!r", "type": "m.room.message"}


async def who(person: Person) -> bool:
    return person.id == "romeo@localhost"


@dataclass
class Caller:
    """The homeserver."""

    url: str
    http: aiohttp.ClientSession

    async def call(self, method: str, path: str, body: Any = None, token: str = TOLD.hs_token) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.http.request(method, self.url + path, data=data, headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text.startswith(("{", "[")) else text

    def transaction(self, id: str, *events: Any, body: Any = None) -> "asyncio.Task[tuple[int, Any]]":
        said = {"events": list(events)} if body is None else body
        return asyncio.ensure_future(self.call("PUT", f"transactions/{id}", said))


@pytest.fixture
async def routes() -> AsyncIterator[Routes]:
    port = free_port()
    made = Routes(f"http://127.0.0.1:{port}")
    application = web.Application(client_max_size=1)
    application.router.add_routes(made.routes())
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield made
    finally:
        await runner.cleanup()


@pytest.fixture
async def inbox(routes: Routes) -> AsyncIterator[Inbox]:
    made = Inbox(TOLD, who)
    with routes.mount(PREFIX, made):
        yield made


@pytest.fixture
async def homeserver(routes: Routes) -> AsyncIterator[Caller]:
    with routes.mount("/none/", who_not) as url:
        pass
    async with aiohttp.ClientSession() as http:
        yield Caller(url.replace("/none/", PREFIX), http)


async def who_not(call: Any) -> None:
    return None


async def test_it_is_answered_when_it_is_journaled_and_not_before(inbox: Inbox, homeserver: Caller) -> None:
    inbox.begin(None)
    calling = homeserver.transaction("1", EVENT)
    came = await asyncio.wait_for(inbox.take(), 5)
    cursor = inbox.cursor(came)

    assert list(came.events) == [EVENT]
    done, _ = await asyncio.wait({calling}, timeout=0.2)
    assert not done
    inbox.journaled(cursor)
    assert await calling == (200, {})


async def test_a_replay_is_a_no_op_also_after_a_restart(inbox: Inbox, homeserver: Caller, routes: Routes) -> None:
    inbox.begin(None)
    cursor = ""
    for id in ("1", "2"):
        calling = homeserver.transaction(id, {**EVENT, "event_id": f"${id}"})
        cursor = inbox.cursor(await asyncio.wait_for(inbox.take(), 5))
        inbox.journaled(cursor)
        assert (await calling)[0] == 200
    assert (await homeserver.transaction("1", {**EVENT, "event_id": "$1"}))[0] == 200

    inbox.begin(cursor)  # as the next process does
    assert (await homeserver.transaction("2", {**EVENT, "event_id": "$2"}))[0] == 200
    new = homeserver.transaction("1", {**EVENT, "event_id": "$of another database"})
    came = await asyncio.wait_for(inbox.take(), 5)
    assert [event["event_id"] for event in came.events if isinstance(event, dict)] == ["$of another database"]
    inbox.journaled(inbox.cursor(came))
    assert (await new)[0] == 200


async def test_what_cannot_be_read_is_taken_so_that_others_come(inbox: Inbox, homeserver: Caller) -> None:
    inbox.begin(None)
    for id, body in (("a", b"{"), ("b", b"[1]"), ("c", b"\xff" * 10), ("d", {"events": "none"}), ("e", {})):
        calling = homeserver.transaction(id, body=body)
        came = await asyncio.wait_for(inbox.take(), 5)
        assert bool(came.wrong) == isinstance(body, bytes)
        assert list(came.events) == []
        inbox.journaled(inbox.cursor(came))
        assert await calling == (200, {})


async def test_one_event_that_cannot_be_read_hides_no_other(inbox: Inbox, homeserver: Caller) -> None:
    inbox.begin(None)
    deep, good = b'{"a":' * 5_000 + b"1" + b"}" * 5_000, json.dumps({**EVENT, "content": {"body": 'a "], {'}}).encode()
    for number, bad in enumerate((deep, b'{"a": "\xff"}', b'{"a": "\\ud8"}', b"{1: 2}", b"null")):
        body = b'{"a": [], "events": [ ' + b", ".join((good, bad, good)) + b' ], "ephemeral": [{}]}'
        calling = homeserver.transaction(f"bad-{number}", body=body)
        came = await asyncio.wait_for(inbox.take(), 5)
        first, second, third = came.events
        assert (first, third, came.signs, came.wrong) == (json.loads(good), json.loads(good), [{}], "")
        assert not isinstance(second, dict)
        inbox.journaled(inbox.cursor(came))
        assert await calling == (200, {})


@dataclass
class Given:
    """A call whose body is there already."""

    path: str
    said: bytes
    method: str = "PUT"
    connection: int = 1
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=lambda: {"authorization": f"Bearer {TOLD.hs_token}"})

    async def body(self, limit: int) -> bytes | None:
        return self.said


@pytest.mark.parametrize("end", [b"", b"\\ud8", b"\xff"], ids=["plain", "no escape", "no UTF-8"])
async def test_the_loop_turns_while_a_large_one_is_read(inbox: Inbox, end: bytes) -> None:
    """Also if something in it can only be read the long way."""
    content = {"list": [{"a": n, "b": [n]} for n in range(1_500)]}
    events = [{**EVENT, "event_id": f"${n}", "content": content} for n in range(100)]
    body = json.dumps({"events": events}).encode().replace(b'"$99"', b'"$99' + end + b'"')
    assert len(body) > 3_000_000
    inbox.begin(None)
    turns = 0
    taking = asyncio.ensure_future(inbox.take())
    calling = asyncio.ensure_future(inbox(Given("transactions/large", body)))
    while not taking.done():
        await asyncio.sleep(0)
        turns += 1
    came = await taking

    assert turns > 40
    assert [isinstance(one, dict) for one in came.events] == [True] * 99 + [not end]
    inbox.journaled(inbox.cursor(came))
    reply = await calling
    assert reply is not None
    assert reply.status == 200


async def test_a_session_that_ends_leaves_it_to_the_homeserver_to_try_again(inbox: Inbox, homeserver: Caller) -> None:
    inbox.begin(None)
    calling = homeserver.transaction("1", EVENT)
    await asyncio.wait_for(inbox.take(), 5)
    inbox.close()

    assert (await calling)[0] == 503
    assert (await homeserver.transaction("2", EVENT))[0] == 503


async def test_signs_come_by_either_name(inbox: Inbox, homeserver: Caller) -> None:
    inbox.begin(None)
    sign = {"type": "m.typing", "room_id": "!r", "content": {"user_ids": []}}
    for id, key in (("1", "ephemeral"), ("2", "de.sorunome.msc2409.ephemeral")):
        calling = homeserver.transaction(id, body={"events": [], key: [sign]})
        came = await asyncio.wait_for(inbox.take(), 5)
        inbox.journaled(inbox.cursor(came))
        assert (await calling)[0] == 200
        assert list(came.signs) == [sign]


@pytest.mark.parametrize(
    "token",
    ["", "wrong", TOLD.as_token, TOLD.hs_token[:-1], TOLD.hs_token + "x", "é"],
    ids=["none", "wrong", "ours", "too short", "too long", "not ascii"],  # the tokens are others in each worker
)
async def test_nobody_else_is_answered(inbox: Inbox, homeserver: Caller, token: str) -> None:
    for method, path in (("PUT", "transactions/1"), ("POST", "ping"), ("GET", "users/@landbridge:localhost")):
        assert (await homeserver.call(method, path, {}, token=token))[0] in (403, 404)


async def test_questions(inbox: Inbox, homeserver: Caller) -> None:
    assert await homeserver.call("POST", "ping", {"transaction_id": "x"}) == (200, {})
    assert inbox.pinged
    for user, there in (
        ("%40xmpp_romeo%3D40localhost%3Alocalhost", True), ("@xmpp_juliet=40localhost:localhost", False),
        ("@landbridge:localhost", True), ("@alice:localhost", False), ("nonsense", False), ("%FF", False),
    ):  # fmt: skip
        assert ((await homeserver.call("GET", f"users/{user}"))[0] == 200) is there, user
    assert (await homeserver.call("GET", "rooms/%23cafe%3Alocalhost"))[0] == 404
    status, protocol = await homeserver.call("GET", "thirdparty/protocol/xmpp")
    assert (status, protocol["user_fields"]) == (200, ["jid"])
    _, found = await homeserver.call("GET", "thirdparty/user/xmpp?jid=Romeo@localhost")
    assert [one["userid"] for one in found] == ["@xmpp_romeo=40localhost:localhost"]
    for jid in ("", "romeo", "a@b/c", "x" * 300 + "@y"):
        assert await homeserver.call("GET", f"thirdparty/user/xmpp?jid={jid}") == (200, [])
    assert (await homeserver.call("GET", "thirdparty/protocol/irc"))[0] == 404
    status, error = await homeserver.call("DELETE", "transactions/1")
    assert (status, error["errcode"]) == (404, "M_UNRECOGNIZED")
