"""Reading deliveries for lanes: pages for many lanes at once, beside the writer."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection, func, select

from bridge.store import statements
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
    kind: str
    accounts: frozenset[int]
    name_format: str = ""  # how others' names are shown there; empty: as usual
    shows: int | None = None  # of a hosted room: the chat on a network that it shows


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
        c, e = t.chats.c, t.endpoints.c
        query = select(
            c.id, c.network, c.native, c.contact, c.owner, c.kind, c.shows, e.name_format
        ).outerjoin_from(t.chats, t.endpoints, e.chat == c.id)  # fmt: skip
        for id, network, native, contact, owner, kind, shows, name_format in connection.execute(
            query.where(c.id.in_(some))
        ):
            see = frozenset(seen.get(id, ()))
            found[id] = Place(id, network, native, contact, owner, kind, see, name_format or "", shows)
    return found


def pages(connection: Connection, wanted: Iterable[tuple[int, int, int]]) -> dict[int, list[Debt]]:
    """For each (chat, after this event, at most so many): its open deliveries in order, with all they need."""
    found: dict[int, list[Debt]] = {}
    rest = list(wanted)
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    for start in range(0, len(rest), _AT_ONCE):
        some = rest[start : start + _AT_ONCE]
        found.update((chat, []) for chat, _, _ in some)
        values = tuple(value for asked in some for value in asked)
        for row in connection.exec_driver_sql(_page(len(some), mark), values):
            owed = Debt(*row[:-2])
            owed.late, owed.meant = bool(row[-2]), row[-1] or ""
            found[owed.chat].append(owed)
        copies_of_many(connection, [debt for chat, _, _ in some for debt in found[chat]])
    return found


def copies_of_many(connection: Connection, owed: Sequence[Debt]) -> None:
    """Fill in what the messages of these deliveries are called where they go, one statement for hundreds."""
    by_place: dict[tuple[int, int], list[Debt]] = {}
    for debt in owed:
        debt.copies = []
        by_place.setdefault((debt.message, debt.chat), []).append(debt)
    for copy in _copies(connection, by_place):
        for debt in by_place[copy.message, copy.chat]:
            assert debt.copies is not None
            debt.copies.append(copy)


def _copies(connection: Connection, places: Iterable[tuple[int, int]]) -> Iterator[Copy]:
    """By (message, chat)."""
    columns = "chat, native, message, part, version"
    for row in statements.rows_of(connection, "copies", columns, ("message", "chat"), places, "copies_message"):
        yield Copy(*row)


@lru_cache(_AT_ONCE)
def _page(number: int, mark: str) -> str:
    """The statement for `number` lanes. By hand: the library takes longer to write it than the database to run it."""
    first = (
        f"SELECT * FROM (SELECT chat, event, account, tried, bugs, told, at FROM deliveries"
        f" WHERE chat = {mark} AND event > {mark} AND state = {OPEN} ORDER BY event LIMIT {mark}) AS one"
    )
    return (
        "SELECT p.chat, p.event, p.account, e.kind, e.message, e.reply, e.chat, e.network, e.author, e.key, e.body,"
        " COALESCE(m.content, e.id), now.body, m.retracted, p.at, e.account, p.tried, p.bugs, p.told, s.contact"
        f" FROM ({' UNION ALL '.join([first] * number)}) AS p"
        " JOIN events e ON e.id = p.event LEFT JOIN chats s ON s.id = e.chat LEFT JOIN messages m ON m.id = e.message"
        " LEFT JOIN events now ON now.id = m.content AND now.id <> e.id ORDER BY p.chat, p.event"
    )


def copies_of(connection: Connection, chat: int, messages: Sequence[int]) -> dict[int, list[Copy]]:
    """What these messages are called in `chat`."""
    found: dict[int, list[Copy]] = {message: [] for message in messages}
    for copy in _copies(connection, [(message, chat) for message in messages]):
        found[copy.message].append(copy)
    return found


def called(connection: Connection, chat: int, native: str) -> int | None:
    """The message that `chat` calls so."""
    c = t.copies.c
    return connection.execute(select(c.message).where(c.chat == chat, c.native == native)).scalar()


def said(connection: Connection, message: int) -> tuple[str, bytes, str, bytes] | None:
    """The network of a message's author, its first event, kind and body of the one whose text it shows now; None if it
    was taken back."""
    m, first, now = t.messages.c, t.events.alias("first"), t.events.alias("now")
    query = (
        select(first.c.network, first.c.body, now.c.kind, now.c.body)
        .join_from(t.messages, first, first.c.id == m.id)
        .join(now, now.c.id == m.content)
        .where(m.id == message, m.retracted.is_(None))
    )
    row = connection.execute(query).first()
    return None if row is None else (row[0], row[1], row[2], row[3])


def first(connection: Connection, message: int) -> tuple[int, str, bytes] | None:
    """Where a message was written, the network of its author, and its first event's body."""
    e = t.events.c
    row = connection.execute(select(e.chat, e.network, e.body).where(e.id == message, e.kind == "message")).first()
    return None if row is None else (row[0], row[1], row[2])


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
