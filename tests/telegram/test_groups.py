"""Groups as they are told to bots: who is in them, who speaks as whom, what they are called; and what people change."""

import time

from bridge.contract import (
    ChatId,
    ChatSeen,
    Media,
    Membership,
    MessageEdited,
    MessageReceived,
    OccupantChanged,
    Rank,
    ReactionsChanged,
    Session,
    Style,
    Title,
    UserInformed,
)
from bridge.testing.conformance.network import Reader, raises
from tests.support.botapi.state import Stored
from tests.telegram.stage import Stage, stage


def room_of(reader: Reader, kind: type, room: ChatId) -> list:  # type: ignore[type-arg]
    return [event for event in reader.of(kind) if event.chat == room]


async def test_people_come_speak_rise_and_go(play: Stage) -> None:
    world, nurse = play.world, play.world.person("Nurse")
    async with play.live() as (session, reader):
        group = world.group("Verona", play.juliet, play.bot)
        room = ChatId(str(group.id))
        world.comes(play.juliet, group, nurse)
        world.says(nurse, group, "Madam!")
        world.promotes(play.juliet, group, play.bot)
        world.promotes(play.juliet, group, nurse)
        world.goes(play.juliet, group, nurse, "left")
        world.renames(play.juliet, group, "Fair Verona")
        world.says(play.juliet, group, "Anon!")
        await reader.until(lambda r: "Anon!" in r.texts)
        found = {one.contact.name: one for one in await session.occupants(room)}

    assert [(seen.name, seen.alias) for seen in room_of(reader, ChatSeen, room)] == [
        ("Verona", str(group.id)), ("Fair Verona", str(group.id))
    ]  # fmt: skip
    nurses = [e.occupant for e in room_of(reader, OccupantChanged, room) if e.occupant.contact.name == "Nurse"]
    assert [(one.membership, one.rank) for one in nurses] == [
        (Membership.JOINED, None), (Membership.JOINED, Rank.ADMIN), (Membership.LEFT, None),
    ]  # fmt: skip
    assert {name: one.rank for name, one in found.items()} == {
        "Romeo": Rank.ADMIN, "Juliet Capulet": Rank.OWNER
    }  # fmt: skip
    assert [e.message.text for e in room_of(reader, MessageReceived, room)] == ["Madam!", "Anon!"]


async def test_what_administrators_are_called_is_their_title(play: Stage) -> None:
    world, nurse = play.world, play.world.person("Nurse")
    group = world.group("Verona", play.juliet, play.bot, nurse)
    group.titles[play.juliet.id] = "Heir\u202e\nof " + "Capulet " * 100
    async with play.live() as (session, reader):
        world.promotes(play.juliet, group, play.bot)
        world.promotes(play.juliet, group, nurse)
        world.entitles(play.juliet, group, nurse, "Confidante")
        world.says(nurse, group, "Madam!")  # which says nothing of titles, so they stay
        world.promotes(play.juliet, group, nurse, "member")
        world.says(play.juliet, group, "Anon!")
        await reader.until(lambda r: "Anon!" in r.texts)
        found = {one.contact.name: one.titles for one in await session.occupants(ChatId(str(group.id)))}

    told = [e.occupant for e in reader.of(OccupantChanged) if e.occupant.contact.name == "Nurse"]
    confidante = (Title("Confidante", "Confidante"),)
    assert [(one.rank, one.titles) for one in told] == [
        (Rank.ADMIN, ()), (Rank.ADMIN, confidante), (Rank.MEMBER, ()),
    ]  # fmt: skip
    assert (found["Nurse"], found["Romeo"]) == ((), ())
    [heir] = found["Juliet Capulet"] or ()
    assert (heir.name[:15], len(heir.name), heir.id) == ("Heir of Capulet", 64, heir.name)


async def test_who_speaks_as_a_group_or_a_channel_is_nobody_in_particular(play: Stage) -> None:
    world = play.world
    group = world.group("Verona", play.juliet, play.bot, supergroup=True)
    channel = world.group("News", play.juliet, play.bot, type="channel")
    async with play.live() as (_, reader):
        world.says(play.juliet, group, "as an admin", as_chat=group)
        world.says(play.juliet, group, "as a channel", as_chat=channel)
        world.promotes(play.juliet, channel, play.bot)
        post = world.says(play.juliet, channel, "a post")
        world.edits(post, channel, "a post, edited")
        await reader.until(lambda r: bool(r.of(MessageEdited)))

    said = {e.message.text: e.sender for e in reader.of(MessageReceived)}
    assert (said["as an admin"].id, said["as an admin"].name) == (f"chat{group.id}", "Verona")
    assert (said["as a channel"].id, said["as a channel"].name) == (f"chat{channel.id}", "News")
    assert reader.of(MessageEdited)[0].sender.name == said["a post"].name == "News"
    assert str(play.juliet.id) not in {e.id for e in said.values() if e.name in ("Verona", "News")}


