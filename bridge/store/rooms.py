"""Hosted rooms: what they are called on both sides, who is in them, who of XMPP has entered. Inside a transaction."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, or_, select, update

from bridge.store import tables as t
from bridge.store.upsert import upsert

HOSTED = "hosted"  # the kind of an XMPP chat that is a room on a gateway's domain
UNKNOWN, ASKED, KNOWN = 0, 1, 2  # what is known of a room's occupants
OUTSIDE = ("invited", "banned")  # memberships of who need not have been there
_AT_ONCE = 1_000  # people


@dataclass(frozen=True, slots=True)
class RoomRow:
    """A hosted room and the room of the network that it shows."""

    hosted: int  # the chat on XMPP
    jid: str
    chat: int  # the chat on the network
    network: str
    scope: str
    native: str
    name: str
    subject: str
    avatar: str
    encrypted: bool
    rules: str
    peopled: int
    linked: bool = False  # with others, in a link that has a name


@dataclass(frozen=True, slots=True)
class MemberRow:
    """An account of a user in a room, and since when."""

    account: int
    me: str
    since: float


@dataclass(frozen=True, slots=True)
class OccupantRow:
    chat: int
    contact: str
    name: str
    avatar: str
    nick: str
    membership: str
    rank: str
    looks: str = ""
    titles: str = ""


_hosted, _there = t.chats.alias("hosted"), t.chats.alias("there")
_here_end, _there_end = t.endpoints.alias("here_end"), t.endpoints.alias("there_end")


def room(connection: Connection, jid: str) -> RoomRow | None:
    return next(iter(_rooms(connection, _query().where(_hosted.c.native == jid))), None)


def room_of_account(connection: Connection, account: int, native: str) -> RoomRow | None:
    """The hosted room that shows the room `native` of a network, which `account` is in."""
    m = t.chat_accounts.c
    mine = select(m.chat).where(m.account == account)
    return next(iter(_rooms(connection, _query().where(_there.c.native == native, _there.c.id.in_(mine)))), None)


def rooms_of(connection: Connection, user: str, network: str) -> list[RoomRow]:
    """The rooms that accounts of `user` are in, by JID."""
    a, m = t.accounts.c, t.chat_accounts.c
    mine = (
        select(m.chat)
        .join(t.accounts, a.id == m.account)
        .where(a.user == user, a.network == network, a.state == "active")
    )
    return _rooms(connection, _query().where(_there.c.id.in_(mine)).order_by(_hosted.c.native))


def members(connection: Connection, chat: int, user: str) -> list[MemberRow]:
    """The accounts of `user` that are in `chat` and logged in, oldest first."""
    a, m = t.accounts.c, t.chat_accounts.c
    query = (
        select(a.id, a.me, m.since)
        .join(t.chat_accounts, m.account == a.id)
        .where(m.chat == chat, a.user == user, a.state == "active")
        .order_by(a.id)
    )
    return [MemberRow(*row) for row in connection.execute(query)]


def invited(connection: Connection, chat: int, user: str) -> list[int]:
    """The accounts of `user` that are invited to `chat`, oldest first."""
    a, i = t.accounts.c, t.invitations.c
    query = (
        select(a.id)
        .join(t.invitations, i.account == a.id)
        .where(i.chat == chat, a.user == user, a.state == "active")
        .order_by(a.id)
    )
    return list(connection.execute(query).scalars())


def invite(connection: Connection, chat: int, account: int) -> bool:
    """False if it was invited already."""
    i = t.invitations.c
    if connection.execute(select(i.chat).where(i.chat == chat, i.account == account)).first() is not None:
        return False
    connection.execute(insert(t.invitations).values(chat=chat, account=account))
    return True


def uninvite(connection: Connection, chat: int, account: int) -> bool:
    """False if it was not invited."""
    i = t.invitations.c
    return connection.execute(delete(t.invitations).where(i.chat == chat, i.account == account)).rowcount > 0


def lost(connection: Connection, account: int) -> list[tuple[str, str]]:
    """The hosted rooms that the user of `account` is in by no account that is logged in: (JID, user)."""
    a, m = t.accounts.c, t.chat_accounts.c
    user = connection.execute(select(a.user).where(a.id == account)).scalar()
    was = select(m.chat).where(m.account == account)
    still = select(m.chat).join(t.accounts, a.id == m.account).where(a.user == user, a.state == "active")
    query = _query().where(_there.c.id.in_(was), _there.c.id.not_in(still))
    return [(row.jid, user) for row in _rooms(connection, query)] if user else []


def faces(connection: Connection, chat: int) -> dict[str, str]:
    """Who of our users is who in `chat`: user → contact id."""
    a, m = t.accounts.c, t.chat_accounts.c
    query = select(a.user, a.me).join(t.chat_accounts, m.account == a.id).where(m.chat == chat).order_by(a.id.desc())
    return {row[0]: row[1] for row in connection.execute(query)}


def nicks(connection: Connection, hosted: int) -> dict[str, str]:
    """What our users are called in a hosted room, as far as its people are known: user → nick."""
    found = next(iter(_rooms(connection, _query().where(_hosted.c.id == hosted))), None)
    if found is None:
        return {}
    ours = faces(connection, found.chat)
    o = t.occupants.c
    query = select(o.contact, o.nick).where(o.chat == found.chat, o.contact.in_(set(ours.values())))
    known = {row[0]: row[1] for row in connection.execute(query)}
    return {user: known[me] for user, me in ours.items() if me in known}


def called_there(connection: Connection, hosted: int, named: str, chat: int) -> list[str]:
    """What a message that is called `named` in a hosted room is called in `chat`: all its parts, in order. One that the
    room has just shown is called by its key, before it is noted that it has arrived there."""
    e, here, there = t.events.c, t.copies.alias("here"), t.copies.alias("there")
    query = (
        select(there.c.native)
        .join_from(here, there, (there.c.message == here.c.message) & (there.c.chat == chat))
        .where(here.c.chat == hosted, here.c.native == named, there.c.part >= 0)
        .order_by(there.c.part)
    )
    by_key = (
        select(there.c.native)
        .join_from(t.events, there, (there.c.message == e.message) & (there.c.chat == e.chat))
        .where(e.key == named, e.chat == chat, e.kind == "message", there.c.part >= 0)
        .order_by(there.c.part)
    )
    return list(connection.execute(query).scalars()) or list(connection.execute(by_key).scalars())


def last_said(connection: Connection, native: str, network: str, author: str, reader: str) -> tuple[str, str] | None:
    """The last message that `author` of `network` has said where the chat `native` at home is linked to, in a chat that
    `reader` is in: that chat and the message, as they are called there."""
    e, c, a, m, k = t.events.c, t.chats.c, t.accounts.c, t.chat_accounts.c, t.copies.c
    here = select(_hosted.c.id).where(_hosted.c.native == native, _hosted.c.network == "xmpp").scalar_subquery()
    link = select(_here_end.c.link).where(_here_end.c.chat == here).scalar_subquery()
    mine = (
        select(m.chat)
        .join(t.accounts, a.id == m.account)
        .where(a.user == reader, a.network == network, a.state == "active")
    )
    query = (
        select(c.native, k.native)
        .join_from(t.chats, _there_end, _there_end.c.chat == c.id)
        .join(t.copies, k.chat == c.id)
        .join(t.events, (e.id == k.message) & (e.chat == c.id))
        .where(
            _there_end.c.link == link, c.network == network, c.id.in_(mine), e.kind == "message", k.part == 0,
            e.network == network, e.author == author, c.native.is_not(None),
        )
        .order_by(e.id.desc())
        .limit(1)
    )  # fmt: skip
    row = connection.execute(query).first()
    return None if row is None else (row[0], row[1])


def shared_rooms(connection: Connection, user: str, network: str, contact: str, limit: int) -> list[str]:
    """Names of rooms that an account of `user` is in with somebody, by name."""
    o, m, a, c = t.occupants.c, t.chat_accounts.c, t.accounts.c, t.chats.c
    query = (
        select(c.name)
        .distinct()
        .join_from(t.occupants, t.chats, c.id == o.chat)
        .join(t.chat_accounts, m.chat == o.chat)
        .join(t.accounts, a.id == m.account)
        .where(
            a.user == user, a.network == network, a.state == "active", c.network == network, o.contact == contact,
            o.membership == "joined", c.name != "",
        )
        .order_by(c.name)
        .limit(limit)
    )  # fmt: skip
    return list(connection.execute(query).scalars())


def occupants(connection: Connection, chat: int) -> Iterator[OccupantRow]:
    """Everybody who is or was in the room, by nick; they may be tens of thousands, so some at a time."""
    o = t.occupants.c
    query = _occupants().where(o.chat == chat).order_by(o.nick).limit(_AT_ONCE)
    some = [OccupantRow(*row) for row in connection.execute(query)]
    while some:
        yield from some
        rest = query.where(o.nick > some[-1].nick)
        some = [OccupantRow(*row) for row in connection.execute(rest)] if len(some) == _AT_ONCE else []


def occupant(connection: Connection, chat: int, contact: str) -> OccupantRow | None:
    o = t.occupants.c
    row = connection.execute(_occupants().where(o.chat == chat, o.contact == contact)).first()
    return OccupantRow(*row) if row else None


def nicks_taken(connection: Connection, chat: int, contact: str, nicks: Mapping[str, str]) -> set[str]:
    """Which of `nicks` (each with how it looks) somebody else has, or one that looks the same."""
    o = t.occupants.c
    alike = or_(o.nick.in_(nicks), o.looks.in_(set(nicks.values())))
    query = select(o.nick, o.looks).where(o.chat == chat, o.contact != contact, alike)
    called, looking = set(), set()
    for nick, looks in connection.execute(query):
        called.add(nick)
        looking.add(looks)
    return {nick for nick, looks in nicks.items() if nick in called or looks in looking}


def put_occupants(connection: Connection, rows: Sequence[OccupantRow]) -> None:
    names = ("chat", "contact", "name", "avatar", "nick", "membership", "rank", "looks", "titles")
    upsert(connection, t.occupants, [{name: getattr(row, name) for name in names} for row in rows])


def outside(connection: Connection, chat: int) -> dict[str, str]:
    """Who is invited to the room or banned: contact → membership."""
    o = t.outsiders.c
    query = select(o.contact, o.membership).where(o.chat == chat, o.membership.in_(OUTSIDE))
    return {row[0]: row[1] for row in connection.execute(query)}


def move_outside(connection: Connection, chat: int, contact: str, membership: str) -> bool:
    """Somebody's membership is this one now; False if that changes nothing. While the people are asked for it is kept
    of everybody, since it is newer than the answer."""
    o = t.outsiders.c
    one = (o.chat == chat) & (o.contact == contact)
    before = connection.execute(select(o.membership).where(one)).scalar()
    if membership in OUTSIDE or peopled(connection, chat) == ASKED:
        upsert(connection, t.outsiders, [{"chat": chat, "contact": contact, "membership": membership}])
    elif before is not None:
        connection.execute(delete(t.outsiders).where(one))
    return before != membership and (membership in OUTSIDE or before in OUTSIDE)


def put_outside(connection: Connection, chat: int, found: Mapping[str, str]) -> None:
    """What the network says of who is invited or banned. Who was seen meanwhile is as they were seen."""
    o = t.outsiders.c
    newer = set(connection.execute(select(o.contact).where(o.chat == chat)).scalars())
    rows = [{"chat": chat, "contact": one, "membership": kind} for one, kind in found.items() if one not in newer]
    connection.execute(delete(t.outsiders).where(o.chat == chat, o.membership.not_in(OUTSIDE)))
    upsert(connection, t.outsiders, rows)


def crowd(connection: Connection, chat: int) -> int:
    """How many people are in the room."""
    o = t.occupants.c
    query = select(func.count()).select_from(t.occupants).where(o.chat == chat, o.membership == "joined")
    return int(connection.execute(query).scalar_one())


def make(connection: Connection, key: str, jid: str) -> None:
    """A room that is made with this key is to have this JID."""
    upsert(connection, t.makings, [{"key": key, "jid": jid}])


def made(connection: Connection, key: str) -> str:
    """The JID that a room made with this key is to have, which is told once; empty if none was said."""
    c = t.makings.c
    jid = connection.execute(select(c.jid).where(c.key == key)).scalar()
    connection.execute(delete(t.makings).where(c.key == key))
    return str(jid or "")


def peopled(connection: Connection, chat: int) -> int:
    found = connection.execute(select(t.chats.c.peopled).where(t.chats.c.id == chat)).scalar()
    return UNKNOWN if found is None else int(found)


def set_peopled(connection: Connection, chat: int, state: int) -> None:
    connection.execute(update(t.chats).where(t.chats.c.id == chat).values(peopled=state))


def attendance(connection: Connection, network: str) -> list[tuple[str, str]]:
    """Everybody who has entered a room of a network: its JID, and theirs."""
    c = t.attendance.c
    present = [(row[0], row[1]) for row in connection.execute(select(c.room, c.jid).order_by(c.room, c.jid))]
    found = {jid for jid in {jid for jid, _ in present} if (row := room(connection, jid)) and row.network == network}
    return [(jid, who) for jid, who in present if jid in found]


def attend(connection: Connection, room: str, jid: str) -> None:
    """It has entered."""
    upsert(connection, t.attendance, [{"room": room, "jid": jid}])


def part(connection: Connection, gone: Sequence[tuple[str, str]]) -> None:
    """These (room, JID) have left."""
    c = t.attendance.c
    for room_jid, jid in gone:
        connection.execute(delete(t.attendance).where(c.room == room_jid, c.jid == jid))


_linked = (
    select(t.endpoints.c.chat)
    .join_from(t.endpoints, t.links, t.links.c.id == t.endpoints.c.link)
    .where(t.endpoints.c.chat == _there.c.id, t.links.c.name != "")
    .correlate(_there)
)


def _query() -> Select[Any]:
    return (
        select(
            _hosted.c.id, _hosted.c.native, _there.c.id, _there.c.network, _there.c.scope, _there.c.native,
            _there.c.name, _there.c.subject, _there.c.avatar, _there.c.encrypted, _there.c.rules,
            _there.c.peopled, _linked.exists(),
        )
        .join_from(_hosted, _there, _there.c.id == _hosted.c.shows)
        .where(_hosted.c.kind == HOSTED)
    )  # fmt: skip


def _rooms(connection: Connection, query: Select[Any]) -> list[RoomRow]:
    found = []
    for row in connection.execute(query):
        values = list(row)
        values[9], values[12] = bool(values[9]), bool(values[12])
        found.append(RoomRow(*values))
    return found


def _occupants() -> Select[Any]:
    o = t.occupants.c
    return select(o.chat, o.contact, o.name, o.avatar, o.nick, o.membership, o.rank, o.looks, o.titles)
