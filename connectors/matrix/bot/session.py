"""The operator's bot, connected: it comes into rooms when it is asked to, and says there what others say elsewhere."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from bridge.contract import (
    Action,
    Announce,
    Capabilities,
    ChatId,
    Edit,
    Event,
    Invite,
    Join,
    Leave,
    Receipt,
    Remove,
    Retract,
    RoomInvited,
    Send,
)
from connectors.matrix.bot.profiles import profiled
from connectors.matrix.events import BRIDGED
from connectors.matrix.relay.bridged import Bridged
from connectors.matrix.relay.doors import Doors
from connectors.matrix.session import MatrixSession
from connectors.matrix.speaking import Speaker, content

_CAN = Capabilities(
    actions=frozenset((Announce, Send, Edit, Retract, Join, Leave, Invite, Remove)),
    idempotent=True,
    echoes=True,
    history=True,
    media=True,
)


class BotSpeaker(Speaker):
    """Says of everything for whom it is said."""

    def content(self, action: Send | Edit) -> Mapping[str, object]:
        said: Mapping[str, Any] = content(action)
        return said if action.persona is None else {**profiled(said, action.persona), BRIDGED: True}


class BotSession(MatrixSession):
    """Implements `bridge.contract.Session`. What people react with is a line: one account has one set of reactions."""

    doors: Doors
    bridged: Bridged

    def capabilities(self, chat: ChatId) -> Capabilities:
        return _CAN

    async def events(self, cursor: str | None) -> AsyncIterator[Event]:
        async with aclosing(super().events(cursor)) as events:  # type: ignore[type-var]
            async for event in events:
                if not isinstance(event, RoomInvited):
                    yield event
                elif event.inviter is not None:
                    await self.doors.asked(event.chat, event.inviter.id)

    async def perform(self, action: Action) -> Receipt:
        if isinstance(action, Announce):
            return await self.bridged.announce(action)
        return await super().perform(replace(action, persona=None) if isinstance(action, Retract) else action)

    async def obstacles(self, chat: ChatId) -> Sequence[str]:
        return await self.bridged.obstacles(chat)
