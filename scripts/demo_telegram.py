"""The demo's part on Telegram: a bot of Romeo's own. Without a token of a real one (TELEGRAM_BOT_TOKEN) it is on the
Bot API server of the tests, with a Juliet who taps “Start” and talks to it, and a group with the operator's bot."""

import asyncio
import math
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.support.botapi import BotApi
from tests.support.botapi.state import Bot, Chat, Said, User
from tests.support.commands import execute
from tests.support.gateway import TELEGRAM
from tests.support.xmpp_client import XmppClient, bare, body, receipt_of

TOKEN = "TELEGRAM_BOT_TOKEN"
HELLO, ANSWER = "What man art thou that, thus bescreened in night?", "By a name I know not how to tell thee who I am"


@dataclass(frozen=True)
class Telegram:
    """Where the bot is. `far` is who speaks to it on the tests' server; None on the real one."""

    token: str
    api_url: str
    far: "Far | None" = None

    def network(self, secret: str) -> Mapping[str, Any]:
        """For the gateway's configuration."""
        network = {"connector": "telegram", "jid": TELEGRAM, "secret": secret, "api_url": self.api_url}
        return {"telegram": network | ({"bot_token": self.far.operator.token} if self.far is not None else {})}


@dataclass(frozen=True)
class Far:
    """Juliet, and what stands in her chat with the bot; a group with somebody in it, and with the operator's bot."""

    api: BotApi
    bot: Bot
    juliet: User
    chat: Chat
    operator: Bot
    visitor: User
    group: Chat

    @property
    def address(self) -> str:
        """Juliet's, on XMPP."""
        return f"{self.juliet.id}@{TELEGRAM}"

    def said(self) -> list[Said]:
        """What the bot has."""
        return [said for said in self.chat.visible if said.author is self.bot]

    async def echo(self) -> None:
        """Answer whatever else is said to her."""
        world, answered = self.api.world, len(self.said())
        while True:
            for said in self.said()[answered:]:
                answered += 1
                world.says(self.juliet, self.chat, f"Thou sayest “{said.text}”?")
            await world.until(partial(self.has_more_than, answered), math.inf)

    def has_more_than(self, number: int) -> bool:
        return len(self.said()) > number


@asynccontextmanager
async def telegram() -> AsyncIterator[Telegram]:
    """The real one if there is a token, else the tests'."""
    token = os.environ.get(TOKEN, "").strip()
    if token:
        yield Telegram(token, "https://api.telegram.org")
        return
    async with BotApi() as api:
        bot, juliet = api.world.bot("Romeo", reads_all=True), api.world.person("Juliet", "Capulet")
        operator, tybalt = api.world.bot("Landbridge", reads_all=True), api.world.person("Tybalt")
        group = api.world.group("The café", tybalt, operator, supergroup=True)
        chat = api.world.state.private(bot, juliet)
        yield Telegram(bot.token, api.url, Far(api, bot, juliet, chat, operator, tybalt, group))


async def prove(xmpp: XmppClient, me: str, here: Telegram, seconds: float, say: Callable[[str], None]) -> None:
    """Raises TimeoutError or RuntimeError when it does not work."""
    step = await execute(xmpp, TELEGRAM, "login", {"flow": "bot"}, {"token": here.token})
    if step.status != "completed":
        raise RuntimeError(f"the login with a bot did not work: {step}")
    say(f"{TELEGRAM} says to {me}: {step.text}")
    if here.far is None:
        return
    far, world = here.far, here.far.api.world
    world.starts(far.juliet, far.bot)
    stanza = await xmpp.expect(lambda s: bare(s) == far.address and bool(body(s)), seconds, "news from Telegram")
    say(f"{me} sees from {far.address}: {body(stanza)}")

    world.says(far.juliet, far.chat, HELLO)
    stanza = await xmpp.expect(lambda s: bare(s) == far.address and bool(body(s)), seconds, "message from Telegram")
    say(f"{me} sees from {far.address}: {body(stanza)}")

    id = xmpp.message(far.address, ANSWER)
    await world.until(lambda: bool(far.said()), seconds)
    said = far.said()[-1]
    say(f"{far.juliet.first_name} on Telegram sees from the bot {said.author.first_name}: {said.text}")
    await xmpp.expect(lambda s: receipt_of(s) == id, seconds, "receipt", again=True)
    say(f"{me} sees that it was delivered.")


def invitation(here: Telegram) -> str:
    """How to try it."""
    if here.far is None:
        return "a Telegram app   write to your bot: you are then a contact of Romeo's"
    address = here.far.address
    return f"Telegram         write to {address}: she answers (this one is made for tests; {TOKEN}=… uses a real bot)"


@asynccontextmanager
async def answering(here: Telegram) -> AsyncIterator[None]:
    """As long as this lasts, Juliet answers."""
    task = asyncio.create_task(here.far.echo()) if here.far is not None else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
