"""Connecting somebody's own chats: the bot's token is checked, and whether it is connected with their account."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bridge.contract import Account, Contact, LoginRefused, NetworkId, Refused, Session, Unavailable, Workspace
from connectors.telegram import fields, login, receiving
from connectors.telegram.api import Api
from connectors.telegram.business.connection import Connection
from connectors.telegram.business.session import BusinessSession
from connectors.telegram.business.speaking import Speaking
from connectors.telegram.business.updates import BusinessReader, Own
from connectors.telegram.chats import Chats
from connectors.telegram.connecting import options_of, since_of
from connectors.telegram.limits import Limits, Pace
from connectors.telegram.stickers import Stickers

CONNECTION = "connection"  # in an account's credentials: the last one that was known


@asynccontextmanager
async def connected(account: Account, workspace: Workspace, network: NetworkId, pace: Pace) -> AsyncIterator[Session]:
    """Entering raises `Unavailable` and `LoggedOut`. If the bot was disconnected, there may be news of a connection
    that has been made since: the session says."""
    base, repeats = options_of(workspace)
    secret = dict(account.secret)

    async def changed(id: str) -> None:
        secret[CONNECTION] = id
        await workspace.keep(dict(secret))

    async with Api(base, secret.get("token", ""), workspace.http) as api:
        connection = Connection(api, account.me, secret.get(CONNECTION, ""), changed)
        try:
            bot = login.bot_of(fields.mapping(await api.ask("getMe")))
            await connection.look()
        except (LoginRefused, Refused) as error:
            raise Unavailable("Telegram's answer makes no sense.", lasting=True) from error
        chats = Chats(workspace.memory)
        await chats.load()
        me, own = connection.owner or Contact(account.me, secret.get("name", "")), Own()
        speaking = Speaking(api, chats, Limits(pace), Stickers(api, workspace.data / "stickers"), connection, own)
        reader = BusinessReader(api, chats, me, bot.id, network, connection, own, speaking.speaker.underway)
        async with receiving.receiving(api, reader, bot, network, since_of(account), workspace) as news:
            yield BusinessSession(me, news, speaking, chats, connection, repeats=repeats)
