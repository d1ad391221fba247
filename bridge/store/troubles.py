"""Deliveries whose author or user must be told of trouble: failed ones, and those that wait too long."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select

from bridge.store import statements
from bridge.store import tables as t
from bridge.store.owed import OPEN
from bridge.store.upsert import upsert

_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Trouble:
    """A delivery that is late or has failed."""

    chat: int  # where to
    event: int
    network: str  # of that chat
    contact: str  # of that chat, if it is direct
    owner: str  # of that chat, if it is an XMPP direct chat
    state: int
    reason: str
    text: str
    source: int  # where it was written
    source_network: str
    source_kind: str
    source_owner: str
    source_contact: str
    author: str
    kind: str
    body: bytes
    reporter: int
    link_name: str


def untold(connection: Connection, *, late_before: float | None) -> list[Trouble]:
    """Failed deliveries of which nobody knows; with `late_before` instead the open ones journaled before then."""
    d, e = t.deliveries.c, t.events.c
    there, here = t.chats.alias("there"), t.chats.alias("here")
    query = (
        select(
            d.chat, d.event, there.c.network, there.c.contact, there.c.owner, d.state, d.reason, d.text, e.chat,
            here.c.network, here.c.kind, here.c.owner, here.c.contact, e.author, e.kind, e.body, e.account,
            t.links.c.name,
        )
        .join_from(t.deliveries, t.events, e.id == d.event)
        .join(there, there.c.id == d.chat)
        .join(here, here.c.id == e.chat)
        .outerjoin(t.endpoints, t.endpoints.c.chat == d.chat)
        .outerjoin(t.links, t.links.c.id == t.endpoints.c.link)
        .where(d.told == 0, e.kind.in_(("message", "edit", "retraction", "reactions")))
        .order_by(d.event)
        .limit(_AT_ONCE)
    )  # fmt: skip
    query = query.where(d.state != OPEN) if late_before is None else query.where(d.state == OPEN, d.at < late_before)
    return [_trouble(row) for row in connection.execute(query)]


@dataclass(frozen=True, slots=True)
class Delay:
    """Deliveries of which somebody has been told that they are late."""

    chat: int  # where to
    source: int  # the chat where they were written
    user: str  # who was told; empty: those in `source`
    network: str  # of `chat`
    account: int  # who performs in `source`
    first: int  # events
    last: int
    number: int


def mark_late(connection: Connection, chat: int, source: int, before: float) -> list[int]:
    """Everything from `source` that waits for `chat` since before then is told of at once; those events, in order."""
    d = t.deliveries.c
    query = _from(d.event, source=source, chat=chat).where(d.state == OPEN, d.told == 0, d.at < before)
    late = list(connection.execute(query.order_by(d.event)).scalars())
    statements.update(connection, "deliveries", ("told",), ("chat", "event"), [(1, chat, event) for event in late])
    return late


def note_delay(connection: Connection, more: Delay) -> None:
    """This was told now, or belongs to what was."""
    c = t.delays.c
    row = connection.execute(select(t.delays).where(c.chat == more.chat, c.source == more.source)).first()
    known = more if row is None else Delay(*row)
    now = more if row is None else replace(known, last=more.last, number=known.number + more.number)
    upsert(connection, t.delays, [{name: getattr(now, name) for name in Delay.__slots__}])


def delays(connection: Connection) -> list[Delay]:
    return [Delay(*row) for row in connection.execute(select(t.delays))]


def any_lasts(connection: Connection, delays: Sequence[Delay]) -> bool:
    """Whether something that was told of still waits."""
    return any(_lasts(connection, delay) for delay in delays)


def _lasts(connection: Connection, delay: Delay) -> bool:
    d = t.deliveries.c
    query = _from(d.event, source=delay.source, chat=delay.chat).where(d.state == OPEN, d.told == 1)
    return connection.execute(query.where(d.event.between(delay.first, delay.last)).limit(1)).first() is not None


def end_delay(connection: Connection, delay: Delay) -> int:
    """It is over; how many of its deliveries have failed."""
    c, d = t.delays.c, t.deliveries.c
    connection.execute(delete(t.delays).where(c.chat == delay.chat, c.source == delay.source))
    query = _from(func.count(), source=delay.source, chat=delay.chat).where(d.state != OPEN)
    return int(connection.execute(query.where(d.event.between(delay.first, delay.last))).scalar_one())


def _from(column: Any, *, source: int, chat: int) -> Select[Any]:
    """Of deliveries to `chat` of what was written in `source`."""
    found: Select[Any] = select(column)
    d, e = t.deliveries.c, t.events.c
    return found.join_from(t.deliveries, t.events, e.id == d.event).where(d.chat == chat, e.chat == source)


def _trouble(row: Any) -> Trouble:
    values = list(row)
    values[-1] = values[-1] or ""
    return Trouble(*values)
