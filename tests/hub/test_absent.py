"""Who is meant in a room that they have not entered is told so: once, until they were in it or a day has passed."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.contract import (
    AccountId,
    BlockedChanged,
    ChatId,
    ChatKind,
    ChatSeen,
    Contact,
    ContactId,
    Message,
    MessageId,
    MessageReceived,
    Occupant,
    Rules,
    Send,
    Span,
    SpanKind,
)
from bridge.store.database import Database
from tests.support.house import FAR, House, house

ROMEO, APP, GATEWAY = "romeo@home.example", "romeo@home.example/app", "romeo@home.example @far"
VERONA = ChatId("#verona@far")
ANNA = Contact(ContactId("@anna"), "Anna")
MENTIONED = (
    "Anna has mentioned you in the room Verona (#verona@far), which you have not entered: enter it to read and answer. "
    "Of this room you hear once a day at most; `settings mentions=off` stops such messages."
)


class Absence:
    """Romeo's account is in Verona, and he is not."""

    def __init__(self, home: House, account: AccountId) -> None:
        self.home = home
        self.account = account
        self._number = 0

    def said(self, who: Contact = ANNA, whom: str = "", network: str = "") -> MessageReceived:
        self._number += 1
        spans = (Span(0, 5, SpanKind.MENTION, whom, network),) if whom else ()
        id = MessageId(f"${self._number}")
        return MessageReceived(
            chat=ChatId("!verona"), id=id, sender=who, at=1.0, message=Message(f"Romeo {self._number}", spans=spans)
        )

    async def told(self, *events: MessageReceived) -> list[str]:
        """What the gateway has told Romeo, once these events are durable and everything behind them was done."""
        self.home.far.report(self.account, *events)
        await self.home.settled()
        await self.home.until_rows("SELECT count(*) FROM deliveries", [(0,)])
        return [one.message.text for one in self.home.xmpp.actions(Send) if one.chat == GATEWAY]


@pytest.fixture
async def absence(database: Database, tmp_path: Path) -> AsyncIterator[Absence]:
    async with house(database, tmp_path) as home:
        home.far.occupants["!verona"] = [Occupant(Contact(ContactId("@romeo"), "Romeo")), Occupant(ANNA)]
        account = await home.account(ROMEO, "@romeo")
        seen(home, account)
        await home.settled()
        yield Absence(home, account)


def seen(home: House, account: AccountId, *, open: bool = True) -> None:
    event = ChatSeen(chat=ChatId("!verona"), kind=ChatKind.ROOM, name="Verona", alias="#verona", rules=Rules(open=open))
    home.far.report(account, event)


async def a_day_passes(home: House) -> None:
    await home.database.write(lambda c: c.exec_driver_sql("UPDATE visits SET told = told - 86401"))


async def test_one_is_told_once_until_a_day_has_passed_also_by_another_process(absence: Absence) -> None:
    home = absence.home
    assert await absence.told(absence.said()) == []
    assert await absence.told(absence.said(whom="@romeo")) == [MENTIONED]
    assert await absence.told(absence.said(whom="@romeo"), absence.said(whom="@romeo")) == [MENTIONED]

    await home.stop()
    await home.start()
    assert await absence.told(absence.said(whom="@romeo")) == [MENTIONED]
    await a_day_passes(home)

    assert await absence.told(absence.said(whom="@romeo"), absence.said(whom="@romeo")) == [MENTIONED] * 2


async def test_one_is_meant_also_where_no_word_names_one(absence: Absence) -> None:
    others = replace(absence.said(), called=(ContactId("@anna"), ContactId("@nobody")))

    assert await absence.told(others) == []
    assert await absence.told(replace(absence.said(), called=(ContactId("@romeo"),))) == [MENTIONED]


