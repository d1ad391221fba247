"""Plays with the operator's bot: Romeo and Nurse are users with no bot of their own; Juliet is on Telegram."""

import asyncio
import contextlib
import re
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import COMPONENTS
from tests.support.botapi import BotApi
from tests.support.botapi.links import LINK, follows
from tests.support.botapi.state import Bot, Chat, Said, User
from tests.support.botapi.world import World
from tests.support.gateway import TELEGRAM, Gateway, telegram
from tests.support.xmpp_client import XmppClient
from tests.support.xmpp_servers import XmppServer

PASSWORD = "open sesame"
ACCEPTED = "has accepted your invitation."


@dataclass
class Hosted:
    """`apps` by name; the names are what stands before the @ of their addresses."""

    server: XmppServer
    api: BotApi
    gateway: Gateway
    bot: Bot
    juliet: User
    apps: dict[str, XmppClient] = field(default_factory=dict)

    @property
    def world(self) -> World:
        return self.api.world

    @property
    def chat(self) -> Chat:
        """Juliet's with the bot."""
        return self.chat_of(self.juliet)

    def chat_of(self, who: User) -> Chat:
        return self.world.state.private(self.bot, who)

    def address(self, who: User | None = None) -> str:
        return f"{(who or self.juliet).id}@{TELEGRAM}"

    async def polls(self) -> None:
        await self.world.until(lambda: self.bot.id in self.world.updates.waiting)

    async def link(self, app: XmppClient) -> str:
        """An invitation, asked for by chat."""
        app.message(TELEGRAM, "invite", receipt=False)
        said = await app.text_from(TELEGRAM)
        found = LINK.search(said)
        assert found is not None, said
        return found[0]

    async def meets(self, app: XmppClient, who: User | None = None) -> Said:
        """Somebody follows an invitation of a user; what the bot tells them."""
        said = follows(self.world, who or self.juliet, await self.link(app))
        assert await app.text_from(self.address(who)) == ACCEPTED
        return await self.told(rf"You talk with .*{re.escape(app.bare)}", who, after=said)

    async def told(self, pattern: str, who: User | None = None, *, after: Said | None = None) -> Said:
        """What the bot has said in somebody's chat, when it is there."""
        chat = self.chat_of(who or self.juliet)

        def found() -> Said | None:
            begin = chat.messages.index(after) + 1 if after is not None else 0
            said = [s for s in chat.messages[begin:] if not s.gone and s.author is self.bot]
            return next((s for s in said if re.search(pattern, s.text)), None)

        await self.world.until(lambda: found() is not None)
        said = found()
        assert said is not None
        return said

    async def says(self, text: str, who: User | None = None, **more: Any) -> Said:
        """Somebody says something, and the gateway has taken it."""
        one = who or self.juliet
        said = self.world.says(one, self.chat_of(one), text, **more)
        await self.polls()
        return said

    def opted_out(self) -> list[str]:
        """People on Telegram of whom the gateway carries nothing for others (SQLite)."""
        with contextlib.closing(sqlite3.connect(self.gateway.folder / "landbridge.db")) as database:
            return [row[0] for row in database.execute("SELECT person FROM opt_outs WHERE network = 'telegram'")]

    async def restarts(self, *, kill: bool = False) -> None:
        def restart() -> None:
            if kill:
                self.gateway.kill()
            else:
                self.gateway.stop()
            self.gateway.start()

        await asyncio.to_thread(restart)


@asynccontextmanager
async def hosted(server: XmppServer, tmp_path: Path, *names: str, **options: Any) -> AsyncIterator[Hosted]:
    """`names` of users; each is told apart from those of other plays by an ending that all here have."""
    ending = re.sub(r"[^a-z0-9]", "", tmp_path.name.lower())[-12:]
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(BotApi())
        bot, juliet = api.world.bot("Verona"), api.world.person("Juliet", "Capulet")
        allowed = {"allow_private": [f"localhost:{server.http_port}"]}
        network = telegram(COMPONENTS[TELEGRAM], api.url, bot_token=bot.token, **options)
        gateway = Gateway(network, server.component_port, allowed)
        made = Hosted(server, api, gateway, bot, juliet)
        try:
            await asyncio.to_thread(gateway.start)
            for name in names:
                jid = await asyncio.to_thread(server.add_user, f"{name}-{ending}", PASSWORD)
                made.apps[name] = await stack.enter_async_context(XmppClient(jid, PASSWORD, server.c2s_port))
            yield made
        finally:
            print(gateway.log[-20_000:], file=sys.stderr)  # shown for a play that fails
            await asyncio.to_thread(gateway.close)
