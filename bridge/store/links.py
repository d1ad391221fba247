"""Links of communities: what was asked for, and what is linked. Inside a transaction."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from bridge.store import tables as t
from bridge.store.owed import OPEN


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link that has a name; `wanted` is what was asked for, as `bridge.hub.wanted` writes it."""

    id: int
    name: str
    source: str
    wanted: str
    removed: bool
    suspended: str = ""


@dataclass(frozen=True, slots=True)
class EndRow:
    """A chat of such a link."""

    link: int
    chat: int
    network: str
    native: str
    account: int | None
    direction: str
    name_format: str
    typed: str
    closed: str  # `ChatSeen.closed`
    programs: bool
    announced: bool


def named(connection: Connection) -> list[LinkRow]:
    """All of them, in the order in which they were made."""
    c = t.links.c
    query = select(c.id, c.name, c.source, c.wanted, c.removed, c.suspended).where(c.source != "").order_by(c.id)
    return [LinkRow(*row[:4], bool(row[4]), row[5]) for row in connection.execute(query)]


def ends(connection: Connection) -> list[EndRow]:
    """Of all of them, without hosted rooms."""
    e, c, links = t.endpoints.c, t.chats.c, t.links.c
    query = (
        select(
            e.link,
            e.chat,
            c.network,
            c.native,
            e.account,
            e.direction,
            e.name_format,
            e.typed,
            c.closed,
            e.programs,
            e.announced,
        )
        .join_from(t.endpoints, t.chats, c.id == e.chat)
        .join(t.links, links.id == e.link)
        .where(links.source != "", c.shows.is_(None), c.native.is_not(None))
        .order_by(e.link, e.chat)
    )
    return [EndRow(*row[:9], bool(row[9]), bool(row[10])) for row in connection.execute(query)]


def is_linked(connection: Connection, network: str, scope: str, native: str) -> bool:
    """Whether a chat is in one of them now."""
    e, c, links = t.endpoints.c, t.chats.c, t.links.c
    query = (
        select(c.id)
        .join_from(t.endpoints, t.chats, c.id == e.chat)
        .join(t.links, links.id == e.link)
        .where(c.network == network, c.scope == scope, c.native == native, links.source != "")
    )
    return connection.execute(query).first() is not None


def change(connection: Connection, link: int, *, wanted: str, removed: bool) -> None:
    """What was suspended is not any more."""
    values = {"wanted": wanted, "removed": int(removed), "suspended": ""}
    connection.execute(update(t.links).where(t.links.c.id == link).values(values))


def suspend(connection: Connection, link: int, why: str) -> None:
    """`why` empty: it is not any more."""
    connection.execute(update(t.links).where(t.links.c.id == link).values(suspended=why))


def announced(connection: Connection, chat: int) -> None:
    """Its people know of the link."""
    connection.execute(update(t.endpoints).where(t.endpoints.c.chat == chat).values(announced=1))


def drop(connection: Connection, link: int) -> None:
    connection.execute(delete(t.links).where(t.links.c.id == link))


def move(connection: Connection, link: int, into: int) -> None:
    """All chats of `link` belong to another one."""
    connection.execute(update(t.endpoints).where(t.endpoints.c.link == link).values(link=into))


def serve(
    connection: Connection, chat: int, account: int | None, *, direction: str, name_format: str, typed: str,
    programs: bool,
) -> None:  # fmt: skip
    """How a chat is in its link from now on."""
    values = {
        "account": account, "direction": direction, "name_format": name_format, "typed": typed,
        "programs": int(programs),
    }  # fmt: skip
    connection.execute(update(t.endpoints).where(t.endpoints.c.chat == chat).values(values))


def shown_by(connection: Connection, chat: int) -> list[int]:
    """The hosted rooms that show `chat`."""
    return list(connection.execute(select(t.chats.c.id).where(t.chats.c.shows == chat)).scalars())


def forgive(connection: Connection, chat: int) -> None:
    """What is still owed to `chat` is not any more."""
    d = t.deliveries.c
    connection.execute(delete(t.deliveries).where(d.chat == chat, d.state == OPEN))


def forgive_relayed(connection: Connection, chat: int, account: int) -> None:
    """What `account` still owes to `chat` for others it owes no more."""
    d, e = t.deliveries.c, t.events.c
    said = select(e.id).where(e.id == d.event, e.author != "").correlate(t.deliveries)
    connection.execute(delete(t.deliveries).where(d.chat == chat, d.account == account, d.state == OPEN, said.exists()))


def unlinked(connection: Connection, chat: int, account: int, *, leaving: bool) -> None:
    """Whether `account`, which spoke in `chat` for a link, is to leave it."""
    m = t.chat_accounts.c
    mine = (m.chat == chat) & (m.account == account)
    connection.execute(update(t.chat_accounts).where(mine).values(leaving=int(leaving)))


def to_leave(connection: Connection, account: int) -> list[tuple[int, str]]:
    """Rooms of links that have ended, in which `account` and those whom it has brought still are."""
    c, m, e = t.chats.c, t.chat_accounts.c, t.endpoints.c
    linked = select(e.chat).join_from(t.endpoints, t.links, t.links.c.id == e.link).where(t.links.c.source != "")
    query = (
        select(c.id, c.native)
        .join_from(t.chat_accounts, t.chats, c.id == m.chat)
        .where(m.account == account, m.leaving == 1, c.native.is_not(None), c.id.not_in(linked))
    )
    return [(row[0], row[1]) for row in connection.execute(query)]


def left_over(connection: Connection, account: int) -> list[tuple[int, str]]:
    """Rooms that `account` is in and that are in no link: what it was in for is over."""
    c, m = t.chats.c, t.chat_accounts.c
    linked = select(t.endpoints.c.chat)
    query = (
        select(c.id, c.native)
        .join_from(t.chat_accounts, t.chats, c.id == m.chat)
        .where(m.account == account, c.kind == "room", c.native.is_not(None), c.id.not_in(linked))
    )
    return [(row[0], row[1]) for row in connection.execute(query)]
