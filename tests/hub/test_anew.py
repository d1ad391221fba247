"""A linked room goes on in another one: its link stays as it is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.contract import ChatId, ChatKind, ChatMoved, ChatSeen, Send
from bridge.store.database import Database
from tests.support.house import House, house


@pytest.fixture
async def home(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with house(database, tmp_path) as made:
        yield made


async def linked(home: House) -> int:
    account = await home.account("", "relay")
    assert home.hub is not None
    for room in ("duels", "peace", "war"):
        home.far.report(account, ChatSeen(chat=ChatId(room), kind=ChatKind.ROOM, name=room.title(), closed=""))
    assert await home.hub.linking.add("verona", [("far", "", room, account) for room in ("duels", "peace")])
    assert await home.hub.linking.add("mantua", [("far", "", "war", account)])
    return account


def shown(home: House, room: str) -> list[str]:
    return [one.message.text for one in home.far.actions(Send) if one.chat == room]


async def test_what_is_said_goes_to_and_comes_from_the_new_room(home: House) -> None:
    account = await linked(home)
    moved = ChatMoved(chat=ChatId("duels"), to=ChatId("duels anew"))
    old = ChatSeen(chat=ChatId("duels"), kind=ChatKind.ROOM, name="Duels", closed="It was replaced.")
    for _ in range(2):  # a crash in between, and it is told again
        home.far.report(account, moved, old)
    home.says(account, "peace", "Benvolio", "Part, fools!", "1")
    home.says(account, "duels anew", "Tybalt", "Turn thee, Benvolio!", "2")
    home.says(account, "duels", "Sampson", "Gregory, remember", "3")
    await home.far.until(2, Send)
    await home.stop()
    await home.start()
    home.says(account, "peace", "Benvolio", "Put up your swords", "4")
    await home.far.until(3, Send)

    assert shown(home, "duels anew") == ["Benvolio: Part, fools!", "Benvolio: Put up your swords"]
    assert shown(home, "peace") == ["Tybalt: Turn thee, Benvolio!"]
    assert shown(home, "duels") == []


async def test_it_goes_into_no_room_that_is_linked_and_by_nobody_elses_word(home: House) -> None:
    account, other = await linked(home), await home.account("romeo@home.example", "@romeo")
    home.far.report(account, ChatMoved(chat=ChatId("duels"), to=ChatId("war")))
    home.far.report(other, ChatMoved(chat=ChatId("duels"), to=ChatId("his")))
    await home.settled()
    home.says(account, "peace", "Benvolio", "Part, fools!", "1")
    await home.far.until(1, Send)

    assert shown(home, "duels") == ["Benvolio: Part, fools!"]
    assert shown(home, "war") == shown(home, "his") == []
