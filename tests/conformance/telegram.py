"""Telegram on the tests' Bot API server, as the conformance suite wants a network: Romeo's bot, and Juliet."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bridge.contract import Account, AccountId, Connector, ContactId, MessageId, NetworkId, Workspace
from bridge.hub.workspace import PassingMemory
from bridge.testing.conformance import Shown, Way
from bridge.web.client import HttpClient
from connectors.telegram import TelegramConnector, ids
from connectors.telegram.limits import Pace
from tests.support.botapi import BotApi
from tests.support.botapi.state import Bot, Chat, Said, User
from tests.support.botapi.uploads import file_of
from tests.support.clock import RealClock
from tests.support.proxy import Proxy

QUICK = Pace(second=0.0)  # no limits: the server has none either


class TelegramUnderTest:
    """The bot reaches the server through a proxy, which `cut` cuts until it connects again."""

    trims = True  # Telegram takes the white space around a message away
    credentials_stay = True  # only @BotFather ends a token

    def __init__(
        self, api: BotApi, bot: Bot, chat: Chat, juliet: User, nurse: User, proxy: Proxy, folder: Path
    ) -> None:
        self.api = api
        self.bot = bot
        self.chat = chat
        self.juliet = juliet
        self.connector: Connector = TelegramConnector("telegram", QUICK)
        self.http = HttpClient()
        options = {"api_url": f"http://127.0.0.1:{proxy.port}"}
        log = logging.getLogger("landbridge.telegram")
        self.workspace = Workspace(
            AccountId(1), options, self.http, PassingMemory(), RealClock(), log, folder
        )  # fmt: skip
        self.room = ids.chat(chat.id)
        self.somebody = ids.person(nurse.id)
        self.nobody = ContactId("999999999")
        self.ways = [Way("bot", {"token": bot.token}, {"token": f"{bot.id}:{'AAF' + 'x' * 32}"})]
        self.elsewhere: Mapping[str, str] = {"business": "tests/telegram/test_business_login.py"}
        self._proxy = proxy
        self._account = Account(
            AccountId(1), NetworkId("telegram"), "romeo@example.org", ids.person(bot.id), {"token": bot.token}
        )

    @property
    def account(self) -> Account:
        """Asked for by who connects: the way is open again."""
        self._proxy.mend()
        return self._account

    async def say(self, text: str) -> MessageId:
        return self._id(self.api.world.says(self.juliet, self.chat, text))

    async def say_file(self, name: str, mime: str, data: bytes) -> None:
        self.api.world.sends_file(self.juliet, self.chat, "document", name, mime, data)

    async def shown_files(self) -> list[tuple[str, bytes]]:
        found = []
        for said in self.chat.visible:
            file = file_of(said.content) if said.author is self.bot else None
            if file is not None:
                found.append((said.text or file.name, file.data))
        return found

    async def edit(self, target: MessageId, text: str) -> None:
        self.api.world.edits(self._said(target), self.chat, text)

    async def retract(self, target: MessageId) -> None:
        self._said(target).gone = True  # and nobody tells the bot

    async def react(self, target: MessageId, *reactions: str) -> None:
        self.api.world.reacts(self.juliet, self.chat, self._said(target), *reactions)

    async def shown(self) -> Sequence[Shown]:
        return [
            Shown(
                self._id(said), said.text, ours=said.author is self.bot, edited=bool(said.edited),
                reactions=tuple(said.emoji(self.bot.id)),
            )
            for said in self.chat.visible
            if said.text != "/start" and ("text" in said.content or "caption" in said.content)
        ]  # fmt: skip

    async def told(self) -> Sequence[tuple[str, str]]:
        return ()

    async def cut(self) -> None:
        self._proxy.cut()

    def _id(self, said: Said) -> MessageId:
        return ids.message(self.chat.id, self.chat.number(said, self.bot.id))

    def _said(self, id: MessageId) -> Said:
        number = ids.message_number(self.chat.id, id)
        return next(s for s in self.chat.messages if self.chat.number(s, self.bot.id) == number)


@asynccontextmanager
async def telegram_network(folder: Path, *, supergroup: bool = False) -> AsyncIterator[TelegramUnderTest]:
    """The room is a private chat with Juliet, or a supergroup in which the bot is an administrator."""
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(BotApi())
        proxy = await stack.enter_async_context(Proxy(api.port))
        world = api.world
        bot, juliet, nurse = world.bot("Romeo", reads_all=True), world.person("Juliet"), world.person("Nurse")
        world.group("Verona", nurse, bot)
        chat = world.starts(juliet, bot)
        if supergroup:
            chat = world.group("Square", juliet, bot, supergroup=True)
            world.promotes(juliet, chat, bot)
        network = TelegramUnderTest(api, bot, chat, juliet, nurse, proxy, folder)
        stack.push_async_callback(network.http.close)
        yield network
