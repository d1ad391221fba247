"""Rooms of many: what is shown of them, who comes and goes, and invitations; on a homeserver in this process."""

from typing import Any

from bridge.contract import (
    ChatId,
    ChatKind,
    ChatSeen,
    CursorMoved,
    Membership,
    MessageReceived,
    OccupantChanged,
    RoomInvited,
)
from tests.matrix.stage import Stage
from tests.support.homeserver import says


def a_room(play: Stage, **more: str) -> str:
    room = play.server.create_room(play.romeo)
    play.server.put_state(room, play.romeo, "m.room.name", {"name": more.get("name", "Verona")})
    play.server.join(room, play.juliet)
    return room


async def test_a_first_sync_reports_rooms_as_they_are(play: Stage) -> None:
    room = a_room(play)
    play.server.put_state(room, play.romeo, "m.room.topic", {"topic": "A feud"})
    play.server.say(room, play.juliet, "long ago")

    async with play.reading() as (_, reader):
        pass

    [seen] = reader.of(ChatSeen)
    assert (seen.chat, seen.kind, seen.name, seen.subject) == (room, ChatKind.ROOM, "Verona", "A feud")
    assert reader.of(MessageReceived) == []


async def test_a_direct_chat_is_no_room_and_a_space_is_none(play: Stage) -> None:
    direct = play.server.direct(play.romeo, play.juliet)
    space = play.server.create_room(play.romeo, {"type": "m.space"})

    async with play.reading() as (_, reader):
        play.server.put_state(space, play.romeo, "m.room.name", {"name": "Everything"})
        play.server.say(direct, play.juliet, "hi")
        await reader.until(lambda r: bool(r.of(MessageReceived)))

    assert [(seen.chat, seen.kind) for seen in reader.of(ChatSeen)] == [(direct, ChatKind.DIRECT)]


async def test_an_alias_that_means_another_room_is_not_believed(play: Stage) -> None:
    room = a_room(play)
    play.server.put_state(room, play.romeo, "m.room.canonical_alias", {"alias": "#verona:hs.test"})

    async with play.reading() as (_, reader):
        pass

    assert reader.of(ChatSeen)[0].alias == ""


async def test_who_speaks_has_a_name_and_who_comes_and_goes_is_told(play: Stage) -> None:
    room = a_room(play)
    nurse = play.server.add_user("nurse")

    async with play.reading() as (_, reader):
        play.server.join(room, nurse)
        play.server.say(room, nurse, "Anon!")
        play.server.leave(room, nurse)
        await reader.until(lambda r: len(r.of(OccupantChanged)) == 2)

    [said] = reader.of(MessageReceived)
    assert (said.chat, said.sender.id, said.message.text) == (room, nurse, "Anon!")
    assert [(one.occupant.contact.id, one.occupant.membership) for one in reader.of(OccupantChanged)] == [
        (nurse, Membership.JOINED), (nurse, Membership.LEFT),
    ]  # fmt: skip


async def test_a_new_name_or_topic_is_told(play: Stage) -> None:
    room = a_room(play)

    async with play.reading() as (_, reader):
        play.server.put_state(room, play.romeo, "m.room.topic", {"topic": "A truce"})
        await reader.until(lambda r: len(r.of(ChatSeen)) == 2)

    assert reader.of(ChatSeen)[-1].subject == "A truce"


async def test_a_room_that_one_has_left_is_told_once_and_after_what_was_said(play: Stage) -> None:
    room = a_room(play)

    async with play.reading() as (_, reader):
        play.server.leave(room, play.romeo)
        await reader.until(lambda r: bool(r.of(OccupantChanged)))

    [gone] = reader.of(OccupantChanged)
    assert (gone.chat, gone.occupant.contact.id, gone.occupant.membership) == (room, play.romeo, Membership.LEFT)


async def test_an_invitation_to_a_room_is_told_and_not_accepted(play: Stage) -> None:
    async with play.reading() as (_, reader):
        room = play.server.create_room(play.juliet)
        play.server.invite(room, play.romeo, play.juliet)
        await reader.until(lambda r: bool(r.of(RoomInvited)))

    [invited] = reader.of(RoomInvited)
    assert invited.inviter is not None
    assert (invited.chat, invited.inviter.id) == (room, play.juliet)
    assert play.server.membership(room, play.romeo) == "invite"


