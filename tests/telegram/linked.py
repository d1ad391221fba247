"""A hub between a little network, whose people have no bots of their own, and groups of a bot that speaks for them."""

import itertools
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.contract import (
    ChatId,
    Contact,
    ContactId,
    Message,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    NetworkId,
    ReactionsChanged,
)
from bridge.hub.hub import Hub, Surroundings
from bridge.hub.limits import Limits
from bridge.hub.people import KnownPeople
from bridge.hub.workspace import Workspaces
from bridge.store import accounts
from bridge.store.database import Database
from bridge.store.secrets import Secrets
from connectors.telegram import TelegramConnector
from tests.support.asking import HandClock
from tests.support.botapi.state import Chat, Said
from tests.support.house import PlainHome, at_home
from tests.support.little import LittleNetwork
from tests.telegram.stage import Stage

NAMES = ("Abram", "Balthasar", "Gregory", "Peter", "Sampson")


@dataclass
class Linked:
    """`away` is the network of the people; their rooms are called as the groups are."""

    play: Stage
    database: Database
    folder: Path
    away: LittleNetwork = field(default_factory=lambda: LittleNetwork("xmpp", at_home()))
    hub: Hub | None = None
    account: int = 0
    _ids: Any = field(default_factory=lambda: itertools.count(1))

    async def start(self) -> None:
        secrets = await self.database.write(lambda c: Secrets.for_database(self.folder / "key", c))
        options: Mapping[NetworkId, Any] = {NetworkId("telegram"): {"api_url": self.play.api.url, **self.play.options}}
        workspaces = Workspaces(self.database, self.play.http, HandClock(), self.folder, dict(options))
        nets: dict[NetworkId, Any] = {
            NetworkId("xmpp"): self.away, NetworkId("telegram"): TelegramConnector("telegram", self.play.pace)
        }  # fmt: skip
        people = KnownPeople(self.database, ["*"], [])
        self.hub = Hub(
            Surroundings(self.database, nets, workspaces, secrets, people, PlainHome(), Limits(backoff_max=0.5))
        )
        bot = self.play.bot
        sealed = secrets.seal({"token": bot.token})
        await self.database.write(
            lambda c: accounts.put_account(c, "telegram", "", str(bot.id), bot.first_name, sealed)
        )
        await self.hub.start()
        self.account = next(seat.account for seat in self.hub.sessions.seats() if seat.network == "xmpp")

    async def stop(self) -> None:
        if self.hub is not None:
            await self.hub.stop()
            self.hub = None

    async def link(self, *groups: Chat) -> None:
        assert self.hub is not None
        relay = next(seat.account for seat in self.hub.sessions.seats() if seat.network == "telegram")
        for group in groups:
            scope = "" if group.shared else str(self.play.bot.id)
            ends = [("xmpp", "", str(group.id), self.account), ("telegram", scope, str(group.id), int(relay))]
            assert await self.hub.linking.add(group.title, ends)

    def tells(self, kind: Any, who: str, group: Chat, **what: Any) -> MessageId:
        """Somebody on the other network does something in the room of `group`; what that is called."""
        id = MessageId(f"m{next(self._ids)}")
        chat, sender = ChatId(str(group.id)), Contact(ContactId(f"{who.lower()}@home.example"), who)
        self.away.report(
            self.account, kind(chat=chat, id=id, sender=sender, at=time.time(), origin=f"app {id}", **what)
        )
        return id

    def says(self, who: str, group: Chat, text: str, **more: Any) -> MessageId:
        return self.tells(MessageReceived, who, group, message=Message(text, **more))

    def edits(self, who: str, group: Chat, target: MessageId, text: str) -> MessageId:
        return self.tells(MessageEdited, who, group, target=target, message=Message(text))

    def takes_back(self, who: str, group: Chat, target: MessageId) -> MessageId:
        return self.tells(MessageRetracted, who, group, target=target)

    def reacts(self, who: str, group: Chat, target: MessageId, *emoji: str) -> MessageId:
        return self.tells(ReactionsChanged, who, group, target=target, reactions=emoji)

    def by_bot(self, group: Chat) -> list[Said]:
        return [said for said in group.visible if said.author is self.play.bot]

    def lines(self, group: Chat) -> list[str]:
        """What people said, one text after the other, whoever it was."""
        found = [line for said in self.by_bot(group) for line in said.text.split("\n")]
        return [line.partition(": ")[2] if line.partition(":")[0] in NAMES else line for line in found]


@asynccontextmanager
async def linked(play: Stage, *groups: Chat) -> AsyncIterator[Linked]:
    """Running, with these groups linked."""
    async with AsyncExitStack() as stack:
        database = await Database.open(f"sqlite:///{play.folder / 'hub.db'}")
        stack.push_async_callback(database.close)
        made = Linked(play, database, play.folder)
        stack.push_async_callback(made.stop)
        await made.start()
        await made.link(*groups)
        await play.world.until(lambda: play.bot.id in play.world.updates.waiting)
        yield made
