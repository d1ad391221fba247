"""Files that events named: what is known of each, and what it is called where it was published. Inside a transaction.

A row lives as long as the archive that may show it; the bytes go sooner (`bridge.hub.files`)."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from bridge.store import tables as t
from bridge.store.upsert import upsert

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class MediaRow:
    id: str
    network: str
    chat: int
    account: int
    body: bytes
    kept: int | None
    used: float


def add(connection: Connection, chat: int, account: int, files: Mapping[str, bytes], now: float) -> dict[str, MediaRow]:
    """The rows of what an event in `chat` named, by reference, made where there are none; `files` has what was said of
    each."""
    network, scope, _ = place(connection, chat)
    found = _by_reference(connection, network, scope, list(files))
    for reference, body in files.items():
        if reference not in found:
            row = MediaRow(secrets.token_hex(16), network, chat, account, body, None, now)
            connection.execute(
                insert(t.media).values(
                    id=row.id, network=network, scope=scope, reference=reference, chat=chat, account=account,
                    body=body, made=now, used=now,
                )
            )  # fmt: skip
            found[reference] = row
    return found


def known(connection: Connection, chat: int, references: Sequence[str]) -> dict[str, MediaRow]:
    """The rows of what events in `chat` named, by reference, where there are any."""
    network, scope, _ = place(connection, chat)
    return _by_reference(connection, network, scope, references)


def _by_reference(connection: Connection, network: str, scope: str, references: Sequence[str]) -> dict[str, MediaRow]:
    m = t.media.c
    query = select(m.reference, m.id, m.network, m.chat, m.account, m.body, m.kept, m.used)
    query = query.where(m.network == network, m.scope == scope, m.reference.in_(references))
    return {row[0]: MediaRow(*row[1:]) for row in connection.execute(query)}


def get(connection: Connection, id: str) -> MediaRow | None:
    m = t.media.c
    row = connection.execute(
        select(m.id, m.network, m.chat, m.account, m.body, m.kept, m.used).where(m.id == id)
    ).first()
    return None if row is None else MediaRow(*row)


def keep(connection: Connection, id: str, body: bytes, size: int, now: float) -> None:
    """Its bytes are on our disk, and `body` says what they are."""
    connection.execute(update(t.media).where(t.media.c.id == id).values(body=body, kept=size, used=now))


def use(connection: Connection, id: str, now: float) -> None:
    connection.execute(update(t.media).where(t.media.c.id == id).values(used=now))


def publish(connection: Connection, id: str, network: str, scope: str, reference: str, now: float) -> None:
    row = {"media": id, "network": network, "scope": scope, "reference": reference, "at": now}
    upsert(connection, t.publications, [row])


def published(
    connection: Connection, ids: Sequence[str], network: str, scope: str, since: float = 0.0
) -> dict[str, str]:
    """References by id, of what was published since then."""
    p = t.publications.c
    query = select(p.media, p.reference).where(p.media.in_(ids), p.network == network, p.scope == scope, p.at >= since)
    return {row[0]: row[1] for row in connection.execute(query)}


def place(connection: Connection, chat: int) -> tuple[str, str, str]:
    """Network, scope and native id of a chat."""
    c = t.chats.c
    row = connection.execute(select(c.network, c.scope, c.native).where(c.id == chat)).one()
    return row[0], row[1], row[2] or ""


def kept_bytes(connection: Connection) -> list[tuple[str, int, float]]:
    """What is on the disk: id, bytes, last use; least recently used first."""
    m = t.media.c
    query = select(m.id, m.kept, m.used).where(m.kept.is_not(None)).order_by(m.used)
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def drop(connection: Connection, ids: Sequence[str]) -> None:
    """Their bytes are not on our disk any more."""
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        connection.execute(update(t.media).where(t.media.c.id.in_(some)).values(kept=None))


def forget(connection: Connection, before: float) -> None:
    """Rows that nobody has used since."""
    old = list(connection.execute(select(t.media.c.id).where(t.media.c.used < before)).scalars())
    for start in range(0, len(old), _AT_ONCE):
        some = old[start : start + _AT_ONCE]
        connection.execute(delete(t.publications).where(t.publications.c.media.in_(some)))
        connection.execute(delete(t.media).where(t.media.c.id.in_(some)))


def line(connection: Connection, chat: int, event: int, media: str) -> tuple[str, str] | None:
    """Why a line has taken the place of a file in a delivery, and where the file is to be had."""
    f = t.file_lines.c
    row = connection.execute(select(f.why, f.link).where(f.chat == chat, f.event == event, f.media == media)).first()
    return (row[0], row[1]) if row is not None else None


def put_line(connection: Connection, chat: int, event: int, media: str, why: str, link: str) -> None:
    upsert(connection, t.file_lines, [{"chat": chat, "event": event, "media": media, "why": why, "link": link}])


def forget_lines(connection: Connection, before: float) -> None:
    """Of deliveries of events that are older: their ids are microseconds."""
    connection.execute(delete(t.file_lines).where(t.file_lines.c.event < int(before * 1_000_000)))
