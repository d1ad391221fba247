"""Guests of the operator's bot, as the contract has them (`bridge.contract.Guests`)."""

import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from bridge.contract import (
    Account,
    ContactId,
    Credentials,
    Invitation,
    LoggedOut,
    Reason,
    Refused,
    Session,
    Unavailable,
    Workspace,
)

if TYPE_CHECKING:
    from connectors.telegram.operator.lobby import Lobby

_TOKEN = re.compile(r"([1-9][0-9]{0,14}):[A-Za-z0-9_-]{30,100}")
_NONE = "This gateway has no bot on Telegram, so nobody can be invited by a link. Its operator can change that."
_OTHER = "The gateway has another bot on Telegram now. Send “invite” to the gateway, and invite people anew."
_GONE = "The gateway has no bot on Telegram any more, so the people whom you have invited cannot be reached."
_MALFORMED = "The option bot_token of this network is no token of a bot: @BotFather gives them, as 123456789:AAF…."


class Hosting:
    """What speaks to Telegram is imported when somebody is there who uses it."""

    begins = False  # a bot writes to nobody who has not written to it

    def __init__(self) -> None:
        self._bot = ""  # its number, which is that of its token
        self._lobby: Lobby | None = None

    @property
    def lobby(self) -> "Lobby":
        from connectors.telegram.operator.lobby import Lobby

        self._lobby = self._lobby or Lobby()
        return self._lobby

    def operator(self, options: Mapping[str, Any]) -> Credentials | None:
        """Raises `Refused`. The token is not in what it says."""
        token = str(options.get("bot_token") or "")
        if not token:
            return None
        read = _TOKEN.fullmatch(token)
        if read is None:
            raise Refused(_MALFORMED)
        self._bot = read[1]
        return Credentials(ContactId(self._bot), "the gateway's bot", {"token": token})

    def credentials(self, user: str) -> Credentials:
        if not self._bot:
            raise Refused(_NONE, Reason.UNSUPPORTED)
        return Credentials(ContactId(f"{self._bot}:{user}"), "by the gateway's bot", {"guest": self._bot})

    async def invite(self, user: str) -> Invitation:
        from connectors.telegram.operator.invitations import DAYS

        bot = self.lobby.here()
        if not bot.username:
            raise Unavailable("Telegram does not say what the gateway's bot is called.")
        return Invitation(f"https://t.me/{bot.username}?start={await bot.invitations.make(user)}", DAYS)

    def connected(self, account: Account, workspace: Workspace) -> AbstractAsyncContextManager[Session]:
        """Raises `LoggedOut`; entering raises `Unavailable`."""
        if account.secret.get("guest") != self._bot:
            raise LoggedOut(_OTHER if self._bot else _GONE)
        from connectors.telegram.operator import guest

        return guest.connected(account, workspace, self.lobby)

    async def depart(self, account: Account, workspace: Workspace) -> None:
        """A guest is one no more. Raises `Unavailable`."""
        from connectors.telegram.operator import guest

        await guest.depart(account, workspace, self.lobby)


def is_guest(account: Account) -> bool:
    return "guest" in account.secret
