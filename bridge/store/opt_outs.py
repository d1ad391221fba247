"""People who have opted out. Every function works inside a transaction."""

from sqlalchemy import Connection, delete, select

from bridge.store import tables as t
from bridge.store.upsert import upsert


def all_of_them(connection: Connection) -> list[tuple[str, str]]:
    """Network and id."""
    o = t.opt_outs.c
    return [(row[0], row[1]) for row in connection.execute(select(o.network, o.person))]


def put(connection: Connection, network: str, person: str, at: float) -> None:
    upsert(connection, t.opt_outs, [{"network": network, "person": person, "at": at}])


def drop(connection: Connection, network: str, person: str) -> None:
    o = t.opt_outs.c
    connection.execute(delete(t.opt_outs).where(o.network == network, o.person == person))
