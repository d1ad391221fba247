"""Topics as rooms of their own, as one's own bot reports them; and what nobody should say of topics."""

from typing import Any

import pytest

from bridge.contract import (
    ChatId,
    ChatSeen,
    CursorMoved,
    Join,
    Leave,
    Membership,
    Message,
    MessageEdited,
    MessageReceived,
    OccupantChanged,
    ReactionsChanged,
    Reason,
    Refused,
    Send,
    SetTyping,
    Unparsable,
)
from bridge.testing.conformance.network import Reader, raises
from connectors.telegram import ids
from tests.support.botapi import topics
from tests.support.botapi.state import Chat, Said
from tests.telegram.stage import Stage


def forum(play: Stage) -> tuple[Chat, Said, Said]:
    group = play.world.group("Square", play.juliet, play.bot, supergroup=True)
    duels, peace = (topics.begins(play.world, play.juliet, group, name) for name in ("Duels", "Peace"))
    return group, duels, peace


def room(group: Chat, topic: Said) -> ChatId:
    return ChatId(f"{group.id}/{group.number(topic, 0)}")


def said(reader: Reader) -> list[tuple[str, str, bool]]:
    events = [e for e in reader.of(MessageReceived) if e.chat.startswith("-")]
    return [(e.message.text, e.chat, e.message.thread is not None) for e in events]


async def test_every_topic_is_a_room_where_the_operator_wants_it(play: Stage) -> None:
    play.options["topics"] = "rooms"
    group, duels, peace = forum(play)
    world, juliet, nurse = play.world, play.juliet, play.world.person("Nurse")
    world.comes(juliet, group, nurse)
    whole, fencing, calm = ids.chat(group.id), room(group, duels), room(group, peace)
    async with play.live() as (session, reader):
        world.says(juliet, group, "To all")
        first = topics.says(world, nurse, duels, group, "I bite my thumb")
        topics.renames(world, juliet, duels, group, "Fencing")
        topics.closes(world, juliet, duels, group)
        topics.reopens(world, juliet, duels, group)
        world.goes(juliet, group, nurse, "left")
        topics.says(world, juliet, duels, group, "At whom?", reply_to=first)
        await reader.until(lambda r: "At whom?" in r.texts)
        people = {one.contact.name for one in await session.occupants(fencing)}
        for where in (fencing, calm, whole):
            await session.perform(Send(chat=where, key="k", message=Message("Aye")))
        await session.perform(SetTyping(chat=fencing, key="t", typing=True))
        scopes = {session.scope(chat) for chat in (whole, fencing)}
        assert Leave in session.capabilities(fencing).actions
        assert not session.capabilities(whole).for_links

    assert said(reader) == [
        ("[Topic: Duels]", fencing, False), ("[Topic: Peace]", calm, False), ("To all", whole, False),
        ("I bite my thumb", fencing, False), ("[Topic changed: Fencing]", fencing, False), ("At whom?", fencing, False),
    ]  # fmt: skip
    seen = [(e.chat, e.name, e.closed) for e in reader.of(ChatSeen) if e.chat != play.room]
    assert seen == [
        (whole, "Square", None), (fencing, "Square: Duels", None), (calm, "Square: Peace", None),
        (fencing, "Square: Fencing", None), (fencing, "Square: Fencing", "“Square: Fencing” is closed on Telegram."),
        (fencing, "Square: Fencing", ""),
    ]  # fmt: skip
    assert {e.alias for e in reader.of(ChatSeen) if e.chat == fencing} == {fencing.replace("/", ".")}
    gone = [e.chat for e in reader.of(OccupantChanged) if e.occupant.membership is Membership.LEFT]
    assert gone == [whole, fencing], "where she has spoken"
    assert "Juliet Capulet" in people
    assert "Nurse" not in people
    assert scopes == {""}
    assert [one.text for one in topics.inside(group, duels)][-1] == "Aye"
    assert [one.text for one in topics.inside(group, peace)][-1] == "Aye"
    assert [one.text for one in topics.inside(group, None)][-1] == "Aye"


