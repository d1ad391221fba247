"""What may have been tried: what is written down about it, and what may no longer be folded or cancelled."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.contract import (
    Action,
    Capabilities,
    ChatId,
    Contact,
    ContactId,
    Edit,
    Event,
    Fail,
    LoggedOut,
    Message,
    MessageEdited,
    MessageId,
    MessageRetracted,
    Reason,
    Retract,
    Scope,
    Send,
    Unavailable,
    Unconfirmed,
)
from bridge.hub.limits import Limits
from bridge.store.database import Database
from tests.support.house import House, house

ROMEO = "romeo@home.example"
PLAIN = Capabilities(actions=frozenset({Send, Edit, Retract}))  # neither idempotent nor echoing
NOT_NOW = Unavailable("FAR is full.", scope=Scope.CHAT, retry_after=0.01)
UNKNOWN = Unconfirmed("The answer was lost.")


@pytest.fixture
async def home(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    """Romeo has written to Anna before."""
    async with house(database, tmp_path, limits=Limits(backoff_max=0.2)) as made:
        made.far.can = PLAIN
        await made.account(ROMEO, "@romeo")
        made.writes(ROMEO, "@anna", "first", "m0")
        await made.far.until(1, Send)
        await made.hub.writer.drained()  # type: ignore[union-attr]
        made.far.done.clear()
        yield made


async def attempted(home: House, error: Exception, number: int = 1) -> None:
    """So many calls have ended with `error`, and so do those to come."""
    enough = asyncio.Event()
    calls = 0

    def failing(action: Action) -> Exception:
        nonlocal calls
        calls += 1
        if calls >= number:
            enough.set()
        return error

    home.far.raises = failing
    await asyncio.wait_for(enough.wait(), 10)


async def tried(home: House) -> list[int]:
    """What the journal says of what is owed to Anna."""
    await home.hub.writer.drained()  # type: ignore[union-attr]
    query = "SELECT d.tried FROM deliveries d JOIN chats c ON c.id = d.chat WHERE c.network = 'far' ORDER BY d.event"
    return [row[0] for row in await home.rows(query)]


def changes(home: House, event: Event) -> None:
    home.xmpp.report(home.home_account, event)


def edited(target: str, text: str) -> Event:
    return MessageEdited(
        chat=ChatId(f"{ROMEO} @anna@far"), id=MessageId(f"e{target}"), sender=Contact(ContactId(ROMEO)), at=2.0,
        target=MessageId(target), message=Message(text),
    )  # fmt: skip


def retracted(target: str) -> Event:
    return MessageRetracted(
        chat=ChatId(f"{ROMEO} @anna@far"), id=MessageId(f"r{target}"), sender=Contact(ContactId(ROMEO)), at=2.0,
        target=MessageId(target),
    )  # fmt: skip


async def journaled(home: House) -> None:
    while not home.xmpp.queue(home.home_account).empty():
        await asyncio.sleep(0)
    await home.hub.writer.drained()  # type: ignore[union-attr]


def done(home: House) -> list[str]:
    return [
        type(action).__name__ + (f" {action.message.text}" if isinstance(action, Send | Edit) else "")
        for _, action in home.far.done
    ]


async def test_where_nothing_else_would_tell_a_try_is_durable(home: House) -> None:
    home.writes(ROMEO, "@anna", "one", "m1")
    await attempted(home, UNKNOWN)

    assert await tried(home) == [1]


async def test_where_the_key_is_enough_nothing_is_written(home: House) -> None:
    home.far.can = replace(PLAIN, idempotent=True)
    home.writes(ROMEO, "@anna", "one", "m1")
    await attempted(home, UNKNOWN)

    assert await tried(home) == [0]


@pytest.mark.parametrize("nothing_happened", [NOT_NOW, LoggedOut("Log in again.")])
async def test_a_try_that_surely_did_nothing_is_no_try(home: House, nothing_happened: Exception) -> None:
    home.writes(ROMEO, "@anna", "one", "m1")
    await attempted(home, nothing_happened)

    assert await tried(home) == [0]


async def test_possible_duplicates_are_counted(home: House) -> None:
    home.writes(ROMEO, "@anna", "one", "m1")
    await attempted(home, UNKNOWN, 2)
    home.far.raises = lambda action: None

    await home.far.until(1, Send)

    assert home.hub.counters.possible_duplicates["far"] == 2  # type: ignore[union-attr]


async def test_what_may_have_arrived_is_not_repeated_where_that_is_not_wished(home: House) -> None:
    home.far.can = replace(PLAIN, repeats=False)
    home.writes(ROMEO, "@anna", "one", "m1")
    await attempted(home, UNKNOWN)
    home.far.raises = lambda action: None
    home.writes(ROMEO, "@anna", "two", "m2")

    await home.far.until(1, Send)
    [fail] = await home.xmpp.until(1, Fail)

    assert done(home) == ["Send two"]
    assert (fail.target, fail.reason) == ("m1", Reason.TIMEOUT)
    assert "Nobody knows" in fail.text
    assert home.hub.counters.possible_duplicates["far"] == 0  # type: ignore[union-attr]


async def test_what_was_not_tried_is_cancelled_and_folded(home: House) -> None:
    home.writes(ROMEO, "@anna", "one", "m1")
    await attempted(home, NOT_NOW)
    home.writes(ROMEO, "@anna", "two", "m2")
    changes(home, retracted("m1"))
    changes(home, edited("m2", "2nd"))
    home.writes(ROMEO, "@anna", "three", "m3")
    await journaled(home)

    home.far.raises = lambda action: None

    await home.far.until(2, Send)
    await journaled(home)
    assert done(home) == ["Send 2nd", "Send three"]


async def test_what_may_have_been_tried_is_sent_and_then_changed(home: House) -> None:
    home.writes(ROMEO, "@anna", "one", "m1")
    await attempted(home, UNKNOWN)
    changes(home, retracted("m1"))
    home.writes(ROMEO, "@anna", "two", "m2")
    await journaled(home)

    home.far.raises = lambda action: None

    await home.far.until(2, Send)
    assert done(home) == ["Send one", "Retract", "Send two"]


async def test_what_an_earlier_process_may_have_tried_is_sent_and_then_changed(home: House) -> None:
    home.writes(ROMEO, "@anna", "one", "m1")
    await attempted(home, NOT_NOW)
    home.writes(ROMEO, "@anna", "two", "m2")
    await journaled(home)
    account = home.home_account
    await home.stop()
    home.xmpp.report(account, retracted("m1"), edited("m2", "2nd"))
    home.far.raises = lambda action: None

    await home.start()

    await home.far.until(1, Edit)
    assert done(home) == ["Send one", "Send two", "Retract", "Edit 2nd"]


async def test_what_may_have_been_tried_stays_so_when_its_chat_is_renamed(home: House) -> None:
    home.writes(ROMEO, "@anna", "0", "m1")
    await attempted(home, NOT_NOW)
    for number in range(1, 256):
        home.writes(ROMEO, "@anna", str(number), f"n{number}")
    await journaled(home)
    far = next(s.account for s in home.hub.sessions.seats() if s.network == "far")  # type: ignore[union-attr]
    await home.stop()
    await home.start()
    home.far.raises = lambda action: NOT_NOW if len(home.far.done) >= 2 else None
    await home.far.until(2, Send)

    home.direct(far, "!new", "@anna")
    changes(home, retracted("n254"))
    await journaled(home)
    home.far.raises = lambda action: None

    await home.far.until(1, Retract)
    assert len(home.far.actions(Send)) == 256


async def test_a_hub_that_stops_begins_nothing_more_and_goes_on_after_it(home: House) -> None:
    home.writes(ROMEO, "@anna", "0", "m1")
    await attempted(home, NOT_NOW)
    for number in range(1, 100):
        home.writes(ROMEO, "@anna", str(number), f"n{number}")
    await journaled(home)

    home.far.raises = lambda action: None
    await home.far.until(1, Send)
    await home.stop()
    stopped_after = len(home.far.actions(Send))
    await home.start()

    await home.far.until(100, Send)
    assert stopped_after < 100
    assert done(home) == [f"Send {number}" for number in range(100)]
