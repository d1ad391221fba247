"""Romeo's own chats on a stage: a bot that is the way to them, without a hub."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from bridge.contract import Account, AccountId, NetworkId, Session, Workspace
from bridge.testing.conformance.network import Reader, reading
from connectors.telegram import TelegramConnector, ids
from tests.support.botapi.business import Business, Connection, OwnChat
from tests.support.botapi.state import Said, User
from tests.telegram.stage import Stage


@dataclass
class OwnChats:
    """`kept` are credentials that have changed, oldest first."""

    play: Stage
    romeo: User
    chat: OwnChat  # with Juliet
    connection: Connection
    kept: list[Mapping[str, str]] = field(default_factory=list)

    @property
    def business(self) -> Business:
        return self.play.api.business

    @property
    def account(self) -> Account:
        secret = {"token": self.play.bot.token, "connection": self.connection.id, "name": "Romeo", "since": "1"}
        secret = dict(self.kept[-1]) if self.kept else secret
        return Account(AccountId(1), NetworkId("telegram"), "romeo@example.org", ids.person(self.romeo.id), secret)

    def workspace(self, **options: Any) -> Workspace:
        async def keep(secret: Mapping[str, str]) -> None:
            self.kept.append(secret)

        return replace(self.play.workspace(options), keep=keep)

    def id(self, said: Said) -> str:
        return ids.message(self.chat.id, self.business.number(self.chat, said))

    @asynccontextmanager
    async def live(self, cursor: str | None = "0") -> AsyncIterator[tuple[Session, Reader]]:
        connector = TelegramConnector("telegram", self.play.pace)
        async with (
            connector.connect(self.account, self.workspace()) as session,
            reading(session, cursor) as reader,
        ):
            yield session, reader


def own_chats(play: Stage, *rights: str) -> OwnChats:
    play.bot.business = True
    play.bot.queue.clear()
    romeo = play.world.person("Romeo", "Montague")
    connection = play.api.business.connects(romeo, play.bot, *rights)
    return OwnChats(play, romeo, play.api.business.chat(romeo, play.juliet), connection)
