"""Whatever a homeserver or the people on it send: the rest goes on."""

import asyncio
import json
import logging
import time
from typing import Any

import pytest

from bridge.contract import CursorMoved, MessageReceived, Receipt, Unparsable
from bridge.testing.conformance.network import outcome
from connectors.matrix.directs import Directs
from connectors.matrix.notes import Notes
from connectors.matrix.rooms import Room
from tests.matrix.stage import Stage, a_send
from tests.support import poison
from tests.support.homeserver import says
from tests.support.poison import STRANGE
from tests.support.uncollected import uncollected


async def test_events_of_any_shape_hide_no_other(play: Stage) -> None:
    chance = poison.dice()
    room = play.server.direct(play.romeo, play.juliet)
    raw = [poison.event(chance, play.juliet) for _ in range(3_000)] + STRANGE

    async with play.reading() as (_, reader):
        cursor = reader.cursor
    shown = {"timeline": {"events": [*raw, good("$good", play.juliet, "still there")], "prev_batch": "t1"}}
    play.server.fault("GET", f"{room}/state", says(200, json.dumps(list(play.server.state(room).values()))))
    play.server.fault("GET", "/sync", says(200, {"next_batch": cursor, "rooms": {"join": {room: shown}}}))
    async with play.reading(cursor) as (_, reader):
        pass

    assert isinstance(next(e for e in reader.events if isinstance(e, CursorMoved)), CursorMoved)
    for event in reader.of(MessageReceived):
        json.dumps([event.id, event.sender.id, event.sender.name, event.message.text], ensure_ascii=False).encode()
        assert "\0" not in event.id + event.sender.id + event.sender.name
    assert all(len(event.raw) <= 10_000 for event in reader.of(Unparsable))


def good(id: str, sender: str, text: str) -> Any:
    return {"type": "m.room.message", "event_id": id, "sender": sender, "content": {"msgtype": "m.text", "body": text}}


