"""A database has one gateway at a time, whatever becomes of the one before."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridge.store.database import Busy, Database
from bridge.store.lockfile import LockFile, Taken

_HOLDER = """
import asyncio, sys
from bridge.store.database import Database

async def hold():
    await Database.open(sys.argv[1], alone=5)
    print("held", flush=True)
    await asyncio.Event().wait()

asyncio.run(hold())
"""


@contextmanager
def held_by_another_process(url: str) -> Iterator["subprocess.Popen[str]"]:
    holder = subprocess.Popen([sys.executable, "-c", _HOLDER, url], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()  # type: ignore[union-attr]


async def test_a_second_one_is_refused_while_the_first_runs(database_url: str) -> None:
    first = await Database.open(database_url, alone=1)

    with pytest.raises(Busy, match=r"^Another gateway uses this database\. Stop it first, or give this one its own\.$"):
        await Database.open(database_url, alone=0.2)
    await first.close()

    second = await Database.open(database_url, alone=5)
    await second.write(lambda connection: None, alone=True)
    await second.close()


async def test_a_look_at_the_database_is_no_second_one(database_url: str) -> None:
    first = await Database.open(database_url, alone=1)
    await first.write(lambda connection: None, alone=True)

    looking = await Database.open(database_url)

    assert await looking.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar()) == 1
    await looking.close()
    await first.close()


async def test_after_a_kill_the_next_one_starts_at_once(database_url: str) -> None:
    with held_by_another_process(database_url) as holder:
        with pytest.raises(Busy):
            await Database.open(database_url, alone=0.2)
        holder.kill()
        begun = time.monotonic()

        database = await Database.open(database_url, alone=20)

    assert time.monotonic() - begun < 10
    await database.close()


async def test_whoever_waits_gets_it_when_the_first_ends(database_url: str) -> None:
    """PostgreSQL may need a moment to notice; a file's lock ends with its process."""
    if database_url.startswith("sqlite"):
        return
    first = await Database.open(database_url, alone=1)
    second = asyncio.create_task(Database.open(database_url, alone=20))
    await asyncio.wait([second], timeout=0.3)
    assert not second.done()
    await first.close()

    await (await asyncio.wait_for(second, 10)).close()


async def test_a_lock_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.db.lock").mkdir()

    with pytest.raises(Busy, match=r"^The lock file .*x\.db\.lock cannot be made: Is a directory\.$"):
        await Database.open(f"sqlite:///{tmp_path / 'x.db'}", alone=1)
    assert not (tmp_path / "x.db").exists()


def test_a_lock_is_free_after_its_release(tmp_path: Path) -> None:
    lock = LockFile(tmp_path / "lock")
    with pytest.raises(Taken):
        LockFile(tmp_path / "lock")
    lock.release()

    LockFile(tmp_path / "lock").release()
