"""What a hosted room or a direct chat does not show: its people hear of it, once for many."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.contract import AccountId, ChatId, ChatKind, ChatSeen, Reason, Refused, Send, Unparsable
from bridge.hub.limits import Limits
from bridge.store.database import Database
from tests.support.house import House, house

ROMEO = "romeo@home.example"
VERONA = ChatId("#verona@far")


@pytest.fixture
async def home(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with house(database, tmp_path, limits=Limits(delay_notice=0.2)) as made:
        yield made


async def in_verona(home: House) -> AccountId:
    account = await home.account(ROMEO, "@romeo")
    home.far.report(account, ChatSeen(chat=ChatId("!verona"), kind=ChatKind.ROOM, name="Verona", alias="#verona"))
    home.direct(account, "with-anna", "anna")
    await home.settled()
    return account


def unread(chat: str) -> Unparsable:
    return Unparsable(reason="no type", source=f"far {chat}", raw='{"x": 1}', chat=ChatId(chat))


async def test_what_cannot_be_understood_is_said_once_where_it_is_missing(home: House) -> None:
    account = await in_verona(home)
    for _ in range(5):
        home.far.report(account, unread("!verona"), unread("with-anna"), unread("unknown"))
    home.says(account, "!verona", "anna", "the last", "$1")

    sent = await home.xmpp.until(3, Send)
    await home.settled()

    said = {(one.chat, one.message.text) for one in sent}
    assert said == {
        (VERONA, "the last"),
        (VERONA, "Something that was said in this room could not be read or understood, so it is not shown here. "
                 "You can read it in a FAR app."),
        (f"{ROMEO} @far", "Something that was written to you on FAR could not be read or understood, so it is not "
                          "shown here. You can read it in a FAR app."),
    }  # fmt: skip
    assert len(home.xmpp.actions(Send)) == 3
    assert len(await home.rows("SELECT * FROM dead_letters")) == 15


async def test_what_the_server_does_not_take_is_said_once_in_the_room(home: House) -> None:
    account = await in_verona(home)
    home.xmpp.raises = lambda action: (
        Refused("It is too strange.", Reason.POLICY)
        if isinstance(action, Send) and action.message.text.startswith("strange")
        else None
    )
    for number in range(3):
        home.says(account, "!verona", "anna", f"strange {number}", f"$s{number}")
    home.says(account, "!verona", "anna", "the last", "$1")
    said = await home.xmpp.until(2, Send)
    await home.settled()

    told = next(one.message.text for one in said if one.message.text != "the last")
    assert "from anna could not be delivered to this room: It is too strange. You can still read" in told
    assert {one.chat for one in said} == {VERONA}
    assert home.xmpp.actions(Send) == said
