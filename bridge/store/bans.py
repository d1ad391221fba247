"""Whom a room does not want, of people whom we bring there. Inside a transaction."""

from collections.abc import Collection
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, select, update

from bridge.store import tables as t
from bridge.store.owed import OPEN
from bridge.store.upsert import upsert


@dataclass(frozen=True, slots=True)
class Ban:
    """As the table has it (`bridge.store.link_tables`)."""

    chat: int
    network: str
    person: str
    banned: bool
    at: float
    until: float
    reason: str
    told: bool = False


def put(connection: Connection, ban: Ban) -> None:
    upsert(connection, t.bans, [asdict(ban) | {"banned": int(ban.banned), "told": int(ban.told)}])


def drop(connection: Connection, chat: int, network: str, person: str) -> bool:
    """Whether there was one."""
    b = t.bans.c
    gone = delete(t.bans).where(b.chat == chat, b.network == network, b.person == person)
    return connection.execute(gone).rowcount > 0


def prune(connection: Connection, now: float) -> None:
    """What is over by itself."""
    connection.execute(delete(t.bans).where(t.bans.c.until > 0, t.bans.c.until <= now))


def of(connection: Connection, chats: Collection[int]) -> list[Ban]:
    """Of these rooms."""
    query = select(t.bans).where(t.bans.c.chat.in_(chats)).order_by(t.bans.c.at)
    found = connection.execute(query).all()
    return [Ban(one[0], one[1], one[2], bool(one[3]), one[4], one[5], one[6], bool(one[7])) for one in found]


def move(connection: Connection, gone: int, into: int) -> None:
    """A room is another one now."""
    b = t.bans.c
    for ban in of(connection, [gone]):
        drop(connection, into, ban.network, ban.person)
    connection.execute(update(t.bans).where(b.chat == gone).values(chat=into))


def forgive(
    connection: Connection, chats: Collection[int], network: str, author: str, accounts: Collection[int]
) -> list[tuple[int, bytes]]:
    """What these accounts still owe to `chats` for somebody they owe no more. Where they have said it: chats, and the
    body of one message."""
    d, e = t.deliveries.c, t.events.c
    theirs = (e.id == d.event) & (e.network == network) & (e.author == author)
    waits = d.chat.in_(chats) & (d.state == OPEN) & d.account.in_(accounts)
    query = select(e.chat, e.body).join_from(t.deliveries, t.events, theirs).where(waits, e.kind == "message")
    found = {row[0]: row[1] for row in connection.execute(query)}
    said = select(e.id).where(theirs).correlate(t.deliveries)
    connection.execute(delete(t.deliveries).where(waits, said.exists()))
    return list(found.items())
