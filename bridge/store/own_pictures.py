"""What accounts show as their users' pictures, because we have set it. Every function works inside a transaction."""

from typing import NamedTuple

from sqlalchemy import Connection, select

from bridge.store import tables as t
from bridge.store.upsert import upsert


class Shown(NamedTuple):
    """`reference` is what the user shows at home, `native` what it is called on the account's network; of what was only
    tried the same. Empty: nothing."""

    reference: str
    native: str
    tried: str
    tried_native: str


def get(connection: Connection, account: int) -> Shown | None:
    p = t.own_pictures.c
    query = select(p.reference, p.native, p.tried, p.tried_native).where(p.account == account)
    row = connection.execute(query).first()
    return None if row is None else Shown(*row)


def put(connection: Connection, account: int, shown: Shown) -> None:
    upsert(connection, t.own_pictures, [{"account": account, **shown._asdict()}])
