"""Late is not live: a room's archive gets what comes after a long outage, its people one line; direct chats get all."""

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bridge.contract import (
    ChatId,
    ChatKind,
    ChatSeen,
    Contact,
    ContactId,
    Edit,
    Event,
    Message,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    Retract,
    Send,
    Unavailable,
)
from bridge.hub.limits import Limits
from bridge.store.database import Database
from tests.support.house import House, house

ROMEO, VERONA = "romeo@home.example", ChatId("#verona@far")
HOUR = 3_600.0
LINE = re.compile(
    r"(\d+ messages were|A message was) written while this room was cut off, (?:from ([\d-]+ [\d:]+) to|on) "
    r"([\d-]+ [\d:]+) UTC\. To read what was missed, leave the room and enter it again: it is in the room's history\."
)


@pytest.fixture
async def home(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with house(database, tmp_path, limits=Limits(backoff_max=0.1)) as made:
        made.far.report(
            await made.account(ROMEO, "@romeo"),
            ChatSeen(chat=ChatId("!verona"), kind=ChatKind.ROOM, name="Verona", alias="#verona"),
            ChatSeen(chat=ChatId("with-anna"), kind=ChatKind.DIRECT, contact=Contact(ContactId("@anna"), "Anna")),
            message("first", "$0"),
        )
        await made.xmpp.until(1, Send)
        await made.settled()
        yield made


def account(home: House) -> int:
    return next(iter(home.far.events))


def message(text: str, id: str, at: float | None = None, chat: str = "!verona") -> MessageReceived:
    sender = Contact(ContactId("@anna"), "Anna")
    when = time.time() if at is None else at
    return MessageReceived(chat=ChatId(chat), id=MessageId(id), sender=sender, at=when, message=Message(text))


async def out_of_touch(home: House, hours: float) -> None:
    """The gateway was down so long, as its database tells."""
    await home.stop()
    change = f"UPDATE accounts SET caught_up = caught_up - {hours * HOUR} WHERE caught_up > 0"
    await home.database.write(lambda c: c.exec_driver_sql(change))


async def back(home: House, *kept: Event | Exception) -> None:
    home.far.kept[account(home)] = list(kept)
    await home.start()
    seat = home.hub.sessions.seat(account(home))  # type: ignore[union-attr]
    await seat.live.wait()  # type: ignore[union-attr]
    await home.settled()


def shown(home: House) -> list[str]:
    """What was said in the room, but for the first message."""
    return [one.message.text for one in home.xmpp.actions(Send) if one.chat == VERONA][1:]


async def archived(home: House) -> list[str]:
    return [line.message.text for line in await home.said_in(VERONA, ROMEO)]


async def test_a_room_gets_its_archive_and_one_line(home: House) -> None:
    now = time.time()
    await out_of_touch(home, 9)

    await back(home, *(message(f"line {n}", f"${n}", now - (9 - n) * HOUR) for n in range(1, 9)))
    home.far.report(account(home), message("live", "$live"))
    await home.xmpp.until(3, Send)

    line, live = shown(home)
    found = LINE.fullmatch(line)
    assert found is not None, line
    begin, end = (time.strftime("%Y-%m-%d %H:%M", time.gmtime(now - hours * HOUR)) for hours in (8, 1))
    assert found.groups() == ("8 messages were", begin, end)
    assert live == "live"
    assert await archived(home) == ["first", *(f"line {n}" for n in range(1, 9)), "live"]


async def test_after_a_shorter_one_everything_comes_with_its_time(home: House) -> None:
    at = time.time() - 4 * HOUR
    await out_of_touch(home, 5)

    await back(home, message("late", "$1", at))
    await home.xmpp.until(2, Send)

    assert [one.at for one in home.xmpp.actions(Send)] == [None, at]


async def test_a_direct_chat_gets_every_message_with_its_time(home: House) -> None:
    times = [time.time() - hours * HOUR for hours in (30, 20, 10)]
    await out_of_touch(home, 40)

    await back(home, *(message(f"{n}", f"$d{n}", at, "with-anna") for n, at in enumerate(times)))
    await home.xmpp.until(4, Send)

    assert [(one.message.text, one.at) for one in home.xmpp.actions(Send)[1:]] == [
        (f"{n}", at) for n, at in enumerate(times)
    ]


@pytest.mark.parametrize(("outage", "wrong", "lines"), [(9, 8, 1), (9, -8, 1), (1, -8, 0)])
async def test_a_homeservers_wrong_clock_decides_nothing(home: House, outage: float, wrong: float, lines: int) -> None:
    """It is so many hours ahead."""
    now = time.time()
    await out_of_touch(home, outage)

    await back(home, message("late", "$1", now - HOUR / 2 + wrong * HOUR))
    home.far.report(account(home), message("live", "$live", now + wrong * HOUR))
    said = await home.xmpp.until(3, Send)

    assert [bool(LINE.fullmatch(text)) for text in shown(home)] == [bool(lines), False]
    if lines:
        end = LINE.fullmatch(shown(home)[0])[3]  # type: ignore[index]
        assert time.strftime("%Y-%m-%d %H:%M", time.gmtime(now - outage * HOUR - 60)) <= end
        assert end <= time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    assert said[-1].message.text == "live"


async def test_a_break_in_the_middle_gives_one_line_for_all(home: House) -> None:
    await out_of_touch(home, 9)
    home.far.kept[account(home)] = [message("1", "$1"), message("2", "$2"), Unavailable("Gone.", retry_after=0.05)]

    await home.start()
    await until_journaled(home, 3)
    await home.stop()
    await back(home, message("2", "$2"), message("3", "$3"))
    await home.xmpp.until(2, Send)

    (line,) = shown(home)
    assert line.startswith("3 messages were written")
    assert await archived(home) == ["first", "1", "2", "3"]
    await home.stop()
    await back(home)
    assert len(shown(home)) == 1


async def until_journaled(home: House, number: int) -> None:
    while len(await archived(home)) < number:
        await home.settled()


async def test_what_changes_a_message_is_shown_if_that_was(home: House) -> None:
    await out_of_touch(home, 9)
    common: dict[str, Any] = {"chat": ChatId("!verona"), "sender": Contact(ContactId("@anna")), "at": time.time()}
    new = message("new", "$1")
    of_new = MessageEdited(id=MessageId("$2"), target=MessageId("$1"), message=Message("newer"), **common)
    of_old = MessageRetracted(id=MessageId("$3"), target=MessageId("$0"), **common)

    await back(home, new, of_new, of_old)
    await home.xmpp.until(1, Retract)
    later = MessageEdited(id=MessageId("$4"), target=MessageId("$1"), message=Message("newest"), **common)
    home.far.report(account(home), later)
    (edited,) = await home.xmpp.until(1, Edit)

    (line,) = shown(home)
    (kept,) = await home.said_in(VERONA, ROMEO)
    assert line.startswith("A message was written")
    assert (kept.message.text, edited.message.text, edited.target.ids) == ("newest", "newest", (kept.key,))


async def owed_for(home: House, hours: float) -> None:
    """The room could not be reached for so long."""
    rooms = "SELECT id FROM chats WHERE kind = 'hosted'"
    change = f"UPDATE deliveries SET at = at - {hours * HOUR} WHERE chat IN ({rooms})"
    await home.database.write(lambda c: c.exec_driver_sql(change))


async def test_what_a_room_could_not_be_shown_for_long_is_in_its_archive(home: House) -> None:
    home.xmpp.raises = lambda action: Unavailable("The server is down.")
    home.far.report(account(home), *(message(f"{n}", f"${n}") for n in range(1, 81)))
    await home.settled()
    await home.stop()
    await owed_for(home, 7)
    await back(home, message("new", "$new"))
    home.xmpp.raises = lambda action: None
    await home.xmpp.until(3, Send)

    (line,) = [text for text in shown(home) if text != "new"]
    assert line.startswith("80 messages were written")
    assert await archived(home) == ["first", *(f"{n}" for n in range(1, 81)), "new"]


async def test_what_is_given_up_is_in_the_archive_and_told(database: Database, tmp_path: Path) -> None:
    limits = Limits(backoff_max=0.1, patience=0.3)
    async with house(database, tmp_path, limits=limits) as home:
        romeo = await home.account(ROMEO, "@romeo")
        home.far.report(romeo, ChatSeen(chat=ChatId("!verona"), kind=ChatKind.ROOM, name="Verona", alias="#verona"))
        home.xmpp.raises = lambda action: Unavailable("The server is down.") if "cut off" not in said(action) else None
        home.far.report(romeo, message("1", "$1"), message("2", "$2"))
        while not await home.rows("SELECT * FROM backlogs WHERE number = 2"):
            await home.settled()
        await home.stop()
        home.xmpp.raises = lambda action: None

        await home.start()

        (line,) = await home.xmpp.until(1, Send)
        assert line.message.text.startswith("2 messages were written")
        assert await home.rows("SELECT * FROM deliveries WHERE state <> 0") == []


def said(action: Any) -> str:
    return action.message.text if isinstance(action, Send) else ""
