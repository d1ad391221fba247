"""Backlogs of hosted rooms: what came so late that it goes to the archive alone. Inside a transaction."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from bridge.store import tables as t
from bridge.store.owed import OPEN
from bridge.store.rooms import HOSTED
from bridge.store.upsert import upsert


@dataclass(frozen=True, slots=True)
class Backlog:
    """What the people of a hosted room have not been shown. Times are when it was said, seconds since the epoch."""

    chat: int  # the room
    event: int  # the first
    number: int  # of messages
    first: float
    last: float


def of(connection: Connection, chat: int) -> Backlog | None:
    row = connection.execute(select(t.backlogs).where(t.backlogs.c.chat == chat)).first()
    return None if row is None else Backlog(*row)


def note(connection: Connection, more: Backlog) -> None:
    """There is more that the room only keeps."""
    known = of(connection, more.chat)
    now = more if known is None else replace(
        known, event=min(known.event, more.event), number=known.number + more.number,
        first=min(known.first, more.first), last=max(known.last, more.last),
    )  # fmt: skip
    upsert(connection, t.backlogs, [{name: getattr(now, name) for name in Backlog.__slots__}])


def take(connection: Connection, accounts: Collection[int]) -> list[Backlog]:
    """The backlogs of rooms that one of `accounts` sees; they are over."""
    here, there = t.endpoints.alias("here"), t.endpoints.alias("there")
    seen = (
        select(t.backlogs, t.chat_accounts.c.account)
        .join_from(t.backlogs, here, here.c.chat == t.backlogs.c.chat)
        .join(there, there.c.link == here.c.link)
        .join(t.chat_accounts, t.chat_accounts.c.chat == there.c.chat)
    )
    found = {row[0]: Backlog(*row[:-1]) for row in connection.execute(seen) if row[-1] in accounts}
    for chat in found:
        connection.execute(delete(t.backlogs).where(t.backlogs.c.chat == chat))
    return list(found.values())


def put_away(connection: Connection, before: float) -> list[int]:
    """What hosted rooms were owed before then they are owed no more: they have it in their archives. Which rooms."""
    d = t.deliveries.c
    query = (
        select(d.chat)
        .join_from(t.deliveries, t.chats, t.chats.c.id == d.chat)
        .where(d.state == OPEN, d.at < before, t.chats.c.kind == HOSTED)
        .distinct()
    )
    return [chat for chat in connection.execute(query).scalars() if _put_away(connection, chat, before)]


def _put_away(connection: Connection, chat: int, before: float) -> bool:
    """Messages, and whatever is about them; not what changes a message that the room has shown."""
    d, e = t.deliveries.c, t.events.c
    late = and_(d.chat == chat, d.state == OPEN, d.at < before, e.kind == "message")
    number, first, last, event = connection.execute(
        _owed(func.count(), func.min(e.at), func.max(e.at), func.min(e.id)).where(late)
    ).one()
    if not number:
        return False
    note(connection, Backlog(chat, event, number, first, last))
    # A room calls a message by its key; one of its own people by what they called it, which is known.
    names = _owed(literal(chat), e.key, e.message, literal(0), e.id).where(late, e.chat != chat)
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    columns = ["chat", "native", "message", "part", "version"]
    connection.execute(make(t.copies).from_select(columns, names).on_conflict_do_nothing())
    about = _owed(d.event).where(d.chat == chat, d.state == OPEN, e.message.in_(_owed(e.message).where(late)))
    connection.execute(delete(t.deliveries).where(d.chat == chat, d.event.in_(about)))
    return True


def _owed(*columns: Any) -> Select[Any]:
    found: Select[Any] = select(*columns)
    return found.join_from(t.deliveries, t.events, t.events.c.id == t.deliveries.c.event)
