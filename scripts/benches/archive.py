"""The archive of a room in which 100,000 messages were said: pages of 100, from either end, the middle, and by filter;
on SQLite and on PostgreSQL. The message as an app reads it is not in it: XMPP writes a page in some 10 ms.

Bytes per message are those of the database file (SQLite) for texts of 100 characters, each delivered to one room.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from bridge.contract import ChatId, ChatKind, ChatSeen, Contact, ContactId, Message, MessageId, MessageReceived
from bridge.hub import codec
from bridge.hub.lines import ArchiveQuery
from bridge.store import tables as t
from bridge.store.database import Database
from tests.support.house import House, house
from tests.support.postgres import Postgres

MESSAGES, PAGE, TIMES = 100_000, 100, 15
ROMEO, ROOM, THERE = "romeo@home.example", ChatId("#verona@far"), ChatId("!verona")
AT_ONCE = 2_000
_TABLES = ("archive", "events", "messages")


async def measure(run: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = await _paged(f"sqlite:///{folder / 'bench.db'}", folder, "")
        with Postgres() as server:
            found |= await _paged(server.fresh(), folder, ", PostgreSQL")
    return found


async def _paged(url: str, folder: Path, where: str) -> dict[str, float]:
    database = await Database.open(url)
    try:
        async with house(database, folder) as home:
            account = await home.account(ROMEO, "@romeo")
            home.far.report(account, ChatSeen(chat=THERE, kind=ChatKind.ROOM, name="Verona", alias="#verona"))
            await home.settled()
            size = await _size(database) if not where else 0
            keys = await _fill(home, account)
            if where:  # as the server does by itself, a little later
                await database.write(lambda c: [c.exec_driver_sql(f"ANALYZE {name}") for name in _TABLES])
            found = {f"ms a page{where}": 0.0, f"ms the slowest page{where}": 0.0}
            taken: list[float] = []
            for query in _queries(keys):
                some = [await _ms(home, query) for _ in range(TIMES)]
                taken.append(statistics.median(some))
            found[f"ms a page{where}"], found[f"ms the slowest page{where}"] = statistics.median(taken), max(taken)
            rarely = ArchiveQuery(most=PAGE, stored=True, last=True, author=ContactId("@rarely"))
            found[f"ms for somebody who speaks rarely{where}"] = await _ms(home, rarely)
            if not where:
                found["bytes a message"] = (await _size(database) - size) / MESSAGES
            return found
    finally:
        await database.close()


def _queries(keys: Sequence[str]) -> Sequence[ArchiveQuery]:
    middle = keys[MESSAGES // 2]
    some: Sequence[dict[str, Any]] = (
        {"last": True},
        {},
        {"above": [middle]},
        {"last": True, "below": [middle]},
        {"last": True, "below": [keys[200]]},
        {"author": ContactId("@anna")},
        {"start": float(MESSAGES - 500)},
        {"only": keys[1_000:1_050]},
    )
    return [ArchiveQuery(most=PAGE, stored=True, **one) for one in some]


async def _ms(home: House, query: ArchiveQuery) -> float:
    assert home.hub is not None
    begun = time.perf_counter()
    page = await home.hub.archive.page(ROOM, ROMEO, query)
    assert page.lines
    return (time.perf_counter() - begun) * 1_000


async def _fill(home: House, account: int) -> list[str]:
    """As messages are when they were journaled and have arrived; their keys."""
    [(chat, hosted)] = await home.rows(
        "SELECT there.id, here.id FROM chats there, chats here WHERE there.network = 'far' AND here.kind = 'hosted'"
    )
    first = int(time.time() * 1_000_000)
    keys: list[str] = []
    for start in range(0, MESSAGES, AT_ONCE):
        rows: dict[Any, list[dict[str, Any]]] = {table: [] for table in (t.events, t.messages, t.copies, t.archive)}
        for number in range(start, start + AT_ONCE):
            id, key, native = first + number, f"{number:032x}", f"${number:043x}"
            author = "@rarely" if number % 500 == 0 else ("@anna", "@prince")[number % 2]
            event = MessageReceived(
                chat=THERE, id=MessageId(native), sender=Contact(ContactId(author), author[1:]), at=float(number),
                message=Message("x" * 100),
            )  # fmt: skip
            rows[t.events].append({
                "id": id, "chat": chat, "native": native, "kind": "message", "message": id, "reply": None,
                "account": account, "network": "far", "author": author, "key": key, "body": codec.encode(event),
                "at": id / 1_000_000,
            })  # fmt: skip
            rows[t.messages].append({"id": id, "network": "far", "author": author, "content": id, "retracted": None})
            for where, called in ((chat, native), (hosted, key)):
                rows[t.copies].append({"chat": where, "native": called, "message": id, "part": 0, "version": id})
            rows[t.archive].append({"chat": hosted, "position": id, "event": id, "said": float(number)})
            keys.append(key)
        await home.database.write(lambda c, some=rows: [c.execute(insert(table), new) for table, new in some.items()])
        await asyncio.sleep(0)
    return keys


async def _size(database: Database) -> int:
    """Bytes of all pages that are in use."""
    count, free, size = [
        await database.read(lambda c, what=name: c.exec_driver_sql(f"PRAGMA {what}").scalar_one())
        for name in ("page_count", "freelist_count", "page_size")
    ]
    return int((count - free) * size)
