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
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from bridge.contract import ConnectorError, Contact, LoggedOut, Message, Refused, Send, Unavailable, Unconfirmed
from connectors.telegram import errors, fields, ids, topics
from connectors.telegram.asked import Asked, Command, command
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
UNDECIDED = (
    "It is removed in the other networks. Telegram has not said yet whether it is gone here: look, and delete it "
    "yourself if it is still there."
)
_COMMAND = re.compile(r"/delete(?:@(\w+))?(?:\s.*)?", re.DOTALL | re.ASCII)
_SECONDS = 5.0  # for an answer: what others say does not wait longer
_FRESH = 60.0  # seconds for which we believe what somebody may do
_KEPT = 1_000  # of those
_TRIES, _PAUSE = 10, 5.0  # seconds between them
_LONGEST = 60.0  # seconds that we wait until Telegram takes a call again
_LATER = 100  # messages that may be waiting to be deleted
_REMOVED, _GONE = "removed", "gone"  # elsewhere, and here


class Deleting:
    """For one bot, called `username`; used as a context manager."""

    def __init__(self, speaker: Speaker, username: str, asked: Asked) -> None:
        self._speaker = speaker
        self._username = username.casefold()
        self._asked = asked
        self._may: OrderedDict[tuple[int, int], tuple[bool, float]] = OrderedDict()
        self._telling: set[int] = set()  # chats where something waits to be said
        self._later = 0  # messages that are deleted as soon as Telegram says whether it does that
        self._beside = Beside()

    def meant(self, raw: Mapping[str, Any]) -> bool:
        """Whether a message is the command, for this bot."""
        text = raw.get("text")
        if not isinstance(text, str) or not text.startswith("/delete") or "forward_origin" in raw:
            return False
        found = _COMMAND.fullmatch(fields.string(text)[:1_000].strip())
        return found is not None and (found[1] is None or found[1].casefold() == self._username)

    async def wanted(self, chat: int, raw: Mapping[str, Any], who: Contact) -> tuple[int, bool] | None:
        """The number of what `who` has removed by this command, which goes here, or cannot go; and
        whether they did it as somebody who keeps order. None: nothing is removed, and they are told why."""
        asking = command(self._username, chat, raw)
        asked = _Asking(chat, raw, asking, self._asked.first(asking, self._username))
        target = _target(raw)
        number = fields.positive(target.get("message_id"))
        if number is None:
            self._tell(asked, NO_REPLY)
            return None
        author = sender(target)
        if author is None or author.id != who.id:
            may = await self._keeps_order(chat, raw) if chat < 0 else False
            if not may:
                self._tell(asked, UNSURE if may is None else NOT_YOURS)
                return None
        self._asked.done(asked.command, _REMOVED)
        try:
            await self._ends(asked, await self._gone(chat, number))
        except ConnectorError as error:
            self._tries_later(asked, number, error)
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
        """Whether the bot may delete it here; what is not there any more is gone. Raises the errors that decide
        nothing."""
        try:
            await self._speaker.api.do("deleteMessage", {"chat_id": chat, "message_id": number}, _SECONDS)
        except Refused as refusal:
            return isinstance(refusal, errors.No) and "to delete not found" in refusal.said
        return True

    async def _ends(self, asked: "_Asking", gone: bool) -> None:
        if not gone:
            self._tell(asked, STAYS)
            return
        self._asked.done(asked.command, _GONE)
        with suppress(Unavailable, Unconfirmed):  # the command may stay
            await self._gone(asked.chat, fields.positive(asked.raw.get("message_id")))

    def _tries_later(self, asked: "_Asking", number: int, error: ConnectorError) -> None:
        """Nothing is decided yet. Raises `LoggedOut`."""
        if isinstance(error, LoggedOut):
            raise error
        pause = _pause(error)
        if pause > _LONGEST or self._later >= _LATER:
            self._tell(asked, UNDECIDED)
            return
        self._later += 1
        self._beside.later(self._deletes(asked, number, pause))

    async def _deletes(self, asked: "_Asking", number: int, pause: float) -> None:
        try:
            for _ in range(_TRIES):
                await asyncio.sleep(pause)
                try:
                    await self._ends(asked, await self._gone(asked.chat, number))
                    return
                except (Unavailable, Unconfirmed) as error:
                    pause = min(_pause(error), _LONGEST)
            self._tell(asked, UNDECIDED)
        except ConnectorError:
            pass  # the token is of no use any more: its user is told that
        finally:
            self._later -= 1

    def _tell(self, asked: "_Asking", text: str) -> None:
        """In answer to the command. However often somebody asks, one answer at a time waits in a chat."""
        if asked.first and asked.chat not in self._telling:
            self._telling.add(asked.chat)
            self._beside.later(self._say(asked, text))

    async def _say(self, asked: "_Asking", text: str) -> None:
        chat, number = asked.chat, fields.positive(asked.raw.get("message_id"))
        said = topics.within(Message(text), asked.raw)
        if number is not None:
            said = replace(said, reply_to=ids.message(chat, number))
        action = Send(chat=self._speaker.chats.chat(chat), key="-", message=said)
        try:
            for _ in range(_TRIES):
                try:
                    await self._speaker.turn(action)
                    if not self._asked.is_done(asked.command, _VOID.get(text, "")):
                        await self._speaker.perform(action)
                    return
                except Unavailable as error:
                    await asyncio.sleep(error.retry_after or _PAUSE)
                except ConnectorError:
                    return  # the group does not let the bot write, or nobody knows
        finally:
            self._telling.discard(chat)


@dataclass(frozen=True, slots=True)
class _Asking:
    """A command, as this bot was told of it."""

    chat: int
    raw: Mapping[str, Any]
    command: Command
    first: bool  # no other bot of ours was told before


_VOID = {UNSURE: _REMOVED, STAYS: _GONE, UNDECIDED: _GONE}  # what need not be said when another bot could do that


def _pause(error: ConnectorError) -> float:
    return (error.retry_after if isinstance(error, Unavailable) else None) or _PAUSE


def _target(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the command answers; in a topic that is its beginning, if it answers nothing."""
    target = fields.mapping(raw.get("reply_to_message"))
    number = fields.positive(target.get("message_id"))
    return {} if raw.get("is_topic_message") is True and number == raw.get("message_thread_id") else target