async def test_edits_and_reactions_have_ids_of_their_own_and_come_once(play: Stage) -> None:
    async with play.live() as (_, reader):
        said = play.world.says(play.juliet, play.chat, "one")
        for text in ("two", "three", "two"):
            play.world.edits(said, play.chat, text)
        for emoji in (("👍",), (), ("👍",)):
            play.world.reacts(play.juliet, play.chat, said, *emoji)
        await reader.until(lambda r: len(r.of(ReactionsChanged)) == 3)

    changes = reader.of(MessageEdited) + reader.of(ReactionsChanged)
    assert len({change.id for change in changes}) == 6, "all within a second"
    assert {change.target for change in changes} == {play.id(said)}
    assert [e.message.text for e in reader.of(MessageEdited)] == ["two", "three", "two"]
    assert [e.reactions for e in reader.of(ReactionsChanged)] == [("👍",), (), ("👍",)]


async def test_two_bots_tell_of_one_edit_in_a_supergroup_under_one_id_and_elsewhere_under_two(play: Stage) -> None:
    other = play.world.bot("Benvolio", reads_all=True)
    square = play.world.group("Square", play.juliet, play.bot, other, supergroup=True)
    cellar = play.world.group("Cellar", play.juliet, play.bot, other)
    ids = []
    for bot in (play.bot, other):
        play.bot = bot
        async with play.live() as (session, reader):
            if bot is not other:
                for group in (square, cellar):
                    play.world.edits(play.world.says(play.juliet, group, "one"), group, "two")
            await reader.until(lambda r: len(r.of(MessageEdited)) == 2)
            scopes = [session.scope(e.chat) for e in reader.of(MessageEdited)]
            ids.append([e.id for e in reader.of(MessageReceived) + reader.of(MessageEdited) if e.chat != play.room])
            assert scopes == ["", str(bot.id)]

    assert (ids[0][0], ids[0][-2]) == (ids[1][0], ids[1][-2])


async def test_privacy_mode_is_said_where_it_matters(tmp_path) -> None:  # type: ignore[no-untyped-def]
    async with stage(tmp_path, reads_all=False) as play:
        async with play.live() as (_, reader):
            group = play.world.group("Verona", play.juliet, play.bot)
            play.world.says(play.juliet, group, "which the bot is not told")
            play.world.says(play.juliet, group, "/romeo where art thou")
            await reader.until(lambda r: any("where art thou" in text for text in r.texts))

        told = room_of(reader, MessageReceived, ChatId(str(group.id)))
        assert [e.message.style for e in told] == [Style.NOTICE, Style.TEXT]
        assert "/setprivacy" in told[0].message.text
        assert told[0].sender.name == "Verona"


async def test_a_change_of_privacy_mode_is_told_once_and_not_at_every_start(play: Stage) -> None:
    told = []
    for reads_all in (True, True, False, False, True):
        play.bot.reads_all = reads_all
        async with play.live() as (_, reader):
            play.world.says(play.juliet, play.chat, "END")
            await reader.until(lambda r: r.texts[-1:] == ["END"])
            told.append([e.text for e in reader.of(UserInformed)])

    assert [len(one) for one in told] == [0, 0, 1, 0, 1]
    assert "/setprivacy" in told[2][0]
    assert "Privacy mode is off now" in told[4][0]


async def test_chats_have_the_pictures_and_descriptions_that_they_have_on_telegram(play: Stage) -> None:
    async def picture(session: Session, reference: str) -> bytes:
        async with session.open_media(Media(reference), 1_000) as chunks:
            return b"".join([chunk async for chunk in chunks])

    play.juliet.photo = Stored("photo.jpg", "image/jpeg", b"Juliet", "photos/juliet")
    async with play.live() as (session, reader):
        group = play.world.group("Verona", play.juliet, play.bot)
        group.description = "Where we lay our scene"
        play.world.repaints(play.juliet, group, b"Verona")
        await reader.until(lambda r: any("picture" in text for text in r.texts))
        seen = room_of(reader, ChatSeen, ChatId(str(group.id)))[-1]
        other = room_of(reader, ChatSeen, play.room)[-1].contact
        pictures = [await picture(session, one) for one in (seen.avatar, other.avatar)]

    assert seen.subject == "Where we lay our scene"
    assert pictures == [b"Verona", b"Juliet"]


async def test_what_is_said_after_the_login_and_before_the_first_poll_is_told(play: Stage) -> None:
    """And nothing of before."""
    play.chat.messages[-1].date -= 60
    play.bot.queue[-1]["message"]["date"] -= 60
    play.secret["since"] = str(int(time.time()) - 30)
    play.world.says(play.juliet, play.chat, "while we come in")
    async with play.live(None) as (_, reader):
        await reader.until(lambda r: "while we come in" in r.texts)

    assert reader.texts == ["while we come in"]
    assert len(reader.of(ChatSeen)) == 1


async def test_a_bot_that_is_put_out_has_left_and_may_come_again(play: Stage) -> None:
    group = play.world.group("Verona", play.juliet, play.bot)
    room = ChatId(str(group.id))
    async with play.live() as (session, reader):
        play.world.goes(play.juliet, group, play.bot)
        play.world.comes(play.juliet, group, play.bot)
        await reader.until(lambda r: len(room_of(r, ChatSeen, room)) == 2)
        left = [e.occupant for e in room_of(reader, OccupantChanged, room) if e.occupant.contact.id == session.me.id]
        play.world.goes(play.juliet, group, play.bot)
        async with raises(Exception) as refused:
            await session.perform(play.send("hello?", chat=group))

    assert [one.membership for one in left] == [Membership.BANNED]
    assert "not in this group any more" in str(refused[0])
