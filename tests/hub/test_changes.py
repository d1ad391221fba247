"""Edits, retractions and reactions in a room that is hosted: who may, what is named, what becomes of the rest."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.contract import (
    AccountId,
    ChatId,
    ChatKind,
    ChatSeen,
    Contact,
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
    Unconfirmed,
)
from bridge.hub.archive import RoomArchive
from bridge.store.database import Database
from tests.support.house import House, house

ROMEO, VERONA, THERE = "romeo@home.example", ChatId("#verona@far"), ChatId("!verona")


class Verona:
    """Romeo's account is in a room with Anna and the Prince; both sides say what happens."""

    def __init__(self, home: House, account: AccountId) -> None:
        self.home = home
        self._account = account
        self._numbers = iter(range(1, 1_000))

    def far(self, kind: Any, who: str, **what: Any) -> str:
        """Somebody on far does something; what it is called there."""
        id = f"${next(self._numbers)}"
        sender = Contact(ContactId(f"@{who}"), who.capitalize())
        self.home.far.report(self._account, kind(chat=THERE, id=MessageId(id), sender=sender, at=1.0, **what))
        return id

    def xmpp(self, kind: Any, **what: Any) -> str:
        """Romeo does something from XMPP."""
        id = f"m{next(self._numbers)}"
        sender = Contact(ContactId(ROMEO))
        event = kind(
            chat=VERONA, id=MessageId(id), sender=sender, at=1.0, origin=f"{ROMEO}/app {id}", confirm=False, **what
        )
        self.home.xmpp.report(self.home.home_account, event)
        return id

    async def said(self, text: str = "hello") -> tuple[Send, Send]:
        """Romeo says something; how it is shown at home and said on far."""
        at_home, on_far = (len(net.actions(Send)) for net in (self.home.xmpp, self.home.far))
        self.xmpp(MessageReceived, message=Message(text))
        return (await self.home.xmpp.until(at_home + 1, Send))[-1], (await self.home.far.until(on_far + 1, Send))[-1]

    def named(self, action: Send) -> MessageId:
        """What the network where it was done has called it."""
        net = self.home.far if action.chat == THERE else self.home.xmpp
        return MessageId(f"{net.id}-{1 + [one for _, one in net.done].index(action)}")


@pytest.fixture
async def verona(database: Database, tmp_path: Path) -> AsyncIterator[Verona]:
    async with house(database, tmp_path) as home:
        account = await home.account(ROMEO, "@romeo")
        home.far.report(account, ChatSeen(chat=THERE, kind=ChatKind.ROOM, name="Verona", alias="#verona"))
        await home.settled()
        yield Verona(home, account)


def reacts(verona: Verona, who: str, target: str, emoji: str) -> str:
    return verona.far(ReactionsChanged, who, target=MessageId(target), reactions=(emoji,), added=True)


def takes_back(verona: Verona, who: str, target: str) -> str:
    return verona.far(MessageRetracted, who, target=MessageId(target), moderator=True)


async def test_reactions_that_come_one_by_one_are_whole_sets_also_after_a_restart(verona: Verona) -> None:
    target = verona.far(MessageReceived, "anna", message=Message("hi"))
    first = reacts(verona, "anna", target, "👍")
    reacts(verona, "anna", target, "🎉")
    reacts(verona, "prince", target, "👍")
    await verona.home.xmpp.until(3, React)
    await verona.home.settled()
    await verona.home.stop()
    await verona.home.start()

    takes_back(verona, "anna", first)

    sets = await verona.home.xmpp.until(4, React)
    assert [(one.persona.contact, one.reactions) for one in sets] == [
        ("@anna", ("👍",)), ("@anna", ("👍", "🎉")), ("@prince", ("👍",)), ("@anna", ("🎉",)),
    ]  # fmt: skip
    assert verona.home.xmpp.actions(Retract) == []


async def test_a_reaction_that_a_moderator_takes_away_is_gone_from_its_owners_set(verona: Verona) -> None:
    target = verona.far(MessageReceived, "anna", message=Message("hi"))
    takes_back(verona, "prince", reacts(verona, "anna", target, "💩"))

    sets = await verona.home.xmpp.until(2, React)
    assert [(one.persona.contact, one.reactions) for one in sets] == [("@anna", ("💩",)), ("@anna", ())]


async def test_a_user_and_his_account_have_one_set(verona: Verona) -> None:
    """What he sets here he may take back with another app, and the other way round."""
    target = verona.far(MessageReceived, "anna", message=Message("hi"))
    await verona.home.xmpp.until(1, Send)
    named = verona.named(verona.home.xmpp.actions(Send)[0])
    verona.xmpp(ReactionsChanged, target=named, reactions=("👍", "🎉"))
    (done,) = await verona.home.far.until(1, React)
    await verona.home.settled()
    number = len(verona.home.far.done)

    takes_back(verona, "romeo", f"far-{number}-👍")
    other = reacts(verona, "romeo", target, "🔥")

    sets = await verona.home.xmpp.until(3, React)
    assert [one.reactions for one in sets] == [("👍", "🎉"), ("🎉",), ("🎉", "🔥")]
    verona.xmpp(ReactionsChanged, target=named, reactions=())
    *_, last = await verona.home.far.until(2, React)
    assert (done.before, last.reactions) == ((), ())
    assert sorted(last.before) == sorted([("🎉", f"far-{number}-🎉"), ("🔥", other)])


async def test_more_reactions_than_anybody_sends_are_ignored(verona: Verona) -> None:
    target = verona.far(MessageReceived, "anna", message=Message("hi"))
    for number in range(60):
        reacts(verona, "anna", target, str(number))
    verona.far(MessageReceived, "anna", message=Message("last"))

    await verona.home.xmpp.until(2, Send)
    assert max(len(one.reactions) for one in verona.home.xmpp.actions(React)) == 50


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


async def test_in_the_archive_a_reply_names_what_the_room_shows(verona: Verona) -> None:
    first = verona.far(MessageReceived, "anna", message=Message("hi"))
    verona.far(MessageReceived, "prince", message=Message("to you", reply_to=MessageId(first)))
    await verona.home.xmpp.until(2, Send)

    said, reply = await RoomArchive(verona.home.database, verona.home.hub.files).page(VERONA, ROMEO, 10)
    assert (said.message.reply_to, reply.message.reply_to) == (None, said.key)


async def test_who_answers_before_we_have_noted_that_a_message_arrived_is_understood(verona: Verona) -> None:
    """On XMPP messages are called by our keys; the answer can be faster than the ping that tells of the arrival."""
    first = verona.far(MessageReceived, "anna", message=Message("hi"))
    verona.home.xmpp.raises = lambda action: Unconfirmed("There is no ping yet.")
    await verona.home.settled()
    ((key,),) = await verona.home.rows("SELECT key FROM events WHERE kind = 'message'")
    verona.xmpp(MessageReceived, message=Message("to you", reply_to=MessageId(key)))

    (reply,) = await verona.home.far.until(1, Send)
    assert reply.message.reply_to == first
