"""What was said before, fetched when somebody reads that far back: its place, its readers, and what goes wrong."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.contract import (
    AccountId,
    ChatKind,
    ChatSeen,
    Contact,
    ContactId,
    Membership,
    Message,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    Occupant,
    OccupantChanged,
    React,
    ReactionsChanged,
    Refused,
    Send,
    Unavailable,
)
from bridge.hub.lines import ArchivePage, ArchiveQuery
from bridge.store.database import Database
from tests.hub.verona import ROMEO, THERE, VERONA, Verona, in_verona

JULIET = "juliet@home.example"


@pytest.fixture
async def verona(database: Database, tmp_path: Path) -> AsyncIterator[Verona]:
    async with in_verona(database, tmp_path) as made:
        made.home.far.can = replace(made.home.far.can, history=True)
        yield made


def past(kind: Any, id: str, who: str = "anna", at: float = 1_000.0, **what: Any) -> Any:
    return kind(chat=THERE, id=MessageId(id), sender=Contact(ContactId(f"@{who}"), who.capitalize()), at=at, **what)


def said(*texts: str) -> list[Any]:
    return [
        past(MessageReceived, f"$past-{text}", at=1_000.0 + n, message=Message(text)) for n, text in enumerate(texts)
    ]


def keeps(verona: Verona, *pages: Any, account: int | None = None) -> None:
    """What far shows an account (Romeo's) of before, the latest page first."""
    verona.home.far.history[account or verona.account, THERE] = list(pages)


async def page(verona: Verona, reader: str = ROMEO, **query: Any) -> ArchivePage:
    assert verona.home.hub is not None
    await verona.home.settled()
    return await verona.home.hub.archive.page(VERONA, reader, ArchiveQuery(**{"most": 100, "last": True, **query}))


def texts(found: ArchivePage) -> list[str]:
    return [line.message.text for line in found.lines]


async def live(verona: Verona, *some: str) -> None:
    for text in some:
        verona.far(MessageReceived, "anna", message=Message(text), at=time.time())
    await verona.home.settled()


async def joins(verona: Verona, user: str, me: str) -> AccountId:
    account = await verona.home.account(user, me)
    enters(verona, account)
    await verona.home.settled()
    return account


def enters(verona: Verona, account: int) -> None:
    verona.home.far.report(account, ChatSeen(chat=THERE, kind=ChatKind.ROOM, name="Verona", alias="#verona"))


async def test_older_history_goes_below_what_is_there_and_is_told_to_nobody(verona: Verona) -> None:
    await live(verona, "live 1", "live 2")
    await verona.home.xmpp.until(2, Send)
    known = (await page(verona, stored=True)).lines
    keeps(verona, said("c", "d"), said("a", "b"))

    first = await page(verona, most=3)
    assert (texts(first), first.complete) == (["d", "live 1", "live 2"], False)
    assert [line.at for line in first.lines[:1]] == [1_001.0]
    before = await page(verona, most=3, below=[first.lines[0].key])
    assert (texts(before), before.complete) == (["b", "c", "d"], False)
    rest = await page(verona)
    assert (texts(rest), rest.complete) == (["a", "b", "c", "d", "live 1", "live 2"], True)
    after = await page(verona, last=False, above=[known[-1].key])
    assert texts(after) == ["live 2"], "who pages on from what they know gets nothing old"
    assert (await page(verona)).complete
    assert [cursor for _, _, cursor in verona.home.far.asked] == [None, "1"], "what is at its end is not asked again"
    assert verona.home.far.asked[0][1] == "$1", "it begins before the first that is known"
    assert len(verona.home.xmpp.actions()) == 2
    await live(verona, "live 3")
    assert texts(await page(verona, most=2)) == ["live 2", "live 3"]


async def test_changes_of_old_messages_are_applied_wherever_they_are(verona: Verona) -> None:
    await live(verona, "live")
    reaction = past(
        ReactionsChanged, "$r", "prince", 1_003.0, target=MessageId("$past-a"), reactions=("👍",), added=True
    )
    edit = past(MessageEdited, "$e", at=1_004.0, target=MessageId("$past-a"), message=Message("a, edited"))
    forged = past(MessageEdited, "$f", "prince", 1_005.0, target=MessageId("$past-a"), message=Message("forged"))
    later = past(ReactionsChanged, "$r2", "prince", 1_006.0, target=MessageId("$1"), reactions=("❤",), added=True)
    keeps(verona, [reaction, edit, forged, later], said("a", "b"))

    found = await page(verona)

    kinds = [(type(line.said).__name__, line.message.text) for line in found.lines]
    assert kinds == [
        ("Send", "a, edited"), ("React", ""), ("Edit", "a, edited"), ("Send", "b"), ("React", ""), ("Send", "live"),
    ]  # fmt: skip
    assert isinstance(found.lines[1].said, React)
    assert found.lines[1].said.target.ids == (found.lines[0].key,)
    assert "forged" not in repr(found)


async def test_what_was_taken_back_meanwhile_is_gone_and_an_old_edit_does_not_win(verona: Verona) -> None:
    await live(verona, "secret", "changed")
    verona.far(MessageEdited, "anna", target=MessageId("$2"), message=Message("changed twice"))
    keeps(
        verona,
        [
            past(MessageRetracted, "$x", at=1_000.0, target=MessageId("$1")),
            past(MessageEdited, "$y", at=1_001.0, target=MessageId("$2"), message=Message("changed once")),
        ],
    )

    found = await page(verona)

    assert "secret" not in repr(found)
    assert [line.message.text for line in found.lines if line.message.text][-1] == "changed twice"
    assert "changed once" not in texts(found)


async def test_everybody_sees_what_their_own_account_was_shown(verona: Verona) -> None:
    """The room shows Romeo everything, and Juliet what was said after she was invited."""
    await live(verona, "live")
    keeps(verona, said("a", "b", "c", "d"))
    assert texts(await page(verona)) == ["a", "b", "c", "d", "live"]
    juliet = await joins(verona, JULIET, "@juliet")
    await live(verona, "both")

    keeps(verona, account=juliet)
    assert texts(await page(verona, JULIET)) == ["both"]
    verona.home.far.history.clear()
    other = await joins(verona, "paris@home.example", "@paris")
    shown = said("a", "b", "c", "d")
    keeps(verona, [shown[0], shown[2], past(MessageReceived, "$1", message=Message("live"))], account=other)
    keys = {line.message.text: line.key for line in (await page(verona)).lines}

    assert texts(await page(verona, "paris@home.example")) == ["a", "c", "live"]
    for unseen in ("b", "d", "both"):
        with pytest.raises(Refused):
            await page(verona, "paris@home.example", below=[keys[unseen]])
    assert len((await page(verona)).lines) == 6


async def test_who_comes_back_reads_what_was_said_between(verona: Verona) -> None:
    await live(verona, "before")
    gone = OccupantChanged(chat=THERE, occupant=Occupant(Contact(ContactId("@romeo")), Membership.LEFT))
    verona.home.far.report(verona.account, gone)
    await verona.home.settled()
    enters(verona, verona.account)
    await live(verona, "after")
    assert texts(await page(verona, stored=True)) == ["after"]
    keeps(verona, [past(MessageReceived, "$1", message=Message("before")), *said("between")])

    assert texts(await page(verona)) == ["before", "between", "after"]


async def test_a_network_that_does_not_answer_is_not_lied_about(verona: Verona) -> None:
    keeps(verona, Unavailable("The network is down."))
    with pytest.raises(Unavailable):
        await page(verona)
    await live(verona, "live")

    found = await page(verona)
    assert (texts(found), found.complete) == (["live"], False)
    found = await page(verona, last=False, start=0.5)
    assert (texts(found), found.complete, found.settled) == (["live"], True, False)

    keeps(verona, said("a"))
    found = await page(verona, last=False, start=0.5)
    assert (texts(found), found.complete, found.settled) == (["a", "live"], True, True)


async def test_a_time_is_reached_and_no_more_is_fetched(verona: Verona) -> None:
    verona.home.far.report(verona.account, past(MessageReceived, "$live", at=2_000.0, message=Message("live")))
    keeps(verona, said("c", "d"), [], said("a", "b"))

    found = await page(verona, start=1_000.5)

    assert (texts(found), found.complete) == (["d", "live"], True)
    assert len(verona.home.far.asked) == 1, "the first line of that page was said before"


async def test_many_who_ask_at_once_are_one_question(verona: Verona) -> None:
    await live(verona, "live")
    keeps(verona, said("a", "b"))
    verona.home.far.gate = asyncio.Event()
    asking = [asyncio.create_task(page(verona)) for _ in range(10)]
    while not verona.home.far.asked:
        await asyncio.sleep(0)
    verona.home.far.gate.set()

    for found in await asyncio.gather(*asking):
        assert texts(found) == ["a", "b", "live"]
    assert len(verona.home.far.asked) == 1


async def test_a_page_that_says_things_twice_or_of_another_room_does_no_harm(verona: Verona) -> None:
    await live(verona, "live")
    a, b = said("a", "b")
    keeps(verona, [a, b, a, replace(b, chat=MessageId("!elsewhere")), b], [a])

    assert texts(await page(verona)) == ["a", "b", "live"]


async def test_it_stays_after_a_restart(verona: Verona) -> None:
    await live(verona, "live")
    keeps(verona, said("a", "b"))
    before = [(line.key, line.at) for line in (await page(verona)).lines]
    await verona.home.stop()
    await verona.home.start()
    verona.home.far.history.clear()

    assert [(line.key, line.at) for line in (await page(verona)).lines] == before
