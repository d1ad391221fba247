"""Connecting one's own bot: its token is checked, and that nobody else reads its messages."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from bridge.contract import Account, LoggedOut, LoginRefused, NetworkId, React, Refused, Session, Unavailable, Workspace
from connectors.telegram import fields, login, receiving
from connectors.telegram.about import About
from connectors.telegram.api import Api, base_of
from connectors.telegram.asked import Asked
from connectors.telegram.chats import Chats
from connectors.telegram.deleting import Deleting
from connectors.telegram.limits import Limits, Pace
from connectors.telegram.operator.bot import Bot
from connectors.telegram.operator.connecting import OperatorSession, noting, serving
from connectors.telegram.operator.door import Door
from connectors.telegram.operator.friends import Friends
from connectors.telegram.operator.invitations import Invitations
from connectors.telegram.operator.lobby import Lobby
from connectors.telegram.privacy import Privacy
from connectors.telegram.reactions import Reactions
from connectors.telegram.sending import Speaker
from connectors.telegram.session import TelegramSession
from connectors.telegram.stickers import Stickers
from connectors.telegram.updates import Reader

_UNKNOWN = ("resend", "drop")
THREADS, ROOMS = "threads", "rooms"


@asynccontextmanager
async def connected(
    account: Account, workspace: Workspace, network: NetworkId, pace: Pace, lobby: Lobby, asked: Asked
) -> AsyncIterator[Session]:
    """Entering raises `Unavailable` and `LoggedOut`. `lobby`: where guests of the operator's bot find it.
    `asked`: what all bots of the network were told to do."""
    base, repeats = options_of(workspace)
    rooms = bool(account.user) and topics_of(workspace) == ROOMS
    async with Api(base, account.secret.get("token", ""), workspace.http) as api:
        try:
            async with nullcontext() if account.user else noting(lobby):
                said = fields.mapping(await api.ask("getMe"))
            me = login.bot_of(said)
        except (LoginRefused, Refused) as error:
            raise Unavailable("Telegram's answer makes no sense.", lasting=True) from error
        if me.id != account.me:
            raise LoggedOut("This token is of another bot now. Log in again.")
        chats = Chats(workspace.memory, topics_are_rooms=rooms)
        await chats.load()
        about = About(api)
        reactions = Reactions(about, workspace.memory)
        speaker = Speaker(
            api, chats, Limits(pace), Stickers(api, workspace.data / "stickers"), more={React: reactions.react}
        )
        since, username = since_of(account), fields.string(said.get("username"))
        async with Deleting(speaker, username, asked) as deleting:
            reader = Reader(
                chats, about, me, network, reads_all=login.reads_all(said), deleting=deleting, underway=speaker.underway
            )  # fmt: skip
            if account.user:
                async with receiving.receiving(api, reader, me, network, since, workspace) as news:
                    privacy = Privacy(workspace.memory, on=not login.reads_all(said))
                    yield TelegramSession(
                        me, news, speaker, chats, repeats=repeats, privacy=privacy, allowed=reactions.allowed
                    )
                return
            bot = Bot(
                me, username, network, speaker, about, Friends(workspace.memory),
                Invitations(workspace.memory, workspace.clock), repeats, deleting,
            )  # fmt: skip
            async with (
                receiving.receiving(api, Door(reader, bot, lobby), me, network, since, workspace) as news,
                serving(
                    OperatorSession(
                        me,
                        news,
                        speaker,
                        chats,
                        repeats=repeats,
                        privacy=Privacy(workspace.memory, on=not login.reads_all(said)),
                    ),
                    bot,
                    lobby,
                ) as session,
            ):
                yield session


async def ended(account: Account, workspace: Workspace) -> None:
    """The account is logged out. Raises the four errors."""
    base, _ = options_of(workspace)
    async with Api(base, account.secret.get("token", ""), workspace.http) as api:
        await receiving.end(api, workspace)


def since_of(account: Account) -> float:
    """When it became ours; in all eternity not, if nobody says."""
    noted = account.secret.get("since", "")
    return float(noted) if noted.isascii() and noted.isdigit() else math.inf


def options_of(workspace: Workspace) -> tuple[str, bool]:
    """Raises `Unavailable` for what cannot be: it will not pass by itself."""
    unknown = workspace.options.get("on_unknown", _UNKNOWN[0])
    try:
        base = base_of(workspace.options.get("api_url"))
    except Refused as refusal:
        raise Unavailable(refusal.text, lasting=True) from refusal
    if unknown not in _UNKNOWN:
        raise Unavailable(
            f"The option on_unknown of this network is {unknown!r}, and not resend or drop.", lasting=True
        )
    return base, unknown == _UNKNOWN[0]


def topics_of(workspace: Workspace) -> str:
    """What topics are for people's own bots. Raises `Unavailable` for what cannot be: it will not pass by itself."""
    wanted = str(workspace.options.get("topics", THREADS))
    if wanted not in (THREADS, ROOMS):
        text = f"The option topics of this network is {wanted!r}, and not {THREADS} or {ROOMS}."
        raise Unavailable(text, lasting=True)
    return wanted
