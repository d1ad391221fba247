"""Edits, retractions, replies and mentions in a hosted room: who may, what is named, what becomes of the rest."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.contract import (
    ContactId,
    Edit,
    Message,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    NetworkId,
    Person,
    Quote,
    React,
    ReactionsChanged,
    Retract,
    Send,
    Span,
    SpanKind,
    Unavailable,
    Unconfirmed,
)
from bridge.store.database import Database
from tests.hub.verona import Verona, in_verona, reacts, takes_back


@pytest.fixture
async def verona(tmp_path: Path) -> AsyncIterator[Verona]:
    database = await Database.open(f"sqlite:///{tmp_path / 'test.db'}")
    async with in_verona(database, tmp_path) as made:
        yield made
    await database.close()


async def test_who_takes_a_message_back_its_author_or_a_moderator(verona: Verona) -> None:
    said = [verona.far(MessageReceived, "anna", message=Message(f"hi {number}")) for number in range(2)]
    await verona.home.xmpp.until(2, Send)
    for who, target in zip(("anna", "prince"), said, strict=True):
        takes_back(verona, who, target)

    gone = await verona.home.xmpp.until(2, Retract)
    assert [(one.persona.contact, one.moderator) for one in gone] == [("@anna", False), ("@prince", True)]


async def test_a_message_that_its_author_has_said_here_is_named_as_the_room_shows_it(verona: Verona) -> None:
    shown, said = await verona.said()
    there = verona.named(said)
    reacts(verona, "anna", there, "👍")
    verona.far(MessageReceived, "anna", message=Message("to you", reply_to=there))
    takes_back(verona, "prince", there)

    (reaction,), (removal,) = await verona.home.xmpp.until(1, React), await verona.home.xmpp.until(1, Retract)
    reply = verona.home.xmpp.actions(Send)[-1]
    assert (reaction.target.ids, removal.target.ids) == ((shown.key,), (shown.key,))
    assert reply.message.reply_to == shown.key


async def test_an_edit_of_what_is_not_known_is_a_message_of_its_own(verona: Verona) -> None:
    verona.far(MessageEdited, "anna", target=MessageId("$long-ago"), message=Message("better"))

    (sent,) = await verona.home.xmpp.until(1, Send)
    assert (sent.message.text, verona.home.xmpp.actions(Edit)) == ("edited: better", [])


async def test_nobody_edits_what_another_has_said(verona: Verona) -> None:
    target = verona.far(MessageReceived, "anna", message=Message("hi"))
    verona.far(MessageEdited, "prince", target=MessageId(target), message=Message("I am a fool"))
    verona.far(MessageReceived, "anna", message=Message("last"))

    sent = await verona.home.xmpp.until(2, Send)
    assert [one.message.text for one in sent] == ["hi", "last"]
    assert verona.home.xmpp.actions(Edit) == []


async def test_an_edit_of_one_part_does_not_take_the_place_of_the_whole(verona: Verona) -> None:
    """Romeo's long message has two parts on far, and he edits one of them there with another app."""

    def parts(action: Any) -> list[Any]:
        text = action.message.text
        halves = (text[: len(text) // 2], text[len(text) // 2 :])
        return [
            replace(action, key=f"{action.key}{n}", message=Message(t)) for n, t in zip(("", ".1"), halves, strict=True)
        ]

    verona.home.far.parts = parts
    verona.xmpp(MessageReceived, message=Message("one, two"))
    first, _ = await verona.home.far.until(2, Send)
    await verona.home.settled()
    verona.far(MessageEdited, "romeo", target=verona.named(first), message=Message("1"))

    sent = await verona.home.xmpp.until(2, Send)
    assert [one.message.text for one in sent] == ["one, two", "edited: 1"]


async def test_whoever_takes_one_part_back_takes_all_back(verona: Verona) -> None:
    """A moderator on far removes one of three parts of what Romeo has said: his account removes the others."""

    def parts(action: Any) -> list[Any]:
        if not isinstance(action, Send):
            return [action]
        keys = (action.key, f"{action.key}.1", f"{action.key}.2")
        return [replace(action, key=key, message=Message(word)) for key, word in zip(keys, "abc", strict=True)]

    verona.home.far.parts = parts
    verona.xmpp(MessageReceived, message=Message("abc"))
    named = [verona.named(sent) for sent in await verona.home.far.until(3, Send)]
    await verona.home.settled()
    takes_back(verona, "prince", named[1])

    (here,), (there,) = await verona.home.xmpp.until(1, Retract), await verona.home.far.until(1, Retract)
    assert (here.moderator, there.target.ids) == (True, tuple(named))


async def test_an_author_is_shown_each_of_their_doings_also_those_that_had_to_wait(verona: Verona) -> None:
    """The room's showing it is the only answer that there is; on far the edit comes with its message."""
    may = asyncio.Event()
    for net in (verona.home.xmpp, verona.home.far):
        net.raises = lambda action: None if may.is_set() else Unavailable("Not now.", retry_after=0.05)
    verona.xmpp(MessageReceived, message=Message("first"))
    said = verona.xmpp(MessageReceived, message=Message("secnod"))
    verona.xmpp(MessageEdited, target=MessageId(said), message=Message("second"))
    gone = verona.xmpp(MessageReceived, message=Message("third"))
    verona.xmpp(MessageRetracted, target=MessageId(gone))
    await verona.home.settled()
    may.set()

    (retracted,) = await verona.home.xmpp.until(1, Retract)
    shown = [one.message.text for one in verona.home.xmpp.actions(Send)]
    (edit,) = verona.home.xmpp.actions(Edit)
    assert (shown, edit.message.text) == (["first", "secnod", "third"], "second")
    assert retracted.own_id is not None
    assert [one.message.text for one in await verona.home.far.until(2, Send)] == ["first", "second"]


async def test_an_edited_reply_stays_a_reply(verona: Verona) -> None:
    first = verona.far(MessageReceived, "anna", message=Message("hi"))
    second = verona.far(MessageReceived, "anna", message=Message("to you", reply_to=MessageId(first)))
    (shown, reply) = await verona.home.xmpp.until(2, Send)
    verona.far(MessageEdited, "anna", target=MessageId(second), message=Message("to you!"))

    (edit,) = await verona.home.xmpp.until(1, Edit)
    assert (edit.message.text, edit.message.reply_to) == ("to you!", verona.named(shown))
    assert reply.message.reply_to == verona.named(shown)


async def test_a_reply_says_what_it_answers_as_that_reads_now(verona: Verona) -> None:
    first = verona.far(MessageReceived, "anna", message=Message("hi"))
    await verona.home.xmpp.until(1, Send)
    verona.far(MessageEdited, "anna", target=MessageId(first), message=Message("hello"))
    verona.far(MessageReceived, "prince", message=Message("to you", reply_to=MessageId(first)))

    *_, reply = await verona.home.xmpp.until(2, Send)
    author = Person(NetworkId("far"), ContactId("@anna"))
    assert reply.message.quote == Quote("hello", author, "Anna")


async def test_a_reply_to_what_nobody_knows_says_it_in_words(verona: Verona) -> None:
    reply = Message("yes", reply_to=MessageId("$never"), quote=Quote("really?"))
    verona.far(MessageReceived, "anna", message=reply)

    (sent,) = await verona.home.xmpp.until(1, Send)
    assert (sent.message.text, sent.message.reply_to) == ("really?\nyes", None)
    assert sent.message.spans == (Span(0, 7, SpanKind.QUOTE),)


async def test_whom_a_message_mentions_is_told_with_their_network(verona: Verona) -> None:
    mention = Span(0, 4, SpanKind.MENTION, "@anna")
    verona.far(MessageReceived, "prince", message=Message("Anna!", (mention,)))
    verona.xmpp(MessageReceived, message=Message("Anna?", (replace(mention, network="far"),)))

    (theirs, _), (ours,) = await verona.home.xmpp.until(2, Send), await verona.home.far.until(1, Send)
    assert (theirs.message.spans[0].network, ours.message.spans[0].network) == ("far", "")


async def test_at_home_a_message_may_be_called_as_its_last_edit_is_called(verona: Verona) -> None:
    """By a reply, reactions, another edit and a retraction; also before we have noted that the edit was shown."""
    _, said = await verona.said()
    mine, there = verona.xmpp(MessageEdited, target=MessageId("m1"), message=Message("hello!")), verona.named(said)
    await verona.home.xmpp.until(1, Edit)
    await verona.home.settled()
    ((key,),) = await verona.home.rows("SELECT key FROM events WHERE kind = 'edit'")
    for name in (key, mine):
        verona.xmpp(MessageReceived, message=Message("and so on", reply_to=MessageId(name)))
        verona.xmpp(ReactionsChanged, target=MessageId(name), reactions=("👍",) if name == key else ())
    verona.xmpp(MessageEdited, target=MessageId(key), message=Message("hello!!"))
    verona.xmpp(MessageRetracted, target=MessageId(key))

    (gone,) = await verona.home.far.until(1, Retract)
    edits, reactions = verona.home.far.actions(Edit), verona.home.far.actions(React)
    replies = [one.message.reply_to for one in verona.home.far.actions(Send)]
    assert replies == [None, there, there]
    assert {one.target.ids for one in (*edits, *reactions, gone)} == {(there,)}
    assert ([one.message.text for one in edits], len(reactions)) == (["hello!", "hello!!"], 2)


async def test_elsewhere_an_edit_is_not_the_message(verona: Verona) -> None:
    first = verona.far(MessageReceived, "anna", message=Message("hi"))
    edit = verona.far(MessageEdited, "anna", target=MessageId(first), message=Message("hello"))
    takes_back(verona, "anna", edit)
    verona.far(MessageReceived, "anna", message=Message("last"))

    await verona.home.xmpp.until(2, Send)
    assert verona.home.xmpp.actions(Retract) == []


async def test_who_answers_before_we_have_noted_that_a_message_arrived_is_understood(verona: Verona) -> None:
    """On XMPP messages are called by our keys; the answer can be faster than the ping that tells of the arrival."""
    first = verona.far(MessageReceived, "anna", message=Message("hi"))
    verona.home.xmpp.raises = lambda action: Unconfirmed("There is no ping yet.")
    await verona.home.settled()
    ((key,),) = await verona.home.rows("SELECT key FROM events WHERE kind = 'message'")
    verona.xmpp(MessageReceived, message=Message("to you", reply_to=MessageId(key)))

    (reply,) = await verona.home.far.until(1, Send)
    assert reply.message.reply_to == first


async def test_an_edit_that_is_taken_back_gives_the_text_of_before(verona: Verona) -> None:
    """Whichever of them, by whomever: the latest that stands counts, or the first text."""
    first = verona.far(MessageReceived, "anna", message=Message("one"))
    await verona.home.xmpp.until(1, Send)
    edits = []
    for text in ("two", "three"):
        edits.append(verona.far(MessageEdited, "anna", target=MessageId(first), message=Message(text)))
        await verona.home.xmpp.until(len(edits), Edit)
    for _ in range(2):
        takes_back(verona, "anna", edits[1])
    await verona.home.xmpp.until(3, Edit)
    third = verona.far(MessageEdited, "anna", target=MessageId(first), message=Message("four"))
    await verona.home.xmpp.until(4, Edit)
    fourth = verona.far(MessageEdited, "anna", target=MessageId(first), message=Message("five"))
    await verona.home.xmpp.until(5, Edit)
    takes_back(verona, "anna", third)  # does not show
    takes_back(verona, "prince", fourth)
    await verona.home.xmpp.until(6, Edit)
    takes_back(verona, "anna", edits[0])
    await verona.home.xmpp.until(7, Edit)
    takes_back(verona, "anna", first)

    (gone,) = await verona.home.xmpp.until(1, Retract)
    (said,) = verona.home.xmpp.actions(Send)
    shown = verona.home.xmpp.actions(Edit)
    assert [one.message.text for one in shown] == ["two", "three", "two", "four", "five", "two", "one"]
    assert {one.persona.contact for one in shown} == {"@anna"}
    assert {one.target.ids for one in (*shown, gone)} == {(verona.named(said),)}


async def test_an_edit_from_xmpp_that_is_taken_back_on_its_network_is_undone_here(verona: Verona) -> None:
    shown, said = await verona.said("one")
    verona.xmpp(MessageEdited, target=MessageId(shown.own_id), message=Message("two"))
    (edit,) = await verona.home.far.until(1, Edit)
    await verona.home.xmpp.until(1, Edit)
    await verona.home.settled()

    takes_back(verona, "prince", verona.named(edit))

    again = (await verona.home.xmpp.until(2, Edit))[-1]
    assert (again.message.text, again.target.ids, again.persona.contact) == ("one", (shown.own_id,), "@romeo")
    assert verona.home.far.actions(Edit) == [edit]
    assert said.message.text == "one"
