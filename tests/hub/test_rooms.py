"""Rooms of one's own account as rooms at home: made when first seen, shared, told of, left."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.contract import ChatId, ChatKind, ChatSeen, Contact, ContactId, Occupant, Rank
from bridge.hub.limits import Limits
from bridge.store.database import Database
from tests.support.house import House, house

ROMEO, JULIET = "romeo@home.example", "juliet@home.example"
VERONA = ChatId("#verona@far")


@pytest.fixture
async def home(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with house(database, tmp_path, limits=Limits(delay_notice=0.2, backoff_max=0.3)) as made:
        yield made


def seen(home: House, account: int, **more: str) -> None:
    home.far.report(
        account,
        ChatSeen(chat=ChatId("!verona"), kind=ChatKind.ROOM, **{"name": "Verona", "alias": "#verona", **more}),  # type: ignore[arg-type]
    )


async def test_a_room_can_be_entered_by_whoever_is_in_it(home: House) -> None:
    account = await home.account(ROMEO, "@romeo")
    home.far.occupants["!verona"] = [
        Occupant(Contact(ContactId("@romeo"), "Romeo")),
        Occupant(Contact(ContactId("@anna"), "Anna"), rank=Rank.ADMIN),
    ]
    seen(home, account)
    await home.settled()

    entry = await home.hub.rooms.enter(VERONA, ROMEO)

    assert (entry.me, entry.room.name) == ("@romeo", "Verona")
    assert [(one.nick, one.rank) for one in entry.occupants] == [("Anna", Rank.ADMIN), ("Romeo", Rank.MEMBER)]
