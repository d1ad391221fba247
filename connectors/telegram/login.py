"""Logging in with a bot of one's own: its token, which @BotFather gave to who made it.

Source: https://core.telegram.org/bots/api#getme, #getwebhookinfo; https://core.telegram.org/bots/features#botfather.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from bridge.contract import (
    ConnectorError,
    Contact,
    Credentials,
    Dialogue,
    Field,
    Form,
    LoggedOut,
    LoginRefused,
    NetworkId,
    Workspace,
)
from connectors.telegram import errors, fields, receiving
from connectors.telegram.api import Api, base_of
from connectors.telegram.chats import person
from connectors.telegram.privacy import PRIVACY

SHAPE = re.compile(r"[0-9]{1,15}:[A-Za-z0-9_-]{30,100}")
_MOST_TRIES = 10
_TEXT = (
    "Make a bot of your own: write to @BotFather on Telegram, send /newbot, and copy the token that it answers with. "
    "Whoever writes to your bot is then a contact here, and each group that it is added to a room."
)


async def with_token(ask: Dialogue, workspace: Workspace, network: NetworkId) -> Credentials:
    """Ask until Telegram knows the bot. Raises `LoginRefused`."""
    token, me = await bot(ask, workspace, network, _TEXT, lambda me: "")
    if not reads_all(me):
        await ask.show(PRIVACY)
    return _credentials(me, token, workspace.clock.time())


async def bot(
    ask: Dialogue, workspace: Workspace, network: NetworkId, text: str, lacks: Callable[[Mapping[str, Any]], str]
) -> tuple[str, Mapping[str, Any]]:
    """Ask for a token until Telegram knows the bot, and it `lacks` nothing (whole sentences); what it is. Raises
    `LoginRefused`."""
    try:
        base = base_of(workspace.options.get("api_url"))
    except ConnectorError as error:
        raise LoginRefused(error.text) from error
    for _ in range(_MOST_TRIES):
        token = (await ask.ask(_form(text)))["token"].strip()
        if SHAPE.fullmatch(token) is None:
            text = "This is no token of a bot: they look like 123456789:AAF… with about 35 letters. Try again."
            continue
        try:
            async with Api(base, token, workspace.http) as api:
                me = fields.mapping(await api.ask("getMe"))
                webhook = fields.string(fields.mapping(await api.ask("getWebhookInfo")).get("url"))
        except LoggedOut:
            text = "Telegram knows no bot with this token. Copy it from @BotFather and try again."
            continue
        except ConnectorError as error:
            text = f"{error.text} Try again."
            continue
        if webhook and webhook != receiving.address_of(network, bot_of(me).id, workspace):
            raise LoginRefused(errors.WEBHOOK)
        text = lacks(me)
        if not text:
            return token, me
    raise LoginRefused("That was wrong too often. Begin again when you have the token.")


def reads_all(me: Mapping[str, Any]) -> bool:
    """Whether the bot sees all that is said in groups: privacy mode is off."""
    return me.get("can_read_all_group_messages") is True


def bot_of(me: Mapping[str, Any]) -> Contact:
    """Raises `LoginRefused` for an answer that makes no sense."""
    found = person(me)
    if found is None or me.get("is_bot") is not True:
        raise LoginRefused("Telegram's answer makes no sense, so you are not logged in.")
    return found


def _credentials(me: Mapping[str, Any], token: str, now: float) -> Credentials:
    who = bot_of(me)
    return Credentials(who.id, who.name, {"token": token, "since": str(int(now))})


def _form(text: str) -> Form:
    return Form("Log in to Telegram", text, (Field("token", "Token of your bot", secret=True),))
