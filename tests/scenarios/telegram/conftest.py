"""Plays with Telegram: Romeo has a bot of his own, on the tests' Bot API server. Who writes to it is a contact."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import COMPONENTS
from tests.support import commands
from tests.support.botapi import BotApi
from tests.support.botapi.state import Bot, Chat, Said, User
from tests.support.botapi.world import World
from tests.support.gateway import TELEGRAM, Gateway, telegram
from tests.support.xmpp_client import XmppClient
from tests.support.xmpp_servers import XmppServer

PASSWORD = "open sesame"


@dataclass
class OnTelegram:
    """`chat` is what Juliet and Romeo's bot say to each other."""

    server: XmppServer
    api: BotApi
    gateway: Gateway
    app: XmppClient
    bot: Bot
    juliet: User

    @property
    def world(self) -> World:
        return self.api.world

    @property
    def chat(self) -> Chat:
        return self.world.state.private(self.bot, self.juliet)

    @property
    def address(self) -> str:
        """Juliet's, on XMPP."""
        return f"{self.juliet.id}@{TELEGRAM}"

    async def log_in(self, app: XmppClient | None = None, bot: Bot | None = None) -> None:
        given = {"token": (bot or self.bot).token}
        step = await commands.execute(app or self.app, TELEGRAM, "login", {"flow": "bot"}, given)
        assert step.status == "completed", step
        await self.polls(bot)

    async def polls(self, bot: Bot | None = None) -> None:
        """Return when the bot waits for news: what is said from now on is told as it is said."""
        await self.world.until(lambda: (bot or self.bot).id in self.world.updates.waiting)

    async def gateway_restarts(self) -> None:
        def restart() -> None:
            self.gateway.stop()
            self.gateway.start()

        await asyncio.to_thread(restart)

    async def met(self) -> None:
        await self.log_in()
        self.world.starts(self.juliet, self.bot)
        assert await self.app.text_from(self.address) == "has opened the chat with your bot."

    async def arrives(self, text: str, chat: Chat | None = None) -> Said:
        """What the bot has said, when it is there."""
        where = chat or self.chat
        await self.world.until(lambda: any(s.text == text and s.author is self.bot for s in where.visible))
        return next(s for s in where.visible if s.text == text and s.author is self.bot)


@asynccontextmanager
async def staged(server: XmppServer, tmp_path: Path, **options: Any) -> AsyncIterator[OnTelegram]:
    name = f"romeo-{tmp_path.name}"[-40:].lower().replace("_", "-").strip("-")
    romeo = await asyncio.to_thread(server.add_user, name, PASSWORD)
    async with BotApi() as api:
        bot, juliet = api.world.bot("Romeo"), api.world.person("Juliet", "Capulet")
        allowed = {"allow_private": [f"localhost:{server.http_port}"]}
        gateway = Gateway(telegram(COMPONENTS[TELEGRAM], api.url, **options), server.component_port, allowed)
        try:
            await asyncio.to_thread(gateway.start)
            async with XmppClient(romeo, PASSWORD, server.c2s_port) as app:
                yield OnTelegram(server, api, gateway, app, bot, juliet)
        finally:
            print(gateway.log[-20_000:], file=sys.stderr)  # shown for a play that fails
            await asyncio.to_thread(gateway.close)


@pytest.fixture
async def stage(server: XmppServer, tmp_path: Path) -> AsyncIterator[OnTelegram]:
    async with staged(server, tmp_path) as made:
        yield made
