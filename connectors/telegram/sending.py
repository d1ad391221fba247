"""What a bot says and does in a chat.

Source: https://core.telegram.org/bots/api#sendmessage, #editmessagetext, #deletemessage.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from bridge.contract import (
    Action,
    ChatId,
    Edit,
    Join,
    Leave,
    Message,
    MessageId,
    Reason,
    Receipt,
    Refused,
    Retract,
    Send,
    SetTyping,
    Span,
    SpanKind,
    Unavailable,
    Unconfirmed,
)
from connectors.telegram import entering, errors, fields, ids, text, topics
from connectors.telegram.api import Api
from connectors.telegram.chats import Chats
from connectors.telegram.limits import Limits
from connectors.telegram.posting import entities, plain_if_need_be, post
from connectors.telegram.stickers import Stickers
from connectors.telegram.underway import Underway

_QUOTED = 200  # characters of a quotation in words


@dataclass(frozen=True, slots=True)
class Speaker:
    """For one session."""

    api: Api
    chats: Chats
    limits: Limits
    stickers: Stickers
    also: Mapping[str, object] = field(default_factory=dict)  # with every message: buttons, for one
    underway: Underway = field(default_factory=Underway)
    more: "Mapping[type[Action], Doing]" = field(default_factory=dict)  # what is done otherwise than by bots in general

    async def turn(self, action: Action) -> None:
        """Return when Telegram's limits let `action` be done. Raises `Unavailable` when that takes long."""
        number = self.chats.number(action.chat)
        if number is not None and isinstance(action, Send | Edit):
            await self.limits.wait(number, _count(action), group=number < 0)

    @contextmanager
    def saying(self, action: Action) -> Iterator[None]:
        """Whoever answers what is said inside this is heard when its receipt is there."""
        number = self.chats.number(action.chat) if isinstance(action, Send) else None
        with self.underway.call(number) if number is not None else nullcontext():
            yield

    async def perform(self, action: Action) -> Receipt:
        """Raises the four errors. A group that has become a supergroup is followed in the same attempt."""
        doing = self.more.get(type(action)) or DOINGS.get(type(action))
        if doing is None:
            raise Refused("A bot cannot do this on Telegram.", Reason.UNSUPPORTED)
        number = self._number(action.chat)
        try:
            return await self._careful(number, doing, action)
        except errors.No as refusal:
            if refusal.moved_to is None:
                raise
            await self.chats.move(number, refusal.moved_to)
            if self._number(action.chat) == number:
                raise
            return await self._careful(self._number(action.chat), doing, action)

    async def _careful(self, number: int, doing: "Doing", action: Action) -> Receipt:
        """As fast as Telegram allows; its penalties are noted."""
        try:
            if not isinstance(action, Send | Edit):
                self.limits.check(number)
                return await doing(self, number, action)
            async with self.limits.turn(number, _count(action), group=number < 0):
                return await doing(self, number, action)
        except Unavailable as error:
            if error.retry_after is None or not isinstance(error, errors.TooFast):
                raise
            ours = self.limits.penalty(number, error.retry_after)
            raise Unavailable(error.text, retry_after=ours, scope=error.scope) from error

    async def send(self, chat: int, action: Send) -> Receipt:
        message, given = _answering(action.message, chat)
        given = {**given, **self.also}
        where, own = topics.where(chat, action.chat, message.thread), ids.topic(action.chat) is not None
        answering = topics.answering(chat, message.thread)
        try:
            result = await self._say(chat, message, {**(answering if own else {}), **given, **where})
        except errors.No as refusal:
            if own:
                await entering.refused(self, action.chat, refusal)
            if own or not (where and refusal.no_topic):
                raise
            result = await self._say(chat, message, {**answering, **given})
        if isinstance(result, list) and result:
            return Receipt(tuple(_id(chat, one) for one in result))
        return Receipt(tuple(ids.texts(_id(chat, result), action.merged)))

    async def edit(self, chat: int, action: Edit) -> Receipt:
        target, message = target_of(chat, action.target.ids[0]), action.message
        given = {"chat_id": chat, "message_id": target, **self.also}
        try:
            await self._edit(message, given)
        except errors.No as refusal:
            if not refusal.unchanged:
                raise
        return Receipt((action.target.ids[0],))

    async def retract(self, chat: int, action: Retract) -> Receipt:
        """Of several parts some may have been taken back before, by whoever may do that there."""
        targets = action.target.ids
        for one in targets:
            try:
                await self.api.do("deleteMessage", {"chat_id": chat, "message_id": target_of(chat, one)})
            except errors.No as refusal:
                if not ((action.maybe_done or len(targets) > 1) and refusal.reason is Reason.NOT_FOUND):
                    raise
        return Receipt()

    async def join(self, chat: int, action: Join) -> Receipt:
        return await entering.join(self, chat, action)

    async def leave(self, chat: int, action: Leave) -> Receipt:
        if ids.topic(action.chat) is not None:
            return await entering.leave(self, chat, action)
        await self.api.do("leaveChat", {"chat_id": chat})
        return Receipt()

    async def type(self, chat: int, action: SetTyping) -> Receipt:
        """#sendchataction: for five seconds, and nobody can take it back."""
        if action.typing:
            where = topics.where(chat, action.chat, None)
            await self.api.do("sendChatAction", {"chat_id": chat, "action": "typing", **where})
        return Receipt()

    async def _say(self, chat: int, message: Message, given: Mapping[str, object]) -> object:
        if message.media:
            return await post(self.api, chat, message, given)
        if not message.text.strip():
            raise Refused("Telegram takes no empty messages.", Reason.BAD_REQUEST)
        return await plain_if_need_be(
            lambda formatted: self.api.do(
                "sendMessage",
                {"chat_id": chat, "text": message.text, "entities": entities(message, formatted), **given},
            )
        )

    async def _edit(self, message: Message, given: Mapping[str, object]) -> None:
        try:
            await plain_if_need_be(
                lambda formatted: self.api.do(
                    "editMessageText", {"text": message.text, "entities": entities(message, formatted), **given}
                )
            )
        except errors.No as refusal:
            if "there is no text in the message" not in refusal.said:
                raise
            await plain_if_need_be(
                lambda formatted: self.api.do(
                    "editMessageCaption",
                    {"caption": message.text, "caption_entities": entities(message, formatted), **given},
                )
            )

    def _number(self, chat: ChatId) -> int:
        found = self.chats.number(chat)
        if found is None:
            raise Refused("Telegram knows no such chat.", Reason.NOT_FOUND)
        return found


