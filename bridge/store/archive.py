"""The archive of a hosted room: what was said there, oldest first, as it reads now. Inside a transaction."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from bridge.store import rooms
from bridge.store import tables as t


@dataclass(frozen=True, slots=True)
class LineRow:
    """A message: the event that brought it, and its text now (`content` None: as it was said)."""

    id: int
    network: str  # of the author
    author: str
    key: str
    body: bytes
    content: bytes | None
    chat: int  # where it was said
    account: int  # that reported it
    reply: str | None  # the key of what it replies to


@dataclass(frozen=True, slots=True)
class PageRow:
    """Lines, the room's network, and who of our users is who there."""

    network: str
    faces: dict[str, str]
    lines: list[LineRow]


def page(connection: Connection, jid: str, reader: str, most: int, since: float) -> PageRow | None:
    """The last lines of a room, as far as `reader` was in it; None for whoever is not."""
    row = rooms.room(connection, jid)
    members = rooms.members(connection, row.chat, reader) if row is not None else ()
    if row is None or not members:
        return None
    begin = max(since, min(member.since for member in members))
    return PageRow(row.network, rooms.faces(connection, row.chat), last_lines(connection, row.hosted, begin, most))


def last_lines(connection: Connection, hosted: int, since: float, most: int) -> list[LineRow]:
    """The last messages in the archive that were journaled since then and have not been retracted."""
    a, e, m = t.archive.c, t.events.c, t.messages.c
    now, replied = t.events.alias("now"), t.events.alias("replied")
    query = (
        select(e.id, e.network, e.author, e.key, e.body, now.c.body, e.chat, e.account, replied.c.key)
        .join_from(t.archive, t.events, e.id == a.event)
        .join(t.messages, m.id == e.id)
        .outerjoin(now, (now.c.id == m.content) & (m.content != e.id))
        .outerjoin(replied, replied.c.id == e.reply)
        .where(a.chat == hosted, e.kind == "message", e.at >= since, m.retracted.is_(None))
        .order_by(a.position.desc())
        .limit(most)
    )
    return [LineRow(*row) for row in connection.execute(query)][::-1]
