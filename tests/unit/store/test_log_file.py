"""SQLite's log: of its full length from the start, and what that is filled with is nothing to anybody."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, text

from bridge.store import log_file
from bridge.store.database import Database

_PAGE = 4_096


def note(connection: Connection) -> None:
    letter = text(
        "INSERT INTO dead_letters (network, account, source, reason, raw, at) VALUES ('far', 1, '', '', :raw, 0)"
    )
    connection.execute(letter, {"raw": "x" * 10_000})


async def test_no_commit_of_the_gateway_makes_it_longer(tmp_path: Path) -> None:
    log = tmp_path / "test.db-wal"
    database = await Database.open(f"sqlite:///{tmp_path}/test.db", alone=1)
    before = log.stat().st_size

    for _ in range(20):
        await database.write(note, alone=True)

    assert before >= log_file.PAGES * _PAGE
    assert log.stat().st_size == before
    assert (tmp_path / "test.db").stat().st_size < 1_000_000
    await database.close()
    assert not log.exists()


async def test_a_recovery_finds_what_was_committed_and_nothing_else(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite:///{tmp_path}/test.db", alone=1)
    for _ in range(3):
        await database.write(note, alone=True)

    for name in ("test.db", "test.db-wal"):  # as a crash leaves them
        shutil.copy(tmp_path / name, tmp_path / f"other-{name}")
    await database.close()
    with closing(sqlite3.connect(tmp_path / "other-test.db")) as found:
        shape = [row[0] for row in found.execute("PRAGMA integrity_check")]
        tables = {row[0] for row in found.execute("SELECT name FROM sqlite_master")}
        letters = found.execute("SELECT count(*) FROM dead_letters").fetchone()[0]

    assert shape == ["ok"]
    assert "events" in tables
    assert "filling" not in tables
    assert letters == 3


async def test_who_only_looks_leaves_it_as_it_is(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite:///{tmp_path}/test.db")

    assert (tmp_path / "test.db-wal").stat().st_size < 1_000_000
    await database.close()
