"""Edits, retractions and reactions of one's own account: what is sent, once, and undone by its right id."""

from typing import Any

import pytest

from bridge.contract import (
    ChatId,
    Edit,
    Media,
    MediaKind,
    Message,
    MessageEdited,
    MessageId,
    MessageRetracted,
    React,
    ReactionsChanged,
    Reason,
    Refused,
    Retract,
    Span,
    SpanKind,
    Target,
    Unconfirmed,
)
from connectors.matrix import sending
from tests.matrix.stage import Stage, a_send
from tests.matrix.test_syncing import caught_up
from tests.support.homeserver import lose_answer, says


def an_edit(room: str, *ids: MessageId, text: str = "Hello", key: str = "edit", **more: Any) -> Edit:
    target = Target(tuple(MessageId(id) for id in ids))
    return Edit(chat=ChatId(room), key=key, target=target, message=Message(text, **more))


def a_reaction(room: str, target: str, *reactions: str, key: str = "react", before: Any = ()) -> React:
    return React(
        chat=ChatId(room), key=key, target=Target((MessageId(target),)), reactions=reactions, before=tuple(before)
    )


def standing(play: Stage, room: str) -> list[str]:
    return [event["content"]["m.relates_to"]["key"] for event in play.server.reactions(room)]


async def test_an_edit_replaces_the_first_event_every_time(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)

    async with play.session() as session:
        (first,) = (await session.perform(a_send(room, "helo"))).ids
        for number in range(2):
            await session.perform(an_edit(room, first, text=f"hello {number}", key=f"edit{number}"))

    edits = [event["content"] for _, event in play.server.rooms[room]][-2:]
    assert [edit["m.relates_to"] for edit in edits] == [{"rel_type": "m.replace", "event_id": first}] * 2
    assert [edit["m.new_content"] for edit in edits] == [
        {"msgtype": "m.text", "body": "hello 0"}, {"msgtype": "m.text", "body": "hello 1"},
    ]  # fmt: skip
    assert edits[1]["body"] == "* hello 1"


def test_an_edit_of_a_caption_is_a_whole_event_for_apps_that_do_not_know_edits() -> None:
    picture = Media("mxc://hs.test/cat", name="cat.png", mime="image/png", size=7, kind=MediaKind.IMAGE)

    content = sending.edited(Message("My cat", media=(picture,)), MessageId("$0"), "edit")

    whole = {
        "msgtype": "m.image",
        "url": "mxc://hs.test/cat",
        "filename": "cat.png",
        "info": {"mimetype": "image/png", "size": 7},
    }
    assert content["m.new_content"] == {**whole, "body": "My cat"}
    assert {name: content[name] for name in (*whole, "body")} == {**whole, "body": "* My cat"}


def test_an_edit_calls_nobody_a_second_time() -> None:
    spans = (Span(0, 6, SpanKind.MENTION, "@juliet:hs.test"),)

    content = sending.edited(Message("Juliet: now", spans), MessageId("$0"), "edit")

    assert content["m.mentions"] == {}
    assert content["m.new_content"]["m.mentions"] == {"user_ids": ["@juliet:hs.test"]}


async def test_an_edit_whose_answer_is_lost_is_made_once(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)

    async with play.session() as session:
        (first,) = (await session.perform(a_send(room, "helo"))).ids
        play.server.fault("PUT", "/send/", lose_answer, times=2)
        with pytest.raises(Unconfirmed):
            await session.perform(an_edit(room, first))
        play.server.heal()
        await session.perform(an_edit(room, first))

    assert play.server.said(room) == ["helo", "* Hello"]


async def test_nothing_is_edited_in_clear_where_that_is_not_expected(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)

    first = play.server.say(room, play.romeo, "helo")
    play.server.put_state(room, play.juliet, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})

    async with play.session() as session:
        with pytest.raises(Refused, match="encrypted"):
            await session.perform(an_edit(room, MessageId(first)))

    assert play.server.said(room) == ["helo"]