PLACES = [
    "account_data", "account_data.events", "rooms.invite", "rooms.leave",
    "rooms.join.BAD", "rooms.join.BAD.state", "rooms.join.BAD.state.events.0", "rooms.join.BAD.timeline",
    "rooms.join.BAD.timeline.events", "rooms.join.BAD.timeline.events.0", "rooms.join.BAD.timeline.prev_batch",
    "rooms.join.BAD.timeline.limited", "rooms.leave.BAD", "rooms.invite.BAD", "rooms.invite.BAD.invite_state",
    "rooms.invite.BAD.invite_state.events", "rooms.invite.BAD.invite_state.events.0",
    "rooms.invite.BAD.invite_state.events.0.content", "rooms.invite.BAD.invite_state.events.0.sender",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
async def test_something_strange_in_a_sync_hides_nothing_else(play: Stage, place: str) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    async with play.reading() as (_, reader):
        cursor = reader.cursor
    for number, strange in enumerate(STRANGE):
        body = a_sync(play, room, cursor, number)
        put(body, ["!bad" if step == "BAD" else step for step in place.split(".")], strange)
        play.server.fault("GET", "/sync", says(200, json.dumps(body)))

        async with play.reading(cursor) as (_, reader):
            pass

        assert reader.texts == ["still there"], strange


@pytest.mark.parametrize(
    "name", [*(one for one in STRANGE if isinstance(one, str)), "!", "! ", "!\ud800", "!\0", "!a/../b"]
)
async def test_a_room_with_a_strange_name_hides_no_other(play: Stage, name: str) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    async with play.reading() as (_, reader):
        cursor = reader.cursor
    body = a_sync(play, room, cursor, 0)
    for section in ("join", "invite", "leave"):
        body["rooms"][section] = {name: body["rooms"][section]["!bad"], **body["rooms"][section]}
    play.server.fault("GET", "/sync", says(200, json.dumps(body)))

    async with play.reading(cursor) as (_, reader):
        pass

    assert reader.texts == ["still there"]


def a_sync(play: Stage, room: str, cursor: str | None, number: int) -> Any:
    """Something in `room`, and another room in every section."""
    bad = {"state": {"events": [{}]}, "timeline": {"events": [{}], "limited": True, "prev_batch": "t1"}}
    said = {"timeline": {"events": [good(f"$good{number}", play.juliet, "still there")]}}
    invited = {
        "type": "m.room.member", "state_key": play.romeo, "sender": play.juliet,
        "content": {"membership": "invite", "is_direct": True},
    }  # fmt: skip
    return {
        "next_batch": cursor,
        "account_data": {"events": [{"type": "m.direct", "content": {play.juliet: [room, "!bad"]}}]},
        "rooms": {
            "join": {"!bad": bad, room: said},
            "invite": {"!bad": {"invite_state": {"events": [invited]}}},
            "leave": {"!bad": {}},
        },
    }


def put(body: Any, steps: list[str], strange: Any) -> None:
    for step in steps[:-1]:
        body = body[int(step)] if isinstance(body, list) else body[step]
    body[int(steps[-1]) if isinstance(body, list) else steps[-1]] = strange


@pytest.mark.parametrize("strange", STRANGE, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("place", ["rooms", "rooms.join"])
async def test_a_sync_without_proper_rooms_is_read_to_its_end(play: Stage, place: str, strange: Any) -> None:
    body: Any = {"next_batch": "s1", "rooms": {"join": {}}}
    put(body, place.split("."), strange)
    play.server.fault("GET", "/sync", says(200, json.dumps(body)))

    async with play.reading("s1") as (_, reader):
        pass

    assert isinstance(reader.events[0], CursorMoved)


@pytest.mark.parametrize("content", [*STRANGE, {"@a:b": 7}, {"@a:b": ["!r", 7, "", "\ud800", [[]]]}, {"nobody": ["!r"]},
                                     {"@a:b": ["!r"], "@c:d": ["!r"]}, {"\ud800": ["!r"]}, {"@a:b": {"!r": 1}}],
                         ids=lambda value: repr(value)[:20])  # fmt: skip
async def test_m_direct_of_any_shape_is_read_and_changed(play: Stage, content: Any) -> None:
    play.server.set_account_data(play.romeo, "m.direct", content)

    async with play.session() as session:
        found = await session.direct(play.juliet, "open-1")  # type: ignore[arg-type]

    listed = play.server.account_data[play.romeo]["m.direct"][1]
    assert listed[play.juliet] == [found]


def test_what_m_direct_says_of_rooms_is_believed_once_each() -> None:
    directs = Directs(None, "@me:hs.test", Notes(None, "many"), None)  # type: ignore[arg-type]

    directs.read({"@a:hs.test": ["!1", "!2:hs.test", "!1"], "@b:hs.test": ["!2:hs.test", "!3"]})

    assert list(directs) == ["@a:hs.test", "@b:hs.test"]
    assert directs.rooms_of("@a:hs.test") == ["!1", "!2:hs.test"]  # type: ignore[arg-type]
    assert directs.rooms_of("@b:hs.test") == ["!3"]  # type: ignore[arg-type]


def test_a_display_name_that_is_an_object_is_none() -> None:
    room = Room("!r")

    room.apply(
        {"type": "m.room.member", "state_key": "@a:b", "sender": "@a:b",
         "content": {"membership": "join", "displayname": {"x": 1}}}, "@me:b",  # type: ignore[arg-type]
    )  # fmt: skip

    assert room.names == {}
    assert room.holds("@a:b")  # type: ignore[arg-type]


@pytest.mark.parametrize("body", ["[" * 100_000, "{", "7", "null", b"\xff", '"' + "x" * 1_000_000 + '"', ""])
async def test_no_answer_of_any_request_is_a_bug(play: Stage, body: Any) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    for method, part in (("GET", "/state"), ("GET", "/messages"), ("PUT", "/send/"), ("POST", "/invite")):
        play.server.leave(room, play.juliet)
        play.server.fault(method, part, says(200, body))
        async with play.session() as session:
            came = await outcome(session.perform(a_send(room, maybe_done=True, at=1.0)))
            assert isinstance(came, Receipt) or came.text.endswith(".")
        play.server.heal()


async def test_a_large_sync_does_not_hold_the_event_loop(play: Stage) -> None:
    """30 MB: 300 rooms, of which some are direct chats, of a hundred messages each."""
    server = play.server
    rooms = [server.direct(play.romeo, server.add_user(f"user{n}")) for n in range(10)]
    async with play.reading() as (_, reader):
        cursor = reader.cursor
    text = "word " * 180

    def messages(name: object, who: str) -> list[Any]:
        return [good(f"$big{name}-{n}", who, text) for n in range(100)]

    join: dict[str, Any] = {f"!group{n}": {"timeline": {"events": messages(n, "@x:y")}} for n in range(290)}
    join |= {room: {"timeline": {"events": messages(room, f"@user{n}:hs.test")}} for n, room in enumerate(rooms)}
    body = json.dumps({"next_batch": cursor, "rooms": {"join": join}}).encode()
    assert len(body) > 25_000_000
    server.fault("GET", "/sync", says(200, body))
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)

    watching = asyncio.create_task(watch())
    try:
        with uncollected():
            async with play.reading(cursor) as (_, reader):
                pass
    finally:
        watching.cancel()

    assert len(reader.of(MessageReceived)) == 30_000
    # It takes 25 ms here, and all at once 400; 50 are allowed, the rest is for machines with much else to do.
    assert longest < 0.2, "the loop must turn"


async def test_no_secret_or_text_is_logged(play: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    room = play.server.direct(play.romeo, play.juliet)
    async with play.reading() as (session, reader):
        await session.perform(a_send(room, "whispered words"))
        play.server.fault("GET", "/sync", says(500, {"errcode": "M_UNKNOWN", "error": "x"}))
        play.server.say(room, play.juliet, "secret answer")
        await reader.until(lambda r: bool(r.texts) or r.error is not None)

    for secret in (play.token, "whispered words", "secret answer"):
        assert secret not in caplog.text
    assert play.token not in repr(play.account) + repr(session.__dict__)
