"""Texts that went into one message on a network."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, insert, select

from bridge.store import tables as t


class Text(NamedTuple):
    """One of them as it reads now."""

    message: int
    network: str  # of its author
    first: bytes  # the event that it came with
    kind: str  # of the event whose text it shows
    body: bytes


def put(connection: Connection, chat: int, messages: Sequence[int]) -> None:
    """`messages` are one in `chat`, in this order."""
    rows = [{"chat": chat, "message": message, "first": messages[0]} for message in messages]
    connection.execute(insert(t.merged), rows)


def with_it(connection: Connection, chat: int, message: int) -> list[int]:
    """The messages that are one with this one in `chat`, in order; empty when it is alone."""
    m = t.merged.c
    first = select(m.first).where(m.chat == chat, m.message == message).scalar_subquery()
    return list(
        connection.execute(select(m.message).where(m.chat == chat, m.first == first).order_by(m.message)).scalars()
    )


def texts(connection: Connection, messages: Sequence[int]) -> list[Text]:
    """What of these was not taken back, in order."""
    m, first, now = t.messages.c, t.events.alias("first"), t.events.alias("now")
    query = (
        select(m.id, first.c.network, first.c.body, now.c.kind, now.c.body)
        .join_from(t.messages, first, first.c.id == m.id)
        .join(now, now.c.id == m.content)
        .where(m.id.in_(messages), m.retracted.is_(None))
        .order_by(m.id)
    )
    return [Text(*row) for row in connection.execute(query)]