async def test_who_is_in_it_reads_it_there_and_who_was_is_told_again(absence: Absence) -> None:
    assert len(await absence.told(absence.said(whom="@romeo"))) == 1
    await absence.home.rooms.attend(VERONA, APP)
    await a_day_passes(absence.home)
    assert len(await absence.told(absence.said(whom="@romeo"))) == 1

    absence.home.rooms.part(VERONA, APP)

    assert len(await absence.told(absence.said(whom="@romeo"), absence.said(whom="@romeo"))) == 2


async def test_others_and_what_oneself_says_and_whom_one_blocks_are_not_told(absence: Absence) -> None:
    me = Contact(ContactId("@romeo"), "Romeo")
    others = [
        absence.said(whom="@juliet"),
        absence.said(whom="@romeo", network="elsewhere"),
        absence.said(me, "@romeo"),
    ]
    assert await absence.told(*others) == []

    absence.home.far.report(absence.account, BlockedChanged(contacts=frozenset({ANNA.id})))
    await absence.home.settled()

    assert await absence.told(absence.said(whom="@romeo")) == []


async def test_one_can_choose_not_to_be_told(absence: Absence) -> None:
    choices = absence.home.people.choices
    await choices.choose(ROMEO, FAR, "", "mentions", "off")
    assert await absence.told(absence.said(whom="@romeo")) == []

    await choices.choose(ROMEO, FAR, VERONA, "mentions", "on")

    assert await absence.told(absence.said(whom="@romeo")) == [MENTIONED]


@pytest.mark.parametrize(("open", "people", "number"), [(False, 2, 1), (False, 6, 0), (True, 2, 0)])
async def test_in_a_small_private_room_one_is_always_meant(
    absence: Absence, open: bool, people: int, number: int
) -> None:
    more = [Occupant(Contact(ContactId(f"@p{n}"), f"P{n}")) for n in range(people - 2)]
    absence.home.far.occupants["!verona"] += more
    seen(absence.home, absence.account, open=open)
    await absence.home.settled()
    await absence.home.rooms.enter(VERONA, ROMEO)

    told = await absence.told(absence.said(), absence.said())

    assert [text.partition(",")[0] for text in told] == [
        "Anna has written to you in the room Verona (#verona@far)"
    ] * number


async def test_what_is_old_tells_nobody(absence: Absence) -> None:
    home = absence.home
    await home.stop()
    await home.database.write(lambda c: c.exec_driver_sql("UPDATE accounts SET caught_up = caught_up - 32400"))
    home.far.kept[absence.account] = [absence.said(whom="@romeo")]
    await home.start()
    juliet = await home.account("juliet@home.example", "@juliet")
    home.far.kept[juliet] = [absence.said(whom="@juliet")]
    seat = home.hub.sessions.seat(absence.account)  # type: ignore[union-attr]
    await seat.live.wait()  # type: ignore[union-attr]

    assert await absence.told() == []


async def test_a_long_name_stays_on_one_line(absence: Absence) -> None:
    (text,) = await absence.told(absence.said(Contact(ContactId("@x"), "An\nna " + "x" * 900), "@romeo"))

    assert text.startswith("An na xxx")
    assert len(text) < 400


async def test_what_was_said_since_one_was_there_is_known(absence: Absence) -> None:
    rooms = absence.home.rooms
    assert (await rooms.unseen(ROMEO, FAR), await rooms.audience(VERONA)) == ([], [(ROMEO, "@romeo")])
    await absence.told(absence.said(Contact(ContactId("@romeo"))))
    assert await rooms.unseen(ROMEO, FAR) == []

    await absence.told(absence.said())
    assert await rooms.unseen(ROMEO, FAR) == [VERONA]
    await rooms.attend(VERONA, APP)
    assert await rooms.unseen(ROMEO, FAR) == []
    rooms.part(VERONA, APP)
    await absence.home.settled()
    assert await rooms.unseen(ROMEO, FAR) == []
    await absence.told(absence.said())

    assert await rooms.unseen(ROMEO, FAR) == [VERONA]
    assert await rooms.unseen("paris@home.example", FAR) == []
