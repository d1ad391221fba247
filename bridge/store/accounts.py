"""Accounts: credentials on a network, sealed, with cursor and state. Functions work inside a transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update

from bridge.store import statements
from bridge.store import tables as t

ACTIVE = "active"
LOGGED_OUT = "logged_out"  # by its user or the operator
REVOKED = "revoked"  # by its network: its user will be back


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as it is stored."""

    id: int
    network: str
    user: str  # bare JID; empty for the operator's
    me: str  # contact id
    name: str
    secret: bytes = field(repr=False)  # sealed (`Secrets.open`); empty when logged out
    state: str  # ACTIVE, LOGGED_OUT or REVOKED
    error: str  # why it is logged out, for people; empty when they wished it
    cursor: str | None
    caught_up: float  # when it last had all that there was for it; 0: not known

    @property
    def active(self) -> bool:
        return self.state == ACTIVE

    @property
    def ended(self) -> bool:
        """By its user or the operator, not by its network."""
        return self.state == LOGGED_OUT


def put_account(connection: Connection, network: str, user: str, me: str, name: str, secret: bytes) -> int:
    """Store a login; return the account's id. The same person again keeps id, cursor and everything that hangs on
    it, gets the new name and secret, and is active."""
    a = t.accounts.c
    values = {"name": name, "secret": secret, "state": ACTIVE, "error": ""}
    same = (a.network == network) & (a.user == user) & (a.me == me)
    known = connection.execute(update(t.accounts).where(same).values(values).returning(a.id)).scalar()
    if known is not None:
        return int(known)
    new = insert(t.accounts).values(network=network, user=user, me=me, **values).returning(a.id)
    return int(connection.execute(new).scalar_one())


def account(connection: Connection, identity: int) -> AccountRow | None:
    return next(iter(_rows(connection, _query().where(t.accounts.c.id == identity))), None)


def accounts_of(connection: Connection, user: str, network: str) -> list[AccountRow]:
    """The accounts of a user on a network, logged out ones too, oldest first."""
    a = t.accounts.c
    return _rows(connection, _query().where(a.user == user, a.network == network))


def all_accounts(connection: Connection) -> list[AccountRow]:
    return _rows(connection, _query())


def active_accounts(connection: Connection) -> list[AccountRow]:
    """What is to be connected."""
    return _rows(connection, _query().where(t.accounts.c.state == ACTIVE))


def end_account(connection: Connection, identity: int, error: str = "", state: str = LOGGED_OUT) -> None:
    """The account is logged out, by its user's wish or because of `error`; its secret is forgotten, its chats stay."""
    values = {"state": state, "error": error, "secret": b""}
    connection.execute(update(t.accounts).where(t.accounts.c.id == identity).values(values))


def renew(connection: Connection, identity: int, secret: bytes) -> bool:
    """An account has other credentials now; False if it is logged out, and none are wanted."""
    active = (t.accounts.c.id == identity) & (t.accounts.c.state == ACTIVE)
    return connection.execute(update(t.accounts).where(active).values(secret=secret)).rowcount == 1


def set_caught_up(connection: Connection, accounts: Sequence[int], at: float) -> None:
    """These accounts have all that there is for them."""
    statements.update(connection, "accounts", ("caught_up",), ("id",), [(at, identity) for identity in accounts])


def remove_account(connection: Connection, identity: int) -> None:
    """Forget an account and what only it knew; messages and chats stay."""
    for table in (
        t.people, t.memory, t.blocks, t.directs, t.chat_accounts, t.own_pictures, t.read_marks
    ):  # fmt: skip
        connection.execute(delete(table).where(table.c.account == identity))
    connection.execute(delete(t.accounts).where(t.accounts.c.id == identity))


def _query() -> Select[Any]:
    names = ("id", "network", "user", "me", "name", "secret", "state", "error", "cursor", "caught_up")
    return select(*(t.accounts.c[name] for name in names)).order_by(t.accounts.c.id)


def _rows(connection: Connection, query: Select[Any]) -> list[AccountRow]:
    return [AccountRow(*row) for row in connection.execute(query)]
