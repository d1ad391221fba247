"""What Telegram says of a chat when it is asked: pictures, descriptions and reactions are in no message.

Source: https://core.telegram.org/bots/api#chatfullinfo, #chatphoto, #reactiontype.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.contract import ContactId, LoggedOut
from bridge.contract.errors import ConnectorError
from connectors.telegram import fields, ids
from connectors.telegram.api import Api
from connectors.telegram.files import REFERENCE

_SECONDS = 5.0  # for an answer: what is said there does not wait longer for how it looks
_KEPT = 2_000
_LONGEST = 1_000
_MOST = 200  # reactions that a chat allows


@dataclass(frozen=True, slots=True)
class Looks:
    """`picture` as in `bridge.contract.Contact`; `reactions` are the emoji that the chat allows, in its order, None for
    all. `asked`: when that was, by the monotonic clock; never, when Telegram has not said."""

    description: str = ""
    picture: str | None = None
    reactions: tuple[str, ...] | None = None
    asked: float = -math.inf


class About:
    """Of one bot's chats; each is asked for once, and again when who wants to know wants it newer."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: OrderedDict[int, Looks] = OrderedDict()

    async def of(self, chat: int, seconds: float = math.inf) -> Looks:
        """Nothing, when Telegram does not say; what it said before, if that is all there is. `seconds`: how old it may
        be. Raises `LoggedOut`."""
        known = self._known.get(chat)
        if known is not None and known.asked >= time.monotonic() - seconds:
            return known
        try:
            said = fields.mapping(await self._api.ask("getChat", {"chat_id": chat}, _SECONDS))
        except LoggedOut:
            raise
        except ConnectorError:
            return known or Looks()
        picture = fields.string(fields.mapping(said.get("photo")).get("small_file_id"))
        words = fields.string(said.get("description"))[:_LONGEST]
        picture = picture if REFERENCE.fullmatch(picture) else ""
        found = self._known[chat] = Looks(words, picture, _reactions(said), time.monotonic())
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return found

    async def is_member(self, chat: int, who: ContactId) -> bool:
        """Whether somebody is in a group, and does not keep order there; False when Telegram does not say. Raises
        `LoggedOut`."""
        try:
            given = {"chat_id": chat, "user_id": ids.number(who)}
            said = fields.mapping(await self._api.ask("getChatMember", given, _SECONDS))
        except LoggedOut:
            raise
        except ConnectorError:
            return False
        return said.get("status") in ("member", "restricted")

    def known(self, chat: int) -> Looks:
        """What Telegram has said last."""
        return self._known.get(chat) or Looks()

    def forget(self, chat: int) -> None:
        """It has changed."""
        self._known.pop(chat, None)


def _reactions(said: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Custom emoji and paid reactions are for people (#setmessagereaction)."""
    if "available_reactions" not in said:
        return None
    some = [fields.mapping(one) for one in fields.listed(said["available_reactions"])[:_MOST]]
    found = (fields.line(one.get("emoji"), 16) for one in some if one.get("type") == "emoji")
    return tuple(dict.fromkeys(emoji for emoji in found if emoji))
