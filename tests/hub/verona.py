"""A hosted room: Romeo is in it with Anna and the Prince, who are on the network "far"."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bridge.contract import (
    AccountId,
    ChatId,
    ChatKind,
    ChatSeen,
    Contact,
    ContactId,
    Message,
    MessageId,
    MessageReceived,
    MessageRetracted,
    ReactionsChanged,
    Send,
)
from bridge.store.database import Database
from tests.support.house import House, house

ROMEO, VERONA, THERE = "romeo@home.example", ChatId("#verona@far"), ChatId("!verona")


class Verona:
    """Romeo's account is in a room with Anna and the Prince; both sides say what happens."""

    def __init__(self, home: House, account: AccountId) -> None:
        self.home = home
        self.account = account
        self._numbers = iter(range(1, 1_000))

    def far(self, kind: Any, who: str, **what: Any) -> str:
        """Somebody on far does something; what it is called there."""
        id = f"${next(self._numbers)}"
        sender = Contact(ContactId(f"@{who}"), who.capitalize())
        given = {"at": 1.0, **what}
        self.home.far.report(self.account, kind(chat=THERE, id=MessageId(id), sender=sender, **given))
        return id

    def xmpp(self, kind: Any, **what: Any) -> str:
        """Romeo does something from XMPP."""
        id = f"m{next(self._numbers)}"
        sender = Contact(ContactId(ROMEO))
        event = kind(
            chat=VERONA, id=MessageId(id), sender=sender, at=1.0, origin=f"{ROMEO}/app {id}", confirm=False, **what
        )
        self.home.xmpp.report(self.home.home_account, event)
        return id

    async def said(self, text: str = "hello") -> tuple[Send, Send]:
        """Romeo says something; how it is shown at home and said on far."""
        at_home, on_far = (len(net.actions(Send)) for net in (self.home.xmpp, self.home.far))
        self.xmpp(MessageReceived, message=Message(text))
        return (await self.home.xmpp.until(at_home + 1, Send))[-1], (await self.home.far.until(on_far + 1, Send))[-1]

    def named(self, action: Send) -> MessageId:
        """What the network where it was done has called it."""
        net = self.home.far if action.chat == THERE else self.home.xmpp
        return MessageId(f"{net.id}-{1 + [one for _, one in net.done].index(action)}")


@asynccontextmanager
async def in_verona(database: Database, folder: Path) -> AsyncIterator[Verona]:
    async with house(database, folder) as home:
        account = await home.account(ROMEO, "@romeo")
        home.far.report(account, ChatSeen(chat=THERE, kind=ChatKind.ROOM, name="Verona", alias="#verona"))
        await home.settled()
        yield Verona(home, account)


def reacts(verona: Verona, who: str, target: str, emoji: str) -> str:
    return verona.far(ReactionsChanged, who, target=MessageId(target), reactions=(emoji,), added=True)


def takes_back(verona: Verona, who: str, target: str) -> str:
    return verona.far(MessageRetracted, who, target=MessageId(target), moderator=True)
