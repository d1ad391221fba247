"""A direct chat that is one no more: it goes on as a room, and nobody reads what was meant for one person."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.contract import (
    AccountId,
    ChatId,
    ChatKind,
    ChatSeen,
    Confirm,
    Contact,
    ContactId,
    Edit,
    Fail,
    Invite,
    Message,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    Person,
    Reason,
    Refused,
    RoomInvited,
    Scope,
    Send,
    Unavailable,
)
from bridge.hub.limits import Limits
from bridge.store.database import Database
from tests.support.house import FAR, House, PlainHome, house

ROMEO, JULIET = "romeo@home.example", "juliet@home.example"
ROOM, ANNA = ChatId("#garden@far"), ChatId(f"{ROMEO} @anna@far")


@pytest.fixture
async def home(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with house(database, tmp_path, limits=Limits(delay_notice=60, backoff_max=0.1)) as made:
        yield made


async def talking(home: House) -> AccountId:
    """Romeo has a direct chat with Anna."""
    account = await home.account(ROMEO, "@romeo")
    home.direct(account, "!dm", "@anna")
    await home.settled()
    return account


def is_room(home: House, account: int, chat: str = "!dm", alias: str = "#garden") -> None:
    """An account reports a chat as a room."""
    home.far.report(account, ChatSeen(chat=ChatId(chat), kind=ChatKind.ROOM, name="Garden", alias=alias))


async def joined(home: House) -> AccountId:
    """Juliet comes into the room of Romeo's chat with Anna."""
    account = await home.account(JULIET, "@juliet")
    is_room(home, account)
    await home.settled()
    return account


def says_in(home: House, user: str, text: str, id: str = "r1", room: ChatId = ROOM) -> None:
    """A user says something in a hosted room."""
    home.xmpp.report(
        home.home_account,
        MessageReceived(
            chat=room, id=MessageId(id), sender=Contact(ContactId(user)), at=1.0, origin=f"{user}/app {id}",
            confirm=False, message=Message(text),
        ),
    )  # fmt: skip


def texts(home: House, chat: str) -> list[str]:
    return [one.message.text for one in home.xmpp.actions(Send) if one.chat == chat]


async def archived(home: House, user: str) -> list[str]:
    assert home.hub is not None
    return [line.message.text for line in await home.said_in(ROOM, user)]


def in_clear(home: House) -> list[tuple[str, str]]:
    return [(one.chat, one.message.text) for one in home.far.actions(Send)]


async def test_what_is_written_to_one_person_is_shown_to_nobody_who_has_come_in(home: House) -> None:
    await talking(home)
    await joined(home)
    home.far.raises = lambda action: Refused("Others have come in.", Reason.NOT_ALLOWED)

    home.writes(ROMEO, "@anna", "only for you")

    (failed,) = await home.xmpp.until(1, Fail)
    assert (failed.chat, failed.target, failed.text) == (ANNA, "1", "Others have come in.")
    assert texts(home, ROOM) == []
    assert await archived(home, JULIET) == []


async def test_a_chat_that_others_come_into_goes_on_as_a_room_and_its_user_is_told_once(home: House) -> None:
    romeo = await talking(home)
    juliet = await joined(home)
    is_room(home, romeo)
    is_room(home, juliet)
    await home.settled()

    (told,) = await home.xmpp.until(1, Send)
    (invited,) = await home.xmpp.until(1, Invite)
    assert (told.chat, told.message.text) == (
        ANNA,
        "This FAR chat is a room now: others can read it, or it was made one in another app. It goes on in "
        "#garden@far, to which you are invited. What you write here begins a new chat with this person alone.",
    )
    assert (invited.chat, invited.whom, invited.inside) == (ROOM, ROMEO, True)
    assert await home.rows("SELECT * FROM directs") == []
    assert len(await home.rows("SELECT * FROM endpoints")) == 2


async def test_the_room_goes_on_for_both_and_shows_nothing_of_before(home: House) -> None:
    romeo = await talking(home)
    home.says(romeo, "!dm", "@anna", "between us", "$1")
    await home.settled()
    await joined(home)

    home.says(romeo, "!dm", "@anna", "hello both", "$2", at=time.time())
    says_in(home, ROMEO, "hello all")
    await home.settled()
    await home.far.until(1, Send)

    assert in_clear(home) == [("!dm", "hello all")]
    assert home.far.actions(Send)[0].contact is None
    for user in (ROMEO, JULIET):
        assert await archived(home, user) == ["hello both", "hello all"]
    assert texts(home, ANNA)[0] == "between us"


