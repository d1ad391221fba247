"""Read marks that wait for their account. Every function works inside a transaction."""

from sqlalchemy import Connection, delete, select

from bridge.store import tables as t
from bridge.store.upsert import upsert


def of(connection: Connection, account: int) -> list[tuple[str, str, bool]]:
    """Chat and message, as the account's network calls them, and whether nobody else is to know."""
    m = t.read_marks.c
    query = select(m.chat, m.target, m.private).where(m.account == account)
    return [(row.chat, row.target, bool(row.private)) for row in connection.execute(query)]


def put(connection: Connection, account: int, chat: str, target: str, *, private: bool) -> None:
    """In place of what there was for this chat."""
    upsert(connection, t.read_marks, [{"account": account, "chat": chat, "target": target, "private": private}])


def drop(connection: Connection, account: int, chat: str) -> None:
    m = t.read_marks.c
    connection.execute(delete(t.read_marks).where(m.account == account, m.chat == chat))
