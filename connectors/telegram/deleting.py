"""“/delete”, as a reply: bots are not told what people delete, so people tell it the bot.

Whoever has written a message may have it removed, and in groups whoever may delete messages there. It goes in the other
networks, and here too as far as the bot may delete it; the command goes with it. Why nothing was removed is said in the
chat. What follows the name of another bot is for that bot, and passed on like everything that people say.

Source: https://core.telegram.org/bots/features#commands, https://core.telegram.org/bots/api#deletemessage,
#getchatmember, #message (`reply_to_message`, `sender_chat`).
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from time import monotonic
from typing import Any

from bridge.contract import ConnectorError, Contact, LoggedOut, Message, Send, Unavailable
from connectors.telegram import errors, fields, ids, topics
from connectors.telegram.beside import Beside
from connectors.telegram.chats import sender
from connectors.telegram.sending import Speaker

NO_REPLY = "Reply with /delete to the message that is to be removed."
NOT_YOURS = "Only who has written a message can have it removed, and in a group who may delete messages there."
UNSURE = "Telegram did not say whether you may delete messages here, so nothing was removed. Try again."
STAYS = (
    "It is removed in the other networks. Here it stays, since the bot may not delete it: delete it yourself, or make "
    "the bot an administrator who may delete messages."
)
_COMMAND = re.compile(r"/delete(?:@(\w+))?(?:\s.*)?", re.DOTALL | re.ASCII)
_SECONDS = 5.0  # for an answer: what others say does not wait longer
_FRESH = 60.0  # seconds for which we believe what somebody may do
_KEPT = 1_000  # of those
_TRIES, _PAUSE = 10, 5.0  # seconds between them


class Deleting:
    """For one bot, called `username`; used as a context manager."""

    def __init__(self, speaker: Speaker, username: str) -> None:
        self._speaker = speaker
        self._username = username.casefold()
        self._may: OrderedDict[tuple[int, int], tuple[bool, float]] = OrderedDict()
        self._telling: set[int] = set()  # chats where something waits to be said
        self._beside = Beside()

    def meant(self, raw: Mapping[str, Any]) -> bool:
        """Whether a message is the command, for this bot."""
        text = raw.get("text")
        if not isinstance(text, str) or not text.startswith("/delete") or "forward_origin" in raw:
            return False
        found = _COMMAND.fullmatch(fields.string(text)[:1_000].strip())
        return found is not None and (found[1] is None or found[1].casefold() == self._username)

    async def wanted(self, chat: int, raw: Mapping[str, Any], who: Contact) -> tuple[int, bool] | None:
        """The number of what `who` has removed by this command, which is gone here when this returns, or cannot go; and
        whether they did it as somebody who keeps order. None: nothing is removed, and they are told why."""
        target = _target(raw)
        number = fields.positive(target.get("message_id"))
        if number is None:
            self._tell(chat, raw, NO_REPLY)
            return None
        author = sender(target)
        if author is None or author.id != who.id:
            may = await self._keeps_order(chat, raw) if chat < 0 else False
            if not may:
                self._tell(chat, raw, UNSURE if may is None else NOT_YOURS)
                return None
        if await self._gone(chat, number):
            await self._gone(chat, fields.positive(raw.get("message_id")))
        else:
            self._tell(chat, raw, STAYS)
        return number, author is None or author.id != who.id

    async def __aenter__(self) -> "Deleting":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._beside.close()

    async def _keeps_order(self, chat: int, raw: Mapping[str, Any]) -> bool | None:
        """Whether the author of the command may delete messages of others; None when Telegram does not say. Only its
        administrators speak as a group."""
        as_chat = fields.integer(fields.mapping(raw.get("sender_chat")).get("id"))
        user = fields.positive(fields.mapping(raw.get("from")).get("id"))
        if as_chat is not None or user is None:
            return as_chat == chat
        may, since = self._may.get((chat, user), (False, -_FRESH))
        if monotonic() - since < _FRESH:
            return may
        given = {"chat_id": chat, "user_id": user}
        try:
            member = fields.mapping(await self._speaker.api.ask("getChatMember", given, _SECONDS))
        except LoggedOut:
            raise
        except ConnectorError:
            return None
        status = member.get("status")
        may = status == "creator" or (status == "administrator" and member.get("can_delete_messages") is not False)
        self._may[chat, user] = may, monotonic()
        self._may.move_to_end((chat, user))
        if len(self._may) > _KEPT:
            self._may.popitem(last=False)
        return may

    async def _gone(self, chat: int, number: int | None) -> bool:
        """Whether the bot may delete it here; what is not there any more is gone."""
        try:
            await self._speaker.api.do("deleteMessage", {"chat_id": chat, "message_id": number}, _SECONDS)
        except LoggedOut:
            raise
        except ConnectorError as error:
            return isinstance(error, errors.No) and "to delete not found" in error.said
        return True

    def _tell(self, chat: int, raw: Mapping[str, Any], text: str) -> None:
        """In answer to the command. However often somebody asks, one answer at a time waits in a chat."""
        if chat not in self._telling:
            self._telling.add(chat)
            self._beside.later(self._say(chat, raw, text))

    async def _say(self, chat: int, raw: Mapping[str, Any], text: str) -> None:
        command = fields.positive(raw.get("message_id"))
        said = topics.within(Message(text), raw)
        if command is not None:
            said = replace(said, reply_to=ids.message(chat, command))
        action = Send(chat=self._speaker.chats.chat(chat), key="-", message=said)
        try:
            for _ in range(_TRIES):
                try:
                    await self._speaker.turn(action)
                    await self._speaker.perform(action)
                    return
                except Unavailable as error:
                    await asyncio.sleep(error.retry_after or _PAUSE)
                except ConnectorError:
                    return  # the group does not let the bot write, or nobody knows
        finally:
            self._telling.discard(chat)


def _target(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the command answers; in a topic that is its beginning, if it answers nothing."""
    target = fields.mapping(raw.get("reply_to_message"))
    number = fields.positive(target.get("message_id"))
    return {} if raw.get("is_topic_message") is True and number == raw.get("message_thread_id") else target
