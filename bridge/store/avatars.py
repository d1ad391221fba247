"""Pictures of people and rooms, and what each turned out to be. Every function works inside a transaction."""

from sqlalchemy import Connection, delete, exists, select

from bridge.store import tables as t
from bridge.store.upsert import upsert


def known(connection: Connection, limit: int) -> list[tuple[str, str, str, str]]:
    """Network, scope, reference and hash, the latest first."""
    a = t.avatars.c
    query = select(a.network, a.scope, a.reference, a.sha1).order_by(a.at.desc()).limit(limit)
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]


def put(connection: Connection, network: str, scope: str, reference: str, sha1: str, now: float) -> None:
    row = {"network": network, "scope": scope, "reference": reference, "sha1": sha1, "at": now}
    upsert(connection, t.avatars, [row])


def tidy(connection: Connection, before: float) -> None:
    """Forget what could not be shown then or before, and what nobody is said to have any more and is as old."""
    a = t.avatars.c
    connection.execute(delete(t.avatars).where(a.sha1 == "", a.at < before))
    used = [exists().where(one.c.avatar == a.reference) for one in (t.people, t.occupants, t.chats)]
    connection.execute(delete(t.avatars).where(a.at < before, *(~one for one in used)))


def hashes(connection: Connection) -> frozenset[str]:
    """Of all that are known."""
    return frozenset(connection.execute(select(t.avatars.c.sha1).distinct()).scalars())
