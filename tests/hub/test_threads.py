"""A thread is called as the message that it began with, also where that message is itself under way."""

import asyncio
from collections.abc import AsyncIterator
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
    Scope,
    Send,
    Unavailable,
)
from tests.hub.paced import Paced, one_group
from tests.support.house import House

ROMEO = "romeo@home.example"
CHAT = f"{ROMEO} @anna@far"


@pytest.fixture
async def home(paced: Paced, tmp_path: Path) -> AsyncIterator[House]:
    made = House(paced, tmp_path)
    await made.start()
    yield made
    for held in made.xmpp.held.values():
        held.set()
    await made.stop()


async def both(home: House, paced: Paced, thread: str) -> None:
    """Anna has said “one”, and “two” in the thread; “one” is under way, and “two” has gone as far as it can."""

    def once(action: Action) -> None:
        home.xmpp.raises = lambda action: None
        paced.may_read.clear()
        paced.asked.clear()
        paced.read_it.clear()

    account = await home.account(ROMEO, "@romeo")
    home.direct(account, "!anna", "@anna")
    home.xmpp.raises = once
    two, anna = Message("two", thread=MessageId(thread)), Contact(ContactId("@anna"), "@anna")
    async with one_group(home, paced):
        home.says(account, "!anna", "@anna", "one", "e1")
        later = MessageReceived(chat=ChatId("!anna"), id=MessageId("e2"), sender=anna, at=1.0, message=two)
        home.far.report(account, later)
    await home.xmpp.until(1, Send)
    await paced.asked.wait()  # for what the thread began with
    paced.may_read.set()
    await paced.read_it.wait()
    for _ in range(1000):
        await asyncio.sleep(0)


def said(home: House) -> list[tuple[str, str | None]]:
    return [(send.message.text, send.message.thread) for send in home.xmpp.actions(Send)]


async def test_what_is_in_a_thread_waits_for_what_began_it(home: House, paced: Paced) -> None:
    home.xmpp.held[CHAT] = asyncio.Event()
    await both(home, paced, "e1")
    assert said(home) == [("one", None)]

    home.xmpp.held[CHAT].set()
    await home.xmpp.until(2, Send)
    assert said(home)[1] == ("two", "xmpp-1")


async def test_what_began_a_thread_comes_first_also_when_it_fails(home: House, paced: Paced) -> None:
    def once(action: Action) -> Exception:
        home.xmpp.loses = lambda action: None
        return Unavailable("The server is full.", scope=Scope.CHAT, retry_after=0.01)

    home.xmpp.held[CHAT], home.xmpp.loses = asyncio.Event(), once
    await both(home, paced, "e1")
    home.xmpp.held[CHAT].set()
    await home.xmpp.until(3, Send)

    assert said(home) == [("one", None), ("one", None), ("two", "xmpp-2")]


async def test_what_says_that_it_is_in_its_own_thread_waits_for_nothing(home: House, paced: Paced) -> None:
    await both(home, paced, "e2")
    await home.xmpp.until(2, Send)

    assert said(home) == [("one", None), ("two", None)]
