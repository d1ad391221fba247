"""Connecting the operator's bot: what people say to it alone is read at the door."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from bridge.contract import ConnectorError, CursorMoved, Event, Live, LoggedOut, Session
from connectors.telegram.operator.bot import Bot
from connectors.telegram.operator.lobby import Lobby
from connectors.telegram.session import TelegramSession


@asynccontextmanager
async def noting(lobby: Lobby) -> AsyncIterator[None]:
    """Why the bot is not connected, for its guests."""
    try:
        yield
    except LoggedOut:
        lobby.error = "Telegram no longer accepts the token of the gateway's bot. Its operator has to renew it."
        raise
    except ConnectorError as error:
        lobby.error = f"The gateway's bot is not connected. {error.text.replace('your bot', 'it')}"
        raise


class OperatorSession(TelegramSession):
    """Implements `bridge.contract.Session`. What its guests were given is durable before the cursor moves."""

    lobby: Lobby

    async def events(self, cursor: str | None) -> AsyncIterator[Event]:
        async with noting(self.lobby), aclosing(super().events(cursor)) as events:  # type: ignore[type-var]
            async for event in events:
                if isinstance(event, CursorMoved):
                    await self.lobby.settled()
                elif isinstance(event, Live):
                    self.lobby.caught_up()
                yield event


@asynccontextmanager
async def serving(session: OperatorSession, bot: Bot, lobby: Lobby) -> AsyncIterator[Session]:
    """Its guests can be connected in this."""
    session.lobby = lobby
    try:
        with lobby.opened(bot):
            yield session
    finally:
        await bot.close()
