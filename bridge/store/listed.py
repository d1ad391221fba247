"""What we have put into users' own lists on XMPP. Every function works inside a transaction."""

from sqlalchemy import Connection, delete, select

from bridge.store import tables as t
from bridge.store.upsert import upsert


def put(connection: Connection, user: str, network: str, kind: str) -> dict[str, str]:
    """Items of one kind, and how we called them."""
    c = t.listed.c
    query = select(c.item, c.name).where(c.user == user, c.network == network, c.kind == kind)
    return {row.item: row.name for row in connection.execute(query)}


def keep(connection: Connection, user: str, network: str, kind: str, item: str, name: str) -> None:
    row = {"user": user, "network": network, "kind": kind, "item": item, "name": name}
    upsert(connection, t.listed, [row])


def drop(connection: Connection, user: str, network: str, kind: str, item: str) -> None:
    c = t.listed.c
    connection.execute(delete(t.listed).where(c.user == user, c.network == network, c.kind == kind, c.item == item))
