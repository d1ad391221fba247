"""What was not delivered, for the operator: failed deliveries and dead letters, to look at, to try again, to put away.

Every function works inside a transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Select, delete, func, literal_column, select, update

from bridge.store import tables as t
from bridge.store.owed import DEAD, DROPPED, GIVEN_UP, OPEN, REFUSED

Change = Callable[[Connection], bool]
"""Something to write; whether there was anything to change."""

FAILED = {REFUSED: "refused", DEAD: "dead", GIVEN_UP: "given up"}
"""States of deliveries that are over and were not delivered, in words."""


@dataclass(frozen=True, slots=True)
class FailedDelivery:
    """A delivery that is over, with its event."""

    chat: int
    event: int
    network: str  # of the chat
    native: str | None  # what the chat is called there; None: it was never opened
    contact: str  # of the chat, if it is direct
    owner: str  # of the chat, if it is a user's direct chat
    state: int
    reason: str
    text: str
    at: float  # when it was owed
    tried: int
    bugs: int
    told: int
    account: int  # who was to perform it
    me: str | None  # who that is; None: there is no such account any more
    user: str | None
    active: bool
    kind: str
    author: str
    author_network: str
    source: str | None  # chat where it happened
    key: str
    journaled: float
    body: bytes  # the event, JSON


@dataclass(frozen=True, slots=True)
class Letter:
    """What could not be understood, or broke the journal."""

    id: int
    network: str
    account: int
    source: str
    reason: str
    raw: str
    at: float


def all_of_it(connection: Connection, most: int) -> tuple[Sequence[FailedDelivery], Sequence[Letter], int]:
    """The newest of both, at most so many of each, letters without the thing itself; and how many there are."""
    return _failed(connection, most), _unread(connection, most), _count(connection)


def _failed(connection: Connection, most: int) -> Sequence[FailedDelivery]:
    query = _deliveries().order_by(t.deliveries.c.event.desc(), t.deliveries.c.chat.desc()).limit(most)
    return [FailedDelivery(*row) for row in connection.execute(query)]


def _unread(connection: Connection, most: int) -> Sequence[Letter]:
    query = _letters(raw=False).order_by(t.dead_letters.c.id.desc()).limit(most)
    return [Letter(*row) for row in connection.execute(query)]


def _count(connection: Connection) -> int:
    failed = connection.execute(select(func.count()).where(t.deliveries.c.state.in_(FAILED))).scalar_one()
    return int(failed) + int(connection.execute(select(func.count()).select_from(t.dead_letters)).scalar_one())


def failed_delivery(connection: Connection, chat: int, event: int) -> FailedDelivery | None:
    d = t.deliveries.c
    row = connection.execute(_deliveries().where(d.chat == chat, d.event == event)).first()
    return FailedDelivery(*row) if row else None


def letter(connection: Connection, identity: int) -> Letter | None:
    row = connection.execute(_letters(raw=True).where(t.dead_letters.c.id == identity)).first()
    return Letter(*row) if row else None


def reopen(connection: Connection, chat: int, event: int, now: float) -> bool:
    """Owe a failed delivery again, from now on and as a whole: what is known to be called something there has bounced,
    or belongs to a part of it. False when there is no such failed delivery any more."""
    d, c, e = t.deliveries.c, t.copies.c, t.events.c
    values = {"state": OPEN, "tried": 0, "bugs": 0, "told": 0, "reason": "", "text": "", "at": now}
    mine = (d.chat == chat) & (d.event == event) & d.state.in_(FAILED)
    if not connection.execute(update(t.deliveries).where(mine).values(values)).rowcount:
        return False
    kind, message = connection.execute(select(e.kind, e.message).where(e.id == event)).one()
    there = (c.chat == chat) & (c.message == message)
    if kind == "message":
        connection.execute(delete(t.copies).where(there))
    else:
        # What a change was called goes; what it changed is as it was before.
        connection.execute(delete(t.copies).where(there, c.version == event, c.part < 0))
        connection.execute(update(t.copies).where(there, c.version == event).values(version=message))
    return True


def drop_delivery(connection: Connection, chat: int, event: int) -> bool:
    """Put a failed delivery away. Its row stays, so that an author who says the same again hears the same answer."""
    d = t.deliveries.c
    mine = (d.chat == chat) & (d.event == event) & d.state.in_(FAILED)
    return bool(connection.execute(update(t.deliveries).where(mine).values(state=DROPPED, told=1)).rowcount)


def drop_letter(connection: Connection, identity: int) -> bool:
    return bool(connection.execute(delete(t.dead_letters).where(t.dead_letters.c.id == identity)).rowcount)


def _deliveries() -> Select[Any]:
    d, e, a = t.deliveries.c, t.events.c, t.accounts.c
    there, here = t.chats.alias("there"), t.chats.alias("here")
    return (
        select(
            d.chat, d.event, there.c.network, there.c.native, there.c.contact, there.c.owner, d.state, d.reason, d.text,
            d.at, d.tried, d.bugs, d.told, d.account, a.me, a.user, func.coalesce(a.state == "active", False), e.kind,
            e.author, e.network, here.c.native, e.key, e.at, e.body,
        )
        .join_from(t.deliveries, t.events, e.id == d.event)
        .join(there, there.c.id == d.chat)
        .outerjoin(here, here.c.id == e.chat)
        .outerjoin(t.accounts, a.id == d.account)
        .where(d.state.in_(FAILED))
    )  # fmt: skip


def _letters(*, raw: bool) -> Select[Any]:
    c = t.dead_letters.c
    return select(*(c[f.name] if raw or f.name != "raw" else literal_column("''") for f in fields(Letter)))