@pytest.mark.parametrize("unit", ["a", "😀", "\0", "<&>"])
def test_the_parts_of_a_long_edit_fit_into_events_and_rejoin(unit: str) -> None:
    text = unit * (150_000 // len(unit.encode()))
    spans = (Span(0, len(text), SpanKind.BOLD),)
    edit = an_edit("!r", MessageId("$1"), MessageId("$2"), text=text, spans=spans)

    parts = sending.parts(edit)

    assert "".join(part.message.text for part in parts) == text
    assert [part.target.ids for part in parts if isinstance(part, Edit)] == [("$1",), ("$2",)]
    for part in parts:
        content = (
            sending.edited(part.message, part.target.ids[0], part.key)
            if isinstance(part, Edit)
            else sending.content(part.message, part.key)
        )
        assert len(sending.encoded(content)) <= 64_000


def test_what_a_shorter_text_does_not_need_any_more_goes() -> None:
    parts = sending.parts(an_edit("!r", MessageId("$1"), MessageId("$2"), MessageId("$3")))

    assert [(type(part), part.target.ids, part.key) for part in parts] == [
        (Edit, ("$1",), "edit"), (Retract, ("$2",), "edit.1"), (Retract, ("$3",), "edit.2"),
    ]  # fmt: skip


async def test_a_retraction_redacts_with_its_reason_and_names_its_key(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)

    async with play.session() as session:
        (first,) = (await session.perform(a_send(room, "oops"))).ids
        await session.perform(Retract(chat=ChatId(room), key="gone", target=Target((first,)), reason="typo"))

    assert play.server.rooms[room][-1][1]["content"] == {
        "org.landbridge.key": "gone",
        "reason": "typo",
        "redacts": first,
    }


async def test_each_reaction_is_an_event_and_taking_it_back_redacts_that_one(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    target = play.server.say(room, play.juliet, "like this?")

    stood = []
    before: Any = ()
    async with play.session() as session:
        for number, wished in enumerate((("👍",), ("👍", "🎉"), ("🎉",), ())):
            action = a_reaction(room, target, *wished, key=f"react{number}", before=before)
            before = (await session.perform(action)).reactions
            stood.append((standing(play, room), [emoji for emoji, _ in before]))

    assert stood == [(["👍"], ["👍"]), (["👍", "🎉"], ["👍", "🎉"]), (["🎉"], ["🎉"]), ([], [])]


async def test_a_set_whose_answer_is_lost_is_set_once(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    target = play.server.say(room, play.juliet, "like this?")

    async with play.session() as session:
        play.server.fault("PUT", "/send/", lose_answer, times=2)
        with pytest.raises(Unconfirmed):
            await session.perform(a_reaction(room, target, "👍", "🎉"))
        play.server.heal()
        receipt = await session.perform(a_reaction(room, target, "👍", "🎉"))

    assert standing(play, room) == ["👍", "🎉"]
    assert [id for _, id in receipt.reactions] == [event["event_id"] for event in play.server.reactions(room)]


async def test_a_reaction_that_stands_already_is_found(play: Stage) -> None:
    """Made by another app, or by us so long ago that the homeserver does not know the transaction any more. Its
    homeserver may show a few reactions at once only, the newest first."""
    play.server.reactions_at_once = 1
    room = play.server.direct(play.romeo, play.juliet)
    target = play.server.say(room, play.juliet, "like this?")
    relation = {"rel_type": "m.annotation", "event_id": target, "key": "👍"}
    mine = play.server.send(room, play.romeo, {"m.relates_to": relation}, "m.reaction")
    play.server.send(room, play.juliet, {"m.relates_to": relation}, "m.reaction")

    async with play.session() as session:
        receipt = await session.perform(a_reaction(room, target, "👍"))

    assert receipt.reactions == (("👍", mine),)


async def test_a_refused_reaction_says_why(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    target = play.server.say(room, play.juliet, "like this?")
    play.server.fault("PUT", "/send/", says(403, {"errcode": "M_FORBIDDEN", "error": "No reactions here"}))

    async with play.session() as session:
        with pytest.raises(Refused, match=r"No reactions here\.$") as caught:
            await session.perform(a_reaction(room, target, "👍"))

    assert caught.value.reason is Reason.FORBIDDEN


async def test_changes_come_with_their_key_if_they_are_ours(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    theirs = play.server.say(room, play.juliet, "like this?")

    async with play.reading() as (session, reader):
        (mine,) = (await session.perform(a_send(room, "helo"))).ids
        await session.perform(an_edit(room, mine))
        await session.perform(a_reaction(room, theirs, "👍", "🎉"))
        await session.perform(Retract(chat=ChatId(room), key="gone", target=Target((mine,))))
        play.server.redact(room, play.juliet, theirs)
        await reader.until(lambda r: len(r.of(MessageRetracted)) == 2)

    assert [event.key for event in reader.of(MessageEdited)] == ["edit"]
    assert [event.key for event in reader.of(ReactionsChanged)] == ["react", "react.1"]
    assert [(event.key, event.target) for event in reader.of(MessageRetracted)] == [("gone", mine), (None, theirs)]


async def test_a_state_event_that_is_redacted_changes_no_message(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    state = play.server.put_state(room, play.juliet, "m.room.topic", {"topic": "x"})

    async with play.reading() as (_, reader):
        play.server.redact(room, play.juliet, state)
        play.server.say(room, play.juliet, "still here")
        await reader.until(lambda r: "still here" in r.texts)

    assert [event.target for event in reader.of(MessageRetracted)] == [state]


@pytest.mark.parametrize("direct", [True, False])
async def test_an_edit_of_what_was_taken_back_before_we_heard_of_it_says_nothing(play: Stage, direct: bool) -> None:
    room = play.server.direct(play.romeo, play.juliet) if direct else play.server.create_room(play.juliet)
    play.server.join(room, play.romeo)
    cursor = await caught_up(play)
    gone, stays = (play.server.say(room, play.juliet, text) for text in ("gone v0", "stays v0"))
    for target, text in ((gone, "gone v1"), (stays, "stays v1")):
        content = {"msgtype": "m.text", "body": text}
        relation = {"rel_type": "m.replace", "event_id": target}
        play.server.send(room, play.juliet, {**content, "m.new_content": content, "m.relates_to": relation})
    play.server.redact(room, play.juliet, gone)
    play.server.say(room, play.juliet, "last")

    async with play.reading(cursor) as (_, reader):
        await reader.until(lambda r: "last" in r.texts)

    assert [event.message.text for event in reader.of(MessageEdited)] == ["stays v1"]
    assert reader.texts == ["stays v0", "last"]