async def test_one_topic_is_a_room_from_when_its_user_comes_in_until_they_leave(play: Stage) -> None:
    group, duels, peace = forum(play)
    world, juliet = play.world, play.juliet
    world.promotes(juliet, group, play.bot)
    fencing = room(group, duels)
    before = topics.says(world, juliet, duels, group, "before")
    async with play.live() as (session, reader):
        await reader.until(lambda r: "before" in r.texts)
        for _ in range(2):
            assert (await session.perform(Join(chat=fencing, key="j"))).chat == fencing
        await reader.until(lambda r: any(e.chat == fencing for e in r.of(ChatSeen)))
        within = topics.says(world, juliet, duels, group, "within")
        topics.says(world, juliet, peace, group, "elsewhere")
        world.edits(before, group, "before, edited")
        world.reacts(juliet, group, within, "👍")
        await reader.until(lambda r: bool(r.of(ReactionsChanged)))
    async with play.live() as (session, later):
        topics.says(world, juliet, duels, group, "after a restart")
        await later.until(lambda r: "after a restart" in r.texts)
        await session.perform(Leave(chat=fencing, key="l"))
        await later.until(lambda r: bool(r.of(OccupantChanged)))
        topics.says(world, juliet, duels, group, "after")
        world.edits(within, group, "within, edited")
        await later.until(lambda r: any(e.message.text == "within, edited" for e in r.of(MessageEdited)))
    async with play.live() as (_, again):  # nobody may have noted it before the process ended
        await again.until(lambda r: any(e.occupant.membership is Membership.LEFT for e in r.of(OccupantChanged)))

    whole = str(group.id)
    chats = {text: (chat, thread) for text, chat, thread in (*said(reader), *said(later))}
    assert chats["before"] == chats["elsewhere"] == chats["after"] == (whole, True)
    assert chats["within"] == chats["after a restart"] == (fencing, False)
    [edit], [reaction] = reader.of(MessageEdited), reader.of(ReactionsChanged)
    assert (edit.chat, edit.among) == (fencing, (whole,))
    assert (reaction.chat, reaction.among) == (whole, (fencing,))
    [left] = [e for e in later.of(OccupantChanged) if e.occupant.membership is Membership.LEFT]
    assert (left.chat, left.occupant.contact.id) == (fencing, str(play.bot.id))
    last = later.of(MessageEdited)[-1]
    assert (last.chat, last.among) == (whole, (fencing,))


async def test_what_is_said_in_a_topic_never_goes_to_all_instead(play: Stage) -> None:
    play.options["topics"] = "rooms"
    group, duels, _ = forum(play)
    fencing = room(group, duels)
    async with play.live() as (_, before):
        topics.says(play.world, play.juliet, duels, group, "Aye")
        await before.until(lambda r: "Aye" in r.texts and isinstance(r.events[-1], CursorMoved))
    async with play.live() as (session, reader):
        topics.deletes(duels, group)
        async with raises(Refused) as gone:
            await session.perform(Send(chat=fencing, key="k", message=Message("Aye")))
        await reader.until(lambda r: any(e.closed for e in r.of(ChatSeen)))

    assert gone[0].reason is Reason.GONE
    assert reader.of(ChatSeen)[-1].name == "Square: Duels", "also by a session that has seen no message"
    assert reader.of(ChatSeen)[-1].closed == "“Square: Duels” does not exist on Telegram any more."
    assert topics.inside(group, None)[-1].author is not play.bot


async def test_a_group_that_becomes_a_supergroup_has_topics_under_its_old_name(play: Stage) -> None:
    play.options["topics"] = "rooms"
    group = play.world.group("Cellar", play.juliet, play.bot)
    async with play.live() as (session, reader):
        new = play.world.migrates(play.juliet, group)
        duels = topics.begins(play.world, play.juliet, new, "Duels")
        topics.says(play.world, play.juliet, duels, new, "one")
        await reader.until(lambda r: "one" in r.texts)
        name = ChatId(f"{group.id}/{new.number(duels, 0)}")
        await session.perform(Send(chat=name, key="k", message=Message("two")))
        scopes = {session.scope(chat) for chat in (name, ids.chat(group.id))}

    assert [chat for text, chat, _ in said(reader) if text == "one"] == [name]
    assert topics.inside(new, duels)[-1].text == "two"
    assert scopes == {str(play.bot.id)}