async def test_a_room_whose_state_contradicts_itself_is_read_and_hides_no_other(play: Stage) -> None:
    """Made twice, by different people; somebody both in it and banned; we ourselves said to have left, and to be in."""
    room, other = a_room(play), a_room(play, name="Mantua")
    async with play.reading() as (_, reader):
        cursor = reader.cursor
    state = [
        *play.server.state(room).values(),
        a_state("m.room.create", {"room_version": "12", "creator": play.juliet}, play.juliet),
        a_state("m.room.create", {"room_version": 12, "type": {}}, "nobody"),
        a_state("m.room.power_levels", {"users": [play.romeo], "users_default": {"a": 1}}, play.romeo),
        a_state("m.room.member", {"membership": "ban"}, play.romeo, play.juliet),
        a_state("m.room.member", {"membership": "join"}, play.juliet, play.juliet),
        a_state("m.room.member", {"membership": "leave"}, play.romeo, play.romeo),
        a_state("m.room.name", {"name": "Not this"}, play.romeo, "a key that it has not"),
    ]
    said = [
        {"type": "m.room.message", "event_id": f"$said{n}", "sender": play.juliet,
         "content": {"msgtype": "m.text", "body": f"still there {n}"}}
        for n in range(2)
    ]  # fmt: skip
    there = {"state": {"events": state}, "timeline": {"events": said[:1]}}
    news = {"join": {room: there, other: {"timeline": {"events": said[1:]}}}, "leave": {}, "invite": {room: {}}}
    play.server.fault("GET", "/sync", says(200, {"next_batch": cursor, "rooms": news}))

    async with play.reading(cursor) as (session, reader):
        present = await session.occupants(ChatId(room))

    assert [one.message.text for one in reader.of(MessageReceived)] == ["still there 0", "still there 1"]
    assert [seen.name for seen in reader.of(ChatSeen) if seen.chat == room] == ["Verona"]
    assert [gone for gone in reader.of(OccupantChanged) if gone.occupant.contact.id == play.romeo] == []
    assert {one.contact.id for one in present} == {play.romeo, play.juliet}


def a_state(kind: str, content: Any, by: str, key: str = "") -> Any:
    return {"type": kind, "state_key": key, "sender": by, "content": content, "event_id": f"${kind}-{by}-{key}"}


async def test_encrypted_messages_are_one_line_a_day_for_all(play: Stage) -> None:
    room = a_room(play)
    play.server.put_state(room, play.romeo, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    secret = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgAEnAC", "session_id": "s", "device_id": "d"}

    async with play.reading() as (_, reader):
        for _ in range(3):
            play.server.send(room, play.juliet, secret, "m.room.encrypted")
        play.server.put_state(room, play.romeo, "m.room.topic", {"topic": "end"})
        await reader.until(lambda r: any(seen.subject == "end" for seen in r.of(ChatSeen)))

    [line] = reader.of(MessageReceived)
    assert "end-to-end encrypted" in line.message.text
    assert play.romeo not in line.id
    assert reader.of(ChatSeen)[-1].encrypted


async def test_what_was_said_before_we_left_comes_although_the_room_tells_nothing_any_more(play: Stage) -> None:
    room = a_room(play)
    async with play.reading() as (_, reader):
        cursor = reader.cursor
    play.server.fault("GET", f"{room}/state/", says(403, {"errcode": "M_FORBIDDEN", "error": "Not here"}), times=100)
    play.server.say(room, play.juliet, "farewell")

    async with play.reading(cursor) as (_, reader):
        await reader.until(lambda r: r.cursor != cursor)

    assert reader.texts == ["farewell"]


async def test_a_room_that_we_make_is_told_when_it_is_known_what_it_is(play: Stage) -> None:
    async with play.reading() as (_, reader):
        chat, room = play.server.create_room(play.romeo), play.server.create_room(play.romeo)
        await reader.until(lambda r: len(r.of(CursorMoved)) >= 3)
        play.server.put_state(chat, play.romeo, "m.room.power_levels", {})
        play.server.put_state(room, play.romeo, "m.room.name", {"name": "Verona"})
        play.server.invite(chat, play.juliet, play.romeo, direct=True)
        await reader.until(lambda r: len(r.of(ChatSeen)) == 2)

    assert {(seen.chat, seen.kind) for seen in reader.of(ChatSeen)} == {
        (chat, ChatKind.DIRECT), (room, ChatKind.ROOM),
    }  # fmt: skip
