"""What is fetched of before: how far each account has read back, what it was shown, and what waits for its message.
Inside a transaction."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from bridge.store import archive
from bridge.store import tables as t
from bridge.store.deliveries import copies_of
from bridge.store.upsert import upsert


@dataclass(frozen=True, slots=True)
class Reach:
    """`cursor` None: there is nothing more that the account may read."""

    position: int
    cursor: str | None


def reach(connection: Connection, hosted: int, account: int) -> Reach | None:
    r = t.reaches.c
    row = connection.execute(select(r.position, r.cursor).where(r.chat == hosted, r.account == account)).first()
    return Reach(row[0], row[1]) if row is not None else None


def set_reach(connection: Connection, hosted: int, account: int, now: Reach) -> None:
    row = {"chat": hosted, "account": account, "position": now.position, "cursor": now.cursor}
    upsert(connection, t.reaches, [row])


def forget(connection: Connection, hosted: int, account: int) -> None:
    """The account is in the room anew: it begins again with what it hears."""
    for table in (t.reaches, t.sights):
        connection.execute(delete(table).where(table.c.chat == hosted, table.c.account == account))


def show(connection: Connection, hosted: int, account: int, places: Collection[int]) -> None:
    """The account was shown the lines at these places, and no others between them."""
    s = t.sights.c
    mine = (s.chat == hosted, s.account == account)
    for first, last in _runs(connection, hosted, sorted(places)):
        # Neighbours and what overlaps become one: a place is looked up in the one that begins last before it.
        over = connection.execute(select(s.first, s.last).where(*mine, s.first <= last + 1, s.last >= first - 1)).all()
        begin = min([first, *(row[0] for row in over)])
        end = max([last, *(row[1] for row in over)])
        if over:
            connection.execute(delete(t.sights).where(*mine, s.first.in_([row[0] for row in over])))
        connection.execute(insert(t.sights).values(chat=hosted, account=account, first=begin, last=end))


def _runs(connection: Connection, hosted: int, places: Sequence[int]) -> Iterable[tuple[int, int]]:
    first = last = None
    for place in places:
        if first is None or last is None:
            first = last = place
        elif place == last + 1 or not archive.between(connection, hosted, last, place):
            last = place
        else:
            yield first, last
            first = last = place
    if first is not None and last is not None:
        yield first, last


def called_there(connection: Connection, event: int, chat: int) -> str | None:
    """What an event is called in the room of the network `chat`; None where it never arrived."""
    e = t.events.c
    row = connection.execute(select(e.chat, e.native, e.message, e.kind).where(e.id == event)).first()
    if row is None:
        return None
    if row[0] == chat:
        return str(row[1])
    there = copies_of(connection, chat, [row[2]])[row[2]]
    mine = (copy for copy in there if (copy.part == 0 if row[3] == "message" else copy.version == event))
    return next((copy.native for copy in mine), None)


def keep_stray(
    connection: Connection, chat: int, target: str, native: str, account: int, kind: str, body: bytes, at: float
) -> None:
    row = {
        "chat": chat, "target": target, "native": native, "account": account, "kind": kind, "body": body, "at": at,
    }  # fmt: skip
    upsert(connection, t.strays, [row])


def strays(connection: Connection, chat: int, account: int, targets: Sequence[str]) -> list[tuple[str, str, bytes]]:
    """Target, kind and body of the changes that this account was shown before what they change; they wait no more."""
    s = t.strays.c
    mine = (s.chat == chat, s.account == account, s.target.in_(targets))
    found = [(row[0], row[1], row[2]) for row in connection.execute(select(s.target, s.kind, s.body).where(*mine))]
    if found:
        connection.execute(delete(t.strays).where(*mine))
    return found
