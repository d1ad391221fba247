"""Codes with which rooms are linked, and who did what about links. Every function works inside a transaction."""

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, insert, select, update

from bridge.store import tables as t
from bridge.store.upsert import upsert


@dataclass(frozen=True, slots=True)
class Code:
    """One that is good `until` then (seconds since the epoch)."""

    chat: int  # the room in which it was asked for
    code: str  # a hash of it
    network: str  # of whom
    person: str  # asked for it
    until: float
    shown: bool = False  # to a whole room, so that who asked has the last word
    other: int | None = None  # the room that is to be linked with it; None: whose admin confirms first
    agreed_network: str = ""
    agreed: str = ""  # who has confirmed it there


@dataclass(frozen=True, slots=True)
class Deed:
    at: float
    network: str  # of whom
    person: str  # contact id; empty: the operator
    did: str  # a word
    link: str  # its name; empty: none yet
    room: str  # where, as its network calls it
    whom: str = ""  # whom it was done to: network and contact id


def keep(connection: Connection, code: Code) -> None:
    """The one of its room."""
    upsert(connection, t.link_codes, [asdict(code) | {"shown": int(code.shown)}])


def find(connection: Connection, code: str, now: float) -> Code | None:
    c = t.link_codes.c
    row = connection.execute(select(t.link_codes).where(c.code == code, c.until > now)).mappings().first()
    return Code(**{**row, "shown": bool(row["shown"])}) if row is not None else None


def shown(connection: Connection, code: str) -> None:
    """A whole room has read it."""
    connection.execute(update(t.link_codes).where(t.link_codes.c.code == code).values(shown=1))


def drop(connection: Connection, chat: int) -> None:
    """The one of a room."""
    connection.execute(delete(t.link_codes).where(t.link_codes.c.chat == chat))


def prune_codes(connection: Connection, now: float) -> None:
    connection.execute(delete(t.link_codes).where(t.link_codes.c.until <= now))


def awaited(connection: Connection, now: float) -> set[int]:
    """The rooms that open codes are about."""
    c = t.link_codes.c
    rows = connection.execute(select(c.chat, c.other).where(c.until > now)).all()
    return {chat for row in rows for chat in row if chat is not None}


def note(connection: Connection, deed: Deed) -> None:
    connection.execute(insert(t.audit).values(asdict(deed)))


def deeds(connection: Connection, most: int) -> list[Deed]:
    """The newest, oldest first."""
    a = t.audit.c
    query = select(a.at, a.network, a.person, a.did, a.link, a.room, a.whom).order_by(a.id.desc()).limit(most)
    return [Deed(*row) for row in connection.execute(query)][::-1]


def prune_deeds(connection: Connection, before: float) -> None:
    connection.execute(delete(t.audit).where(t.audit.c.at < before))
