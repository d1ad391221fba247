"""Rows by many (chat, native) pairs in one statement: one question of a whole group."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Connection

_AT_ONCE = 400


def rows_of_pairs(
    connection: Connection, table: str, columns: str, pairs: Iterable[tuple[int, str]]
) -> Iterator[tuple[Any, ...]]:
    """`columns` of the rows of `table` whose (chat, native) is one of `pairs`."""
    plain = connection.dialect.name == "sqlite"
    mark = "(?, ?)" if plain else "(%s, %s)"
    rest = iter(pairs)
    while some := list(islice(rest, _AT_ONCE)):
        # The row-value form keeps to the index on both databases; two IN lists would try every combination.
        values = ", ".join([mark] * len(some))
        source = f"VALUES {values}" if plain else values
        statement = f"SELECT {columns} FROM {table} WHERE (chat, native) IN ({source})"
        for row in connection.exec_driver_sql(statement, tuple(x for pair in some for x in pair)):
            yield tuple(row)
