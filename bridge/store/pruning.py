"""What is too old goes, a little at a time. Inside a transaction.

Of an archive the oldest goes first, wherever it came from, so that it has no holes (XEP-0313 #archives_deletion). What
is still owed to somebody stays, with all that it takes to deliver it.
"""

from collections.abc import Collection

from sqlalchemy import Connection, and_, delete, func, or_, select

from bridge.store import tables as t
from bridge.store.rooms import HOSTED


def rooms(connection: Connection) -> list[int]:
    """Every hosted room."""
    return list(connection.execute(select(t.chats.c.id).where(t.chats.c.kind == HOSTED)).scalars())


def prune_room(connection: Connection, hosted: int, before: int, most: int) -> int:
    """At most `most` lines with places before that; how many there were."""
    a, r, s = t.archive.c, t.reaches.c, t.sights.c
    old = select(a.position, a.event).where(a.chat == hosted, a.position < before).order_by(a.position).limit(most)
    rows = connection.execute(old).all()
    if not rows:
        return 0
    last = rows[-1][0]
    connection.execute(delete(t.archive).where(a.chat == hosted, a.position <= last))
    # Whoever reads so far back again is asked for it anew.
    connection.execute(delete(t.sights).where(s.chat == hosted, s.last <= last))
    connection.execute(delete(t.reaches).where(r.chat == hosted))
    _forget(connection, [row[1] for row in rows])
    return len(rows)


def prune_events(connection: Connection, after: int, before: int, most: int) -> int | None:
    """At most `most` events with numbers between the two that are in no archive, in their order; the last that was
    looked at, None if there was none."""
    e, a = t.events.c, t.archive.c
    old = select(e.id, a.event).outerjoin_from(t.events, t.archive, a.event == e.id)
    rows = connection.execute(old.where(e.id > after, e.id < before).order_by(e.id).limit(most)).all()
    if not rows:
        return None
    _forget(connection, [row[0] for row in rows if row[1] is None])
    return int(rows[-1][0])


def prune_strays(connection: Connection, before: float) -> None:
    """Changes whose message nobody has read so far back for."""
    connection.execute(delete(t.strays).where(t.strays.c.at < before))


def _forget(connection: Connection, events: Collection[int]) -> None:
    e, m, c, d, r = t.events.c, t.messages.c, t.copies.c, t.deliveries.c, t.reactions.c
    about = {row[0]: row[1] for row in connection.execute(select(e.id, e.message).where(e.id.in_(events)))}
    owed = (
        select(e.message).join_from(t.deliveries, t.events, e.id == d.event).where(e.message.in_(set(about.values())))
    )
    kept = set(connection.execute(owed).scalars())
    gone = [event for event, message in about.items() if message not in kept]
    chats = connection.execute(select(c.chat).where(c.message.in_(gone)).distinct()).scalars().all()
    connection.execute(delete(t.reactions).where(r.chat.in_(chats), r.message.in_(gone)))
    connection.execute(delete(t.merged).where(t.merged.c.chat.in_(chats), t.merged.c.message.in_(gone)))
    # The name of an edit or a reaction goes with its own event.
    named = or_(and_(c.part >= 0, c.message.in_(gone)), and_(c.part < 0, func.abs(c.version).in_(gone)))
    connection.execute(delete(t.copies).where(c.message.in_({about[event] for event in gone}), named))
    connection.execute(delete(t.messages).where(m.id.in_(gone)))
    connection.execute(delete(t.events).where(e.id.in_(gone)))
