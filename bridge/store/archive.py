"""The archives of hosted rooms: everything that was said there, in its place, as it reads now. Inside a transaction.

A reader sees what was journaled since an account of theirs was in the room, and of what was fetched later what that
account was shown (`sights`). A line that was fetched has a place below the one that was there first, not its own
event's number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select

from bridge.store import rooms
from bridge.store import tables as t
from bridge.store.rooms import MemberRow, RoomRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines; see `bridge.hub.lines.ArchiveQuery`. `above` and `below` are places, `authors` (network, id)."""

    most: int
    last: bool
    above: int | None = None
    below: int | None = None
    only: Sequence[int] = ()
    start: float | None = None
    end: float | None = None
    authors: Sequence[tuple[str, str]] | None = None
    heard: float | None = None
    standing: bool = False


@dataclass(frozen=True, slots=True)
class LineRow:
    """An event of the archive, the text that its message has now (`content` None: as it was said), and what took that
    message back."""

    position: int
    said: float
    id: int
    kind: str
    network: str  # of the author
    author: str
    key: str
    body: bytes
    chat: int  # where it was said
    account: int  # that reported it
    reply: str | None  # the key of what it replies to
    content_kind: str | None
    content: bytes | None
    retracted: int | None
    taken_kind: str | None
    taken_body: bytes | None
    taken_network: str | None
    taken_author: str | None
    taken_key: str | None
    taken_chat: int | None
    target_key: str | None  # of the message that it changes
    target_body: bytes | None  # where that was written in the room itself


_READS = 11  # its place in a row


@dataclass(frozen=True, slots=True)
class Reading:
    """Somebody reads a room; `faces` tells who of our users is who there, `blocked` of whom they want to hear nothing
    (by network)."""

    room: RoomRow
    members: Sequence[MemberRow]
    faces: dict[str, str]
    blocked: dict[str, list[str]]


def reading(connection: Connection, jid: str, reader: str) -> Reading | None:
    """None for whoever is not in the room."""
    row = rooms.room(connection, jid)
    members = rooms.members(connection, row.chat, reader) if row is not None else ()
    if row is None or not members:
        return None
    faces = rooms.faces(connection, row.chat)
    b = t.blocks.c
    hidden = set(connection.execute(select(b.contact).where(b.account.in_([one.account for one in members]))).scalars())
    blocked = {row.network: sorted(hidden), "xmpp": [user for user, face in faces.items() if face in hidden]}
    return Reading(row, members, faces, blocked if hidden else {})


def lines(connection: Connection, who: Reading, wanted: Wanted) -> list[LineRow]:
    """At most `wanted.most`, oldest first."""
    a = t.archive.c
    order = a.position.desc() if wanted.last else a.position
    rows = connection.execute(_rows(connection, who, wanted).order_by(order).limit(wanted.most)).all()
    texts = _texts(connection, [row[_READS] for row in rows if row[_READS] is not None])
    found = [LineRow(*row[:_READS], *texts.get(row[_READS], (None, None)), *row[_READS + 1 :]) for row in rows]
    return found[::-1] if wanted.last else found


def _texts(connection: Connection, events: Sequence[int]) -> dict[int, tuple[str, bytes]]:
    """Kind and body of each. Not joined to the rows: PostgreSQL would read the whole journal for that, since which
    event it is has to be worked out for each (`_reads`)."""
    e, found = t.events.c, dict[int, tuple[str, bytes]]()
    for start in range(0, len(events), 500):
        query = select(e.id, e.kind, e.body).where(e.id.in_(events[start : start + 500]))
        found.update((row[0], (row[1], row[2])) for row in connection.execute(query))
    return found


def count(connection: Connection, who: Reading, wanted: Wanted) -> int:
    a, e, m = t.archive.c, t.events.c, t.messages.c
    query = (
        select(func.count())
        .select_from(t.archive)
        .join(t.events, e.id == a.event)
        .join(t.messages, m.id == e.message)
        .where(*_fitting(connection, who, wanted))
    )
    return int(connection.execute(query).scalar_one())


def places(connection: Connection, who: Reading, keys: Sequence[str]) -> dict[str, int]:
    """Where in the archive the lines with these keys are, of those that may be read."""
    a, e = t.archive.c, t.events.c
    found: dict[str, int] = {}
    for start in range(0, len(keys), 100):
        query = (
            select(e.key, a.position)
            .select_from(t.events)
            .join(t.archive, a.event == e.id)
            .where(e.key.in_(keys[start : start + 100]), a.chat == who.room.hosted, _seen(connection, who))
        )
        found.update((row[0], row[1]) for row in connection.execute(query))
    return found


def oldest(connection: Connection, who: Reading) -> tuple[int, float, int] | None:
    """Place, time and event of the first line that may be read."""
    a, e = t.archive.c, t.events.c
    query = (
        select(a.position, a.said, a.event)
        .join_from(t.archive, t.events, e.id == a.event)
        .where(a.chat == who.room.hosted, a.position >= _lowest(connection, who), _seen(connection, who))
        .order_by(a.position)
        .limit(1)
    )
    row = connection.execute(query).first()
    return (row[0], row[1], row[2]) if row is not None else None


def place_of(connection: Connection, event: int) -> int:
    """Where an event is, in the first of the archives that have it; 0: in none."""
    a = t.archive.c
    return int(connection.execute(select(func.min(a.position)).where(a.event == event)).scalar() or 0)


