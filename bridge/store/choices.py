"""What users have chosen: whom their accounts block, and their settings. Every function works inside a transaction."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select

from bridge.store import tables as t
from bridge.store.upsert import upsert


def block(connection: Connection, account: int, contacts: Iterable[str]) -> None:
    """These and nobody else does `account` block."""
    connection.execute(delete(t.blocks).where(t.blocks.c.account == account))
    rows = [{"account": account, "contact": contact} for contact in contacts]
    if rows:
        connection.execute(insert(t.blocks), rows)


def blocks(connection: Connection) -> list[tuple[int, str, str, str]]:
    """All of them: account, its user and network, and the contact."""
    a, b = t.accounts.c, t.blocks.c
    query = select(b.account, a.user, a.network, b.contact).join_from(t.blocks, t.accounts, a.id == b.account)
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]


def settings(connection: Connection) -> list[tuple[str, str, str, str, str]]:
    """All of them: user, network, item, name, value."""
    s = t.settings.c
    query = select(s.user, s.network, s.item, s.name, s.value)
    return [(row[0], row[1], row[2], row[3], row[4]) for row in connection.execute(query)]


def put(connection: Connection, user: str, network: str, item: str, name: str, value: str) -> None:
    """An empty value: as it is without a choice."""
    s = t.settings.c
    if value:
        row = {"user": user, "network": network, "item": item, "name": name, "value": value}
        upsert(connection, t.settings, [row])
        return
    same = (s.user == user) & (s.network == network) & (s.item == item) & (s.name == name)
    connection.execute(delete(t.settings).where(same))
