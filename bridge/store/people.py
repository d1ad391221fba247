"""Contacts as our accounts last saw them, and whose presence users want. Every function works inside a transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select, tuple_

from bridge.contract import Contact, ContactId
from bridge.store import acquaintances
from bridge.store import tables as t
from bridge.store.accounts import LOGGED_OUT
from bridge.store.acquaintances import WELCOME
from bridge.store.upsert import upsert

_AT_ONCE = 400


def seen(connection: Connection, keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], Contact]:
    """What is stored of these (account, contact id)."""
    p = t.people.c
    wanted = list(keys)
    found: dict[tuple[int, str], Contact] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = tuple_(p.account, p.contact).in_(wanted[start : start + _AT_ONCE])
        for row in connection.execute(select(p.account, p.contact, p.name, p.avatar).where(some)):
            found[row.account, row.contact] = _contact(row)
    return found


def remember(connection: Connection, contacts: Mapping[tuple[int, str], Contact]) -> None:
    """Write contacts by (account, contact id), as they are now."""
    rows = [
        {"account": account, "contact": identity, "name": contact.name, "avatar": contact.avatar or ""}
        for (account, identity), contact in contacts.items()
    ]
    upsert(connection, t.people, rows)


def profile(connection: Connection, user: str, network: str, contact: str) -> Contact | None:
    """As the user's accounts last saw them; a name that is known before one that is not, newer accounts first."""
    p, a = t.people.c, t.accounts.c
    query = (
        select(p.contact, p.name, p.avatar)
        .join(t.accounts, a.id == p.account)
        .where(a.user == user, a.network == network, p.contact == contact)
        .order_by(p.name == "", a.id.desc())
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    known = _contact(row)
    return known if known.avatar else replace(known, avatar=_in_rooms(connection, user, network, contact))


def _in_rooms(connection: Connection, user: str, network: str, contact: str) -> str:
    """The picture that somebody shows in a room that the user's accounts are in."""
    o, m, a, c = t.occupants.c, t.chat_accounts.c, t.accounts.c, t.chats.c
    query = (
        select(o.avatar)
        .join(t.chat_accounts, m.chat == o.chat)
        .join(t.accounts, a.id == m.account)
        .join(t.chats, c.id == o.chat)
        .where(a.user == user, a.network == network, c.network == network, o.contact == contact, o.avatar != "")
        .limit(1)
    )
    return connection.execute(query).scalar() or ""


def contacts_of(connection: Connection, user: str, network: str, *, strangers: bool = True) -> list[Contact]:
    """People with whom the user has direct chats, by name; those without one by id. Accounts that were ended do not
    count, those that a network has revoked do. `strangers`: also whom they have not let in."""
    d, p, a = t.directs.c, t.people.c, t.accounts.c
    query = (
        select(d.contact, func.coalesce(p.name, "").label("name"), func.coalesce(p.avatar, "").label("avatar"))
        .join(t.accounts, a.id == d.account)
        .outerjoin(t.people, (p.account == d.account) & (p.contact == d.contact))
        .where(a.user == user, a.network == network, a.state != LOGGED_OUT)
        .order_by(a.id)
    )
    if not strangers:
        query = query.where(d.contact.not_in(_strangers(user, network)))
    found: dict[str, Contact] = {}
    for row in connection.execute(query):
        known = found.get(row.contact)
        if known is None or row.name:
            found[row.contact] = _contact(row)
    return sorted(found.values(), key=lambda contact: ((contact.name or contact.id).casefold(), contact.id))


def _strangers(user: str, network: str) -> Select[Any]:
    q = t.acquaintances.c
    return select(q.contact).where(q.user == user, q.network == network, q.state != WELCOME)


def subscribe(connection: Connection, user: str, network: str, contact: str) -> None:
    """`contact`: empty for the gateway."""
    upsert(connection, t.subscriptions, [{"user": user, "network": network, "contact": contact}])
    if contact:
        acquaintances.befriend(connection, user, network, contact, True)


def unsubscribe(connection: Connection, user: str, network: str, contacts: Collection[str]) -> None:
    s = t.subscriptions.c
    mine = delete(t.subscriptions).where(s.user == user, s.network == network)
    connection.execute(mine.where(s.contact.in_(list(contacts))))
    for contact in contacts:
        acquaintances.befriend(connection, user, network, contact, False)


def subscriptions(connection: Connection) -> Sequence[tuple[str, str, str]]:
    """All of them: user, network, contact id (empty: the gateway)."""
    s = t.subscriptions.c
    return [(row[0], row[1], row[2]) for row in connection.execute(select(s.user, s.network, s.contact))]


def names_of_subscribed(connection: Connection, limit: int) -> list[tuple[str, str, Contact]]:
    """User, network and contact of subscriptions whose contact has been seen, at most `limit`."""
    s, p, a = t.subscriptions.c, t.people.c, t.accounts.c
    query = (
        select(s.user, s.network, p.contact, p.name, p.avatar)
        .join(t.accounts, (a.user == s.user) & (a.network == s.network))
        .join(t.people, (p.account == a.id) & (p.contact == s.contact))
        .order_by(p.name != "", a.id)
        .limit(limit)
    )
    return [(row.user, row.network, _contact(row)) for row in connection.execute(query)]


def has_account(connection: Connection, user: str, network: str) -> bool:
    """One that was not ended."""
    a = t.accounts.c
    query = select(a.id).where(a.user == user, a.network == network, a.state != LOGGED_OUT).limit(1)
    return connection.execute(query).scalar() is not None


def _contact(row: Any) -> Contact:
    return Contact(ContactId(row.contact), row.name, row.avatar)