async def test_what_waits_for_one_person_comes_back_with_a_sentence_and_is_not_said_in_the_room(home: House) -> None:
    await talking(home)
    home.far.raises = lambda action: Unavailable("FAR does not answer.", scope=Scope.CHAT)
    for number in range(3):
        home.writes(ROMEO, "@anna", f"secret {number}", f"{number}")
    await home.settled()

    await joined(home)
    home.far.raises = lambda action: None

    failed = await home.xmpp.until(3, Fail)
    assert [one.target for one in failed] == ["0", "1", "2"]
    assert {one.text for one in failed} == {
        "This chat has become a room, which others can read, so your message was not sent. Write it again here to "
        "begin a new chat with this person alone, or write in the room."
    }
    says_in(home, ROMEO, "in the room")
    await home.far.until(1, Send)
    assert in_clear(home) == [("!dm", "in the room")]
    assert await archived(home, JULIET) == ["in the room"]


async def test_what_had_arrived_before_is_confirmed_although_its_answer_comes_later(home: House) -> None:
    await talking(home)
    home.far.held["!dm"] = asyncio.Event()
    home.writes(ROMEO, "@anna", "just in time")
    await home.far.until(1, Send)

    await joined(home)
    home.far.held["!dm"].set()

    (confirmed,) = await home.xmpp.until(1, Confirm)
    assert (confirmed.chat, confirmed.target) == (ANNA, "1")
    assert home.xmpp.actions(Fail) == []


async def test_what_is_written_to_the_old_address_begins_a_new_chat(home: House) -> None:
    romeo = await talking(home)
    await joined(home)

    home.writes(ROMEO, "@anna", "now alone", "2")
    await home.far.until(1, Send)
    home.says(romeo, "direct-@anna", "@anna", "alone", "$3")
    await home.settled()

    assert in_clear(home) == [("direct-@anna", "now alone")]
    assert home.far.actions(Send)[0].contact == "@anna"
    assert texts(home, ANNA)[-1] == "alone"
    assert await archived(home, JULIET) == []


async def test_a_network_that_has_no_other_chat_with_that_person_is_a_clear_answer(home: House) -> None:
    await talking(home)
    await joined(home)
    home.far.opened["@anna"] = ChatId("!dm")

    home.writes(ROMEO, "@anna", "once more", "2")

    (failed,) = await home.xmpp.until(1, Fail)
    assert failed.text == "Your FAR chat with @anna is a room here, #garden@far, which others can read. Write there."
    assert in_clear(home) == []


async def test_what_was_said_before_is_not_changed_from_the_old_chat(home: House) -> None:
    await talking(home)
    home.writes(ROMEO, "@anna", "between us", "1")
    await home.far.until(1, Send)
    await joined(home)

    home.xmpp.report(
        home.home_account,
        MessageRetracted(
            chat=ANNA, id=MessageId("2"), sender=Contact(ContactId(ROMEO)), at=1.0, target=MessageId("1"),
            addressee=Person(FAR, ContactId("@anna")), origin=f"{ROMEO}/app 2",
        ),
    )  # fmt: skip

    (failed,) = await home.xmpp.until(1, Fail)
    assert failed.text.startswith("This was said before the chat became a room")
    assert len(home.far.actions()) == 1


async def test_a_reply_to_what_was_said_before_does_not_quote_it_in_the_room(home: House) -> None:
    romeo = await talking(home)
    home.says(romeo, "!dm", "@anna", "our secret", "$1")
    await home.settled()
    await joined(home)

    home.far.report(
        romeo,
        MessageReceived(
            chat=ChatId("!dm"), id=MessageId("$2"), sender=Contact(ContactId("@anna")), at=1.0,
            message=Message("as I said", reply_to=MessageId("$1")),
        ),
    )  # fmt: skip
    while "as I said" not in texts(home, ROOM):
        await home.xmpp.until(len(home.xmpp.done) + 1)

    assert home.xmpp.actions(Send)[-1].message.quote is None
    assert "secret" not in str(home.xmpp.actions(Send)[-1])


