"""Who has several accounts on a network chooses by which one they write, for all chats or for one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.contract import Send
from bridge.store.database import Database
from tests.support.house import FAR, House, house

ROMEO = "romeo@home.example"


@pytest.fixture
async def home(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with house(database, tmp_path) as made:
        yield made


async def by_whom(home: House, number: int) -> list[int]:
    """Which accounts have sent what was written, so many messages."""
    await home.far.until(number, Send)
    return [account for account, action in home.far.done if isinstance(action, Send)]


async def test_a_contact_belongs_to_the_account_that_is_chosen_for_them(home: House) -> None:
    first, second = await home.account(ROMEO, "@romeo"), await home.account(ROMEO, "@montague")

    home.writes(ROMEO, "@anna", "one", "1")
    assert await by_whom(home, 1) == [first]
    await home.people.choices.choose(ROMEO, FAR, "@anna@far", "account", "@montague")
    home.writes(ROMEO, "@anna", "two", "2")
    assert await by_whom(home, 2) == [first, second]
    home.writes(ROMEO, "@nurse", "three", "3")
    assert await by_whom(home, 3) == [first, second, first]

    home.says(first, "direct-@anna", "@anna", "to the other one", "$1")
    await home.xmpp.until(1, Send)
    home.writes(ROMEO, "@anna", "four", "4")
    assert await by_whom(home, 4) == [first, second, first, second]


async def test_the_account_for_all_chats_counts_where_none_is_chosen(home: House) -> None:
    first, second = await home.account(ROMEO, "@romeo"), await home.account(ROMEO, "@montague")
    await home.people.choices.choose(ROMEO, FAR, "", "account", "@montague")
    await home.people.choices.choose(ROMEO, FAR, "@nurse@far", "account", "@romeo")

    home.writes(ROMEO, "@anna", "one", "1")
    assert await by_whom(home, 1) == [second]
    home.writes(ROMEO, "@nurse", "two", "2")
    assert await by_whom(home, 2) == [second, first]


async def test_one_that_is_logged_out_is_not_waited_for(home: House) -> None:
    first, second = await home.account(ROMEO, "@romeo"), await home.account(ROMEO, "@montague")
    await home.people.choices.choose(ROMEO, FAR, "", "account", "@montague")
    await home.log_out(second)

    home.writes(ROMEO, "@anna", "one", "1")

    assert await by_whom(home, 1) == [first]
