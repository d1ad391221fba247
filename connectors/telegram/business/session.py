"""Somebody's own chats, connected."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from bridge.contract import (
    Action,
    Capabilities,
    ChatId,
    Contact,
    ContactId,
    CursorMoved,
    Edit,
    Event,
    Live,
    LoggedOut,
    MarkRead,
    Membership,
    Occupant,
    Reason,
    Receipt,
    Refused,
    Retract,
    Send,
    SetTyping,
    Unavailable,
)
from connectors.telegram import ids
from connectors.telegram.business.connection import WITHDRAWN, Connection
from connectors.telegram.business.speaking import Speaking
from connectors.telegram.chats import Chats
from connectors.telegram.polling import Polling
from connectors.telegram.session import TelegramSession
from connectors.telegram.webhook import Webhook

_NEVER_MET = (
    "Telegram lets a bot write for you only to people who have written to you since you have connected it. Write to "
    "them in a Telegram app first."
)


class BusinessSession(TelegramSession):
    """Implements `bridge.contract.Session`."""

    def __init__(
        self, me: Contact, news: Polling | Webhook, speaking: Speaking, chats: Chats, connection: Connection, *,
        repeats: bool,
    ) -> None:  # fmt: skip
        super().__init__(me, news, speaking.speaker, chats, repeats=repeats)
        self._speaking = speaking
        self._connection = connection
        self._caught_up = False
        self._repeats = repeats

    def scope(self, chat: ChatId) -> str:
        """Messages are numbered for each account."""
        return self.me.id

    def capabilities(self, chat: ChatId) -> Capabilities:
        """What is not allowed is refused with a sentence that says where it can be; signs are not even tried."""
        may = self._connection.rights
        signs = {wish for wish, allowed in ((SetTyping, may.reply), (MarkRead, may.read)) if allowed}
        return Capabilities(
            actions=frozenset({Send, Edit, Retract} | signs),
            window=1,
            media=True,
            repeats=self._repeats,
            sees_itself=False,
        )

    async def events(self, cursor: str | None) -> AsyncIterator[Event]:
        """See the contract. What was said before the connection was withdrawn is told first."""
        async with aclosing(super().events(cursor)) as events:  # type: ignore[type-var]
            async for event in events:
                self._caught_up = self._caught_up or isinstance(event, Live)
                yield event
                if self._caught_up and isinstance(event, CursorMoved | Live) and not self._connection.enabled:
                    raise LoggedOut(WITHDRAWN)

    async def _perform(self, action: Action) -> Receipt:
        if not self._connection.enabled:
            if self._caught_up and not self._speaker.api.ended:
                raise LoggedOut(WITHDRAWN)
            raise Unavailable("Your bot is not connected with your Telegram account.")  # another session may be
        return await self._speaking.perform(action)

    async def direct(self, contact: ContactId, key: str) -> ChatId:
        """Bots cannot look for people in whose chats they act."""
        number = ids.number(contact) if ids.is_person(contact) else None
        if number is None or all(known.id != contact for known in self._chats.people):
            raise Refused(_NEVER_MET, Reason.NOT_FOUND)
        return ids.chat(number)

    async def occupants(self, chat: ChatId, membership: Membership = Membership.JOINED) -> Sequence[Occupant]:
        """Never asked: groups are not opened to bots by this."""
        raise Refused("There are no groups here.", Reason.NOT_FOUND)
