"""Sending: once, to whom it is meant for, and never in clear where that is not expected."""

import asyncio

import pytest
from aiohttp import web

from bridge.contract import (
    ChatKind,
    ChatSeen,
    LoggedOut,
    Message,
    MessageId,
    MessageReceived,
    Reason,
    Refused,
    Scope,
    Send,
    Span,
    SpanKind,
    Unavailable,
    Unconfirmed,
)
from bridge.contract.ids import ChatId
from connectors.matrix import sending
from tests.matrix.stage import Hasty, Stage, a_send
from tests.support.homeserver import BAD_GATEWAY, THROTTLED, drip, held, lose_answer, reset, says, truncate

ENCRYPTION = {"algorithm": "m.megolm.v1.aes-sha2"}


async def test_an_answer_that_is_lost_is_unconfirmed_and_the_retry_gives_one_event(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    play.server.fault("PUT", "/send/", lose_answer, times=2)  # twice where a connection was there before

    async with play.session() as session:
        with pytest.raises(Unconfirmed):
            await session.perform(a_send(room))
        play.server.heal()
        receipt = await session.perform(a_send(room, maybe_done=True))

    assert play.server.said(room) == ["hello"]
    assert receipt.ids == (MessageId(play.server.rooms[room][-1][1]["event_id"]),)


async def test_what_is_unconfirmed_is_said_once_although_the_chat_moves_into_another_room(play: Stage) -> None:
    old, new = (play.server.direct(play.romeo, play.juliet) for _ in range(2))
    play.server.fault("PUT", "/send/", lose_answer, times=2)  # twice where a connection was there before

    async with play.session() as session:
        with pytest.raises(Unconfirmed):
            await session.perform(a_send(old, contact=play.juliet))
        play.server.heal()
        receipt = await session.perform(a_send(new, contact=play.juliet, maybe_done=True))
        await session.perform(a_send(new, "next", "key-2", contact=play.juliet))

    assert (play.server.said(old), play.server.said(new)) == (["hello"], ["next"])
    assert receipt.ids == (MessageId(play.server.rooms[old][-1][1]["event_id"]),)


async def test_what_is_unconfirmed_goes_into_the_other_room_when_the_first_is_closed_to_us(play: Stage) -> None:
    old, new = (play.server.direct(play.romeo, play.juliet) for _ in range(2))
    play.server.fault("PUT", "/send/", BAD_GATEWAY)

    async with play.session() as session:
        with pytest.raises(Unconfirmed):
            await session.perform(a_send(old, contact=play.juliet))
        play.server.fault("PUT", old, says(403, {"errcode": "M_FORBIDDEN"}))
        await session.perform(a_send(new, contact=play.juliet, maybe_done=True))

    assert (play.server.said(old), play.server.said(new)) == ([], ["hello"])


@pytest.mark.parametrize("fault", [BAD_GATEWAY, truncate, reset, says(500, {}), says(200, "[]"), says(200, "")])
async def test_a_message_without_a_proper_answer_is_unconfirmed(play: Stage, fault: object) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    play.server.fault("PUT", "/send/", fault, times=2)  # type: ignore[arg-type]

    async with play.session() as session:
        with pytest.raises(Unconfirmed) as caught:
            await session.perform(a_send(room))

    assert caught.value.text.endswith(".")


async def test_an_answer_that_drips_is_unconfirmed(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    play.server.fault("PUT", "/send/", drip)
    play.http = Hasty(play.http, 0.5)

    async with play.session() as session:
        with pytest.raises(Unconfirmed):
            await session.perform(a_send(room))


async def test_a_throttled_message_waits_as_long_as_the_homeserver_asks_with_the_whole_account(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    play.server.fault("PUT", "/send/", says(429, THROTTLED))
    play.server.fault("PUT", "/send/", says(429, {"errcode": "M_LIMIT_EXCEEDED"}, Retry_After="7"))

    async with play.session() as session:
        asked = []
        for _ in range(2):
            with pytest.raises(Unavailable) as caught:
                await session.perform(a_send(room))
            asked.append((caught.value.retry_after, caught.value.scope))

    assert asked == [(2.0, Scope.ACCOUNT), (7.0, Scope.ACCOUNT)]


async def test_a_refused_message_says_the_homeservers_words(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    play.server.fault("PUT", "/send/", says(403, {"errcode": "M_FORBIDDEN", "error": "You are muted"}))

    async with play.session() as session:
        with pytest.raises(Refused, match=r"You are muted\.$") as caught:
            await session.perform(a_send(room))

    assert caught.value.reason is Reason.FORBIDDEN


async def test_a_token_that_has_ended_logs_out(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)

    async with play.session() as session:
        play.server.tokens.clear()
        with pytest.raises(LoggedOut, match="“login”"):
            await session.perform(a_send(room))


async def test_encryption_that_comes_while_the_room_is_asked_for_is_not_overlooked(play: Stage) -> None:
    """The room's state is read, then encryption is switched on and a sync tells, then the answer arrives."""
    room = play.server.direct(play.romeo, play.juliet)
    arrived, go = asyncio.Event(), asyncio.Event()
    async with play.reading() as (_, first):
        cursor = first.cursor

    async with play.reading(cursor) as (session, reader):
        play.server.fault("GET", "/state", held(arrived, go))
        sent = asyncio.create_task(session.perform(a_send(room)))
        await arrived.wait()
        play.server.put_state(room, play.juliet, "m.room.encryption", ENCRYPTION)
        await reader.until(lambda r: any(seen.encrypted for seen in r.of(ChatSeen)))
        go.set()
        with pytest.raises(Refused, match="encrypted"):
            await sent

    assert play.server.said(room) == []


async def test_encryption_that_a_sync_brings_is_not_overtaken_by_an_older_answer(play: Stage) -> None:
    """The same, and what the sync itself asks about the room is answered last."""
    room = play.server.direct(play.romeo, play.juliet)
    arrived, go = [asyncio.Event(), asyncio.Event()], [asyncio.Event(), asyncio.Event()]
    async with play.reading() as (_, first):
        cursor = first.cursor

    async with play.reading(cursor) as (session, _):
        play.server.fault("GET", "/state", held(arrived[0], go[0]))
        sent = asyncio.create_task(session.perform(a_send(room)))
        await arrived[0].wait()
        play.server.fault("GET", "/state", held(arrived[1], go[1]))
        play.server.put_state(room, play.juliet, "m.room.encryption", ENCRYPTION)
        await arrived[1].wait()
        go[0].set()
        with pytest.raises(Refused, match="encrypted"):
            await sent
        go[1].set()

    assert play.server.said(room) == []


async def test_a_chat_that_becomes_encrypted_gets_nothing_in_clear_and_one_line_a_day_each_way(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)

    async with play.reading() as (session, reader):
        play.server.put_state(room, play.juliet, "m.room.encryption", ENCRYPTION)
        await reader.until(lambda r: any(seen.encrypted for seen in r.of(ChatSeen)))
        for day in range(2):
            for n in range(3):
                with pytest.raises(Refused, match="Use a Matrix app for this chat"):
                    await session.perform(a_send(room, key=f"key-{day}-{n}"))
                play.server.send(room, play.juliet, {"ciphertext": "x"}, "m.room.encrypted")
            await reader.until(lambda r, day=day: len(r.texts) == 2 * (day + 1))  # type: ignore[misc]
            play.clock.now += 86_400
        play.server.set_account_data(play.romeo, "m.direct", {play.juliet: [room]})
        before = len(reader.events)
        await reader.until(lambda r: len(r.events) > before)

    assert len(reader.texts) == 4
    assert len({event.id for event in reader.of(MessageReceived)}) == 4
    assert play.server.said(room) == []


async def test_nothing_is_sent_when_somebody_else_has_come_in(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    nurse = play.server.add_user("nurse")

    async with play.session() as session:
        play.server.invite(room, nurse, play.juliet)
        with pytest.raises(Refused, match="Other people have come into this Matrix chat"):
            await session.perform(a_send(room))

    assert play.server.said(room) == []


async def test_who_has_left_is_invited_with_the_next_message_and_gets_all(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    play.server.leave(room, play.juliet)

    async with play.session() as session:
        for n in range(3):
            await session.perform(a_send(room, f"number {n}", f"key-{n}"))

    assert play.server.membership(room, play.juliet) == "invite"
    assert play.server.count("/invite") == 1
    assert play.server.said(room) == ["number 0", "number 1", "number 2"]


async def test_who_turns_the_invitation_down_is_invited_once_an_hour_at_most_also_after_a_restart(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    play.server.leave(room, play.juliet)

    for n in range(4):
        play.restart()
        async with play.session() as session:
            if n in (0, 3):
                await session.perform(a_send(room, key=f"key-{n}"))
                play.server.leave(room, play.juliet)
            else:
                with pytest.raises(Refused, match="Write again when they are here"):
                    await session.perform(a_send(room, key=f"key-{n}"))
            play.clock.now += 1_300

    assert play.server.count("/invite") == 2


async def test_an_invitation_that_is_refused_is_not_repeated(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    play.server.leave(room, play.juliet)
    play.server.fault("POST", "/invite", says(403, {"errcode": "M_FORBIDDEN", "error": "is banned"}), times=9)

    async with play.session() as session:
        for n in range(3):
            with pytest.raises(Refused):
                await session.perform(a_send(room, key=f"key-{n}"))

    assert play.server.count("/invite") == 1


async def test_an_invitation_whose_answer_is_lost_counts(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    play.server.leave(room, play.juliet)
    play.server.fault("POST", "/invite", lose_answer)

    async with play.session() as session:
        with pytest.raises(Unconfirmed):
            await session.perform(a_send(room))
        await session.perform(a_send(room))

    assert play.server.count("/invite") == 1
    assert play.server.said(room) == ["hello"]


async def test_a_throttled_invitation_holds_only_its_chat(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    play.server.leave(room, play.juliet)
    play.server.fault("POST", "/invite", says(429, THROTTLED))

    async with play.session() as session:
        with pytest.raises(Unavailable) as caught:
            await session.perform(a_send(room))
        await session.perform(a_send(room))

    assert caught.value.scope is Scope.CHAT
    assert play.server.said(room) == ["hello"]


async def test_a_chat_that_we_have_left_is_opened_anew_once(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)

    async with play.reading() as (session, reader):
        play.server.leave(room, play.romeo)
        with pytest.raises(Unavailable) as caught:
            await session.perform(a_send(room))
        await reader.until(lambda r: len(r.of(ChatSeen)) == 2)
        new = reader.of(ChatSeen)[-1]
        await session.perform(a_send(new.chat))
        again = await session.direct(new.contact.id, "another-key")

    assert caught.value.scope is Scope.CHAT
    assert new.chat != room
    assert again == new.chat
    assert play.server.said(new.chat) == ["hello"]
    assert play.server.count("createRoom") == 1


async def test_a_chat_that_is_opened_anew_is_told_although_its_room_comes_in_pieces(play: Stage) -> None:
    """A sync brings the new room before the other person is invited."""
    room = play.server.direct(play.romeo, play.juliet)

    async def slowly(request: web.Request, handler: object) -> web.StreamResponse:
        made = play.server.create_room(play.romeo)
        while play.server.syncs[-1].get("since") != play.server.here:
            await asyncio.sleep(0.01)
        play.server.invite(made, play.juliet, play.romeo, direct=True)
        return web.json_response({"room_id": made})

    play.server.fault("POST", "createRoom", slowly)

    async with play.reading() as (session, reader):
        play.server.leave(room, play.romeo)
        with pytest.raises(Unavailable):
            await session.perform(a_send(room))
        await reader.until(lambda r: len(r.of(ChatSeen)) == 2)

    assert reader.of(ChatSeen)[-1].chat != room
    assert {seen.kind for seen in reader.of(ChatSeen)} == {ChatKind.DIRECT}


async def test_a_chat_that_we_have_left_goes_on_in_another_room_with_the_same_person(play: Stage) -> None:
    old, new = play.server.direct(play.romeo, play.juliet), play.server.direct(play.romeo, play.juliet)

    async with play.reading() as (session, reader):
        play.server.leave(new, play.romeo)
        with pytest.raises(Unavailable):
            await session.perform(a_send(new))
        await reader.until(lambda r: [seen.chat for seen in r.of(ChatSeen)] == [new, old])
        await session.perform(a_send(old))

    assert play.server.said(old) == ["hello"]
    assert play.server.count("createRoom") == 0


async def test_whom_a_chat_was_with_is_known_after_other_apps_forgot_it(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    async with play.reading() as (_, reader):
        play.server.leave(room, play.romeo)
        play.server.set_account_data(play.romeo, "m.direct", {})
        count = len(reader.events)
        await reader.until(lambda r: len(r.events) > count)
        cursor = reader.cursor
    play.restart()

    async with play.reading(cursor) as (session, reader):
        with pytest.raises(Unavailable):
            await session.perform(a_send(room))
        await reader.until(lambda r: bool(r.of(ChatSeen)))

    assert reader.of(ChatSeen)[0].contact.id == play.juliet


async def test_a_chat_that_nobody_knows_is_refused_with_a_sentence(play: Stage) -> None:
    async with play.session() as session:
        with pytest.raises(Refused, match=r"in a Matrix app\.$"):
            await session.perform(a_send("!never"))


async def test_what_is_meant_for_one_person_is_refused_in_a_room_that_is_no_direct_chat(play: Stage) -> None:
    room = play.server.create_room(play.romeo)

    async with play.session() as session:
        with pytest.raises(Refused, match="no direct chat"):
            await session.perform(a_send(room, contact=play.juliet))

    assert play.server.said(room) == []


async def test_a_late_retry_finds_the_message_by_its_key(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)

    async with play.session() as session:
        receipt = await session.perform(a_send(room))
        play.server._done.clear()  # the homeserver has forgotten its transaction ids
        again = await session.perform(a_send(room, maybe_done=True, at=play.clock.now - 7_200))

    assert again == receipt
    assert play.server.said(room) == ["hello"]


async def test_a_retry_with_a_new_token_finds_the_message_by_its_key(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)

    async with play.session() as session:
        receipt = await session.perform(a_send(room))
    play.token = play.server.token(play.romeo)
    account = play.account
    account = type(account)(
        account.id, account.network, account.user, account.me, {**account.secret, "since": str(play.clock.now)}
    )
    async with play.connector.connect(account, play.workspace) as session:
        again = await session.perform(a_send(room, maybe_done=True))

    assert again == receipt
    assert play.server.said(room) == ["hello"]


@pytest.mark.parametrize(
    ("unit", "kind"),
    [("x" * 997 + "\n", SpanKind.BOLD), ("&<>\"'" * 200 + " ", SpanKind.BOLD), ("👩‍👩‍👧é" * 150 + " ", SpanKind.ITALIC),
     ("\0\x01\\\"", SpanKind.CODE), ("\n" * 999 + "x", SpanKind.QUOTE),
     ("x" * 52_000 + "&" * 20_000 + "é" * 7_000, SpanKind.BOLD),
     ("x" * 55_000 + "\0" * 2_000, SpanKind.BOLD)],
)  # fmt: skip
def test_the_parts_of_a_long_text_fit_and_rejoin(unit: str, kind: SpanKind) -> None:
    text = (unit * (200_000 // len(unit) + 1))[:200_000]
    message = Message(text, tuple(Span(start, start + 150, kind) for start in range(0, 190_000, 199)))

    parts = sending.parts(Send(chat=ChatId("!r"), key="k" * 60, message=message))

    assert all(isinstance(part, Send) for part in parts)
    pieces = [part.message for part in parts if isinstance(part, Send)]
    assert "".join(piece.text for piece in pieces) == text
    assert all(sending.size(piece) <= sending.LARGEST for piece in pieces)
    assert len({part.key for part in parts}) == len(parts)


async def test_lone_surrogates_are_sent_as_something_readable(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    spans = (Span(0, 1, SpanKind.LINK, "https://example.org/\ud800"), Span(1, 2, SpanKind.SPOILER, "\udfff"))

    async with play.session() as session:
        action = a_send(room)
        await session.perform(Send(chat=action.chat, key=action.key, message=Message("a\ud800b", spans)))

    assert play.server.said(room) == ["a\ufffdb"]


async def test_a_room_that_is_too_large_for_two_is_refused_with_a_sentence(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    play.server.fault("GET", "/state", says(200, "[" + " " * 2_000_000 + "]"))

    async with play.session() as session:
        with pytest.raises(Refused, match=r"too large for a direct chat\. Use a Matrix app for it\."):
            await session.perform(a_send(room))


async def test_in_an_encrypted_room_of_many_nothing_is_said_in_clear(play: Stage) -> None:
    room = play.server.create_room(play.romeo)
    play.server.put_state(room, play.romeo, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})

    async with play.session() as session:
        with pytest.raises(Refused, match="end-to-end encrypted"):
            await session.perform(a_send(room))

    assert play.server.said(room) == []


async def test_in_a_room_of_many_everybody_hears_it(play: Stage) -> None:
    room = play.server.create_room(play.romeo)

    async with play.session() as session:
        first = await session.perform(a_send(room))
        again = await session.perform(a_send(room))

    assert first == again
    assert play.server.said(room) == ["hello"]


async def test_who_has_left_a_room_of_many_is_told_so(play: Stage) -> None:
    room = play.server.create_room(play.romeo)
    play.server.leave(room, play.romeo)

    async with play.session() as session:
        with pytest.raises(Refused, match="not in this Matrix room any more"):
            await session.perform(a_send(room))


def test_quotations_are_marked_for_apps_without_formatting_and_mentions_named() -> None:
    text = "she said\nso\nJuliet, Romeo: hm"
    spans = (
        Span(0, 11, SpanKind.QUOTE), Span(12, 18, SpanKind.MENTION, "@juliet:hs.test"),
        Span(20, 25, SpanKind.MENTION, "romeo@home.example", "xmpp"),
    )  # fmt: skip

    content = sending.content(Message(text, spans, reply_to=MessageId("$0")), "key")

    assert content["body"] == "> she said\n> so\nJuliet, Romeo: hm"
    assert content["m.mentions"] == {"user_ids": ["@juliet:hs.test"]}
    assert content["formatted_body"] == (
        '<blockquote>she said<br>so</blockquote><a href="https://matrix.to/#/@juliet:hs.test">Juliet</a>, Romeo: hm'
    )
    assert content["m.relates_to"] == {"m.in_reply_to": {"event_id": "$0"}}
