"""Reading deliveries for lanes: pages for many lanes at once, beside the writer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, union_all

from bridge.store import tables as t
from bridge.store.owed import OPEN
from bridge.store.rows import Copy, Debt

_AT_ONCE = 100  # lanes in one statement; SQLite takes 500 terms in a compound


@dataclass(frozen=True, slots=True)
class Place:
    """A chat as a lane needs it."""

    id: int
    network: str
    native: str | None
    contact: str
    owner: str
    accounts: frozenset[int]


def open_chats(connection: Connection) -> list[int]:
    """Chats that are owed something, the one that has waited longest first."""
    d = t.deliveries.c
    query = select(d.chat).where(d.state == OPEN).group_by(d.chat).order_by(func.min(d.event))
    return list(connection.execute(query).scalars())


def places(connection: Connection, chats: Sequence[int]) -> dict[int, Place]:
    """What and where these chats are, and which of our accounts see them."""
    found: dict[int, Place] = {}
    for start in range(0, len(chats), 500):
        some = chats[start : start + 500]
        seen: dict[int, set[int]] = {}
        a = t.chat_accounts.c
        for chat, account in connection.execute(select(a.chat, a.account).where(a.chat.in_(some))):
            seen.setdefault(chat, set()).add(account)
        c = t.chats.c
        for row in connection.execute(select(c.id, c.network, c.native, c.contact, c.owner).where(c.id.in_(some))):
            found[row[0]] = Place(*row, accounts=frozenset(seen.get(row[0], ())))
    return found


def pages(connection: Connection, wanted: Iterable[tuple[int, int, int]]) -> dict[int, list[Debt]]:
    """For each (chat, after this event, at most so many): its open deliveries in order, with all they need."""
    found: dict[int, list[Debt]] = {}
    rest = list(wanted)
    for start in range(0, len(rest), _AT_ONCE):
        some = rest[start : start + _AT_ONCE]
        found.update((chat, []) for chat, _, _ in some)
        for row in connection.execute(_page(some)):
            content_body = row.content_body if row.content is not None and row.content != row.event else None
            found[row.chat].append(
                Debt(
                    row.chat, row.event, row.account, row.kind, row.message, row.reply, row.source, row.network,
                    row.author, row.key, row.body, row.content if row.content is not None else row.event,
                    content_body, row.retracted, row.at, row.reporter, row.tried, row.bugs, late=bool(row.told),
                )
            )  # fmt: skip
    return found


def _page(some: Sequence[tuple[int, int, int]]):  # type: ignore[no-untyped-def]  # SQLAlchemy's type has no short name
    d, e, m = t.deliveries.c, t.events.c, t.messages.c
    firsts = [
        select(
            select(d.chat, d.event, d.account, d.tried, d.bugs, d.told)
            .where(d.chat == chat, d.event > after, d.state == OPEN)
            .order_by(d.event)
            .limit(limit)
            .subquery()
        )
        for chat, after, limit in some
    ]
    p = union_all(*firsts).subquery("p")
    now = t.events.alias("now")
    return (
        select(
            p.c.chat, p.c.event, p.c.account, p.c.tried, p.c.bugs, p.c.told, e.kind, e.message, e.reply,
            e.chat.label("source"), e.network, e.author, e.key, e.body, e.at, e.account.label("reporter"),
            m.content, m.retracted, now.c.body.label("content_body"),
        )
        .join_from(p, t.events, e.id == p.c.event)
        .outerjoin(t.messages, m.id == e.message)
        .outerjoin(now, now.c.id == m.content)
        .order_by(p.c.chat, p.c.event)
    )  # fmt: skip


def copies_of(connection: Connection, chat: int, messages: Sequence[int]) -> dict[int, list[Copy]]:
    """What these messages are called in `chat`."""
    found: dict[int, list[Copy]] = {message: [] for message in messages}
    c = t.copies.c
    query = select(c.chat, c.native, c.message, c.part, c.version).where(c.message.in_(messages), c.chat == chat)
    for row in connection.execute(query):
        found[row[2]].append(Copy(*row))
    return found


def reactions_of(connection: Connection, chat: int, message: int, network: str, person: str) -> list[tuple[str, str]]:
    """What stands for a person on a message in a chat: (emoji, native id)."""
    r = t.reactions.c
    query = select(r.emoji, r.native).where(
        r.chat == chat, r.message == message, r.network == network, r.person == person
    )
    return [(row[0], row[1]) for row in connection.execute(query)]


def waiting(connection: Connection) -> dict[str, tuple[int, float]]:
    """Open deliveries by network: how many, and when the oldest was journaled."""
    d, c = t.deliveries.c, t.chats.c
    query = (
        select(c.network, func.count(), func.min(d.at))
        .join_from(t.deliveries, t.chats, c.id == d.chat)
        .where(d.state == OPEN)
        .group_by(c.network)
    )
    return {row[0]: (row[1], row[2]) for row in connection.execute(query)}


def waiting_for(connection: Connection, accounts: Sequence[int]) -> tuple[int, float | None]:
    """Open deliveries that these accounts will perform: how many, and when the oldest was journaled."""
    d = t.deliveries.c
    query = select(func.count(), func.min(d.at)).where(d.state == OPEN, d.account.in_(accounts))
    row = connection.execute(query).one()
    return row[0], row[1]


def dead_letters(connection: Connection) -> dict[str, int]:
    """Dead letters by network: what could not be parsed, and deliveries that ended in a bug."""
    found: dict[str, int] = {}
    for network, number in connection.execute(
        select(t.dead_letters.c.network, func.count()).group_by(t.dead_letters.c.network)
    ):
        found[network] = number
    d, c = t.deliveries.c, t.chats.c
    query = (
        select(c.network, func.count())
        .join_from(t.deliveries, t.chats, c.id == d.chat)
        .where(d.state == 2)
        .group_by(c.network)
    )
    for network, number in connection.execute(query):
        found[network] = found.get(network, 0) + number
    return found
