"""Two chats of a network turn out to be one while a message is under way: it arrives once, before what follows."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.contract import AccountId, Confirm, Send, Unconfirmed
from bridge.hub.closing import durably
from bridge.hub.limits import Limits
from tests.hub.paced import Paced, breaks
from tests.support.house import House

ROMEO, JULIET = "romeo@home.example", "juliet@home.example"


@pytest.fixture
async def home(paced: Paced, tmp_path: Path) -> AsyncIterator[House]:
    made = House(paced, tmp_path, limits=Limits(backoff_max=0.1))
    await made.start()
    yield made
    paced.may_tell.set()
    await made.stop()


async def under_way(home: House) -> AccountId:
    """Romeo's message to Juliet is on its way into the room where they have talked; Juliet has made another one."""
    first, second = await home.account(ROMEO, "@romeo"), await home.account(JULIET, "@juliet")
    home.direct(first, "!old", "@juliet")
    home.direct(second, "!new", "@romeo")
    await home.settled()
    home.far.held["!old"] = asyncio.Event()
    home.writes(ROMEO, "@juliet", "one", "1")
    await home.far.until(1, Send)
    return first


def sent(home: House) -> list[tuple[str, str]]:
    return [(action.chat, action.message.text) for action in home.far.actions(Send)]


async def confirmed(home: House) -> list[str]:
    """The ids of two messages that were confirmed, when nothing is owed any more."""
    told = await home.xmpp.until(2, Confirm)
    async with asyncio.timeout(10):
        while await home.rows("SELECT * FROM deliveries"):
            await asyncio.sleep(0.01)
    return [one.target for one in told]


async def test_what_is_under_way_lands_before_anything_is_sent_into_the_other_room(home: House) -> None:
    romeo = await under_way(home)

    home.direct(romeo, "!new", "@juliet")
    home.writes(ROMEO, "@juliet", "two", "2")
    await home.settled()
    assert sent(home) == [("!old", "one")]
    home.far.held["!old"].set()

    assert await confirmed(home) == ["1", "2"]
    assert sent(home) == [("!old", "one"), ("!new", "two")]


async def test_what_lands_while_that_is_written_is_closed_where_it_is_now(home: House, paced: Paced) -> None:
    romeo = await under_way(home)

    paced.may_tell.clear()
    paced.wrote.clear()
    home.direct(romeo, "!new", "@juliet")
    home.writes(ROMEO, "@juliet", "two", "2")
    await paced.wrote.wait()  # they are one, and nobody knows it yet
    home.far.held["!old"].set()
    for _ in range(100):  # it lands, for which nothing is waited: not for the database, whose answers are held back
        await asyncio.sleep(0)
    paced.may_tell.set()

    assert await confirmed(home) == ["1", "2"]
    assert sent(home) == [("!old", "one"), ("!new", "two")]


async def test_what_lands_after_another_write_has_failed_is_closed_where_it_is_now(home: House) -> None:
    romeo = await under_way(home)
    assert home.hub is not None

    home.direct(romeo, "!new", "@juliet")
    await home.settled()
    with pytest.raises(RuntimeError):
        await durably(home.hub.writer, breaks)
    home.far.held["!old"].set()
    home.writes(ROMEO, "@juliet", "two", "2")

    assert await confirmed(home) == ["1", "2"]
    assert sent(home) == [("!old", "one"), ("!new", "two")]


async def test_what_was_under_way_and_not_confirmed_comes_again_under_its_key(home: House) -> None:
    romeo = await under_way(home)
    errors = [Unconfirmed("The answer was lost.")]
    home.far.loses = lambda action: errors.pop() if errors else None

    home.direct(romeo, "!new", "@juliet")
    home.writes(ROMEO, "@juliet", "two", "2")
    await home.settled()
    home.far.held["!old"].set()

    assert await confirmed(home) == ["1", "2"]
    first, again, second = home.far.actions(Send)
    assert (first.key, first.message.text) == (again.key, again.message.text)
    assert again.maybe_done
    assert second.message.text == "two"
