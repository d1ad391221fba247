"""kill -9 amid traffic with a bot: nothing accepted is lost, order is kept, and since Telegram neither takes a key nor
shows a bot what it has said, what was just under way in a chat may come twice, once for each crash, and is counted.

TESTS_SEED repeats a run.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from tests.conftest import ANY_SERVER, COMPONENTS, FULL
from tests.support import commands, talks
from tests.support.botapi import BotApi
from tests.support.botapi.state import Bot, Chat, User
from tests.support.folk import PASSWORD, Person
from tests.support.gateway import TELEGRAM, Gateway, telegram
from tests.support.kills import Killer, nothing
from tests.support.matrix_client import MatrixClient
from tests.support.talks import Direct, Talk
from tests.support.xmpp_client import XmppClient
from tests.support.xmpp_servers import XmppServer

KILLS = 10 if FULL else 3
CHATS = 5
MESSAGES = 300 if FULL else 75  # each way


@dataclass
class TelegramApp:
    """In the hands of who talks with the bot."""

    api: BotApi
    chat: Chat
    person: User

    async def send(self, room: str, text: str) -> None:
        self.api.world.says(self.person, self.chat, text)


class WithBot(Direct):
    """`element` is a `TelegramApp`."""

    @property
    def said(self) -> list[str]:
        """By the bot, in order, repeats too; texts that have waited go together."""
        chat = cast(TelegramApp, self.element).chat
        return [one.text for one in chat.messages if isinstance(one.author, Bot)]

    def on_matrix(self) -> list[str]:
        return list(dict.fromkeys(line for text in self.said for line in text.split("\n")))


class Counting(Killer):
    """Reads before each kill how often the gateway says that something may have come twice."""

    counted = 0.0

    async def kill(
        self,
        some: Sequence[Talk],
        come_back: Callable[[], Awaitable[None]] = nothing,
        *,
        alone: bool = False,
    ) -> None:
        self.count()
        await super().kill(some, come_back, alone=alone)

    def count(self) -> None:
        self.counted += self._gateway.metric("landbridge_possible_duplicates_total", network="telegram")


@ANY_SERVER
async def test_kill_9_loses_nothing_and_repeats_at_most_what_was_under_way(server: XmppServer) -> None:
    async with BotApi() as api:
        settings = telegram(COMPONENTS[TELEGRAM], api.url)
        with Gateway(settings, server.component_port, log_level="info") as gateway:
            name = f"romeo-{gateway.http}"
            jid = await asyncio.to_thread(server.add_user, name, PASSWORD)
            async with XmppClient(jid, PASSWORD, server.c2s_port) as app:
                await amid_kills(api, gateway, app, Person(name, jid))


async def amid_kills(api: BotApi, gateway: Gateway, app: XmppClient, user: Person) -> None:
    bot = api.world.bot("Romeo")
    step = await commands.execute(app, TELEGRAM, "login", {"flow": "bot"}, {"token": bot.token})
    assert step.status == "completed", step
    await api.world.until(lambda: bot.id in api.world.updates.waiting)
    chats = []
    for number in range(CHATS):
        person = api.world.person(f"Guest {number}")
        with_them = TelegramApp(api, api.world.starts(person, bot), person)
        chats.append(WithBot(app, f"{person.id}@{TELEGRAM}", cast(MatrixClient, with_them), user))
    killer = Counting(gateway, KILLS)
    speaking: list[Any] = [
        one
        for chat, share in talks.shares(MESSAGES, chats)
        for one in (talks.talk_out(chat, share, killer.up, killer.own()), talks.talk_back(chat, share))
    ]
    await killer.amid(chats, MESSAGES, speaking)
    killer.count()

    repeated = 0
    for chat in chats:
        times = Counter(chat.said)
        assert chat.on_matrix() == chat.out, "in order, and all"
        assert max(times.values()) <= 1 + KILLS
        again = sum(times.values()) - len(times)
        assert again <= KILLS, "at most one for each crash"
        repeated += again
        assert chat.came_back() == chat.back
    print(f"repeated on Telegram: {repeated}, said to be possible: {killer.counted:.0f}")
    assert repeated <= killer.counted
    assert sum(len(chat.back) for chat in chats) == MESSAGES
    assert gateway.metric("landbridge_dead_letters", network="telegram") == 0
