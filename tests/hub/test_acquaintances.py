"""Whom a guest does not know says one thing, and is waited for."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.contract import (
    ChatId,
    Contact,
    ContactId,
    Invite,
    Message,
    MessageEdited,
    MessageId,
    MessageRetracted,
    ReactionsChanged,
    Retract,
    Send,
    Style,
)
from bridge.hub.limits import Limits
from bridge.store.database import Database
from tests.hub.test_guests import Inn
from tests.support.house import FAR, House, PlainHome, house

ROMEO, ANNA = "romeo@home.example", ContactId("@anna")
HOME = PlainHome().direct_chat(ROMEO, FAR, ANNA)


@dataclass
class Stay:
    """Romeo is a guest on far, and Anna has a chat with him."""

    home: House
    account: int = 0
    turned: float = 0.0
    _number: int = 0
    chat: str = "walk"

    def now(self) -> float:
        return time.time() + self.turned

    async def begin(self) -> None:
        assert await self.home.people.host(ROMEO, FAR)
        ((self.account,),) = await self.home.rows("SELECT id FROM accounts WHERE network = 'far'")
        self.home.direct(self.account, self.chat, ANNA)

    def says(self, text: str) -> MessageId:
        self._number += 1
        self.home.says(self.account, self.chat, ANNA, text, f"m{self._number}", at=self.now())
        return MessageId(f"m{self._number}")

    def does(self, kind: type, target: MessageId, **more: object) -> None:
        self._number += 1
        event = kind(
            chat=ChatId(self.chat), id=MessageId(f"m{self._number}"), sender=Contact(ANNA, ANNA), at=self.now(),
            target=target, **more,
        )  # fmt: skip
        self.home.far.report(self.account, event)

    def writes(self, text: str) -> None:
        self._number += 1
        self.home.writes(ROMEO, ANNA, text, f"r{self._number}", at=self.now())

    async def shown(self, *texts: str) -> None:
        """Romeo has been shown exactly these."""
        await self.home.xmpp.until(len(texts), Send)
        await self.home.settled()
        assert [one.message.text for one in self.home.xmpp.actions(Send) if one.chat == HOME] == list(texts)

    async def told(self, text: str) -> Send:
        """What Anna is told, as soon as it has these words in it."""
        number = 0
        while True:
            said = await self.home.far.until(number + 1, Send)
            found = next((one for one in said if text in one.message.text), None)
            if found is not None:
                assert isinstance(found, Send)
                return found
            number = len(said)

    def notices(self) -> list[str]:
        return [one.message.text for one in self.home.far.actions(Send) if one.message.style is Style.NOTICE]


@pytest.fixture
async def stay(database: Database, tmp_path: Path) -> AsyncIterator[Stay]:
    async with house(database, tmp_path, limits=Limits()) as home:
        home.far.guests = Inn()
        made = Stay(home)
        await home.stop()
        home.clock = made.now
        await home.start()
        await made.begin()
        yield made


async def test_a_stranger_is_announced_says_one_thing_and_waits_for_an_answer(stay: Stay) -> None:
    (asked,) = await stay.home.xmpp.until(1, Invite)
    assert (asked.chat, asked.whom, asked.by) == (HOME, ROMEO, "@anna")
    assert asked.reason == "@anna on FAR wants to talk with you."
    first = stay.says("Good pilgrim")
    for number in range(5):
        stay.says(f"you do wrong your hand {number}")
    notice = await stay.told("has not answered yet")
    assert (notice.chat, notice.message.style) == ("walk", Style.NOTICE)
    stay.does(MessageEdited, first, message=Message("Buy my wares"))
    stay.does(ReactionsChanged, first, reactions=("👍",))
    await stay.shown("Good pilgrim")
    assert len(stay.notices()) == 1, "said once"

    stay.turned += 3_601
    stay.says("Are you there?")
    while len(stay.notices()) < 2:
        await stay.home.far.until(len(stay.home.far.actions(Send)) + 1, Send)
    stay.writes("Have not saints lips?")
    assert (await stay.told("Have not saints lips?")).chat == "walk"
    stay.says("Ay, pilgrim")
    stay.does(MessageEdited, first, message=Message("Good, good pilgrim"))
    await stay.shown("Good pilgrim", "Ay, pilgrim")
    assert len(stay.home.xmpp.actions(Invite)) == 1


async def test_a_stranger_may_take_the_one_thing_back(stay: Stay) -> None:
    first = stay.says("Good pilgrim")
    await stay.shown("Good pilgrim")
    stay.does(MessageRetracted, first)
    await stay.home.xmpp.until(1, Retract)
    stay.says("Another thing")
    await stay.told("has not answered yet")
    await stay.shown("Good pilgrim")


@pytest.mark.parametrize("way", ["granted", "subscribed"])
async def test_who_lets_a_stranger_in_hears_all(stay: Stay, way: str) -> None:
    stay.says("Good pilgrim")
    await stay.shown("Good pilgrim")
    assert await stay.home.people.contacts(ROMEO, FAR, strangers=False) == []
    if way == "granted":
        await stay.home.people.befriend(ROMEO, FAR, ANNA, True, theirs=True)
    else:
        assert await stay.home.people.befriend(ROMEO, FAR, ANNA, True)
    for text in ("one", "two"):
        stay.says(text)
    await stay.shown("Good pilgrim", "one", "two")
    assert [one.id for one in await stay.home.people.contacts(ROMEO, FAR, strangers=False)] == [ANNA]
    assert stay.notices() == []


async def test_who_refuses_a_stranger_hears_nothing_until_they_write_to_them(stay: Stay) -> None:
    await stay.home.xmpp.until(1, Invite)
    await stay.home.people.befriend(ROMEO, FAR, ANNA, False, theirs=True)
    stay.says("Good pilgrim")
    await stay.told("does not want to be reached")
    stay.chat = "another walk"  # coming back by another door is no new question
    stay.home.direct(stay.account, stay.chat, ANNA)
    await stay.shown()
    stay.writes("I have thought better of it")
    await stay.told("I have thought better of it")
    stay.says("So?")
    await stay.shown("So?")
    assert len(stay.home.xmpp.actions(Invite)) == 1


async def test_who_ends_a_subscription_is_asked_again_by_one_message(stay: Stay) -> None:
    assert await stay.home.people.befriend(ROMEO, FAR, ANNA, True)
    stay.says("one")
    await stay.shown("one")
    assert await stay.home.people.befriend(ROMEO, FAR, ANNA, False)
    for text in ("two", "three"):
        stay.says(text)
    await stay.told("has not answered yet")
    await stay.shown("one", "two")


async def test_it_outlasts_a_restart_and_replays(stay: Stay) -> None:
    stay.says("Good pilgrim")
    await stay.shown("Good pilgrim")
    await stay.home.stop()
    await stay.home.start()
    stay.home.direct(stay.account, "walk", ANNA)
    stay.home.says(stay.account, "walk", ANNA, "Good pilgrim", "m1", at=stay.now())
    stay.says("more")
    await stay.told("has not answered yet")
    await stay.shown("Good pilgrim")
    assert len(stay.home.xmpp.actions(Invite)) == 1


async def test_whom_a_guest_writes_to_is_no_stranger(stay: Stay) -> None:
    stay.home.writes(ROMEO, "@nurse", "Commend me to thy lady", "n1", at=stay.now())
    await stay.told("Commend me to thy lady")
    stay.home.direct(stay.account, "direct-@nurse", "@nurse")
    for number in range(3):
        stay.home.says(stay.account, "direct-@nurse", "@nurse", f"I will {number}", f"n{number}", at=stay.now())
    await stay.home.xmpp.until(3, Send)
    assert [one.whom for one in stay.home.xmpp.actions(Invite)] == [ROMEO]
    assert [one.chat for one in stay.home.xmpp.actions(Invite)] == [HOME], "of the nurse nothing is asked"


async def test_accounts_of_users_own_are_not_concerned(stay: Stay) -> None:
    own = await stay.home.account("paris@home.example", "@paris")
    stay.home.direct(own, "court", ANNA)
    for number in range(3):
        stay.home.says(own, "court", ANNA, f"sir {number}", f"s{number}", at=stay.now())
    await stay.home.xmpp.until(3, Send)
    assert len(stay.home.xmpp.actions(Invite)) == 1
