"""Lanes keep the order and do nothing twice, however slowly the database answers and whenever the hub is started."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.contract import (
    Action,
    ChatId,
    Contact,
    ContactId,
    Message,
    MessageId,
    MessageReceived,
    MessageRetracted,
    Person,
    Scope,
    Send,
    Unavailable,
)
from tests.hub.paced import Paced
from tests.support.house import FAR, House

ROMEO = "romeo@home.example"


@pytest.fixture
async def home(paced: Paced, tmp_path: Path) -> AsyncIterator[House]:
    made = House(paced, tmp_path)
    await made.start()
    await made.account(ROMEO, "@romeo")
    yield made
    paced.may_read.set()
    paced.may_tell.set()
    await made.stop()


def said(number: int) -> MessageReceived:
    """Romeo's message to Anna."""
    return MessageReceived(
        chat=ChatId(f"{ROMEO} @anna@far"),
        id=MessageId(f"m{number}"),
        sender=Contact(ContactId(ROMEO)),
        at=1.0,
        addressee=Person(FAR, ContactId("@anna")),
        message=Message(str(number)),
    )


def taken_back(number: int) -> MessageRetracted:
    one = said(number)
    return MessageRetracted(
        chat=one.chat, id=MessageId(f"r{number}"), sender=one.sender, at=2.0, addressee=one.addressee, target=one.id
    )


async def journaled(home: House) -> None:
    """Everything that was reported is durable."""
    assert home.hub is not None
    while not all(queue.empty() for net in (home.xmpp, home.far) for queue in net.events.values()):
        await asyncio.sleep(0)
    await home.hub.writer.drained()


async def owed(home: House, number: int) -> int:
    """So many messages wait in the journal for a chat that takes none; the account that reported them."""
    tried = asyncio.Event()

    def full(action: Action) -> Exception:
        tried.set()
        return Unavailable("FAR is full.", scope=Scope.CHAT, retry_after=0.01)

    home.far.raises = full
    home.xmpp.report(home.home_account, *(said(one) for one in range(number)))
    await tried.wait()
    await journaled(home)
    return home.home_account


async def first_sent(home: House, meanwhile: Callable[[], None]) -> None:
    """The chat takes what waits for it; `meanwhile` is done in the middle of the first call."""

    def once(action: Action) -> None:
        home.far.raises = lambda action: None
        meanwhile()

    home.far.raises = once
    await home.far.until(1, Send)


async def as_far_as_it_goes() -> None:
    """Whatever can go on without the database has gone on."""
    for _ in range(1000):
        await asyncio.sleep(0)


def texts(home: House) -> list[str]:
    return [send.message.text for send in home.far.actions(Send)]


async def test_what_comes_at_once_after_a_start_stays_behind_what_was_owed(home: House, paced: Paced) -> None:
    account = await owed(home, 2)
    await home.stop()
    home.far.raises = lambda action: None
    home.xmpp.report(account, said(2))

    paced.latency = 0.05
    await home.start()

    await home.far.until(3, Send)
    await journaled(home)
    assert texts(home) == ["0", "1", "2"]


async def test_what_a_page_had_before_we_were_told_of_it_is_done_once(home: House, paced: Paced) -> None:
    account = await owed(home, 2)

    def while_the_first_is_sent() -> None:
        paced.may_read.clear()
        paced.may_tell.clear()
        paced.wrote.clear()
        home.xmpp.report(account, said(2))

    await first_sent(home, while_the_first_is_sent)
    await paced.wrote.wait()
    paced.read_it.clear()
    paced.may_read.set()
    await paced.read_it.wait()
    paced.may_tell.set()

    await home.far.until(3, Send)
    await journaled(home)
    assert texts(home) == ["0", "1", "2"]


async def test_a_chat_that_is_renamed_while_it_is_read_gets_the_rest_once_under_its_new_name(
    home: House, paced: Paced
) -> None:
    await owed(home, 3)
    account = next(seat.account for seat in home.hub.sessions.seats() if seat.network == FAR)  # type: ignore[union-attr]

    def while_the_first_is_sent() -> None:
        paced.may_read.clear()
        paced.asked.clear()
        home.direct(account, "!new", "@anna")

    await first_sent(home, while_the_first_is_sent)
    await paced.asked.wait()
    await journaled(home)
    paced.may_read.set()

    await home.far.until(3, Send)
    await journaled(home)
    assert [(send.chat, send.message.text) for send in home.far.actions(Send)] == [
        ("direct-@anna", "0"),
        ("!new", "1"),
        ("!new", "2"),
    ]


async def test_at_most_256_deliveries_of_a_lane_are_tried_without_that_being_durable(home: House, paced: Paced) -> None:
    await owed(home, 300)
    home.far.can = replace(home.far.can, window=30)

    paced.may_tell.clear()
    home.far.raises = lambda action: None
    await home.far.until(256, Send)
    await as_far_as_it_goes()

    assert len(texts(home)) == 256
    paced.may_tell.set()
    await home.far.until(300, Send)
    assert texts(home) == [str(number) for number in range(300)]


async def test_a_cancelled_message_is_gone_for_good_before_the_next_is_sent(home: House, paced: Paced) -> None:
    account = await owed(home, 1)
    home.xmpp.report(account, said(1), taken_back(1), said(2))
    await journaled(home)

    await first_sent(home, paced.may_tell.clear)
    paced.wrote.clear()
    await paced.wrote.wait()
    await as_far_as_it_goes()

    assert texts(home) == ["0"]
    paced.may_tell.set()
    await home.far.until(2, Send)
    assert texts(home) == ["0", "2"]
