"""Who is shown to write: by the account that its user has chosen, and nobody who has opted out."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.contract import Capabilities, ChatId, ChatKind, ChatSeen, Contact, ContactId, Send, SetTyping, TypingChanged
from bridge.store.database import Database
from tests.support.house import FAR, House, at_home, house, in_rooms
from tests.support.little import ALL, LittleNetwork

ROMEO = "romeo@home.example"
SIGNS = ALL | {SetTyping}
ROOM = ChatId("!room")


@pytest.fixture
async def home(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    here, rooms = at_home(), in_rooms()
    xmpp = LittleNetwork(
        "xmpp",
        Capabilities(actions=here.actions | SIGNS, idempotent=True, unique_ids=False, personas=True, window=8),
        rooms=Capabilities(actions=rooms.actions | SIGNS, idempotent=True, unique_ids=False, personas=True),
    )
    far = LittleNetwork("far", Capabilities(actions=SIGNS, idempotent=True, echoes=True))
    async with house(database, tmp_path, xmpp=xmpp, far=far) as made:
        yield made


def writes(home: House, account: int, chat: str, who: str, *, at: str = "far") -> None:
    network = home.xmpp if at == "xmpp" else home.far
    network.report(account, TypingChanged(chat=ChatId(chat), sender=Contact(ContactId(who)), typing=True))


async def test_of_who_has_opted_out_nothing_is_shown_but_by_accounts_of_users(home: House) -> None:
    relay, own = await home.account("", "@relay"), await home.account(ROMEO, "@romeo")
    assert home.hub is not None
    ends = [("far", "", ROOM, relay), ("xmpp", "", "verona@conference.example", home.home_account)]
    assert await home.hub.linking.add("verona", ends)
    home.direct(own, "!direct", "@anna")
    home.says(own, "!direct", "@anna", "hello", "$1")
    await home.xmpp.until(1, Send)
    await home.people.choices.opt_outs.choose(FAR, "@anna", out=True, at=1.0)

    writes(home, relay, ROOM, "@anna")
    writes(home, own, "!direct", "@anna")
    writes(home, relay, ROOM, "@nurse")

    shown = await home.xmpp.until(2, SetTyping)
    assert {(one.chat, one.persona.contact) for one in shown if one.persona is not None} == {
        (f"{ROMEO} @anna@far", "@anna"), ("verona@conference.example", "@nurse"),
    }  # fmt: skip


async def test_who_has_several_accounts_in_a_room_writes_by_the_one_that_is_chosen(home: House) -> None:
    accounts = [await home.account(ROMEO, "@romeo"), await home.account(ROMEO, "@montague")]
    for account in accounts:
        home.far.report(account, ChatSeen(chat=ROOM, kind=ChatKind.ROOM, name="Verona"))
    await home.until_rows("SELECT count(*) FROM chat_accounts", [(2,)])
    [(room,)] = await home.rows("SELECT native FROM chats WHERE kind = 'hosted'")
    await home.people.choices.choose(ROMEO, FAR, room, "account", "@montague")

    writes(home, home.home_account, room, ROMEO, at="xmpp")

    await home.far.until(1, SetTyping)
    assert [account for account, action in home.far.done if isinstance(action, SetTyping)] == [accounts[1]]
