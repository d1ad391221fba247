"""A room in which nobody from elsewhere can be heard: those that are linked with it are told, once, and go on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.contract import (
    ChatId,
    ChatKind,
    ChatSeen,
    Contact,
    ContactId,
    MessageId,
    NetworkId,
    ReactionsChanged,
    Reason,
    Refused,
    Send,
)
from bridge.hub.wanted import End, WantedLink
from bridge.store.database import Database
from tests.support.house import House, house

WHY = "The topic “Duels” is closed on Far."


@pytest.fixture
async def home(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with house(database, tmp_path) as made:
        yield made


async def linked(home: House) -> int:
    """Three rooms of far, seen by the operator's account."""
    account = await home.account("", "relay")
    assert home.hub is not None
    for room in ("duels", "peace", "war"):
        home.far.report(account, ChatSeen(chat=ChatId(room), kind=ChatKind.ROOM, name=room.title()))
    assert await home.hub.linking.add("verona", [("far", "", room, account) for room in ("duels", "peace", "war")])
    return account


def closed(home: House, account: int, why: str | None) -> None:
    seen = ChatSeen(chat=ChatId("duels"), kind=ChatKind.ROOM, name="Duels", closed=why)
    home.far.report(account, seen)


def shown(home: House, room: str) -> list[str]:
    """Without the notice that it is linked."""
    said = [one.message.text for one in home.far.actions(Send) if one.chat == room]
    return [text for text in said if not text.startswith("This room is now linked with ")]


async def test_the_others_are_told_once_and_go_on_without_it(home: House) -> None:
    account = await linked(home)
    closed(home, account, WHY)
    closed(home, account, WHY)
    closed(home, account, None)
    home.says(account, "peace", "Benvolio", "Part, fools!", "1")
    await home.far.until(3, Send)
    home.says(account, "duels", "Tybalt", "What, drawn, and talk of peace?", "2")  # who may speak there all the same
    await home.far.until(5, Send)
    assert home.hub is not None
    closed(home, account, "")
    await home.far.until(7, Send)
    home.says(account, "war", "Benvolio", "I do but keep the peace", "3")
    await home.far.until(9, Send)

    told = f"{WHY} What you write here does not get there until that changes; you will be told."
    again = "“Duels” on FAR is open again. People there can be heard and hear you again."
    tybalt = "Tybalt: What, drawn, and talk of peace?"
    peace = [told, tybalt, again, "Benvolio: I do but keep the peace"]
    assert shown(home, "peace") == peace
    assert shown(home, "war") == [told, "Benvolio: Part, fools!", tybalt, again]
    assert shown(home, "duels") == ["Benvolio: I do but keep the peace"]


async def test_the_operator_sees_it_and_a_restart_changes_nothing(home: House) -> None:
    account = await home.account("", "relay")
    assert home.hub is not None
    ends = tuple(End(NetworkId("far"), room) for room in ("duels", "peace"))
    assert (await home.hub.links.add(WantedLink("verona", ends))).ok
    await home.far.until(2, Send)  # they are told of the link
    closed(home, account, WHY)
    await home.far.until(3, Send)
    states = [line.state for line in await home.hub.links.lines()]
    await home.stop()
    await home.start()
    home.says(account, "peace", "Benvolio", "Part, fools!", "1")
    await home.settled()
    closed(home, account, "")
    await home.far.until(4, Send)

    assert states == [f"suspended: {WHY}", "linked"]
    assert shown(home, "duels") == []
    assert len(shown(home, "peace")) == 2


async def test_what_changes_a_message_is_of_the_chat_where_that_is(home: House) -> None:
    account = await linked(home)
    home.says(account, "peace", "Benvolio", "Part, fools!", "1")
    await home.far.until(2, Send)
    reaction = ReactionsChanged(
        chat=ChatId("duels"), id=MessageId("2"), sender=Contact(ContactId("Tybalt"), "Tybalt"), at=1.0,
        target=MessageId("1"), reactions=("👎",), among=(ChatId("war"), ChatId("nowhere"), ChatId("peace")),
    )  # fmt: skip
    home.far.report(account, reaction)
    await home.settled()
    rows = await home.rows("select c.native from events e join chats c on c.id = e.chat where e.kind = 'reactions'")

    assert rows == [("peace",)]


async def test_what_is_refused_on_the_way_is_told_to_its_author_alone(home: House) -> None:
    """Something was on its way when the room was closed."""
    account = await linked(home)
    home.far.raises = lambda action: Refused(WHY, Reason.FORBIDDEN) if action.chat == "duels" else None
    home.says(account, "peace", "Benvolio", "Part, fools!", "1")
    await home.far.until(2, Send)
    closed(home, account, WHY)
    await home.far.until(4, Send)

    assert sum(text.startswith(WHY) for text in shown(home, "war")) == 1
