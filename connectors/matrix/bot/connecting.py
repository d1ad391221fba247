"""Connecting the operator's bot: the configuration names it and has its access token."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from bridge.contract import Account, ContactId, Credentials, LoggedOut, Refused, Unavailable, Workspace
from connectors.matrix import ids
from connectors.matrix.api import Api, path
from connectors.matrix.bot.session import BotSession, BotSpeaker
from connectors.matrix.connecting import Connecting, Kind
from connectors.matrix.discovery import Configured
from connectors.matrix.notes import Notes
from connectors.matrix.relay.bridged import Bridged
from connectors.matrix.relay.doors import Doors
from connectors.matrix.tokens import Fixed

_BOT = Kind(BotSession, BotSpeaker, accepts=False)
_SECONDS = 15.0
_ENDED = (
    "The homeserver does not accept the bot_token in the configuration. Log the bot in again, and put its token there."
)


def operator(options: Mapping[str, Any]) -> Credentials | None:
    """The bot, where the configuration names one. Raises `Refused`."""
    me, token = options.get("bot"), options.get("bot_token")
    if not me and not token:
        return None
    if not (me and token and options.get("homeserver")):
        raise Refused("A bot needs three things: bot, its name; bot_token, its access token; and homeserver.")
    if not ids.valid_user(me):
        raise Refused(f"{me!r} is no Matrix user: bot looks like @bridge:example.org.")
    return Credentials(ContactId(me), "", {"bot": "yes"})


def is_bot(account: Account) -> bool:
    return "bot" in account.secret


def api_of(workspace: Workspace) -> Api:
    """It speaks as the bot. Raises `Unavailable`."""
    base = Configured.read(workspace.options.get("homeserver")).base
    bearer = Fixed(str(workspace.options.get("bot_token") or ""), lacks=_ENDED)
    return Api(workspace.http, base, trusted=True, bearer=bearer)


async def check(api: Api, me: str) -> None:
    """Whether it is the bot's token. Raises `Unavailable`, with a sentence for the operator."""
    try:
        said = (await api.get(path("account", "whoami"), seconds=_SECONDS)).get("user_id")
    except (Refused, LoggedOut) as error:
        raise Unavailable(error.text, lasting=True) from error
    if said != me:
        raise Unavailable(f"The bot_token in the configuration is that of {said}, and not of {me}.", lasting=True)


@asynccontextmanager
async def connected(account: Account, workspace: Workspace, connecting: Connecting) -> AsyncIterator[BotSession]:
    """Raises `Unavailable`."""
    api = api_of(workspace)
    await check(api, account.me)
    asked = Notes(workspace.memory, "asked into")
    await asked.load()
    async with connecting.speaking(account, workspace, api, None, _BOT) as session:
        assert isinstance(session, BotSession)
        session.doors = Doors(session.known.api, asked, workspace.clock, workspace.log)
        session.bridged = Bridged(
            session.known.api, account.me, account.me.__eq__, session.known.groups, workspace.memory
        )
        answering = asyncio.create_task(session.doors.run(), name=f"invitations of {account.me}")
        try:
            yield session
        finally:
            answering.cancel()
            await asyncio.wait({answering})
