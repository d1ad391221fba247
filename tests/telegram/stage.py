"""A bot that is connected to a Bot API server without a hub: what it reports, and what it does."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.contract import (
    Account,
    AccountId,
    Action,
    ChatId,
    Message,
    MessageId,
    NetworkId,
    Send,
    Session,
    Span,
    Workspace,
)
from bridge.hub.workspace import PassingMemory
from bridge.testing.conformance.network import Reader, reading
from bridge.web.client import HttpClient
from connectors.telegram import TelegramConnector, ids
from connectors.telegram.limits import Pace
from tests.support.botapi import BotApi, World
from tests.support.botapi.limits import Limits
from tests.support.botapi.state import Bot, Chat, Said, User
from tests.support.clock import RealClock


@dataclass
class Stage:
    """Romeo's bot; Juliet has started it. `memory` outlives its sessions."""

    api: BotApi
    bot: Bot
    juliet: User
    chat: Chat
    folder: Path
    http: HttpClient
    pace: Pace
    memory: PassingMemory = field(default_factory=PassingMemory)
    options: dict[str, Any] = field(default_factory=dict)
    secret: dict[str, str] = field(default_factory=dict)

    @property
    def world(self) -> World:
        return self.api.world

    @property
    def account(self) -> Account:
        me, secret = ids.person(self.bot.id), {"token": self.bot.token, **self.secret}
        return Account(AccountId(1), NetworkId("telegram"), "romeo@example.org", me, secret)

    @property
    def room(self) -> ChatId:
        return ids.chat(self.chat.id)

    def workspace(self, options: Mapping[str, Any] | None = None) -> Workspace:
        given = {"api_url": self.api.url, **self.options, **(options or {})}
        log = logging.getLogger("landbridge.telegram")
        return Workspace(AccountId(1), given, self.http, self.memory, RealClock(), log, self.folder)

    @asynccontextmanager
    async def connected(self, **options: Any) -> AsyncIterator[Session]:
        connector = TelegramConnector("telegram", self.pace)
        async with connector.connect(self.account, self.workspace(options)) as session:
            yield session

    @asynccontextmanager
    async def live(self, cursor: str | None = "0") -> AsyncIterator[tuple[Session, Reader]]:
        async with self.connected() as session, reading(session, cursor) as reader:
            yield session, reader

    def send(self, text: str, spans: Sequence[Span] = (), chat: Chat | None = None, **more: Any) -> Send:
        where = ids.chat(chat.id) if chat is not None else self.room
        return Send(chat=where, key=more.pop("key", "k"), message=Message(text, tuple(spans), **more))

    def id(self, said: Said, chat: Chat | None = None) -> MessageId:
        where = chat or self.chat
        return ids.message(where.id, where.number(said, self.bot.id))


async def performed(session: Session, action: Action) -> list[MessageId]:
    """Every part; what came of them."""
    found: list[MessageId] = []
    for part in session.parts(action):
        found += (await session.perform(part)).ids
    return found


@asynccontextmanager
async def stage(
    folder: Path, pace: Pace | None = None, limits: Limits | None = None, *, reads_all: bool = True
) -> AsyncIterator[Stage]:
    """Without a `pace` neither side has limits."""
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(BotApi(limits=limits))
        bot, juliet = api.world.bot("Romeo", reads_all=reads_all), api.world.person("Juliet", "Capulet")
        chat = api.world.starts(juliet, bot)
        http = HttpClient()
        stack.push_async_callback(http.close)
        yield Stage(api, bot, juliet, chat, folder, http, pace or Pace(second=0.0))
