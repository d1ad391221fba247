"""Logging in with one's own account, by connecting a bot with it.

The bot's token shows that the bot is theirs; whose account is connected with it Telegram tells the bot. As anybody can
connect an account with any bot, they say which one is theirs.

Source: https://core.telegram.org/bots/api#getme (`can_connect_to_business`), #businessconnection.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.contract import Credentials, Dialogue, Field, Form, LoginRefused, NetworkId, Workspace
from connectors.telegram import fields, login
from connectors.telegram.api import Api, base_of
from connectors.telegram.business.connecting import CONNECTION
from connectors.telegram.business.connection import WHERE, Told, asked, told

_KINDS = ("business_connection", "business_message", "edited_business_message", "deleted_business_messages")
_WAIT = 20  # seconds for which Telegram holds an answer back while there is no news
_HERE = 10.0  # seconds that we look whether it is connected, when somebody says so
_MOST_TRIES = 30
_TITLE = "Your own chats on Telegram"
_TEXT = (
    "Your private chats are carried through a bot that you connect with your account. Make one for that alone: write "
    "to @BotFather on Telegram, send /newbot, then /mybots, choose the bot, Bot Settings, Business Mode, Turn on. Copy "
    "its token here."
)
_NO_BUSINESS = (
    "Business Mode of this bot is off. Write to @BotFather, /mybots, choose the bot, Bot Settings, Business Mode, Turn "
    "on. Then send the token again."
)
_RULES = (
    "Telegram lets a bot write for you only where the other person has written to you within 24 hours, and tells it of "
    "no reactions. Whoever has the bot's token can read these chats."
)


async def with_business(ask: Dialogue, workspace: Workspace, network: NetworkId) -> Credentials:
    """Ask for the bot, then until it is connected. Raises `LoginRefused` and the four errors."""
    since = workspace.clock.time()  # what is said while this goes on is told
    token, me = await login.bot(ask, workspace, network, _TEXT, _lacks)
    async with Api(base_of(workspace.options.get("api_url")), token, workspace.http) as api:
        if fields.mapping(await api.ask("getWebhookInfo")).get("url"):
            await api.ask("deleteWebhook")  # it is ours, of before
        found = await _connected(ask, api, fields.line(me.get("username"), 64))
    await ask.show(_RULES)
    secret = {
        "token": token, "since": str(int(since)), CONNECTION: found.id, "name": found.owner.name,
    }  # fmt: skip
    return Credentials(found.owner.id, found.owner.name, secret)


def _lacks(me: Mapping[str, Any]) -> str:
    return "" if me.get("can_connect_to_business") is True else _NO_BUSINESS


async def _connected(ask: Dialogue, api: Api, name: str) -> Told:
    """Wait for a connection, and have the person say that it is theirs."""
    how = f"Connect the bot @{name} with your Telegram account: {WHERE}. Let it reply to, read and delete messages"
    text = f"{how}; then go on here."
    watch = _Watch(api)
    for _ in range(_MOST_TRIES):
        await ask.ask(Form(_TITLE, text, ()))
        try:
            async with asyncio.timeout(_HERE):
                found = await watch.come()
        except TimeoutError:
            text = (
                f"Telegram has told of no connection yet. {how}; then go on here. If it is connected already, "
                "disconnect it and connect it again, or wait until somebody writes to you."
            )
            continue
        mine = await _theirs(ask, found)
        if mine is not None:
            return mine
        watch.strangers |= {one.owner.id for one in found}
        text = f"Then it is not connected with yours yet. {how}; then go on here."
    raise LoginRefused("The bot has not been connected. Send “login” when you want to try again.")


async def _theirs(ask: Dialogue, found: Sequence[Told]) -> Told | None:
    """Which of them the person says is their own."""
    options = tuple((one.owner.id, f"{one.owner.name or 'no name'} ({one.owner.id})") for one in found)
    names = ", ".join(f"{label}: `{value}`" for value, label in options)
    wish = Field("account", "Your Telegram account", value=options[0][0], options=(*options, ("none", "None of them")))
    text = f"Connected with the bot is {names}. Which one is yours? If none is, `none`."
    chosen = (await ask.ask(Form(_TITLE, text, (wish,))))["account"]
    return next((one for one in found if one.owner.id == chosen), None)


class _Watch:
    """What Telegram tells the bot of connections. Nothing is confirmed that tells of one: what is said from then on is
    for the session that follows."""

    def __init__(self, api: Api) -> None:
        self.strangers: set[str] = set()
        self._api = api

    async def come(self) -> list[Told]:
        """Those that are open, as soon as there are any. Raises the four errors."""
        offset = 0
        while True:
            given = {"offset": offset, "timeout": _WAIT, "allowed_updates": list(_KINDS)}
            batch = fields.listed(await self._api.ask("getUpdates", given, _WAIT + 10.0))
            names = {name: None for raw in batch if (name := _named(raw))}
            found = {now.owner.id: now for name in names if (now := await asked(self._api, name)) and now.enabled}
            mine = [one for id, one in found.items() if id not in self.strangers]
            if mine:
                return mine
            numbers = [n for raw in batch if (n := fields.integer(fields.mapping(raw).get("update_id"))) is not None]
            offset = max(numbers) + 1 if numbers else offset


def _named(raw: object) -> str:
    """The connection that an update tells of; empty if of none."""
    update = fields.mapping(raw)
    kind = next((kind for kind in _KINDS if kind in update), "")
    said = fields.mapping(update.get(kind))
    connection = told(said) if kind == "business_connection" else None
    return connection.id if connection is not None else fields.string(said.get("business_connection_id"))[:200]
