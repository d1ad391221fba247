"""Opening direct chats: one room per person, however often we have to try."""

import asyncio

import pytest

from bridge.contract import ChatSeen, ContactId, Message, Reason, Refused, Scope, Send, Unavailable, Unconfirmed
from tests.matrix.stage import Stage
from tests.support.homeserver import THROTTLED, held, lose_answer, reset, says

KEY = "open-1"


async def test_a_first_message_to_somebody_opens_one_room_for_all_apps(play: Stage) -> None:
    juliet = ContactId(play.juliet)

    async with play.session() as session:
        room = await session.direct(juliet, KEY)
        again = await session.direct(juliet, "open-2")

    assert room == again
    assert play.server.membership(room, play.juliet) == "invite"
    assert play.server.account_data[play.romeo]["m.direct"][1] == {play.juliet: [room]}


async def test_a_room_whose_answer_was_lost_is_found_again(play: Stage) -> None:
    play.server.fault("POST", "createRoom", lose_answer)

    async with play.session() as session:
        with pytest.raises(Unconfirmed):
            await session.direct(ContactId(play.juliet), KEY)
        room = await session.direct(ContactId(play.juliet), KEY)

    assert list(play.server.rooms) == [room]
    assert play.server.count("createRoom") == 1


async def test_a_room_whose_answer_was_lost_is_found_by_a_new_session(play: Stage) -> None:
    play.server.fault("POST", "createRoom", lose_answer)
    async with play.session() as session:
        with pytest.raises(Unconfirmed):
            await session.direct(ContactId(play.juliet), KEY)
    play.restart()

    async with play.session() as session:
        room = await session.direct(ContactId(play.juliet), KEY)

    assert list(play.server.rooms) == [room]


async def test_looking_for_a_lost_room_reads_no_whole_rooms(play: Stage) -> None:
    for n in range(20):
        play.server.create_room(play.romeo, room=f"!other{n}")
    play.server.fault("POST", "createRoom", lose_answer)

    async with play.session() as session:
        with pytest.raises(Unconfirmed):
            await session.direct(ContactId(play.juliet), KEY)
        await session.direct(ContactId(play.juliet), KEY)

    assert sum(asked.endswith("/state") for asked in play.server.asked) <= 1


async def test_a_room_that_was_never_made_is_made_at_the_second_try(play: Stage) -> None:
    play.server.fault("POST", "createRoom", reset)

    async with play.session() as session:
        with pytest.raises(Unconfirmed):
            await session.direct(ContactId(play.juliet), KEY)
        room = await session.direct(ContactId(play.juliet), KEY)

    assert list(play.server.rooms) == [room]


async def test_a_crash_between_the_room_and_m_direct_makes_no_second_room(play: Stage) -> None:
    play.server.fault("PUT", "m.direct", says(500, {"errcode": "M_UNKNOWN"}))
    async with play.session() as session:
        with pytest.raises(Unconfirmed):
            await session.direct(ContactId(play.juliet), KEY)
    play.restart()

    async with play.session() as session:
        room = await session.direct(ContactId(play.juliet), KEY)

    assert list(play.server.rooms) == [room]
    assert play.server.account_data[play.romeo]["m.direct"][1] == {play.juliet: [room]}


async def test_a_half_made_room_is_used_and_the_person_invited(play: Stage) -> None:
    """The homeserver made the room and failed before the invitation."""
    play.server.fault("POST", "createRoom", lose_answer)
    async with play.session() as session:
        with pytest.raises(Unconfirmed):
            await session.direct(ContactId(play.juliet), KEY)
        room = next(iter(play.server.rooms))
        play.server.rooms[room] = play.server.rooms[room][:2]

        found = await session.direct(ContactId(play.juliet), KEY)
        await session.perform(Send(chat=found, key="key-1", message=Message("hello")))

    assert found == room
    assert play.server.membership(room, play.juliet) == "invite"
    assert play.server.said(room) == ["hello"]


async def test_what_is_noted_of_openings_does_not_grow(play: Stage) -> None:
    async with play.session() as session:
        for n in range(5):
            await session.direct(ContactId(play.server.add_user(f"user{n}")), f"open-{n}")

    assert await play.memory.get("openings") == "{}"


async def test_chats_that_are_opened_at_once_are_all_in_m_direct(play: Stage) -> None:
    people = [ContactId(play.server.add_user(f"user{n}")) for n in range(8)]

    async with play.session() as session:
        rooms = await asyncio.gather(*(session.direct(user, f"open-{n}") for n, user in enumerate(people)))

    listed = play.server.account_data[play.romeo]["m.direct"][1]
    assert listed == {user: [room] for user, room in zip(people, rooms, strict=True)}


