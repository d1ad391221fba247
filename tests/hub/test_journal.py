"""The journal as one writer writes it: groups, what breaks one, and a database that goes away."""

import asyncio
import random
import string
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bridge.contract import Confirm, Send, Unavailable
from bridge.hub.closing import durably
from bridge.store.database import Database
from bridge.store.ledger import Ledger
from bridge.store.writer import Writer
from tests.hub.paced import Paced, one_group
from tests.support.house import FAR, House, house
from tests.support.postgres import Postgres

ROMEO, JULIET = "romeo@home.example", "juliet@home.example"


@pytest.fixture
async def home(paced: Paced, tmp_path: Path) -> AsyncIterator[House]:
    async with house(paced, tmp_path) as made:
        yield made
        paced.may_tell.set()


async def test_a_message_in_the_group_in_which_its_chat_turns_out_to_be_another_arrives(
    home: House, paced: Paced
) -> None:
    first, second = await home.account(ROMEO, "@romeo"), await home.account(JULIET, "@juliet")
    home.direct(second, "!dm", "@romeo")

    async with one_group(home, paced):
        home.writes(ROMEO, "@juliet", "hello")
        await asyncio.sleep(0)
        home.direct(first, "!dm", "@juliet")

    (sent,) = await home.far.until(1, Send)
    assert (sent.chat, sent.message.text) == ("!dm", "hello")
    await home.xmpp.until(1, Confirm)


async def test_a_repeat_in_the_group_of_its_message_is_not_confirmed_before_that_has_arrived(
    home: House, paced: Paced
) -> None:
    await home.account(ROMEO, "@romeo")
    home.far.raises = lambda action: Unavailable("FAR is full.")

    async with one_group(home, paced):
        home.writes(ROMEO, "@anna", "hello")
        home.writes(ROMEO, "@anna", "hello")
    await home.hub.lanes.quiet(FAR, "direct-@anna")  # type: ignore[union-attr, arg-type]

    assert home.xmpp.actions(Confirm) == []


async def test_what_no_index_takes_does_not_hold_up_others(home: House, paced: Paced) -> None:
    account = await home.account(ROMEO, "@romeo")
    home.direct(account, "!dm", "@anna")
    long = "".join(random.Random(1).choices(string.ascii_letters, k=20_000))  # PostgreSQL's index takes 2,704 bytes

    home.says(account, "!dm", "@anna", "one", "$1")
    home.says(account, "!dm", "@anna", "two", long)
    home.says(account, "!dm", "@anna", "three", "$3")

    kept = ["one", "two", "three"] if paced.sqlite else ["one", "three"]
    assert [s.message.text for s in await home.xmpp.until(len(kept), Send)] == kept
    await home.hub.writer.drained()  # type: ignore[union-attr]
    assert await home.rows("SELECT count(*) FROM dead_letters") == [(3 - len(kept),)]


async def test_two_processes_do_not_write_at_once(postgres: Postgres) -> None:
    url = postgres.fresh()
    one, two = await Database.open(url), await Database.open(url)
    writers = [Writer(one, Ledger()), Writer(two, Ledger())]
    tasks = [asyncio.create_task(writer.run()) for writer in writers]
    await durably(writers[0], lambda ledger: None)

    second = durably(writers[1], lambda ledger: None)
    while not writers[1].trouble:
        await asyncio.wait([second], timeout=0.05)
    trouble = writers[1].trouble
    await one.close()

    await second
    assert trouble == "Busy: another process still writes to this database"
    assert writers[1].trouble == ""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await two.close()


class Cutter:
    """Carries PostgreSQL's protocol. When `armed`, the connection breaks at the next COMMIT: before it is carried, or
    before its answer is."""

    def __init__(self, target: int, *, carries: bool) -> None:
        self.armed = False
        self.port = 0
        self._target = target
        self._carries = carries
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Cutter"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        answers = asyncio.create_task(self._carry(there, writer))
        try:
            while chunk := await reader.read(65_536):
                if self.armed and b"COMMIT\0" in chunk:
                    self.armed = False
                    answers.cancel()
                    await asyncio.gather(answers, return_exceptions=True)
                    if self._carries:
                        back.write(chunk)
                        await there.read(65_536)
                    break
                back.write(chunk)
        finally:
            answers.cancel()
            writer.close()
            back.close()
            self._tasks.discard(task)

    async def _carry(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        while chunk := await source.read(65_536):
            to.write(chunk)


@pytest.mark.parametrize("carries", [True, False], ids=["the answer is lost", "the question is lost"])
async def test_a_commit_whose_answer_is_lost_is_neither_repeated_nor_forgotten(
    postgres: Postgres, tmp_path: Path, carries: bool
) -> None:
    url = urlsplit(postgres.fresh())
    async with Cutter(url.port or 0, carries=carries).listening() as cutter:
        netloc = f"{url.username}@127.0.0.1:{cutter.port}"
        database = await Database.open(url._replace(netloc=netloc).geturl())
        async with house(database, tmp_path) as home:
            await home.account(ROMEO, "@romeo")
            await home.hub.writer.drained()  # type: ignore[union-attr]

            cutter.armed = True
            home.writes(ROMEO, "@anna", "hello")

            await home.far.until(1, Send)
            await home.xmpp.until(1, Confirm)
            assert not cutter.armed
            assert await home.rows("SELECT count(*) FROM events WHERE kind = 'message'") == [(1,)]
            assert len(home.far.actions(Send)) == 1
        await database.close()
