"""Whom users who are guests have let in. Every function works inside a transaction."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from bridge.store import tables as t
from bridge.store.upsert import upsert

ASKED, HEARD, WELCOME, DECLINED = range(4)
"""The user was asked; has one message; has let them in; does not want them."""


@dataclass(frozen=True, slots=True)
class Acquaintance:
    state: int
    told: float = 0.0  # when the contact last heard that they have to wait; seconds since the epoch


def of(connection: Connection, user: str, network: str, contact: str) -> Acquaintance | None:
    a = t.acquaintances.c
    query = select(a.state, a.told).where(a.user == user, a.network == network, a.contact == contact)
    row = connection.execute(query).first()
    return None if row is None else Acquaintance(*row)


def put(connection: Connection, user: str, network: str, contact: str, now: Acquaintance) -> None:
    row = {"user": user, "network": network, "contact": contact, "state": now.state, "told": now.told}
    upsert(connection, t.acquaintances, [row])


def answer(connection: Connection, user: str, network: str, contact: str, yes: bool) -> None:
    """The user grants the contact, or takes from them, what they were asked for."""
    if of(connection, user, network, contact) is not None:
        put(connection, user, network, contact, Acquaintance(WELCOME if yes else DECLINED))


def befriend(connection: Connection, user: str, network: str, contact: str, yes: bool) -> None:
    """The user wants to see the contact, or does not any more; then they have to be asked again."""
    known = of(connection, user, network, contact)
    if yes:
        put(connection, user, network, contact, Acquaintance(WELCOME))
    elif known is not None and known.state == WELCOME:
        put(connection, user, network, contact, Acquaintance(ASKED))