async def test_other_apps_entries_are_kept(play: Stage) -> None:
    play.server.set_account_data(play.romeo, "m.direct", {"@nurse:hs.test": ["!a", "!b:hs.test"]})

    async with play.session() as session:
        room = await session.direct(ContactId(play.juliet), KEY)

    listed = play.server.account_data[play.romeo]["m.direct"][1]
    assert listed == {"@nurse:hs.test": ["!a", "!b:hs.test"], play.juliet: [room]}


@pytest.mark.parametrize(
    ("status", "code", "reason", "words"),
    [(404, "M_NOT_FOUND", Reason.NOT_FOUND, "There is nobody called"), (400, "M_UNKNOWN", Reason.NOT_FOUND, "nobody"),
     (502, "M_UNKNOWN", Reason.UNREACHABLE, "Check the address, or try again later\\.$")],
)  # fmt: skip
async def test_who_does_not_exist_or_cannot_be_reached_is_refused(
    play: Stage, status: int, code: str, reason: Reason, words: str
) -> None:
    play.server.fault("GET", "/profile/", says(status, {"errcode": code, "error": "x"}))

    async with play.session() as session:
        with pytest.raises(Refused, match=words) as caught:
            await session.direct(ContactId("@ghost:elsewhere.test"), KEY)

    assert caught.value.reason is reason
    assert play.server.rooms == {}


async def test_a_chat_with_oneself_is_refused(play: Stage) -> None:
    async with play.session() as session:
        with pytest.raises(Refused, match="with yourself"):
            await session.direct(ContactId(play.romeo), KEY)


async def test_throttled_opening_holds_only_its_chat_and_looks_for_nothing_afterwards(play: Stage) -> None:
    play.server.fault("POST", "createRoom", says(429, THROTTLED))

    async with play.session() as session:
        with pytest.raises(Unavailable) as caught:
            await session.direct(ContactId(play.juliet), KEY)
        await session.direct(ContactId(play.juliet), KEY)

    assert (caught.value.scope, caught.value.retry_after) == (Scope.CHAT, 2.0)
    assert play.server.count("joined_rooms") == 0


async def test_a_cancelled_opening_makes_no_second_room(play: Stage) -> None:
    arrived, go = asyncio.Event(), asyncio.Event()
    play.server.fault("POST", "createRoom", held(arrived, go))

    async with play.session() as session:
        opening = asyncio.create_task(session.direct(ContactId(play.juliet), KEY))
        await arrived.wait()
        opening.cancel()
        await asyncio.wait([opening])
        go.set()
        room = await session.direct(ContactId(play.juliet), KEY)

    assert list(play.server.rooms) == [room]


async def test_of_two_rooms_with_one_person_the_latest_is_the_direct_chat_until_the_other_is_spoken_in(
    play: Stage,
) -> None:
    old, new = play.server.direct(play.romeo, play.juliet), play.server.direct(play.romeo, play.juliet)
    juliet = ContactId(play.juliet)

    async with play.reading() as (session, reader):
        first = await session.direct(juliet, KEY)
        play.server.put_state(
            old, play.juliet, "m.room.member", {"membership": "join", "displayname": "J"}, play.juliet
        )
        play.server.say(new, play.juliet, "in the new one")
        await reader.until(lambda r: r.texts == ["in the new one"])
        then = await session.direct(juliet, KEY)
        play.server.say(old, play.juliet, "in the old one")
        await reader.until(lambda r: len(r.texts) == 2)
        last = await session.direct(juliet, KEY)

    assert (first, then, last) == (new, new, old)
    assert [seen.chat for seen in reader.of(ChatSeen)] == [new, old]


async def test_a_room_that_the_person_has_left_is_not_preferred(play: Stage) -> None:
    old, new = play.server.direct(play.romeo, play.juliet), play.server.direct(play.romeo, play.juliet)
    play.server.leave(new, play.juliet)

    async with play.reading() as (session, reader):
        found = await session.direct(ContactId(play.juliet), KEY)

    assert found == old
    assert [seen.chat for seen in reader.of(ChatSeen)] == [old]


async def test_the_people_of_direct_chats_are_contacts_with_their_names(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    play.server.put_state(
        room, play.juliet, "m.room.member", {"membership": "join", "displayname": "Juliet"}, play.juliet
    )

    async with play.session() as session:
        found = await session.contacts()

    assert [(contact.id, contact.name) for contact in found] == [(play.juliet, "Juliet")]
