"""Whom a room does not want: nothing of theirs goes there, at once and over restarts, until they are let in again."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.contract import (
    Bar,
    Capabilities,
    ChatId,
    ChatKind,
    ChatSeen,
    Contact,
    ContactId,
    Edit,
    Membership,
    MessageEdited,
    MessageId,
    NetworkId,
    Occupant,
    OccupantChanged,
    Person,
    PersonaBarred,
    Scope,
    Send,
    Unavailable,
)
from bridge.contract import Message as Text
from bridge.store.database import Database
from tests.support.house import House, house
from tests.support.little import ALL, LittleNetwork

TYBALT = Person(NetworkId("far"), ContactId("Tybalt"))
DAY = 86_400.0


@pytest.fixture
async def home(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    far = LittleNetwork("far", Capabilities(actions=ALL, idempotent=True, echoes=True, personas=True))
    async with house(database, tmp_path, far=far, clock=Clock()) as made:
        yield made


class Clock:
    """As the computer's, and some time on."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


async def linked(home: House) -> int:
    """Three rooms of far, seen by the operator's account."""
    account = await home.account("", "relay")
    assert home.hub is not None
    for room in ("duels", "peace", "war"):
        home.far.report(account, ChatSeen(chat=ChatId(room), kind=ChatKind.ROOM, name=room.title()))
    assert await home.hub.linking.add("verona", [("far", "", room, account) for room in ("duels", "peace", "war")])
    return account


def bars(home: House, account: int, how: Bar | None, *, room: str = "peace", seconds: float | None = None) -> None:
    by = Contact(ContactId("Escalus"), "Escalus")
    event = PersonaBarred(chat=ChatId(room), who=TYBALT, bar=how, seconds=seconds, by=by, reason="no\nbrawls")
    home.far.report(account, event)


def shown(home: House, room: str) -> list[str]:
    return [one.message.text for one in home.far.actions(Send) if one.chat == room]


async def until(home: House, room: str, text: str, times: int = 1) -> None:
    """Return when a text that begins so was said in a room so often."""

    def so() -> bool:
        return sum(one.startswith(text) for one in shown(home, room)) >= times

    async with asyncio.timeout(20), home.far.changed:
        await home.far.changed.wait_for(so)


async def test_nothing_of_theirs_goes_there_and_they_are_told_once(home: House) -> None:
    account = await linked(home)
    home.says(account, "duels", "Tybalt", "What, drawn?", "1")
    await home.far.until(2, Send)
    bars(home, account, Bar.BANNED)
    bars(home, account, Bar.BANNED)
    home.says(account, "duels", "Tybalt", "Talk of peace!", "2")
    home.says(account, "duels", "Benvolio", "Put up thy sword", "3")
    home.says(account, "war", "Tybalt", "I hate the word", "4")
    change = MessageEdited(
        chat=ChatId("duels"), id=MessageId("5"), sender=Contact(TYBALT.id, "Tybalt"), at=1.0, target=MessageId("1"),
        message=Text("What, drawn!"),
    )  # fmt: skip
    home.far.report(account, change)
    await home.far.until(1, Edit)
    await until(home, "duels", "“Tybalt” is banned")
    await until(home, "peace", "Put up")

    told = [one for one in shown(home, "duels") if "banned" in one]
    assert told == [
        "“Tybalt” is banned from peace on FAR by those who keep order there (no brawls), so what they say "
        "here is not shown there until the ban is lifted."
    ]
    assert shown(home, "peace") == ["What, drawn?", "Put up thy sword"]
    assert {one.chat for one in home.far.actions(Edit)} == {"war"}
    assert shown(home, "war") == ["What, drawn?", "Talk of peace!", "Put up thy sword"]

    await home.stop()
    await home.start()
    home.says(account, "war", "Tybalt", "as I hate hell", "6")
    home.says(account, "war", "Benvolio", "All of you!", "7")
    await until(home, "peace", "All of you!")
    assert "as I hate hell" not in shown(home, "peace")

    bars(home, account, None)
    home.says(account, "war", "Tybalt", "Here's to peace", "8")
    await until(home, "peace", "Here's to peace")
    rows = await home.rows("select person, did, whom, link, room from audit order by id")
    assert rows == [
        ("Escalus", "banned", "Tybalt on far", "verona", "peace"),
        ("Escalus", "banned", "Tybalt on far", "verona", "peace"),
        ("Escalus", "let in again", "Tybalt on far", "verona", "peace"),
    ]


