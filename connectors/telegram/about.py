"""What Telegram says of a chat when it is asked: pictures and descriptions are in no message.

Source: https://core.telegram.org/bots/api#chatfullinfo, #chatphoto.
"""

from collections import OrderedDict
from dataclasses import dataclass

from bridge.contract import LoggedOut
from bridge.contract.errors import ConnectorError
from connectors.telegram import fields
from connectors.telegram.api import Api
from connectors.telegram.files import REFERENCE

_SECONDS = 5.0  # for an answer: what is said there does not wait longer for how it looks
_KEPT = 2_000
_LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class Looks:
    """`picture` as in `bridge.contract.Contact`."""

    description: str = ""
    picture: str | None = None


class About:
    """Of one bot's chats; each is asked for once."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: OrderedDict[int, Looks] = OrderedDict()

    async def of(self, chat: int) -> Looks:
        """Nothing, when Telegram does not say. Raises `LoggedOut`."""
        if chat in self._known:
            return self._known[chat]
        try:
            said = fields.mapping(await self._api.ask("getChat", {"chat_id": chat}, _SECONDS))
        except LoggedOut:
            raise
        except ConnectorError:
            return Looks()
        picture = fields.string(fields.mapping(said.get("photo")).get("small_file_id"))
        words = fields.string(said.get("description"))[:_LONGEST]
        found = self._known[chat] = Looks(words, picture if REFERENCE.fullmatch(picture) else "")
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return found

    def forget(self, chat: int) -> None:
        """It has changed."""
        self._known.pop(chat, None)
