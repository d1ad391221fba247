"""Telegram as a network: people's own bots, and the operator's, through the Bot API.

What speaks to Telegram is imported when somebody is there who uses it: the library takes 0.4 s and 20 MB.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from bridge.contract import (
    Account,
    ChatId,
    ContactId,
    Credentials,
    Dialogue,
    Finding,
    Flow,
    Guests,
    NetworkId,
    Session,
    Workspace,
)
from connectors.telegram import ids
from connectors.telegram.asked import Asked
from connectors.telegram.limits import Pace
from connectors.telegram.operator.hosting import Hosting, is_guest

BOT = Flow("bot", "A bot of your own: who writes to it is a contact, its groups are rooms")
BUSINESS = Flow("business", "Your own private chats, through a bot that you connect with your account")
_BUSINESS = "connection"  # only such accounts have it among their credentials


class TelegramConnector:
    """Found by the entry point `telegram`."""

    id = "telegram"
    name = "Telegram"
    flows: Sequence[Flow] = (BOT, BUSINESS)
    options: Mapping[str, type] = {"api_url": str, "on_unknown": str, "webhook": bool, "bot_token": str, "topics": str}

    def __init__(self, network: str = "telegram", pace: Pace | None = None) -> None:
        self._network = NetworkId(network)
        self._pace = pace or Pace()
        self._hosting = Hosting()
        self._asked = Asked()
        self.guests: Guests | None = self._hosting

    def operator(self, options: Mapping[str, Any]) -> Credentials | None:
        return self._hosting.operator(options)

    def localpart(self, contact: ContactId) -> str:
        return contact

    def contact(self, localpart: str) -> ContactId | None:
        return ids.contact(localpart)

    async def login(self, flow: Flow, ask: Dialogue, workspace: Workspace) -> Credentials:
        if flow.id == BUSINESS.id:
            from connectors.telegram.business.login import with_business

            return await with_business(ask, workspace, self._network)
        from connectors.telegram import login

        return await login.with_token(ask, workspace, self._network)

    def connect(self, account: Account, workspace: Workspace) -> AbstractAsyncContextManager[Session]:
        return self._connected(account, workspace)

    async def log_out(self, account: Account, workspace: Workspace) -> None:
        """A token is the user's own and stays good; only @BotFather can end it. We forget it."""
        if is_guest(account):
            await self._hosting.depart(account, workspace)
            return
        from connectors.telegram.connecting import ended

        await ended(account, workspace)

    async def check(self, workspace: Workspace) -> Sequence[Finding]:
        from connectors.telegram import checking

        return await checking.section(workspace, self._network)

    async def check_account(
        self, account: Account, rooms: Sequence[ChatId], trouble: str | None, workspace: Workspace
    ) -> Sequence[Finding]:
        if is_guest(account):
            return ()
        from connectors.telegram import checking

        if _BUSINESS in account.secret:
            return await checking.business(account, trouble, workspace)
        return await checking.account(account, rooms, trouble, workspace)

    @asynccontextmanager
    async def _connected(self, account: Account, workspace: Workspace) -> AsyncIterator[Session]:
        if is_guest(account):
            async with self._hosting.connected(account, workspace) as session:
                yield session
            return
        if _BUSINESS in account.secret:
            from connectors.telegram.business import connecting as business

            async with business.connected(account, workspace, self._network, self._pace) as session:
                yield session
            return
        from connectors.telegram.connecting import connected

        async with connected(
            account, workspace, self._network, self._pace, self._hosting.lobby, self._asked
        ) as session:
            yield session
