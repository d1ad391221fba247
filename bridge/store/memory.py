"""What a connector keeps for itself: strings by key, per account. Every function works inside a transaction."""

from sqlalchemy import Connection, select

from bridge.store import tables as t
from bridge.store.upsert import upsert


def get_memory(connection: Connection, account: int, key: str) -> str | None:
    m = t.memory.c
    value: str | None = connection.execute(select(m.value).where(m.account == account, m.key == key)).scalar()
    return value


def put_memory(connection: Connection, account: int, key: str, value: str) -> None:
    upsert(connection, t.memory, [{"account": account, "key": key, "value": value}])
