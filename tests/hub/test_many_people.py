"""Rooms of thousands: few questions to the database, and the event loop turns while their people are told."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from bridge.contract import (
    ChatId,
    ChatKind,
    ChatSeen,
    Contact,
    ContactId,
    Join,
    Membership,
    Occupant,
    OccupantChanged,
    Rank,
    RanksChanged,
    Refused,
    RoomInvited,
)
from bridge.hub.facades import RoomNews
from bridge.store.database import Database
from bridge.store.ledger import Ledger
from bridge.store.writer import Telling, Writer
from tests.support.house import House, house
from tests.support.uncollected import uncollected

ROMEO, JULIET = "romeo@home.example", "juliet@home.example"
VERONA, THERE = ChatId("#verona@far"), ChatId("!verona")
MANY, SOME = 1_000, 300


@contextmanager
def asked() -> Iterator[list[str]]:
    """Every statement in the block, to any database."""
    found: list[str] = []

    def note(c: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield found
    event.remove(Engine, "before_cursor_execute", note)


@contextmanager
def turns() -> Iterator[list[float]]:
    """How long (seconds) each turn of the event loop in the block took."""
    found: list[float] = []

    async def count() -> None:
        while True:
            begun = time.thread_time()
            await asyncio.sleep(0.001)
            found.append(time.thread_time() - begun)

    counting = asyncio.create_task(count())
    yield found
    counting.cancel()


async def in_verona(home: House, *others: str) -> int:
    home.far.occupants[THERE] = [Occupant(Contact(ContactId(one), "Bob")) for one in ("@romeo", *others)]
    account = await home.account(ROMEO, "@romeo")
    home.far.report(account, ChatSeen(chat=THERE, kind=ChatKind.ROOM, name="Verona", alias="#verona"))
    await home.settled()
    return account


async def test_of_a_room_that_somebody_is_in_only_who_comes_is_read(database: Database, tmp_path: Path) -> None:
    async with house(database, tmp_path) as home:
        await in_verona(home, *(f"@{number:04}" for number in range(MANY)))
        whole = await home.rooms.enter(VERONA, ROMEO)
        assert len(whole.occupants) == MANY + 1

        with asked() as questions:
            entry = await home.rooms.enter(VERONA, ROMEO, known=True)

    assert [one.contact for one in entry.occupants] == ["@romeo"]
    assert len([one for one in questions if "FROM occupants" in one]) == 1, questions


async def test_a_name_that_hundreds_have_is_given_with_few_questions(database: Database, tmp_path: Path) -> None:
    async with house(database, tmp_path) as home:
        account = await in_verona(home, *(f"@{number:04}" for number in range(150)))
        await home.rooms.enter(VERONA, ROMEO)

        with asked() as questions:
            late = Occupant(Contact(ContactId("@late"), "Bob"), Membership.JOINED)
            home.far.report(account, OccupantChanged(chat=THERE, occupant=late))
            await home.settled()
        entry = await home.rooms.enter(VERONA, ROMEO)

    nicks = [one.nick for one in entry.occupants]
    assert len(set(nicks)) == 152
    assert sorted(nicks)[0] == "Bob"
    assert next(one.nick for one in entry.occupants if one.contact == "@late") == "Bob (152)"
    assert len([one for one in questions if "occupants" in one]) <= 5, questions


async def test_who_only_reads_does_not_come_in(database: Database, tmp_path: Path) -> None:
    async with house(database, tmp_path) as home:
        await in_verona(home)
        account = await home.account(JULIET, "@juliet")
        home.far.report(account, RoomInvited(chat=THERE, inviter=None, name="Verona", alias="#verona"))
        await home.settled()

        with pytest.raises(Refused, match="not in it"):
            await home.rooms.look(VERONA, JULIET)
        assert home.far.actions(Join) == []


async def test_the_loop_turns_while_thousands_are_told_of(database: Database, tmp_path: Path) -> None:
    """Of another rank all at once, which is one event; and called otherwise one by one."""
    async with house(database, tmp_path) as home:
        people = [f"@{number:04}" for number in range(MANY)]
        account = await in_verona(home, *people)
        await home.rooms.enter(VERONA, ROMEO)
        heard: list[RoomNews] = []

        def hear(news: RoomNews) -> None:
            heard.append(news)
            until = time.thread_time() + 0.0002  # as long as a room takes for it
            while time.thread_time() < until:
                pass

        home.rooms.watch(hear)
        with uncollected(), turns() as taken:
            home.far.report(account, RanksChanged(chat=THERE, ranks=(), others=Rank.VISITOR))
            await home.settled()
            ranked = len(heard)
            for number, one in enumerate(people[:SOME]):
                named = Occupant(Contact(ContactId(one), f"Person {number}"), Membership.JOINED)
                home.far.report(account, OccupantChanged(chat=THERE, occupant=named))
            await home.settled()

    assert ranked == MANY + 1
    assert [one.occupant.nick for one in heard[ranked:] if one.occupant] == [f"Person {n}" for n in range(SOME)]
    assert max(taken) < 0.05, sorted(taken)[-5:]


class Slow:
    """A job that has much to tell."""

    def __init__(self, name: str, said: list[str]) -> None:
        self._name = name
        self._said = said

    def wants(self, ledger: Ledger, needs: Any) -> None: ...

    def apply(self, ledger: Ledger) -> None: ...

    def finished(self, result: None) -> Telling:
        for number in range(3):
            time.sleep(0.01)
            self._said.append(f"{self._name}{number}")
            yield

    def failed(self, error: Exception) -> None:
        raise AssertionError(error)


async def test_what_is_told_in_steps_is_told_in_order_and_awaited(database: Database) -> None:
    writer = Writer(database, Ledger())
    running = asyncio.create_task(writer.run())
    said: list[str] = []
    with turns() as taken:
        for name in ("a", "b"):
            writer.submit(Slow(name, said))
        await writer.drained()
    running.cancel()

    assert said == ["a0", "a1", "a2", "b0", "b1", "b2"]
    assert len(taken) > 1, "nobody else had a turn"
