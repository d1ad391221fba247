"""A network that takes nothing is asked by one chat of an account at a time; one chat in trouble holds up no other."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bridge.contract import Confirm, Send, Unavailable, Unconfirmed
from bridge.hub.limits import Limits
from bridge.store.database import Database
from tests.support.house import House, house

ROMEO = "romeo@home.example"
CHATS = 30


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    database = await Database.open(f"sqlite:///{tmp_path / 'test.db'}")
    async with house(database, tmp_path, limits=Limits(delay_notice=60)) as made:
        await made.account(ROMEO, "@romeo")
        yield made
    await database.close()


class Trouble:
    """What is tried in the chats that are in trouble."""

    def __init__(self, home: House, error: Exception, chats: set[int] | None = None) -> None:
        self.tries: list[str] = []
        self.error = error
        self._chats = {f"direct-@p{number}" for number in (range(CHATS) if chats is None else chats)}
        home.far.raises = self.raises

    def raises(self, action: Any) -> Exception | None:
        if action.chat not in self._chats:
            return None
        self.tries.append(action.chat)
        return self.error

    async def until(self, number: int) -> None:
        async with asyncio.timeout(10):
            while len(self.tries) < number:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("error", [Unconfirmed("Its answer was lost."), Unavailable("FAR does not answer.")])
async def test_however_many_chats_wait_one_asks_at_a_time_and_all_go_on_when_it_is_over(
    home: House, error: Exception
) -> None:
    trouble = Trouble(home, error)
    for number in range(2):
        home.writes(ROMEO, f"@p{number}", "one", f"{number}")
        await trouble.until(number + 1)
    for number in range(2, CHATS):
        home.writes(ROMEO, f"@p{number}", "one", f"{number}")
    await trouble.until(5)
    for number in range(CHATS):
        home.writes(ROMEO, f"@p{number}", "two", f"{number}-2")
    await home.settled()
    tried = len(trouble.tries)
    home.far.raises = lambda action: None

    confirmed = await home.xmpp.until(2 * CHATS, Confirm)
    sent = home.far.actions(Send)

    assert tried <= 8  # with pauses of half a second that double, whoever asks
    assert isinstance(error, Unavailable) or len(set(trouble.tries)) > 3  # they take turns
    assert len(confirmed) == len(sent) == 2 * CHATS
    for number in range(CHATS):
        assert [one.message.text for one in sent if one.chat == f"direct-@p{number}"] == ["one", "two"]


async def test_one_chat_in_trouble_holds_up_no_other(home: House) -> None:
    trouble = Trouble(home, Unconfirmed("Its answer was lost."), {0})
    home.writes(ROMEO, "@p0", "one", "0")
    await trouble.until(3)

    for number in range(1, CHATS):
        home.writes(ROMEO, f"@p{number}", "one", f"{number}")
    async with asyncio.timeout(3):
        await home.far.until(CHATS - 1, Send)

    assert "direct-@p0" not in {one.chat for one in home.far.actions(Send)}


async def test_who_has_not_failed_asks_before_those_who_have(home: House) -> None:
    trouble = Trouble(home, Unconfirmed("Its answer was lost."), {0, 1})
    for number in range(2):
        home.writes(ROMEO, f"@p{number}", "one", f"{number}")
    await trouble.until(5)

    for number in range(2, CHATS):
        home.writes(ROMEO, f"@p{number}", "one", f"{number}")

    sent = await home.far.until(CHATS - 2, Send)
    assert {one.chat for one in sent}.isdisjoint({"direct-@p0", "direct-@p1"})
