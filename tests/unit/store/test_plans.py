"""What is asked for every message finds its rows by an index, however long the journal is."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from bridge.store import archive, deliveries, histories, signs
from bridge.store import tables as t
from bridge.store.archive import Reading, Wanted
from bridge.store.database import Database
from bridge.store.ledger import Ledger
from bridge.store.rooms import MemberRow, RoomRow

Statements = list[tuple[str, Any]]
# A whole table, but for what was asked for; or all that was ever said in a chat.
_LONG = re.compile(r"SCAN (?!wanted$|p$|one$|([0-9]+ )?CONSTANT ROW)|SEARCH (events|copies) .*\(chat=\?\)")


def of_a_group(connection: Connection) -> None:
    ledger = Ledger()
    ledger.begin(connection)
    ledger.prefetch({(1, "a"), (2, "b")}, {"k", "l"})
    ledger.entry(1)
    ledger.message(1)
    ledger.owed.state(1, 1)
    ledger.owed.oldest_tried(1)
    ledger.directory.chat("far", "", "a")
    ledger.directory.chat_by_id(1)
    ledger.directory.link_of(1)
    accounts = ledger.directory.accounts
    accounts.in_chat(1)
    accounts.direct(1, "anna")


def of_lanes(connection: Connection) -> None:
    deliveries.pages(connection, [(1, 0, 64), (2, 0, 64)])
    deliveries.places(connection, [1, 2])
    deliveries.copies_of(connection, 1, [1, 2])
    deliveries.reactions_of(connection, 1, 1, "far", "anna")


def of_signs(connection: Connection) -> None:
    signs.ends(connection, "far", "", "a")
    signs.position(connection, 1, "a", "k")
    signs.position(connection, 1, "no such name", "k")
    signs.written(connection, 1)


def of_archives(connection: Connection) -> None:
    room = RoomRow(1, "r@far", 2, "far", "", "r", "", "", "", False, 0, "")
    who = Reading(room, [MemberRow(1, "anna", 0.0), MemberRow(2, "bob", 5.0)], {}, {"far": ["eve"]})
    for last in (False, True):
        wanted = Wanted(most=50, last=last, above=1, below=9, start=0.0, authors=[("far", "anna")])
        archive.lines(connection, who, wanted)
        archive.lines(connection, who, replace(wanted, above=None, below=None, standing=True, authors=None))
    archive.places(connection, who, ["k", "l"])
    archive.oldest(connection, who)
    archive.place_of(connection, 1)
    archive.place_in(connection, 1, 1)
    archive.below(connection, 1, 5)
    archive.between(connection, 1, 5, 9)
    histories.called_there(connection, 1, 2)
    histories.show(connection, 1, 1, {1, 2, 5})
    histories.reach(connection, 1, 1)
    histories.strays(connection, 2, 1, ["a"])


@contextmanager
def asked(connection: Connection) -> Iterator[Statements]:
    """Every statement in the block."""
    found: Statements = []

    def note(c: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        found.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    yield found
    event.remove(connection, "before_cursor_execute", note)


def fill(connection: Connection) -> None:
    """So that every question goes on to its end."""
    body = {"native": "a", "kind": "message", "message": 1, "account": 1, "network": "far", "author": "anna"}
    connection.execute(t.events.insert().values(id=1, chat=1, key="k", body=b"", at=1.0, **body))
    connection.execute(t.deliveries.insert().values(
        chat=1, event=1, account=1, state=0, tried=0, bugs=0, told=0, reason="", text="", at=1.0
    ))  # fmt: skip
    connection.execute(t.links.insert().values(id=1))
    connection.execute(t.endpoints.insert().values(chat=1, link=1))


@pytest.mark.parametrize("questions", [of_a_group, of_lanes, of_signs, of_archives], ids=lambda f: f.__name__)
async def test_no_question_of_a_message_reads_a_whole_table(
    questions: Callable[[Connection], None], tmp_path: Path
) -> None:
    database = await Database.open(f"sqlite:///{tmp_path}/test.db")

    def plans(connection: Connection) -> list[tuple[str, str]]:
        fill(connection)
        with asked(connection) as statements:
            questions(connection)
        return [
            (row[3], statement)
            for statement, parameters in statements
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]

    found = await database.write(plans)
    await database.close()

    assert len(found) > 5
    assert not [one for one in found if _LONG.match(one[0])]
