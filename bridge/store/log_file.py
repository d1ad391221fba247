"""SQLite's write-ahead log, as long from the start as it gets before it is begun anew.

A commit that makes the file longer waits for the file system's own journal as well (ext4), behind everybody else's
writes; one that overwrites what is there waits for its pages alone.
"""

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

PAGES = 4_000  # after which the log is copied into the database and begun anew
_MORE = 1_000  # by which a commit may go beyond that
_FRAME = 24  # bytes beside each page (https://www.sqlite.org/fileformat2.html#walformat)
_ROOM = 10  # times its length is free, or else the disk has no room to spare
_FILL = (
    "INSERT INTO filling WITH RECURSIVE page(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM page LIMIT :pages)"
    " SELECT zeroblob(:size - 100) FROM page"
)


def lengthen(database: Path) -> None:
    """Of a database that somebody else has open: whoever closes it last removes the log.

    A transaction that does not fit into memory is written to the log. When it is undone that stays there and means
    nothing: neither readers nor a recovery look beyond the last commit."""
    log = database.with_name(f"{database.name}-wal")
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        length = PAGES * (size + _FRAME)
        if log.stat().st_size >= length or shutil.disk_usage(database.parent).free < _ROOM * length:
            return
        connection.execute("PRAGMA cache_size=100")
        with contextlib.suppress(sqlite3.OperationalError):  # somebody writes, or it does not fit: then it is shorter
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE filling (page BLOB)")
            connection.execute(_FILL, {"pages": PAGES + _MORE, "size": size})
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    with log.open("rb") as file:
        os.fsync(file.fileno())  # else the first commit waits for all of it
