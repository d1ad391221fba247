"""What is too old goes: from archives without holes, from direct chats too, and nothing that is still owed."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.contract import (
    Contact,
    ContactId,
    Message,
    MessageEdited,
    MessageId,
    MessageReceived,
    React,
    Refused,
    Send,
)
from bridge.hub.limits import Retention
from bridge.hub.lines import ArchiveQuery
from bridge.hub.retention import Retaining
from bridge.store.database import Database
from tests.hub.verona import ROMEO, THERE, VERONA, Verona, in_verona, reacts

DAY = 86_400.0


@pytest.fixture
async def verona(database: Database, tmp_path: Path) -> AsyncIterator[Verona]:
    async with in_verona(database, tmp_path) as made:
        yield made


async def prune(verona: Verona, later: float) -> int:
    """As if it were so many days later, with what was said kept for ten."""
    assert verona.home.hub is not None
    await verona.home.settled()
    keep, clock = Retention(archive=10), lambda: time.time() + later * DAY
    return await Retaining(verona.home.database, verona.home.hub.writer, keep, clock).prune()


async def page(verona: Verona) -> list[str]:
    assert verona.home.hub is not None
    await verona.home.settled()
    found = await verona.home.hub.archive.page(VERONA, ROMEO, ArchiveQuery(most=100, last=True))
    return [line.message.text for line in found.lines]


async def counts(verona: Verona) -> dict[str, int]:
    tables = ("archive", "events", "messages", "copies", "reactions", "reaches", "sights", "strays")
    return {name: (await verona.home.rows(f"SELECT count(*) FROM {name}"))[0][0] for name in tables}


async def test_what_is_too_old_goes_with_all_that_belongs_to_it(verona: Verona) -> None:
    for number in range(250):
        id = verona.far(MessageReceived, "anna", message=Message(f"{number}"))
    verona.far(MessageEdited, "anna", target=MessageId(id), message=Message("edited"))
    reacts(verona, "prince", id, "👍")
    await verona.home.xmpp.until(1, React)
    await verona.home.settled()
    before = await counts(verona)

    assert await prune(verona, 9) == 0
    assert await counts(verona) == before
    assert await prune(verona, 11) == 252
    assert not any((await counts(verona)).values())
    assert await page(verona) == []
    verona.far(MessageEdited, "anna", target=MessageId(id), message=Message("again"))
    assert await page(verona) == ["edited: again"]


async def test_what_was_fetched_goes_with_what_was_there_and_is_fetched_again(verona: Verona) -> None:
    """Else the archive had a hole, where what was fetched later is kept longer."""
    verona.home.far.can = replace(verona.home.far.can, history=True)
    verona.far(MessageReceived, "anna", message=Message("live"))
    await verona.home.settled()

    def past(text: str) -> Any:
        sender = Contact(ContactId("@anna"), "Anna")
        return MessageReceived(chat=THERE, id=MessageId(f"${text}"), sender=sender, at=1.0, message=Message(text))

    live = MessageReceived(
        chat=THERE, id=MessageId("$1"), sender=Contact(ContactId("@anna"), "Anna"), at=1.0, message=Message("live")
    )
    verona.home.far.history[verona.account, THERE] = [[past("a"), past("b")]]
    assert await page(verona) == ["a", "b", "live"]

    assert await prune(verona, 11) == 3
    assert not any((await counts(verona)).values())
    verona.home.far.history[verona.account, THERE] = [[past("a"), past("b"), live]]
    assert await page(verona) == ["a", "b", "live"]


async def test_what_is_still_owed_stays(verona: Verona) -> None:
    verona.home.far.raises = lambda action: Refused("No.")
    verona.xmpp(MessageReceived, message=Message("refused"))
    await verona.home.xmpp.until(2)
    verona.far(MessageReceived, "anna", message=Message("delivered"))
    await verona.home.xmpp.until(3)
    await verona.home.settled()

    await prune(verona, 11)

    left = await verona.home.rows("SELECT kind FROM events")
    assert ("message",) in left
    assert len(await verona.home.rows("SELECT id FROM messages")) == 1, "the operator can still look at it"


async def test_others_write_while_much_is_removed(verona: Verona) -> None:
    for number in range(300):
        verona.far(MessageReceived, "anna", message=Message(f"{number}"))
    await verona.home.xmpp.until(300, Send)
    pruning = asyncio.create_task(prune(verona, 11))
    while await verona.home.rows("SELECT count(*) FROM archive") == [(300,)]:
        await asyncio.sleep(0)
    verona.far(MessageReceived, "anna", message=Message("meanwhile"))

    await verona.home.xmpp.until(301, Send)

    assert await pruning >= 300
