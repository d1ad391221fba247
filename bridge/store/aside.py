"""Rows beside the path: dead letters, and the reactions that stand somewhere."""

import time
from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert

from bridge.store import tables as t
from bridge.store.upsert import upsert


def add_dead_letter(connection: Connection, network: str, account: int, source: str, reason: str, raw: str) -> None:
    """Keep what could not be understood: why, where from, and the thing itself, limited in size."""
    connection.execute(
        insert(t.dead_letters).values(
            network=network, account=account, source=_plain(source, 500), reason=_plain(reason, 500),
            raw=_plain(raw, 10_000), at=time.time(),
        )
    )  # fmt: skip


def set_reactions(
    connection: Connection,
    chat: int,
    message: int,
    who: tuple[str, str],
    now: Iterable[tuple[str, str]],
    before: Iterable[tuple[str, str]] = (),
) -> None:
    """What stands for this person (network, contact id) on this message in this chat: (emoji, native id) pairs.
    `before`: what has stood, whoever of the person's accounts had made it."""
    r = t.reactions.c
    connection.execute(
        delete(t.reactions).where(r.chat == chat, r.message == message, r.network == who[0], r.person == who[1])
    )
    for _, native in before:
        drop_reaction(connection, chat, message, native)
    add_reactions(connection, chat, message, who, now)


def add_reactions(
    connection: Connection, chat: int, message: int, who: tuple[str, str], more: Iterable[tuple[str, str]]
) -> None:
    """These stand, too."""
    rows = [
        {"chat": chat, "message": message, "network": who[0], "person": who[1], "emoji": emoji, "native": native}
        for emoji, native in dict(more).items()
    ]
    if rows:
        upsert(connection, t.reactions, rows)


def drop_reaction(connection: Connection, chat: int, message: int, native: str) -> None:
    """The one with this id does not stand any more."""
    r = t.reactions.c
    connection.execute(delete(t.reactions).where(r.chat == chat, r.message == message, r.native == native))


def _plain(text: str, most: int) -> str:
    """What both databases can hold: no NUL, no lone surrogates."""
    return text[:most].replace("\0", "\ufffd").encode("utf-8", "replace").decode()