@pytest.mark.parametrize("report", ["own room", "invitation"])
async def test_whatever_makes_a_room_of_it_takes_the_direct_chat_out(home: House, report: str) -> None:
    romeo = await talking(home)
    if report == "own room":
        is_room(home, romeo)
    else:
        juliet = await home.account(JULIET, "@juliet")
        home.far.report(juliet, RoomInvited(chat=ChatId("!dm"), name="Garden", alias="#garden"))
    await home.settled()

    chats = await home.rows("SELECT c.native FROM endpoints e JOIN chats c ON c.id = e.chat ORDER BY c.native")
    assert chats == [("!dm",), (ROOM,)]
    await home.xmpp.until(1, Send)
    assert len(texts(home, ANNA)) == 1
    home.says(romeo, "!dm", "@anna", "hi", "$9")
    await home.xmpp.until(2, Send)
    assert texts(home, ROOM) == ["hi"]


async def test_what_is_a_room_for_one_is_a_room_for_who_calls_it_direct(home: House) -> None:
    juliet = await home.account(JULIET, "@juliet")
    is_room(home, juliet)
    await home.settled()

    romeo = await talking(home)

    assert await home.rows("SELECT * FROM directs") == []
    assert [room.jid for room in await home.rooms.rooms(ROMEO, FAR)] == [ROOM]
    home.says(romeo, "!dm", "@anna", "hi", "$1")
    await home.xmpp.until(1, Send)
    await home.settled()
    assert texts(home, ROOM) == ["hi"]
    assert texts(home, ANNA) == []


async def test_who_has_logged_out_is_told_nothing(home: House) -> None:
    romeo = await talking(home)
    await home.log_out(romeo)
    await joined(home)

    assert [room.jid for room in await home.rooms.rooms(JULIET, FAR)] == [ROOM]
    assert await home.rows("SELECT * FROM directs") == []
    assert home.xmpp.actions() == []
    assert await home.rows("SELECT * FROM deliveries") == []


async def test_a_restart_tells_nothing_again(home: House) -> None:
    await talking(home)
    await joined(home)
    await home.xmpp.until(1, Invite)
    await home.settled()
    await home.stop()
    await home.start()
    romeo, juliet = await home.account(ROMEO, "@romeo"), await home.account(JULIET, "@juliet")
    is_room(home, romeo)
    home.direct(romeo, "!dm", "@anna")
    is_room(home, juliet)
    await home.settled()

    assert len(texts(home, ANNA)) == 1
    assert len(home.xmpp.actions(Invite)) == 1


# Two of our users who talk with each other


async def both(home: House) -> tuple[AccountId, AccountId]:
    """Romeo and Juliet have a direct chat with each other."""
    romeo, juliet = await home.account(ROMEO, "@romeo"), await home.account(JULIET, "@juliet")
    home.direct(romeo, "!dm", "@juliet")
    home.direct(juliet, "!dm", "@romeo")
    await home.settled()
    return romeo, juliet


HERS, HIS = ChatId(f"{JULIET} @romeo@far"), ChatId(f"{ROMEO} @juliet@far")


async def test_what_the_network_refuses_does_not_reach_another_of_our_users(home: House) -> None:
    await both(home)
    home.far.raises = lambda action: Refused("This chat is encrypted.", Reason.NOT_ACCEPTABLE)

    home.writes(ROMEO, "@juliet", "in clear")

    (failed,) = await home.xmpp.until(1, Fail)
    await home.settled()
    assert failed.text == "This chat is encrypted."
    assert texts(home, HERS) == []
    assert await home.rows("SELECT * FROM deliveries WHERE state = 0") == []


async def test_what_the_network_has_taken_reaches_them_once_and_in_order(home: House) -> None:
    romeo, juliet = await both(home)

    for number in range(5):
        home.writes(ROMEO, "@juliet", f"m{number}", f"{number}")
        home.says(juliet, "!dm", "@juliet", f"phone {number}", f"$p{number}")
    sent = await home.far.until(5, Send)
    for account in (romeo, juliet):
        for action in sent:
            id = f"far-{1 + [one for _, one in home.far.done].index(action)}"
            home.says(account, "!dm", "@romeo", action.message.text, id, key=action.key)
    await home.settled()
    while len([text for text in texts(home, HERS) if text[0] == "m"]) < 5:
        await home.xmpp.until(len(home.xmpp.done) + 1)
    await home.settled()

    assert [text for text in texts(home, HERS) if text[0] == "m"] == [f"m{number}" for number in range(5)]
    assert [text for text in texts(home, HIS) if text[0] == "p"] == [f"phone {number}" for number in range(5)]