Doing = Callable[[Speaker, int, Any], Awaitable[Receipt]]
DOINGS: Mapping[type[Action], Doing] = {
    Send: Speaker.send,
    Edit: Speaker.edit,
    Retract: Speaker.retract,
    Join: Speaker.join,
    Leave: Speaker.leave,
    SetTyping: Speaker.type,
}


def _count(action: Send | Edit) -> int:
    """Messages that Telegram makes of it."""
    return max(1, len(action.message.media)) if isinstance(action, Send) else 1


def _answering(message: Message, chat: int) -> tuple[Message, Mapping[str, object]]:
    """#replyparameters; in words where Telegram does not know the message by that number any more."""
    if message.reply_to is None:
        return message, {}
    number = ids.message_number(chat, message.reply_to)
    if number is not None:
        return message, {"reply_parameters": {"message_id": number, "allow_sending_without_reply": True}}
    words = message.quote.text.strip()[:_QUOTED] if message.quote is not None else ""
    if not words:
        return message, {}
    head = f"{words}\n"
    spans = tuple(replace(s, start=s.start + len(head), end=s.end + len(head)) for s in message.spans)
    spans = (Span(0, len(words), SpanKind.QUOTE), *spans)
    said = replace(message, text=head + message.text, spans=spans)
    longest = 1_024 if message.media else 4_096
    return (said if text.units(said.text) <= longest else message), {}


def target_of(chat: int, id: str) -> int:
    """The number of a message. Raises `Refused` for what is none there (any more)."""
    number = ids.message_number(chat, id)
    if number is None:
        raise Refused("Telegram does not know this message (any more).", Reason.NOT_FOUND)
    return number


def _id(chat: int, result: object) -> MessageId:
    """What was sent is called so; it is there, whatever else the answer says. A group may have moved just before."""
    said = fields.mapping(result)
    number = fields.positive(said.get("message_id"))
    if number is None:
        raise Unconfirmed("Telegram does not say what the message is called.")
    return ids.message(chat, number)
