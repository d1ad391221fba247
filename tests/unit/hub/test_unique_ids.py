"""No two messages are ever called the same, whatever the clock does between starts.

Clients take what has a known id for something that they have already (XEP-0359, XEP-0313).
"""

from pathlib import Path

from sqlalchemy import Connection, insert

from bridge.hub.keys import Keys
from bridge.store import tables as t
from bridge.store.database import Database
from bridge.store.ledger import Ledger
from tests.conftest import FULL

MANY = 1_000_000 if FULL else 50_000
STARTS = 10
# Seconds that the clock is off at each start: it is set back and forth, by an hour and by years.
OFF = (0.0, -3_600.0, 5.0, -86_400.0 * 400, -1.0, 7_200.0, 0.0, 86_400.0 * 400, -86_400.0, 10.0)


class SetClock:
    """A clock whose hand somebody sets; it ticks half a microsecond a question, so that ids outrun it."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        self.now += 0.000_000_5
        return self.now


def keep(connection: Connection, event: int) -> None:
    """What the last group before a stop or a kill left in the journal."""
    connection.execute(
        insert(t.events).values(
            id=event, chat=1, native=str(event), kind="message", message=event, account=1, network="far", author="a",
            key=str(event), body=b"{}", at=1.0,
        )
    )  # fmt: skip


async def test_ids_of_our_own_are_unique_over_starts_and_clocks_that_are_set_back(tmp_path: Path) -> None:
    clock, keys = SetClock(), Keys(b"s" * 32, "here")
    given: set[str] = set()
    last = 0

    def a_run(connection: Connection) -> None:
        nonlocal last
        ledger = Ledger(clock)
        for group in range(5):
            ledger.begin(connection)
            if group == 3:
                ledger.forget()  # a group failed, and what it gave went to nobody
                ledger.begin(connection)
            for _ in range(MANY // STARTS // 5):
                before, last = last, ledger.next_id()
                assert last > before
                given.add(keys.of_event(last))
            keep(connection, last)

    for off in OFF:
        clock.now += off
        database = await Database.open(f"sqlite:///{tmp_path / 'journal.db'}")
        await database.write(a_run)
        await database.close()

    assert len(given) == MANY


def test_ids_of_what_networks_name_are_unique_in_all_chats_and_the_same_after_a_start() -> None:
    """As Telegram numbers messages, from 1 in each chat; and chats and scopes have names that run together."""
    sources = [
        ("telegram", scope, chat, str(native))
        for scope in ("", "1", "11", "1:1")
        for chat in ("1", "11", "-1001", "1:1", "1 1", "")
        for native in range(MANY // 24 + 1)
    ]
    here = Keys(b"s" * 32, "here")
    keys = {here.of_source(*one) for one in sources}
    restored = Keys(b"s" * 32, "restored elsewhere")

    assert len(keys) == len(sources) >= MANY
    assert all(restored.of_source(*one) in keys for one in sources[:: len(sources) // 1_000])