def place_in(connection: Connection, hosted: int, event: int) -> int | None:
    a = t.archive.c
    return connection.execute(select(a.position).where(a.event == event, a.chat == hosted)).scalar()


def below(connection: Connection, hosted: int, position: int) -> int:
    """The last place before `position` that is taken; 0: there is none."""
    a = t.archive.c
    query = select(func.max(a.position)).where(a.chat == hosted, a.position < position)
    return int(connection.execute(query).scalar() or 0)


def between(connection: Connection, hosted: int, first: int, last: int) -> bool:
    """Whether there is anything between two places."""
    a = t.archive.c
    query = select(a.position).where(a.chat == hosted, a.position > first, a.position < last).limit(1)
    return connection.execute(query).first() is not None


def _rows(connection: Connection, who: Reading, wanted: Wanted) -> Select[Any]:
    """As in `LineRow`, but what a line's message reads now is that event's number, at `_READS`."""
    a, e, m = t.archive.c, t.events.c, t.messages.c
    replied, taken, target = (t.events.alias(name) for name in ("replied", "taken", "target"))
    here = and_(target.c.id == e.message, e.kind != "message")
    hosted = who.room.hosted
    changed = and_(m.content != e.id, e.kind.in_(("message", "edit")))
    return (
        select(
            a.position, a.said, e.id, e.kind, e.network, e.author, e.key, e.body, e.chat, e.account, replied.c.key,
            case((changed, _reads(hosted))), m.retracted, taken.c.kind, taken.c.body, taken.c.network, taken.c.author,
            taken.c.key, taken.c.chat, target.c.key, case((target.c.chat == hosted, target.c.body)),
        )
        .join_from(t.archive, t.events, e.id == a.event)
        .join(t.messages, m.id == e.message)
        .outerjoin(replied, replied.c.id == e.reply)
        .outerjoin(taken, and_(taken.c.id == m.retracted, e.kind == "message"))
        .outerjoin(target, here)
        .where(*_fitting(connection, who, wanted))
    )  # fmt: skip


def _reads(hosted: int) -> ColumnElement[Any]:
    """The edit whose text a message has in a room: the newest that the room was told. Others may have been told more
    (`bridge.hub.opting`). All edits of a message are among the copies of it, by their own names."""
    m, c, told, other = t.messages.c, t.copies.c, t.archive.alias("told"), t.archive.alias("other")
    edit = t.events.alias("edit")
    newest = (
        select(told.c.event)
        .join_from(t.copies, told, and_(told.c.event == c.version, told.c.chat == hosted))
        .join(edit, and_(edit.c.id == told.c.event, edit.c.kind == "edit"))
        .where(c.message == m.id, c.part < 0)
        .order_by(told.c.position.desc())
        .limit(1)
        .correlate(t.messages)
        .scalar_subquery()
    )
    here = select(other.c.event).where(other.c.event == m.content, other.c.chat == hosted).correlate(t.messages)
    return case((here.exists(), m.content), else_=newest)


def _fitting(connection: Connection, who: Reading, wanted: Wanted) -> list[ColumnElement[bool]]:
    a, e, m = t.archive.c, t.events.c, t.messages.c
    said = [a.chat == who.room.hosted, _seen(connection, who)]
    lowest = _lowest(connection, who)
    if wanted.heard is not None:
        lowest = max(lowest, int(wanted.heard * 1_000_000))
    said.append(a.position >= (lowest if wanted.above is None else max(lowest, wanted.above)))
    if wanted.below is not None:
        said.append(a.position <= wanted.below)
    if wanted.only:
        said.append(a.position.in_(wanted.only))
    if wanted.start is not None:
        said.append(a.said >= wanted.start)
    if wanted.end is not None:
        said.append(a.said <= wanted.end)
    if wanted.authors is not None:
        said.append(or_(*(and_(e.network == network, e.author == one) for network, one in wanted.authors)))
    if who.blocked:
        said += [~and_(e.network == network, e.author.in_(some)) for network, some in who.blocked.items()]
    if wanted.standing:
        return [*said, e.kind == "message", m.retracted.is_(None)]
    # What changed a message that was taken back says what it has said.
    return [*said, or_(m.retracted.is_(None), e.kind.in_(("message", "retraction")))]


def _seen(connection: Connection, who: Reading) -> ColumnElement[bool]:
    """What one of the reader's accounts has heard, or was shown when it asked. What another account has told may be
    of before this one came, if that was behind: until this one tells it, too, its own time counts
    (`bridge.hub.passing.told_too`)."""
    a, e, s = t.archive.c, t.events.c, t.sights.c
    ways: list[ColumnElement[bool]] = []
    for member in who.members:
        when = (a.position == a.event, a.event >= int(member.since * 1_000_000), e.at >= member.since)
        own = or_(a.said >= member.since, e.account == member.account, e.network == "xmpp")
        heard = and_(*when, own)
        last = (
            select(s.last)
            .where(s.chat == a.chat, s.account == member.account, s.first <= a.position)
            .order_by(s.first.desc())
            .limit(1)
            .correlate(t.archive)
            .scalar_subquery()
        )
        ways += [heard, last >= a.position]
    return or_(*ways)


def _lowest(connection: Connection, who: Reading) -> int:
    """No line below can be theirs."""
    s = t.sights.c
    accounts = [member.account for member in who.members]
    shown = connection.execute(
        select(func.min(s.first)).where(s.chat == who.room.hosted, s.account.in_(accounts))
    ).scalar()
    heard = min(int(member.since * 1_000_000) for member in who.members)
    return heard if shown is None else min(heard, shown)