async def test_while_the_network_is_away_it_waits_for_both(home: House) -> None:
    await both(home)
    home.far.raises = lambda action: Unavailable("FAR does not answer.", scope=Scope.CHAT)
    home.writes(ROMEO, "@juliet", "later")
    await home.settled()
    assert texts(home, HERS) == []

    home.far.raises = lambda action: None

    await home.far.until(1, Send)
    while texts(home, HERS) != ["later"]:
        await home.xmpp.until(len(home.xmpp.done) + 1)


async def test_who_comes_into_the_chat_after_the_first_message_gets_it_when_their_account_reports_it(
    home: House,
) -> None:
    await home.account(ROMEO, "@romeo")
    juliet = await home.account(JULIET, "@juliet")
    home.writes(ROMEO, "@juliet", "a first word")
    (sent,) = await home.far.until(1, Send)
    await home.xmpp.until(1, Confirm)

    home.direct(juliet, sent.chat, "@romeo")
    for _ in range(2):
        home.says(juliet, sent.chat, "@romeo", "a first word", "far-1", key=sent.key)
        await home.settled()

    while not texts(home, HERS):
        await home.xmpp.until(len(home.xmpp.done) + 1)
    await home.settled()
    assert texts(home, HERS) == ["a first word"]


async def test_who_is_logged_out_gets_it_when_they_are_back(home: House) -> None:
    romeo, juliet = await both(home)
    await home.log_out(juliet)
    home.writes(ROMEO, "@juliet", "written", "1")
    home.says(romeo, "!dm", "@romeo", "from my phone", "$p")
    (sent,) = await home.far.until(1, Send)
    await home.xmpp.until(1, Confirm)
    await home.settled()
    assert texts(home, HERS) == []

    await home.account(JULIET, "@juliet")
    home.says(juliet, "!dm", "@romeo", "written", "far-1", key=sent.key)
    home.says(juliet, "!dm", "@romeo", "from my phone", "$p")

    while len(texts(home, HERS)) < 2:
        await home.xmpp.until(len(home.xmpp.done) + 1)
    await home.settled()
    assert sorted(texts(home, HERS)) == ["from my phone", "written"]


async def test_a_correction_that_is_refused_does_not_reach_them_with_its_message(home: House) -> None:
    await both(home)
    home.far.held["!dm"] = asyncio.Event()
    home.far.raises = lambda action: Refused("No more.") if isinstance(action, Edit) else None
    home.writes(ROMEO, "@juliet", "first", "1")
    await home.far.until(1, Send)
    home.xmpp.report(
        home.home_account,
        MessageEdited(
            chat=HIS, id=MessageId("2"), sender=Contact(ContactId(ROMEO)), at=1.0, target=MessageId("1"),
            addressee=Person(FAR, ContactId("@juliet")), origin=f"{ROMEO}/app 2", message=Message("second"),
        ),
    )  # fmt: skip
    await home.settled()
    home.far.held["!dm"].set()

    (failed,) = await home.xmpp.until(1, Fail)
    assert failed.target == "2"
    while not texts(home, HERS):
        await home.xmpp.until(len(home.xmpp.done) + 1)
    await home.settled()
    assert texts(home, HERS) == ["first"]
    assert home.xmpp.actions(Edit) == []


async def test_a_third_who_comes_in_makes_a_room_of_it_for_both(home: House) -> None:
    romeo, _ = await both(home)

    is_room(home, romeo)

    await home.xmpp.until(2, Invite)
    await home.xmpp.until(2, Send)
    await home.settled()
    assert [len(texts(home, chat)) for chat in (HIS, HERS)] == [1, 1]
    assert {one.whom for one in home.xmpp.actions(Invite)} == {ROMEO, JULIET}
    assert await home.rows("SELECT * FROM directs") == []
    assert PlainHome().direct_chat(ROMEO, FAR, ContactId("@juliet")) == HIS
