"""A network says late that a login has ended: that is not the login of now."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.contract import Confirm, LoggedOut, Send
from bridge.store.database import Database
from tests.support.house import House, house

ROMEO = "romeo@home.example"


@pytest.fixture
async def home(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with house(database, tmp_path) as made:
        yield made


async def test_an_answer_to_an_ended_login_does_not_end_the_next_one(home: House) -> None:
    account = await home.account(ROMEO, "@romeo")
    home.direct(account, "!dm", "@juliet")
    await home.settled()
    home.far.held["!dm"] = asyncio.Event()
    home.writes(ROMEO, "@juliet", "one", "1")
    await home.far.until(1, Send)

    await home.log_out(account)
    assert await home.account(ROMEO, "@romeo") == account
    late = iter([LoggedOut("This login has ended.")])
    home.far.loses = lambda action: next(late, None)
    home.far.held.pop("!dm").set()

    [told] = await home.xmpp.until(1, Confirm)
    seat = home.hub.sessions.seat(account) if home.hub is not None else None
    assert told.target == "1"
    assert seat is not None
    assert not seat.logged_out
