"""A group of writes that fails is written one by one: as if nothing had been tried before, and everybody is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.exc import InternalError

from bridge.contract import Message, MessageReceived, React, Retract
from bridge.hub.closing import durably, ending
from bridge.store.database import InDoubt
from bridge.store.ledger import Ledger
from bridge.store.writer import Writer
from tests.hub.paced import Paced, breaks, one_group
from tests.hub.verona import Verona, in_verona, reacts, takes_back

T = TypeVar("T")


@pytest.fixture
async def verona(paced: Paced, tmp_path: Path) -> AsyncIterator[Verona]:
    async with in_verona(paced, tmp_path) as made:
        yield made
        paced.may_tell.set()


async def test_a_reaction_in_a_group_that_fails_stands(verona: Verona, paced: Paced) -> None:
    assert verona.home.hub is not None
    target = verona.far(MessageReceived, "anna", message=Message("hi"))
    await verona.home.settled()

    async with one_group(verona.home, paced):
        reacts(verona, "anna", target, "👍")
        while not verona.home.far.events[verona.account].empty():
            await asyncio.sleep(0)
        broken = durably(verona.home.hub.writer, breaks)
    with pytest.raises(RuntimeError):
        await broken
    reacts(verona, "anna", target, "🎉")

    sets = await verona.home.xmpp.until(2, React)
    assert [one.reactions for one in sets] == [("👍",), ("👍", "🎉")]


async def test_a_reaction_that_is_taken_back_in_a_group_that_fails_is_gone(verona: Verona, paced: Paced) -> None:
    assert verona.home.hub is not None
    target = verona.far(MessageReceived, "anna", message=Message("hi"))
    first = reacts(verona, "anna", target, "👍")
    await verona.home.settled()

    async with one_group(verona.home, paced):
        takes_back(verona, "anna", first)
        while not verona.home.far.events[verona.account].empty():
            await asyncio.sleep(0)
        broken = durably(verona.home.hub.writer, breaks)
    with pytest.raises(RuntimeError):
        await broken

    sets = await verona.home.xmpp.until(2, React)
    assert [one.reactions for one in sets] == [("👍",), ()]
    assert verona.home.xmpp.actions(Retract) == []


async def test_whoever_does_not_wait_any_more_keeps_nobody_from_being_told(verona: Verona, paced: Paced) -> None:
    assert verona.home.hub is not None
    writer = verona.home.hub.writer
    async with one_group(verona.home, paced):
        ended = ending(writer, lambda ledger: [], lambda debts: None)
        after = durably(writer, lambda ledger: "told")
        ended.heard().cancel()

    async with asyncio.timeout(10):
        assert await after == "told"


async def test_a_fault_in_who_is_told_ends_neither_its_group_nor_the_writer(verona: Verona, paced: Paced) -> None:
    assert verona.home.hub is not None
    writer = verona.home.hub.writer

    def faulty(debts: object) -> None:
        raise RuntimeError("it is told badly")

    async with one_group(verona.home, paced):
        ending(writer, lambda ledger: [], faulty)
        broken = durably(writer, breaks)  # so that they are written one by one, and told by the writer itself
        after = durably(writer, lambda ledger: "told")

    async with asyncio.timeout(10):
        with pytest.raises(RuntimeError):
            await broken
        assert await after == "told"
        assert await durably(writer, lambda ledger: "goes on") == "goes on"


class Doubtful(Paced):
    """Nobody is told that the first group was committed, and at first the server says something strange if asked."""

    def __init__(self, url: URL) -> None:
        super().__init__(url)
        self.doubt = False
        self.asked_for = 0

    async def write(self, function: Callable[[Connection], T], *, alone: bool = False) -> T:
        result = await super().write(function, alone=alone)
        if self.doubt and alone:
            self.doubt = False
            raise InDoubt("7", result)
        return result

    async def committed(self, transaction: str) -> bool:
        self.asked_for += 1
        if self.asked_for == 1:
            raise InternalError("", None, Exception("strange"))
        return True


async def test_a_group_in_doubt_is_not_written_again_before_it_is_known(tmp_path: Path) -> None:
    database = await Doubtful.open(f"sqlite:///{tmp_path / 'test.db'}")
    assert isinstance(database, Doubtful)
    writer, applied = Writer(database, Ledger()), list[str]()
    running = asyncio.create_task(writer.run())

    def apply(name: str, ledger: Ledger) -> None:
        applied.append(name)

    database.doubt = True
    both = [durably(writer, partial(apply, name)) for name in "ab"]
    async with asyncio.timeout(10):
        await asyncio.gather(*both)

    assert (applied, database.asked_for) == (["a", "b"], 2)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await database.close()
