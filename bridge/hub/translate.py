"""From an event to an action: one `match`, made when it is performed, with what is known then. Pure."""

from dataclasses import replace

from msgspec import Struct, structs

from bridge.contract import (
    Action,
    Capabilities,
    ChatId,
    Confirm,
    ContactId,
    Edit,
    Fail,
    Invite,
    Message,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    Persona,
    React,
    ReactionsChanged,
    Retract,
    Send,
    Target,
)
from bridge.hub import fallback
from bridge.hub.codec import Answer, Invitation, Journaled, Notice


class Wish(Struct, frozen=True):
    """An event, and what its destination knows of it."""

    event: Journaled
    chat: ChatId
    key: str
    content: Message | None = None  # of a new message: its text now, if a later edit was folded in
    target: tuple[MessageId, ...] = ()  # what the event is about is called so in this chat; empty: never arrived
    reply_to: MessageId | None = None  # the message replied to is called so in this chat
    persona: Persona | None = None
    at: float | None = None
    before: tuple[tuple[str, MessageId], ...] = ()
    maybe_done: bool = False
    contact: ContactId | None = None  # whom the chat is with, if it is direct
    own_id: MessageId | None = None  # what the author, who is in this very chat, has called it


def translate(wish: Wish, can: Capabilities) -> Action | None:
    """The action, or None when there is nothing to do there."""
    match wish.event:
        case MessageReceived():
            return _send(wish, can, wish.content or wish.event.message)
        case MessageEdited():
            return _edit(wish, wish.event, can)
        case MessageRetracted():
            return _retract(wish, wish.event, can)
        case ReactionsChanged():
            return _react(wish, wish.event, can)
        case Notice(text=text):
            return _send(structs.replace(wish, persona=None), can, Message(text=text))
        case Invitation(user=user, by=by, reason=reason):
            return Invite(chat=wish.chat, key=wish.key, whom=ContactId(user), by=by, reason=reason)
        case Answer(reason=None):
            return _confirm(wish, wish.event, can)
        case Answer():
            return _fail(wish, wish.event, can)


def _send(wish: Wish, can: Capabilities, message: Message) -> Action | None:
    if message.media and not can.media:
        message = fallback.without_files(message)
    if wish.persona is not None and not can.personas:
        message = fallback.named(wish.persona.name or wish.persona.contact, message)
    return Send(
        chat=wish.chat,
        key=wish.key,
        persona=wish.persona,
        at=wish.at,
        maybe_done=wish.maybe_done,
        contact=wish.contact,
        own_id=wish.own_id,
        message=_replying(message, wish.reply_to),
    )


def _edit(wish: Wish, event: MessageEdited, can: Capabilities) -> Action | None:
    message = event.message
    if not wish.target:
        return _send(wish, can, message)  # its message was refused; the new text may fit
    if message.media and not can.media:
        message = fallback.without_files(message)
    if Edit not in can.actions:
        return _send(wish, can, fallback.edited(message))
    if wish.persona is not None and not can.personas:
        message = fallback.named(wish.persona.name or wish.persona.contact, message)
    return Edit(
        chat=wish.chat,
        key=wish.key,
        persona=wish.persona,
        at=wish.at,
        maybe_done=wish.maybe_done,
        contact=wish.contact,
        own_id=wish.own_id,
        target=Target(wish.target),
        message=_replying(message, wish.reply_to),
    )


def _retract(wish: Wish, event: MessageRetracted, can: Capabilities) -> Action | None:
    if not wish.target:
        return None
    if Retract not in can.actions:
        return _send(wish, can, fallback.retracted())
    return Retract(
        chat=wish.chat,
        key=wish.key,
        persona=wish.persona,
        at=wish.at,
        maybe_done=wish.maybe_done,
        contact=wish.contact,
        own_id=wish.own_id,
        target=Target(wish.target),
        reason=event.reason,
        moderator=event.moderator,
    )


def _react(wish: Wish, event: ReactionsChanged, can: Capabilities) -> Action | None:
    if not wish.target:
        return None
    if React not in can.actions:
        message = fallback.reacted(event.reactions)
        return None if message is None else _send(structs.replace(wish, reply_to=wish.target[0]), can, message)
    return React(
        chat=wish.chat,
        key=wish.key,
        persona=wish.persona,
        at=wish.at,
        maybe_done=wish.maybe_done,
        contact=wish.contact,
        own_id=wish.own_id,
        target=Target(wish.target),
        reactions=event.reactions,
        before=wish.before,
    )


def _confirm(wish: Wish, event: Answer, can: Capabilities) -> Action | None:
    if not can.answers:
        return None
    return Confirm(chat=wish.chat, key=wish.key, target=MessageId(event.target), origin=event.origin)


def _fail(wish: Wish, event: Answer, can: Capabilities) -> Action | None:
    if not can.answers or event.reason is None:
        return None
    return Fail(
        chat=wish.chat,
        key=wish.key,
        target=MessageId(event.target),
        origin=event.origin,
        reason=event.reason,
        text=event.text,
        shown=event.shown,
    )


def _replying(message: Message, to: MessageId | None) -> Message:
    """What it replies to, as that is called in this chat."""
    return message if message.reply_to == to else replace(message, reply_to=to)
