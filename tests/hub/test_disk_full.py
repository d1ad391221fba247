"""A database whose disk is full: what is reported is not acknowledged until there is room again, and none is lost."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bridge.contract import Send
from bridge.hub.watch import Watch
from bridge.store.database import Database
from tests.support.house import FAR, House, house
from tests.support.postgres import USER, Postgres
from tests.support.small_disk import SmallDisk, small_disk

ROMEO, COUNT = "romeo@home.example", 60
LONG = "x" * 20_000


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, disk: SmallDisk) -> Iterator[str]:
    """Of a new database on the small disk; with PostgreSQL its tables are, on a server of its own."""
    if request.param == "sqlite":
        yield f"sqlite:///{disk.path}/test.db"
    else:
        with Postgres() as server:
            yield server.fresh(disk.path / "tables")


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with small_disk(24, USER) as made:
        yield made


@pytest.fixture
async def home(url: str, tmp_path: Path) -> AsyncIterator[House]:
    database = await Database.open(url)
    async with house(database, tmp_path) as made:
        yield made
    await database.close()


async def test_nothing_is_acknowledged_and_all_of_it_comes(home: House, disk: SmallDisk) -> None:
    assert home.hub is not None
    account = await home.account(ROMEO, "@romeo")
    home.direct(account, "with-anna", "@anna")
    home.says(account, "with-anna", "@anna", "first", "$first")
    await home.xmpp.until(1, Send)
    await home.settled()
    watch = Watch(home.hub, home.database, [FAR], dict)

    disk.fill()
    for number in range(COUNT):
        home.says(account, "with-anna", "@anna", f"{number} {LONG}", f"${number}")
    async with asyncio.timeout(60):
        while not home.hub.writer.trouble:
            await asyncio.sleep(0.01)
    acknowledged, shown = len(home.far.journaled), len(home.xmpp.actions(Send))
    state = (await watch.networks())[FAR]
    assert acknowledged < COUNT
    assert shown < COUNT
    assert (state.moving, home.hub.writer.trouble) == (False, "its disk is full")
    assert len(home.far.journaled) == acknowledged

    disk.empty()
    sent = await home.xmpp.until(COUNT + 1, Send)
    await home.settled()
    assert [one.message.text.partition(" ")[0] for one in sent] == ["first", *map(str, range(COUNT))]
    assert len(home.far.journaled) == COUNT + 2
    assert (await watch.networks())[FAR].moving
