"""Statements that every group runs, written by hand: the library takes longer to write one than the database to run it.

`columns` and `table` are names from our own code, never from outside.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

from sqlalchemy import Connection

_AT_ONCE = 400


def rows_of(
    connection: Connection,
    table: str,
    columns: str,
    key: Sequence[str],
    wanted: Iterable[Sequence[Any]],
    index: str = "",
) -> Iterator[tuple[Any, ...]]:
    """`columns` of the rows of `table` whose `key` columns are one of `wanted`: one question of a whole group.

    A join, because SQLite reads the whole table for `(a, b) IN (VALUES …)`. `index` is the one that SQLite has to take
    where it would take another.
    """
    names, mark = ", ".join(key), f"({_marks(connection, len(key))})"
    hint = f" INDEXED BY {index}" if index and connection.dialect.name == "sqlite" else ""
    rest = iter(wanted)
    while some := list(islice(rest, _AT_ONCE)):
        values = ", ".join([mark] * len(some))
        statement = (
            f"WITH wanted ({names}) AS (VALUES {values})"
            f" SELECT {columns} FROM wanted JOIN {table}{hint} USING ({names})"
        )
        for row in connection.exec_driver_sql(statement, tuple(value for one in some for value in one)):
            yield tuple(row)


def insert(
    connection: Connection,
    table: str,
    columns: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
    key: tuple[str, ...] = (),
) -> None:
    """Add `rows`; with `key`, in place of those that have the same."""
    if rows:
        connection.exec_driver_sql(_insert(table, columns, key, _marks(connection, len(columns))), list(rows))


def update(
    connection: Connection,
    table: str,
    columns: tuple[str, ...],
    key: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Set `columns` where `key` is; each row has the values of `columns`, then those of `key`."""
    if rows:
        mark = _marks(connection, 1)
        changes = ", ".join(f"{name} = {mark}" for name in columns)
        connection.exec_driver_sql(f"UPDATE {table} SET {changes} WHERE {_equal(key, mark)}", list(rows))


def delete(connection: Connection, table: str, key: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
    """Remove the rows whose `key` is one of `rows`."""
    if rows:
        connection.exec_driver_sql(f"DELETE FROM {table} WHERE {_equal(key, _marks(connection, 1))}", list(rows))


@lru_cache
def _insert(table: str, columns: tuple[str, ...], key: tuple[str, ...], marks: str) -> str:
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
    if key:
        changes = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
        statement += f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}"
    return statement


def _equal(key: tuple[str, ...], mark: str) -> str:
    return " AND ".join(f"{name} = {mark}" for name in key)


def _marks(connection: Connection, number: int) -> str:
    return ", ".join(["?" if connection.dialect.name == "sqlite" else "%s"] * number)
