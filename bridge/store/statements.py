"""Statements that every group runs, written by hand: the library takes longer to write one than the database to run it.

On SQLite they go past the library to the driver, in a few fixed sizes. The driver then knows them already, and one call
takes many rows: for each row of `executemany` it would give up the interpreter, which the loop then holds for a while.
A dozen sizes make two calls of nearly every number.

`columns` and `table` are names from our own code, never from outside.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

Row = Sequence[Any]
_SIZES = (64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1)  # rows in one statement
_AT_ONCE = 400


def rows_of(
    connection: Connection,
    table: str,
    columns: str,
    key: tuple[str, ...],
    wanted: Iterable[Row],
    index: str = "",
) -> Iterator[tuple[Any, ...]]:
    """`columns` of the rows of `table` whose `key` columns are one of `wanted`: one question of a whole group.

    A join, because SQLite reads the whole table for `(a, b) IN (VALUES …)`. `index` is the one that SQLite has to take
    where it would take another.
    """
    rest = iter(wanted)
    while some := list(islice(rest, _AT_ONCE)):
        if _is_sqlite(connection):
            size = next((size for size in reversed(_SIZES) if size >= len(some)), _AT_ONCE)
            nothing = [None] * (len(key) * (size - len(some)))  # equal to no value
            yield from run(connection, _select(table, columns, key, size, "?", index), [*_flat(some), *nothing])
        else:
            statement = _select(table, columns, key, len(some), "%s", "")
            for row in connection.exec_driver_sql(statement, tuple(_flat(some))):
                yield tuple(row)


def insert(
    connection: Connection, table: str, columns: tuple[str, ...], rows: Sequence[Row], key: tuple[str, ...] = ()
) -> None:
    """Add `rows`; with `key`, in place of those that have the same."""
    if _is_sqlite(connection):
        for some in _sized(rows):
            run(connection, _insert(table, columns, key, len(some), "?"), _flat(some))
    elif rows:
        connection.exec_driver_sql(_insert(table, columns, key, 1, "%s"), [tuple(row) for row in rows])


def update(
    connection: Connection, table: str, columns: tuple[str, ...], key: tuple[str, ...], rows: Sequence[Row]
) -> None:
    """Set `columns` where `key` is; each row has the values of `columns`, then those of `key`."""
    if _is_sqlite(connection):
        for row in rows:
            run(connection, _update(table, columns, key, "?"), row)
    elif rows:
        connection.exec_driver_sql(_update(table, columns, key, "%s"), [tuple(row) for row in rows])


def delete(connection: Connection, table: str, key: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Remove the rows whose `key` is one of `rows`."""
    if _is_sqlite(connection):
        for some in _sized(rows):
            run(connection, _delete(table, key, len(some), "?"), _flat(some))
    elif rows:
        connection.exec_driver_sql(_delete(table, key, 1, "%s"), [tuple(row) for row in rows])


def run(connection: Connection, statement: str, values: Row = ()) -> list[tuple[Any, ...]]:
    """One statement, on SQLite. Raises what the library would raise."""
    driver = connection.connection.dbapi_connection
    assert driver is not None
    try:
        return driver.execute(statement, values).fetchall()  # type: ignore[no-any-return]
    except sqlite3.Error as error:
        raise DBAPIError.instance(statement, None, error, sqlite3.Error, dialect=connection.dialect) from error


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _flat(rows: Iterable[Row]) -> list[Any]:
    return list(chain.from_iterable(rows))


def _sized(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """All rows, in pieces of a few sizes."""
    start = 0
    for size in _SIZES:
        while len(rows) - start >= size:
            yield rows[start : start + size]
            start += size


@lru_cache
def _select(table: str, columns: str, key: tuple[str, ...], number: int, mark: str, index: str) -> str:
    names, row = ", ".join(key), f"({_marks(mark, len(key))})"
    hint = f" INDEXED BY {index}" if index else ""
    return (
        f"WITH wanted ({names}) AS (VALUES {_marks(row, number)})"
        f" SELECT {columns} FROM wanted JOIN {table}{hint} USING ({names})"
    )


@lru_cache
def _insert(table: str, columns: tuple[str, ...], key: tuple[str, ...], number: int, mark: str) -> str:
    row = f"({_marks(mark, len(columns))})"
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES {_marks(row, number)}"
    if key:
        changes = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
        statement += f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}"
    return statement


@lru_cache
def _update(table: str, columns: tuple[str, ...], key: tuple[str, ...], mark: str) -> str:
    changes = ", ".join(f"{name} = {mark}" for name in columns)
    return f"UPDATE {table} SET {changes} WHERE {_equal(key, mark)}"


@lru_cache
def _delete(table: str, key: tuple[str, ...], number: int, mark: str) -> str:
    return f"DELETE FROM {table} WHERE {' OR '.join([f'({_equal(key, mark)})'] * number)}"


def _equal(key: tuple[str, ...], mark: str) -> str:
    return " AND ".join(f"{name} = {mark}" for name in key)


def _marks(mark: str, number: int) -> str:
    return ", ".join([mark] * number)
