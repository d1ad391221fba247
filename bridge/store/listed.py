"""What we have put into users' own lists on XMPP. Every function works inside a transaction."""

from sqlalchemy import Connection, delete, select, union

from bridge.store import tables as t
from bridge.store.accounts import LOGGED_OUT
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


def parted(connection: Connection, network: str, user: str | None = None) -> list[str]:
    """Users who have no account on `network` that was not ended, and for whom there is something in their lists, or a
    subscription to somebody there. `user`: only this one."""
    c, s, a = t.listed.c, t.subscriptions.c, t.accounts.c
    something = union(
        select(c.user).where(c.network == network), select(s.user).where(s.network == network, s.contact != "")
    ).subquery()
    still = select(a.user).where(a.network == network, a.state != LOGGED_OUT)
    query = select(something.c.user).where(something.c.user.not_in(still)).order_by(something.c.user)
    if user is not None:
        query = query.where(something.c.user == user)
    return list(connection.execute(query).scalars())


def lost(connection: Connection, user: str, network: str) -> list[str]:
    """With whom an account of `user` that was ended had a direct chat, and none of their others has."""
    d, a = t.directs.c, t.accounts.c
    mine = select(d.contact).join(t.accounts, a.id == d.account).where(a.user == user, a.network == network)
    still = mine.where(a.state != LOGGED_OUT)
    query = mine.where(a.state == LOGGED_OUT, d.contact.not_in(still)).distinct().order_by(d.contact)
    return list(connection.execute(query).scalars())
