"""Insert or replace rows by their key, in the words of either database."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write `rows` (all with the same columns, each key at most once); a row with the same key is replaced."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = make(table)
    rest = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    if rest:
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest), list(rows))
    else:
        connection.execute(statement.on_conflict_do_nothing(index_elements=keys), list(rows))