async def test_what_waits_is_not_carried_and_its_author_hears_so(home: House) -> None:
    account = await linked(home)
    busy = Unavailable("Not now.", scope=Scope.CHAT)
    home.far.raises = lambda action: busy if action.chat == "peace" else None
    home.says(account, "duels", "Tybalt", "Thou art a villain", "1")
    home.says(account, "duels", "Benvolio", "Gentle Tybalt", "2")
    await home.settled()
    bars(home, account, Bar.BANNED)
    await home.settled()
    home.far.raises = lambda action: None
    assert home.hub is not None
    home.hub.lanes.wake([account])
    await until(home, "peace", "Gentle Tybalt")
    await until(home, "duels", "“Tybalt” is banned")

    assert shown(home, "peace") == ["Gentle Tybalt"]
    assert len([one for one in shown(home, "duels") if "“Tybalt” is banned" in one]) == 1
    home.says(account, "duels", "Tybalt", "Turn and draw", "3")
    home.says(account, "duels", "Benvolio", "I pray thee", "4")
    await until(home, "peace", "I pray thee")
    assert len([one for one in shown(home, "duels") if "“Tybalt” is banned" in one]) == 1


async def test_a_removal_is_over_after_its_time(home: House) -> None:
    account = await linked(home)
    bars(home, account, Bar.REMOVED, seconds=DAY)
    home.says(account, "duels", "Tybalt", "Boy!", "1")
    await until(home, "duels", "Those who keep order")
    assert isinstance(home.clock, Clock)
    home.clock.ahead = DAY + 1
    home.says(account, "duels", "Tybalt", "Good morrow", "2")
    await until(home, "peace", "Good morrow")

    assert [one for one in shown(home, "duels") if "Tybalt" in one] == [
        "Those who keep order in peace on FAR have had “Tybalt” leave (no brawls), so what they say here is "
        "not shown there, for the next 24 hours, or until they are asked in again."
    ]
    assert shown(home, "peace") == ["Good morrow"]


async def test_what_nobody_is_to_be_shown_is_turned_away(home: House) -> None:
    account = await linked(home)
    assert home.hub is not None
    for room in ("duels", "war"):
        bars(home, account, Bar.BANNED, room=room)
    home.says(account, "peace", "Tybalt", "Have at thee", "1")
    await until(home, "peace", "“Tybalt” is banned", 2)  # one for each room

    assert home.hub.counters.ignored[NetworkId("far"), "barred"] == 1
    assert shown(home, "duels") == shown(home, "war") == []


async def test_who_is_banned_with_an_account_of_their_own_is_not_brought_by_ours(home: House) -> None:
    relay = await linked(home)
    own = await home.account("romeo@home.example", "@romeo")
    home.far.report(own, ChatSeen(chat=ChatId("peace"), kind=ChatKind.ROOM, name="Peace"))
    await home.settled()
    by = Contact(ContactId("Escalus"), "Escalus")
    gone = Occupant(Contact(ContactId("@romeo"), "Romeo"), Membership.BANNED)
    home.far.report(own, OccupantChanged(chat=ChatId("peace"), occupant=gone, by=by))
    await home.settled()
    barred = await home.rows("select network, person, banned, until from bans")
    home.far.report(own, ChatSeen(chat=ChatId("peace"), kind=ChatKind.ROOM, name="Peace"))
    await home.settled()

    assert barred == [("xmpp", "romeo@home.example", 1, 0.0)]
    assert await home.rows("select * from bans") == []
    assert relay


@pytest.mark.parametrize("who", ["a user's own account", "an unknown room"])
async def test_not_everybody_is_believed(home: House, who: str) -> None:
    account = await linked(home)
    if who == "an unknown room":
        bars(home, account, Bar.BANNED, room="elsewhere")
    else:
        own = await home.account("tybalt@home.example", "@tybalt")
        home.far.report(own, ChatSeen(chat=ChatId("peace"), kind=ChatKind.ROOM, name="Peace"))
        bars(home, own, Bar.BANNED)
    await home.settled()

    assert await home.rows("select * from bans") == []
