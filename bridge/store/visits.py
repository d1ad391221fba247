"""Users and the hosted rooms that no app of theirs is in: what has been said since, and what they were told of it.
Inside a transaction."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, exists, or_, select, update

from bridge.store import rooms
from bridge.store import tables as t
from bridge.store.upsert import upsert

_JOINED = "joined"


@dataclass(frozen=True, slots=True)
class Absent:
    """An account of a user in a room of its network."""

    account: int
    user: str
    me: str


def entered(connection: Connection, room: str, user: str) -> None:
    """An app of theirs is in it: of whatever comes after they have left they can be told again."""
    v = t.visits.c
    connection.execute(update(t.visits).where(v.room == room, v.who == user).values(told=None))


def left(connection: Connection, room: str, user: str, at: float) -> None:
    v = t.visits.c
    mine = (v.room == room) & (v.who == user)
    if connection.execute(update(t.visits).where(mine).values(parted=at)).rowcount == 0:
        upsert(connection, t.visits, [{"room": room, "who": user, "parted": at, "told": None}])


def told(connection: Connection, room: str, user: str, at: float) -> None:
    v = t.visits.c
    mine = (v.room == room) & (v.who == user)
    if connection.execute(update(t.visits).where(mine).values(told=at)).rowcount == 0:
        upsert(connection, t.visits, [{"room": room, "who": user, "parted": None, "told": at}])


def inside(connection: Connection, room: str, user: str) -> bool:
    """Whether an app of `user` is in it."""
    c = t.attendance.c
    mine = select(c.jid).where(c.room == room, c.jid.startswith(f"{user}/", autoescape=True))
    return connection.execute(mine.limit(1)).first() is not None


def told_since(connection: Connection, room: str, user: str, at: float) -> bool:
    v = t.visits.c
    return connection.execute(select(v.room).where(v.room == room, v.who == user, v.told > at)).first() is not None


def is_small(connection: Connection, chat: int, most: int) -> bool:
    """Whether it is known who is in a room of a network, and that they are at most so many."""
    c, o = t.chats.c, t.occupants.c
    if connection.execute(select(c.peopled).where(c.id == chat)).scalar() != rooms.KNOWN:
        return False
    there = select(o.contact).where(o.chat == chat, o.membership == _JOINED).limit(most + 1)
    return len(connection.execute(there).all()) <= most


def members(connection: Connection, chat: int, whom: Collection[str] | None = None) -> list[Absent]:
    """The accounts of users in a room of a network that are logged in; of `whom` (contact ids) if it is given."""
    a, m = t.accounts.c, t.chat_accounts.c
    query = (
        select(a.id, a.user, a.me)
        .join(t.chat_accounts, m.account == a.id)
        .where(m.chat == chat, a.state == "active", a.user != "")
        .order_by(a.id)
    )
    return [Absent(*row) for row in connection.execute(query if whom is None else query.where(a.me.in_(whom)))]


def audience(connection: Connection, room: str) -> list[tuple[str, str]]:
    """Whose accounts are in a hosted room, and as whom."""
    found = rooms.room(connection, room)
    return [(one.user, one.me) for one in members(connection, found.chat)] if found is not None else []


def unseen(connection: Connection, user: str, network: str) -> list[str]:
    """The hosted rooms of a user where others have said something since an app of theirs was in it; or since their
    account came into it, if none ever was."""
    a, e, m, r, v = t.accounts.c, t.events.c, t.chat_accounts.c, t.archive.c, t.visits.c
    found = []
    for room in rooms.rooms_of(connection, user, network):
        own = select(a.me, m.since).join(t.chat_accounts, m.account == a.id)
        mine = connection.execute(own.where(m.chat == room.chat, a.user == user, a.state == "active")).all()
        parted = connection.execute(select(v.parted).where(v.room == room.jid, v.who == user)).scalar()
        since = parted if parted is not None else min((row[1] for row in mine), default=0.0)
        said = (
            select(r.event)
            .join_from(t.archive, t.events, e.id == r.event)
            .where(
                r.chat == room.hosted, r.position > int(since * 1_000_000), e.kind == "message",
                or_(e.network != network, e.author.not_in([row[0] for row in mine])),
            )
        )  # fmt: skip
        if not inside(connection, room.jid, user) and connection.execute(select(exists(said))).scalar():
            found.append(room.jid)
    return found