@pytest.mark.parametrize(
    "where",
    [
        {"message_thread_id": 0}, {"message_thread_id": -5}, {"message_thread_id": 2**70}, {"message_thread_id": "7"},
        {"message_thread_id": True}, {"message_thread_id": [7]}, {"message_thread_id": None}, {},
    ],
)  # fmt: skip
async def test_a_topic_without_a_number_is_none(play: Stage, where: dict[str, Any]) -> None:
    play.options["topics"] = "rooms"
    group, _, _ = forum(play)
    async with play.live() as (_, reader):
        play.world.says(play.juliet, group, "odd", is_topic_message=True, **where)
        await reader.until(lambda r: "odd" in r.texts)

    assert said(reader)[-1] == ("odd", str(group.id), False)
    assert not reader.of(Unparsable)


async def test_a_message_in_an_unknown_topic_is_in_a_room_of_that_number(play: Stage) -> None:
    play.options["topics"] = "rooms"
    group, _, _ = forum(play)
    hostile = "\u202eevil\n" + "x" * 5_000
    async with play.live() as (session, reader):
        far = 2**53 - 1
        play.world.says(play.juliet, group, "far", is_topic_message=True, message_thread_id=far)
        play.world.says(
            play.juliet, group, is_topic_message=True, message_thread_id=9, forum_topic_edited={"name": hostile}
        )
        play.world.says(play.juliet, group, is_topic_message=True, message_thread_id=9, forum_topic_edited=[7])
        play.world.says(play.juliet, group, "plain", message_thread_id=9)  # an answer in a group, and no topic
        await reader.until(lambda r: "plain" in r.texts)
        for name in (f"{group.id}/0", f"{group.id}/-1", f"{group.id}/12/13", f"{group.id}/", f"5/{far}", "/1"):
            async with raises(Refused):
                await session.perform(Join(chat=ChatId(name), key="j"))

    chats = {text: chat for text, chat, _ in said(reader)}
    assert chats["far"] == f"{group.id}/{far}"
    assert chats["plain"] == str(group.id)
    names = [e.name for e in reader.of(ChatSeen) if e.chat == f"{group.id}/9"]
    assert len(names) == 1
    assert names[0].startswith("Square: evil x")
    assert len(names[0]) < 150


async def test_a_flood_of_topics_leaves_the_last(play: Stage) -> None:
    """What is kept of them has an end."""
    play.options["topics"] = "rooms"
    group, _, _ = forum(play)
    async with play.live() as (_, reader):
        for number in range(700):
            play.world.says(
                play.juliet, group, is_topic_message=True, message_thread_id=number + 100,
                forum_topic_edited={"name": f"{number} " + "x" * 200},
            )  # fmt: skip
        play.world.promotes(play.juliet, group, play.bot)
        play.world.reacts(play.juliet, group, play.world.says(play.juliet, group, "last"), "👍")
        await reader.until(lambda r: bool(r.of(ReactionsChanged)))

    [reaction] = reader.of(ReactionsChanged)
    assert len(reaction.among) == 200
    assert reaction.among[-1] == f"{group.id}/799"
    assert all(
        len(value or "") <= 65_536 for value in (await play.memory.get("topics"), await play.memory.get("topic names"))
    )


async def test_a_topic_that_was_opened_while_nobody_heard_it_is_open_when_people_speak_there(play: Stage) -> None:
    """Who keeps order can speak in a closed one, too."""
    play.options["topics"] = "rooms"
    world, juliet, nurse = play.world, play.juliet, play.world.person("Nurse")
    group, duels, _ = forum(play)
    world.comes(juliet, group, nurse)
    fencing = room(group, duels)
    async with play.live() as (_, before):
        topics.closes(world, juliet, duels, group)
        await before.until(lambda r: any(e.closed for e in r.of(ChatSeen)) and isinstance(r.events[-1], CursorMoved))
    topics.reopens(world, juliet, duels, group)
    play.bot.queue.clear()
    async with play.live() as (_, reader):
        topics.says(world, juliet, duels, group, "one")
        await reader.until(lambda r: "one" in r.texts)
        assert [e.closed for e in reader.of(ChatSeen) if e.chat == fencing] == [None]
        for text in ("two", "three"):
            topics.says(world, nurse, duels, group, text)
        await reader.until(lambda r: "three" in r.texts)

    assert [e.closed for e in reader.of(ChatSeen) if e.chat == fencing] == [None, ""]
