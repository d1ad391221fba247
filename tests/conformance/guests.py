"""A guest of the operator's bot, as the conformance suite wants a network: Romeo has invited Juliet and her nurse."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from bridge.contract import Account, AccountId, ConnectorError, CursorMoved, NetworkId
from bridge.hub.workspace import PassingMemory
from bridge.testing.conformance import Shown
from tests.conformance.telegram import TelegramUnderTest
from tests.support.botapi import BotApi
from tests.support.botapi.links import follows
from tests.support.botapi.state import Chat, User
from tests.support.proxy import Proxy

USER = "romeo@example.org"


class GuestUnderTest(TelegramUnderTest):
    """The operator's session is kept connected beside, as the hub does."""

    def __init__(self, api: BotApi, chat: Chat, juliet: User, nurse: User, proxy: Proxy, folder: Path) -> None:
        bot = api.world.state.bots[0]
        super().__init__(api, bot, chat, juliet, nurse, proxy, folder)
        options: Mapping[str, str] = {**self.workspace.options, "bot_token": bot.token}
        self._operators = replace(self.workspace, account=AccountId(2), options=options, memory=PassingMemory())
        appointed = self.connector.operator(options)
        assert appointed is not None
        network = NetworkId("telegram")
        self._operator = Account(AccountId(2), network, "", appointed.me, appointed.secret)
        assert self.connector.guests is not None
        given = self.connector.guests.credentials(USER)
        self._account = Account(AccountId(1), network, USER, given.me, given.secret)
        self._running: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Juliet and her nurse have followed an invitation, and that is read."""
        assert self.connector.guests is not None
        self._running = asyncio.create_task(self._keep())
        await self.api.world.until(lambda: self.bot.id in self.api.world.updates.waiting)
        async with self.connector.connect(self.account, self.workspace) as guest:
            reading = asyncio.create_task(_read(guest))
            for who in (self.juliet, self.api.world.state.users[int(self.somebody)]):
                follows(self.api.world, who, (await self.connector.guests.invite(USER)).link)
                chat = self.api.world.state.private(self.bot, who)
                await self.api.world.until(lambda chat=chat: any(s.author is self.bot for s in chat.visible))  # type: ignore[misc]
            await self.api.world.until(lambda: self.bot.id in self.api.world.updates.waiting)
            reading.cancel()
            await asyncio.wait([reading])

    async def end(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    async def shown(self) -> Sequence[Shown]:
        return [one for one in await super().shown() if not one.text.startswith(("/start", "You talk with"))]

    async def _keep(self) -> None:
        cursor: str | None = None
        while True:
            try:
                async with self.connector.connect(self._operator, self._operators) as session:
                    cursor = await _read(session, cursor)
            except ConnectorError:
                await asyncio.sleep(0.05)


async def _read(session: object, cursor: str | None = None) -> str | None:
    async with aclosing(session.events(cursor)) as events:  # type: ignore[attr-defined]
        async for event in events:
            if isinstance(event, CursorMoved):
                cursor = event.cursor
                session.journaled(event.cursor)  # type: ignore[attr-defined]
    return cursor


@asynccontextmanager
async def guest_network(folder: Path) -> AsyncIterator[GuestUnderTest]:
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(BotApi())
        proxy = await stack.enter_async_context(Proxy(api.port))
        world = api.world
        bot, juliet, nurse = world.bot("Verona"), world.person("Juliet"), world.person("Nurse")
        network = GuestUnderTest(api, world.state.private(bot, juliet), juliet, nurse, proxy, folder)
        stack.push_async_callback(network.http.close)
        await network.begin()
        stack.push_async_callback(network.end)
        yield network
