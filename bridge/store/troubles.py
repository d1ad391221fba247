"""Deliveries whose author or user must be told of trouble: failed ones, and those that wait too long."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from bridge.store import tables as t
from bridge.store.owed import OPEN

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
            here.c.network, here.c.owner, here.c.contact, e.author, e.kind, e.body, e.account, t.links.c.name,
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


def late_chats(connection: Connection) -> set[int]:
    """Chats with open deliveries whose author knows that they are late."""
    d = t.deliveries.c
    return set(connection.execute(select(d.chat).where(d.state == OPEN, d.told == 1).distinct()).scalars())


def mark_late(connection: Connection, chat: int, before: float) -> None:
    """Everything that waits for `chat` since before then is told of at once."""
    d = t.deliveries.c
    connection.execute(
        update(t.deliveries).where(d.chat == chat, d.state == OPEN, d.told == 0, d.at < before).values(told=1)
    )


def _trouble(row: Any) -> Trouble:
    values = list(row)
    values[-1] = values[-1] or ""
    return Trouble(*values)
