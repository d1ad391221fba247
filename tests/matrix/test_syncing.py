"""Syncs: everything once, in order, before the cursor moves; nothing old; no gaps."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bridge.contract import (
    ChatId,
    ChatKind,
    ChatSeen,
    ContactId,
    CursorMoved,
    Live,
    LoggedOut,
    MessageReceived,
    Refused,
    Unavailable,
    Unparsable,
)
from bridge.hub.retry import Backoff
from bridge.testing.conformance.network import Reader
from connectors.matrix.patience import Pace
from tests.matrix.stage import Hasty, Stage, a_send
from tests.support.homeserver import BAD_GATEWAY, drip, held, instead, reset, says, truncate


def numbers(count: int, start: int = 0) -> list[str]:
    return [f"number {n}" for n in range(start, start + count)]


async def caught_up(play: Stage) -> str:
    """A cursor of now."""
    async with play.reading() as (_, reader):
        return reader.cursor or ""


@contextlib.asynccontextmanager
async def one_sync(play: Stage) -> AsyncIterator[None]:
    """What happens in here comes in one sync."""
    arrived, go = asyncio.Event(), asyncio.Event()
    play.server.fault("GET", "/sync", held(arrived, go))
    play.server.set_account_data(play.romeo, "other", {})  # ends the sync that is waiting
    await arrived.wait()
    yield
    go.set()


async def test_a_first_sync_reports_chats_and_no_messages_and_is_given_time(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    play.server.say(room, play.juliet, "old")
    seconds: list[float] = []

    class Watched:
        async def request(self, method: str, url: str, *, timeout: float = 30.0, **more: Any) -> Any:
            if "/sync" in url:
                seconds.append(timeout)
            return await inner.request(method, url, timeout=timeout, **more)

    inner, play.http = play.http, Watched()

    async with play.reading() as (_, reader):
        pass

    kinds = [type(event) for event in reader.events]
    assert kinds == [ChatSeen, CursorMoved, Live]
    assert seconds[0] >= 1_800
    assert play.server.syncs[0]["timeout"] == "0"


async def test_a_first_sync_asks_for_no_messages(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    for text in numbers(50):
        play.server.say(room, play.juliet, text)

    async with play.reading():
        pass

    wanted = json.loads(play.server.syncs[0]["filter"])["room"]
    assert wanted["timeline"]["types"] == []
    assert wanted["state"]["lazy_load_members"] is True
    assert "since" not in play.server.syncs[0]


async def test_a_gap_of_many_pages_is_read_before_what_came_later_and_before_the_cursor_moves(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    play.server.say(room, play.juliet, "old")
    cursor = await caught_up(play)
    for text in numbers(950):
        play.server.say(room, play.juliet, text)

    async with play.reading(cursor) as (_, reader):
        pass

    assert reader.texts == numbers(950)
    last = next(n for n, event in enumerate(reader.events) if isinstance(event, CursorMoved))
    assert all(not isinstance(event, MessageReceived) for event in reader.events[last:])
    assert play.server.count("/messages") == 1 + 9


async def test_a_gap_ends_where_we_were_although_the_homeserver_does_not_know_where_to_stop(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    for text in numbers(300):
        play.server.say(room, play.juliet, f"old {text}")
    cursor = await caught_up(play)
    play.server.knows_to = False
    for text in numbers(250):
        play.server.say(room, play.juliet, text)

    async with play.reading(cursor) as (_, reader):
        pass

    assert reader.texts == numbers(250)


async def test_a_homeserver_that_does_not_show_where_we_were_is_told_where_to_stop(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    for text in numbers(300):
        play.server.say(room, play.juliet, f"old {text}")
    cursor = await caught_up(play)
    for text in numbers(250):
        play.server.say(room, play.juliet, text)
    play.server.fault("GET", "/messages", says(400, {"errcode": "M_INVALID_PARAM", "error": "no such token"}))

    async with play.reading(cursor) as (_, reader):
        pass

    assert reader.texts == numbers(250)


async def test_empty_pages_do_not_end_a_gap(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    cursor = await caught_up(play)
    for text in numbers(250):
        play.server.say(room, play.juliet, text)
    play.server.fault("GET", "/messages", instead(lambda said: said))  # where we were

    def empty(said: Any) -> Any:
        return {"chunk": [], "end": f"t{int(play.server.queries[-1]['from'][1:])}"} | {"start": said["start"]}

    def nothing_yet(said: Any) -> Any:
        # A page of what we may not see: the place moves, without an event.
        return {**empty(said), "end": play.server.queries[-1]["from"].replace("t", "u")}

    play.server.fault("GET", "/messages", instead(nothing_yet))

    async with play.reading(cursor) as (_, reader):
        pass

    assert reader.texts == numbers(250)


async def test_a_gap_that_fails_in_the_middle_begins_again_from_the_same_cursor(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    cursor = await caught_up(play)
    for text in numbers(350):
        play.server.say(room, play.juliet, text)
    count = 0

    async def fail_at_the_third(request: Any, handler: Any) -> Any:
        nonlocal count
        count += 1
        return await (reset(request, handler) if count in (3, 4) else handler(request))

    play.server.fault("GET", "/messages", fail_at_the_third, times=100)

    async with play.reading(cursor, live=False) as (_, first):
        error = await first.ended()
    async with play.reading(cursor) as (_, second):
        pass

    assert isinstance(error, Unavailable)
    assert first.cursor is None
    assert second.texts == numbers(350)


@pytest.mark.parametrize(
    ("fault", "times"),
    [(BAD_GATEWAY, 3), (says(500, {"errcode": "M_UNKNOWN"}), 3), (truncate, 3), (says(429, {"retry_after_ms": 1}), 1)],
)
async def test_a_fault_in_a_gap_is_waited_for_where_it_is(play: Stage, fault: Any, times: int) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    cursor = await caught_up(play)
    for text in numbers(250):
        play.server.say(room, play.juliet, text)
    play.server.fault("GET", "/messages", fault, times)
    before = len(play.server.syncs)

    async with asyncio.timeout(10):
        async with play.reading(cursor) as (_, reader):
            pass

    assert reader.texts == numbers(250)
    assert play.server.syncs[before]["since"] == cursor
    assert [query["since"] for query in play.server.syncs[before:]].count(cursor) == 1


async def test_a_room_that_can_never_be_read_does_not_hold_the_others_and_is_recorded(play: Stage) -> None:
    bad, good = (
        play.server.direct(play.romeo, play.juliet),
        play.server.direct(play.romeo, play.server.add_user("nurse")),
    )
    cursor = await caught_up(play)
    for text in numbers(150):
        play.server.say(bad, play.juliet, text)
    play.server.say(good, "@nurse:hs.test", "Peter, my fan")
    play.server.fault("GET", f"{bad}/messages", says(500, {"errcode": "M_UNKNOWN"}), times=10_000)

    async with play.reading(cursor) as (_, reader):
        pass

    assert "Peter, my fan" in reader.texts
    assert [gap.reason[:6] for gap in reader.of(Unparsable)] == ["a gap:"]
    assert reader.texts[-101:-1] == numbers(100, 50)


async def test_a_gap_behind_a_homeserver_that_is_away_is_never_given_up(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    cursor = await caught_up(play)
    for text in numbers(150):
        play.server.say(room, play.juliet, text)
    play.server.fault("GET", "/messages", BAD_GATEWAY, times=10_000)

    async with play.reading(cursor, live=False) as (_, reader):
        error = await reader.ended()

    assert isinstance(error, Unavailable)
    assert reader.cursor is None
    assert reader.of(Unparsable) == []


async def test_what_was_said_between_an_invitation_and_our_joining_is_reported_and_nothing_older(play: Stage) -> None:
    cursor = await caught_up(play)
    server = play.server
    room = server.create_room(play.juliet)
    for text in numbers(20):
        server.say(room, play.juliet, f"before {text}")
    server.invite(room, play.romeo, play.juliet, direct=True)
    for text in numbers(230):
        server.say(room, play.juliet, text)

    async with play.reading(cursor) as (_, reader):
        await reader.until(lambda r: len(r.texts) >= 230)

    assert reader.texts == numbers(230)
    assert server.account_data[play.romeo]["m.direct"][1] == {play.juliet: [room]}


async def test_a_new_name_of_ours_is_no_joining(play: Stage) -> None:
    """Some homeservers do not say what a member event replaces."""
    room = play.server.direct(play.romeo, play.juliet)
    play.server.say(room, play.juliet, "old")
    async with play.reading() as (session, reader):
        await session.perform(a_send(room))
        async with one_sync(play):
            play.server.say(room, play.juliet, "before")
            play.server.add(
                room, {"type": "m.room.member", "sender": play.romeo, "state_key": play.romeo,
                       "content": {"membership": "join", "displayname": "R"}},
            )  # fmt: skip
            play.server.say(room, play.juliet, "after")
        await reader.until(lambda r: "after" in r.texts)

    assert reader.texts == ["before", "after"]


async def test_an_invitation_is_noted_before_the_cursor_moves_and_accepted_after_a_restart(play: Stage) -> None:
    cursor = await caught_up(play)
    room = play.server.create_room(play.juliet)
    play.server.invite(room, play.romeo, play.juliet, direct=True)
    play.server.fault("POST", "/join", reset, times=1_000)
    async with play.reading(cursor) as (_, first):
        assert room in (await play.memory.get("invitations") or "")
    play.server.heal()
    play.restart()
    play.clock.now += 60

    async with play.reading(first.cursor) as (_, second):
        await second.until(lambda r: bool(r.of(ChatSeen)))

    assert play.server.membership(room, play.romeo) == "join"
    assert room not in (await play.memory.get("invitations") or "")


async def test_an_invitation_that_cannot_be_accepted_does_not_stop_syncing(play: Stage) -> None:
    other = play.server.direct(play.romeo, play.juliet)
    cursor = await caught_up(play)
    room = play.server.create_room(play.juliet)
    play.server.invite(room, play.romeo, play.juliet, direct=True)
    arrived, go = asyncio.Event(), asyncio.Event()
    play.server.fault("POST", "/join", held(arrived, go, before=True))

    async with play.reading(cursor) as (_, reader):
        await arrived.wait()
        play.server.say(other, play.juliet, "meanwhile")
        await reader.until(lambda r: "meanwhile" in r.texts)
        go.set()


async def test_an_invitation_that_is_refused_is_dropped(play: Stage) -> None:
    cursor = await caught_up(play)
    room = play.server.create_room(play.juliet)
    play.server.invite(room, play.romeo, play.juliet, direct=True)
    play.server.fault("POST", "/join", says(403, {"errcode": "M_FORBIDDEN", "error": "no"}))

    async with play.reading(cursor):
        async with asyncio.timeout(5):
            while (await play.memory.get("invitations")) != "{}":
                await asyncio.sleep(0.01)

    assert play.server.count("/join") == 1


async def test_an_invitation_that_is_turned_down_elsewhere_is_not_accepted(play: Stage) -> None:
    cursor = await caught_up(play)
    room = play.server.create_room(play.juliet)
    play.server.invite(room, play.romeo, play.juliet, direct=True)
    play.server.fault("POST", "/join", says(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 60_000}))
    async with play.reading(cursor) as (_, reader):
        play.server.leave(room, play.romeo)
        await reader.until(lambda r: len(r.of(CursorMoved)) > 1)

    assert await play.memory.get("invitations") == "{}"


@pytest.mark.parametrize("direct", [True, False])
async def test_where_the_operator_wants_it_invitations_are_left_to_other_apps(play: Stage, direct: bool) -> None:
    play.options["accept_direct"] = not direct
    cursor = await caught_up(play)
    room = play.server.create_room(play.juliet)
    play.server.invite(room, play.romeo, play.juliet, direct=direct)

    async with play.reading(cursor) as (_, reader):
        play.server.set_account_data(play.romeo, "m.direct", {})
        await reader.until(lambda r: len(r.of(CursorMoved)) > 1)

    assert play.server.membership(room, play.romeo) == "invite"
    assert await play.memory.get("invitations") in (None, "{}")


async def test_a_flood_of_invitations_is_bounded_and_stops_nothing(play: Stage) -> None:
    other = play.server.direct(play.romeo, play.juliet)
    cursor = await caught_up(play)
    play.server.fault("POST", "/join", says(429, {"errcode": "M_LIMIT_EXCEEDED"}), times=100_000)
    for n in range(400):
        room = play.server.create_room(play.juliet, room=f"!{n:04}{'é' * 100}")
        play.server.invite(room, play.romeo, play.juliet, direct=True)
    play.server.say(other, play.juliet, "still there")

    async with play.reading(cursor) as (_, reader):
        pass

    assert reader.texts == ["still there"]
    assert len((await play.memory.get("invitations") or "").encode()) < 64 * 1024


async def test_own_messages_from_another_app_come_in_order_and_echoes_with_their_key(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)

    async with play.reading() as (session, reader):
        play.server.say(room, play.romeo, "from my phone")
        receipt = await session.perform(a_send(room, "from here", "key-7"))
        play.server.say(room, play.juliet, "from her")
        await reader.until(lambda r: "from her" in r.texts)

    told = [(event.sender.id, event.message.text, event.key) for event in reader.of(MessageReceived)]
    assert told == [
        (play.romeo, "from my phone", None), (play.romeo, "from here", "key-7"), (play.juliet, "from her", None)
    ]  # fmt: skip
    assert reader.of(MessageReceived)[1].id == receipt.ids[0]


def told(reader: Reader) -> list[tuple[str, str]]:
    """Which chats were reported as what, and what was said, in order."""
    found = []
    for event in reader.events:
        if isinstance(event, ChatSeen):
            found.append((event.chat, str(event.kind)))
        elif isinstance(event, MessageReceived):
            found.append((event.chat, event.message.text))
    return found


async def test_a_chat_that_others_come_into_is_a_room_from_there_on_and_stays_one(play: Stage) -> None:
    room, nurse = play.server.direct(play.romeo, play.juliet), play.server.add_user("nurse")
    cursor = await caught_up(play)
    play.server.say(room, play.juliet, "between us")
    play.server.invite(room, nurse, play.juliet)
    play.server.say(room, play.juliet, "among three")

    async with play.reading(cursor) as (_, reader):
        pass
    play.restart()
    play.server.leave(room, nurse)
    play.server.say(room, play.juliet, "she is gone")
    async with play.reading(reader.cursor) as (session, again):
        with pytest.raises(Refused):
            await session.perform(a_send(room, "only for you", contact=play.juliet))
        contacts = await session.contacts()

    assert told(reader) == [(room, "between us"), (room, "room"), (room, "among three")]
    assert told(again) == [(room, "room"), (room, "she is gone")]
    assert contacts == []


async def test_another_room_with_the_same_person_is_the_chat_when_others_come_into_the_first(play: Stage) -> None:
    old, new = play.server.direct(play.romeo, play.juliet), play.server.direct(play.romeo, play.juliet)
    nurse = play.server.add_user("nurse")

    async with play.reading() as (_, reader):
        play.server.invite(new, nurse, play.juliet)
        await reader.until(lambda r: len(r.of(ChatSeen)) == 3)

    assert told(reader) == [(new, "direct"), (new, "room"), (old, "direct")]


async def test_after_others_came_in_a_new_chat_is_opened(play: Stage) -> None:
    room, nurse = play.server.direct(play.romeo, play.juliet), play.server.add_user("nurse")

    async with play.reading() as (session, reader):
        play.server.invite(room, nurse, play.juliet)
        await reader.until(lambda r: len(r.of(ChatSeen)) == 2)
        new = await session.direct(ContactId(play.juliet), "key-1")
        await reader.until(lambda r: len(r.of(ChatSeen)) == 3)

    assert new != room
    assert told(reader)[-1] == (new, "direct")


async def test_a_chat_that_is_taken_off_the_list_is_a_room_with_the_next_that_happens(play: Stage) -> None:
    room, other = play.server.direct(play.romeo, play.juliet), play.server.direct(play.romeo, "@nurse:hs.test")

    async with play.reading() as (_, reader):
        play.server.set_account_data(play.romeo, "m.direct", {"@nurse:hs.test": [other]})
        play.server.say(room, play.juliet, "hello all")
        await reader.until(lambda r: "hello all" in r.texts)

    assert told(reader)[-2:] == [(room, "room"), (room, "hello all")]


@pytest.mark.parametrize("restarts", [1, 2])
async def test_a_chat_that_is_taken_off_the_list_while_we_are_away_is_a_room_though_its_invitation_was_direct(
    play: Stage, restarts: int
) -> None:
    other = play.server.direct(play.romeo, "@nurse:hs.test")
    cursor = await caught_up(play)
    room = play.server.create_room(play.juliet)
    play.server.invite(room, play.romeo, play.juliet, direct=True)
    async with play.reading(cursor) as (_, reader):
        await reader.until(lambda r: (room, "direct") in told(r))
        cursor = reader.cursor

    play.server.set_account_data(play.romeo, "m.direct", {"@nurse:hs.test": [other]})
    for _ in range(restarts):
        play.restart()
        async with play.reading(cursor) as (_, reader):
            cursor = reader.cursor
    play.restart()
    play.server.say(room, play.juliet, "hello all")
    async with play.reading(cursor) as (_, reader):
        await reader.until(lambda r: "hello all" in r.texts)

    assert told(reader)[-2:] == [(room, "room"), (room, "hello all")]


async def test_an_app_that_loses_the_list_makes_no_rooms(play: Stage) -> None:
    room, _ = play.server.direct(play.romeo, play.juliet), play.server.direct(play.romeo, "@nurse:hs.test")

    async with play.reading() as (_, reader):
        play.server.set_account_data(play.romeo, "m.direct", {})
        play.server.say(room, play.juliet, "still we two")
        await reader.until(lambda r: "still we two" in r.texts)

    assert {seen.kind for seen in reader.of(ChatSeen)} == {ChatKind.DIRECT}


async def test_a_homeserver_that_fails_while_a_chat_becomes_a_room_is_asked_again_from_there(play: Stage) -> None:
    room, nurse = play.server.direct(play.romeo, play.juliet), play.server.add_user("nurse")
    cursor = await caught_up(play)
    play.server.say(room, play.juliet, "between us")
    play.server.invite(room, nurse, play.juliet)
    play.server.fault("GET", f"{room}/state/", BAD_GATEWAY, times=1_000)

    async with play.reading(cursor, live=False) as (_, first):
        assert isinstance(await first.ended(), Unavailable)
    play.server.heal()
    async with play.reading(cursor) as (_, second):
        pass

    assert told(second) == [(room, "between us"), (room, "room")]


@pytest.mark.parametrize("first", [True, False])
async def test_a_chat_that_was_never_of_two_is_a_room_and_stays_one(play: Stage, first: bool) -> None:
    """As bridges make them, with a program as the third, and friends: `m.direct` lists them, too."""
    cursor = None if first else await caught_up(play)
    room, bot = play.server.direct(play.romeo, play.juliet), play.server.add_user("bot")
    play.server.invite(room, bot, play.juliet)
    play.server.join(room, bot)
    async with play.reading(cursor) as (session, reader):
        play.server.say(room, play.juliet, "it beeps")
        await reader.until(lambda r: "it beeps" in r.texts)
        await session.perform(a_send(room, "so it does"))
        await reader.until(lambda r: r.of(MessageReceived)[-1].key == "key-1")
        contacts = await session.contacts()

    assert {(seen.chat, seen.kind) for seen in reader.of(ChatSeen)} == {(ChatId(room), ChatKind.ROOM)}
    assert contacts == []
    play.server.leave(room, bot)
    async with play.reading(reader.cursor) as (_, again):
        play.server.say(room, play.juliet, "now it is gone")
        await again.until(lambda r: "now it is gone" in r.texts)

    assert {seen.kind for seen in again.of(ChatSeen)} == {ChatKind.ROOM}


async def test_what_was_said_before_we_left_is_reported(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)

    async with play.reading() as (_, reader):
        async with one_sync(play):
            play.server.say(room, play.juliet, "farewell")
            play.server.leave(room, play.romeo, by=play.juliet)
        await reader.until(lambda r: bool(r.texts))

    assert reader.texts == ["farewell"]


@pytest.mark.parametrize("kind", ["direct", "room"])
async def test_much_that_was_said_before_we_left_is_reported_whole(play: Stage, kind: str) -> None:
    room = play.server.direct(play.romeo, play.juliet) if kind == "direct" else play.server.create_room(play.romeo)
    play.server.join(room, play.juliet)
    cursor = await caught_up(play)
    for text in numbers(250):
        play.server.say(room, play.juliet, text)
    play.server.leave(room, play.romeo, by=play.juliet)
    play.server.say(room, play.juliet, "without him")
    play.restart()

    async with play.reading(cursor) as (_, reader):
        pass

    assert reader.texts == numbers(250)


@pytest.mark.parametrize("kind", ["direct", "room"])
async def test_what_we_may_not_read_any_more_after_we_left_is_recorded(play: Stage, kind: str) -> None:
    room = play.server.direct(play.romeo, play.juliet) if kind == "direct" else play.server.create_room(play.romeo)
    cursor = await caught_up(play)
    for text in numbers(250):
        play.server.say(room, play.juliet, text)
    play.server.leave(room, play.romeo, by=play.juliet)
    forbidden = says(403, {"errcode": "M_FORBIDDEN", "error": "You aren't a member of the room."})
    play.server.fault("GET", "/messages", forbidden, times=100)

    async with play.reading(cursor) as (_, reader):
        pass

    assert reader.texts == numbers(99, 151)
    assert [(gap.reason[:6], gap.chat) for gap in reader.of(Unparsable)] == [
        ("a gap:", ChatId(room) if kind == "direct" else None)  # whose other people may have read all of it
    ]


async def test_an_event_that_was_seen_in_another_room_is_ignored(play: Stage) -> None:
    room, other = play.server.direct(play.romeo, play.juliet), play.server.direct(play.romeo, "@nurse:hs.test")
    async with play.reading() as (_, reader):
        play.server.add(room, message(play.juliet, "mine", event_id="$one"))
        await reader.until(lambda r: r.texts == ["mine"])
        play.server.add(other, message("@nurse:hs.test", "copied", event_id="$one"))
        play.server.add(other, message("@nurse:hs.test", "moved", room_id=room))
        play.server.add(other, message("@nurse:hs.test", "honest", room_id=other))
        await reader.until(lambda r: "honest" in r.texts)

    assert reader.texts == ["mine", "honest"]


def message(sender: str, text: str, **more: Any) -> Any:
    return {"type": "m.room.message", "sender": sender, "content": {"msgtype": "m.text", "body": text}, **more}


async def test_a_token_that_has_ended_logs_out_within_one_poll(play: Stage) -> None:
    async with play.reading() as (_, reader):
        play.server.tokens.clear()
        error = None
        with contextlib.suppress(AssertionError):
            error = await ended(reader)

    assert isinstance(error, LoggedOut)
    assert "“login”" in error.text


async def ended(reader: Reader) -> Exception | None:
    try:
        return await reader.ended()
    except LoggedOut as error:
        return error


async def test_somebody_elses_token_is_not_used(play: Stage) -> None:
    play.token = play.server.token(play.juliet)

    with pytest.raises(LoggedOut):
        async with play.session():
            pass


@pytest.mark.parametrize(
    "fault",
    [BAD_GATEWAY, says(500, {"errcode": "M_UNKNOWN"}), says(403, {"errcode": "M_FORBIDDEN"}), says(200, "{"), reset,
     says(429, {"errcode": "M_LIMIT_EXCEEDED"}), says(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 100}),
     says(429, "<html>", Retry_After="1"), says(200, {}), says(200, {"next_batch": 7}), says(200, "[]"),
     says(200, {"next_batch": ""}), says(200, {"next_batch": "\ud800"}),
     says(401, {"errcode": "M_UNKNOWN"}), says(404, "nothing here")],
)  # fmt: skip
async def test_a_sync_without_a_proper_answer_costs_25_requests_in_five_minutes_at_most_and_is_asked_for_again_soon(
    play: Stage, fault: Any
) -> None:
    cursor = await caught_up(play)
    play.server.fault("GET", "/sync", fault, times=1_000)
    before = len(play.server.asked)

    pauses = await pauses_in(300.0, play, cursor)

    assert len(play.server.asked) - before <= 25
    assert max(pauses) < 40


async def pauses_in(seconds: float, play: Stage, cursor: str) -> list[float]:
    """Connect as often as the hub does, and leave out its pauses."""
    backoff, pauses = Backoff(), []
    while sum(pauses) < seconds:
        try:
            async with play.reading(cursor, live=False) as (_, reader):
                error = await reader.ended()
        except Unavailable as unavailable:
            error = unavailable
        assert isinstance(error, Unavailable)
        pauses.append(backoff.pause(asked=error.retry_after, lasting=error.lasting))
    return pauses


@pytest.mark.parametrize("fault", [BAD_GATEWAY, says(500, {}), says(404, "no"), says(200, "<html>"), reset])
async def test_a_connection_without_a_proper_answer_is_unavailable_and_one_request(play: Stage, fault: Any) -> None:
    play.server.fault("GET", "m.direct", fault, times=1_000)

    for _ in range(3):
        with pytest.raises(Unavailable):
            async with play.session():
                pass

    assert play.server.count("/") == 3


async def test_whoever_says_that_ones_own_data_are_forbidden_does_not_log_out(play: Stage) -> None:
    play.server.fault("GET", "m.direct", says(403, {"errcode": "M_FORBIDDEN"}), times=5)

    for _ in range(5):
        with pytest.raises(Unavailable):
            async with play.session():
                pass

    async with play.session():
        assert play.server.count("/whoami") == 1


async def test_after_a_fault_everything_goes_on_where_it_was(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    cursor = await caught_up(play)
    play.server.fault("GET", "/sync", BAD_GATEWAY, times=2)
    play.server.say(room, play.juliet, "one")
    texts: list[str] = []

    for _ in range(4):
        with contextlib.suppress(Unavailable):
            async with play.reading(cursor, live=False) as (_, reader):
                await reader.until(lambda r: bool(r.of(Live)) or r.error is not None)
                texts += reader.texts
                cursor = reader.cursor or cursor

    assert texts == ["one"]


async def test_a_homeserver_that_does_not_wait_is_not_asked_without_pause(play: Stage) -> None:
    play.server.longest_wait = 0.0

    async with play.reading():
        before = len(play.server.syncs)
        await asyncio.sleep(2)

    assert len(play.server.syncs) - before <= 5


async def test_news_soon_after_a_question_lets_more_come_before_the_next(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    cursor = await caught_up(play)
    play.pace = Pace(together=1.0)
    play.restart()
    async with play.reading(cursor) as (_, reader):
        play.server.say(room, play.juliet, "one")
        await reader.until(lambda found: found.texts == ["one"])
        begun = time.monotonic()
        for text in ("two", "three"):
            play.server.say(room, play.juliet, text)
        await reader.until(lambda found: found.texts == ["one", "two", "three"])

    assert time.monotonic() - begun >= 0.9


async def test_a_sync_that_drips_is_given_up(play: Stage) -> None:
    cursor = await caught_up(play)
    play.server.fault("GET", "/sync", drip)
    play.http = Hasty(play.http, 0.5)

    async with play.reading(cursor, live=False) as (_, reader):
        assert isinstance(await reader.ended(), Unavailable)


async def test_a_room_of_a_thousand_people_is_no_direct_chat_and_stops_nothing(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    cursor = await caught_up(play)
    huge = play.server.create_room(play.juliet)
    play.server.invite(huge, play.romeo, play.juliet, direct=True)
    play.server.join(huge, play.romeo)
    play.server.fault("GET", f"{huge}/state", says(200, "[" + " " * 2_000_000 + "]"), times=100)
    play.server.say(room, play.juliet, "still there")

    async with play.reading(cursor) as (_, reader):
        pass

    assert reader.texts == ["still there"]


async def test_leaving_a_session_ends_its_requests(play: Stage) -> None:
    before = asyncio.all_tasks()
    play.server.longest_wait = 30.0
    async with play.reading():
        pass
    ours = {task for task in asyncio.all_tasks() - before if "aiohttp" not in repr(task)}

    assert not ours
