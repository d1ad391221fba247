"""What Telegram tells of an account's private chats, as events.

Source: https://core.telegram.org/bots/api#update (`business_connection`, `business_message`, `edited_business_message`,
`deleted_business_messages`), #businessmessagesdeleted, #message (`sender_business_bot`).
"""

import math
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from bridge.contract import (
    Contact,
    ContactId,
    Event,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    NetworkId,
)
from connectors.telegram import fields, ids
from connectors.telegram.about import About, Looks
from connectors.telegram.api import Api
from connectors.telegram.business.connection import Connection
from connectors.telegram.chats import Chats, person
from connectors.telegram.placing import Wrong
from connectors.telegram.underway import Underway
from connectors.telegram.updates import Reader

_KEPT = 5_000  # messages
_MOST = 100  # of one update that tells what was deleted


class Own:
    """What the account itself has written lately, and how that was last changed through us."""

    def __init__(self) -> None:
        self._texts: OrderedDict[MessageId, str | None] = OrderedDict()

    def __contains__(self, id: MessageId) -> bool:
        return id in self._texts

    def wrote(self, id: MessageId, changed: str | None = None) -> None:
        self._texts[id] = changed
        self._texts.move_to_end(id)
        if len(self._texts) > _KEPT:
            self._texts.popitem(last=False)

    def reads(self, id: MessageId, text: str) -> bool:
        """Whether we have made it read so."""
        return self._texts.get(id) == text


class Untold(About):
    """Bots are not told how the people look with whom accounts talk."""

    async def of(self, chat: int, seconds: float = math.inf) -> Looks:
        return Looks()


class BusinessReader(Reader):
    """For one session. `bot` is who is the way, `me` whose chats they are."""

    greets = False

    def __init__(
        self, api: Api, chats: Chats, me: Contact, bot: ContactId, network: NetworkId, connection: Connection, own: Own,
        underway: Underway,
    ) -> None:  # fmt: skip
        super().__init__(chats, Untold(api), me, network, reads_all=True, underway=underway)
        self._bot = bot
        self._connection = connection
        self._own = own
        self._kinds = {
            "business_connection": self._connected,
            "business_message": self._said,
            "edited_business_message": self._changed,
            "deleted_business_messages": self._deleted,
        }

    async def _connected(self, raw: Mapping[str, Any], number: int) -> list[Event]:
        if not await self._connection.hear(raw):
            raise Wrong("a connection of nobody")
        return []

    async def _said(self, raw: Mapping[str, Any], number: int) -> list[Event]:
        if not await self._ours(raw):
            return []
        found = await self._message(raw, number)
        mine = [e.id for e in found if isinstance(e, MessageReceived) and e.sender.id == self._me.id]
        for id in mine:
            self._own.wrote(id)
        if self._through_us(raw):
            return [event for event in found if not isinstance(event, MessageReceived)]  # its receipt tells
        return found

    async def _changed(self, raw: Mapping[str, Any], number: int) -> list[Event]:
        """Who has changed it is not told; what reads as we have made it read, we have."""
        if not await self._ours(raw):
            return []
        found = await self._edited(raw, number)
        words = fields.string(raw.get("text")) or fields.string(raw.get("caption"))
        return [e for e in found if not (isinstance(e, MessageEdited) and self._own.reads(e.target, words))]

    async def _deleted(self, raw: Mapping[str, Any], number: int) -> list[Event]:
        """Who has deleted them is not told either: either side can, for both. It is taken for whoever wrote them."""
        if not await self._ours(raw):
            return []
        where = await self._places.chat(raw)
        other = person(where.raw)
        if not where.private or other is None:
            raise Wrong("deleted in no private chat")
        found: list[Event] = []
        for one in fields.listed(raw.get("message_ids"))[:_MOST]:
            native = fields.positive(one)
            if native is None:
                raise Wrong("deleted without a number")
            target = ids.message(where.number, native)
            found.append(
                MessageRetracted(
                    chat=where.id, id=MessageId(f"{target}@deleted"), sender=self._me if target in self._own else other,
                    at=time.time(), target=target, moderator=True,
                )
            )  # fmt: skip
        return found

    async def _ours(self, raw: Mapping[str, Any]) -> bool:
        return await self._connection.carries(fields.string(raw.get("business_connection_id"))[:200])

    def _through_us(self, raw: Mapping[str, Any]) -> bool:
        bot = person(fields.mapping(raw.get("sender_business_bot")))
        return bot is not None and bot.id == self._bot
