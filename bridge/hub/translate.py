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
    Quote,
    React,
    ReactionsChanged,
    Retract,
    Send,
    Span,
    SpanKind,
    Style,
    Target,
)
from bridge.hub import fallback
from bridge.hub.codec import Answer, Invitation, Journaled, Notice
from bridge.hub.wanted import before, shown


class Wish(Struct, frozen=True):
    """An event, and what its destination knows of it."""

    event: Journaled
    chat: ChatId
    key: str
    source: str = ""  # the network of its author
    network: str = ""  # that of the chat
    content: Message | None = None  # of a new message: its text now, if a later edit was folded in
    target: Target | None = None  # what the event is about is called so in this chat; None: it never arrived
    reply_to: MessageId | None = None  # the message replied to is called so in this chat
    quote: Quote | None = None  # what that reads
    thread: MessageId | None = None  # the message that began its thread is called so in this chat
    persona: Persona | None = None
    at: float | None = None
    before: tuple[tuple[str, MessageId], ...] = ()
    maybe_done: bool = False
    contact: ContactId | None = None  # whom the chat is with, if it is direct
    own_id: MessageId | None = None  # what the author, who is in this very chat, has called it
    written_by: Persona | None = None  # of what a moderator takes back, if the account speaks for its author
    name_format: str = ""  # how names are shown there; empty: as usual
    called: str = ""  # the author's network, as people know it


def translate(wish: Wish, can: Capabilities) -> Action | None:
    """The action, or None when there is nothing to do there."""
    match wish.event:
        case MessageReceived():
            return _send(wish, can, mentioning(wish.content or wish.event.message, wish.source, wish.network))
        case MessageEdited():
            return _edit(wish, wish.event, can)
        case MessageRetracted():
            return _retract(wish, wish.event, can)
        case ReactionsChanged():
            return _react(wish, wish.event, can)
        case Notice(text=text):
            return _send(structs.replace(wish, persona=None), can, Message(text=text, style=Style.NOTICE))
        case Invitation(user=user, by=by, reason=reason, inside=inside):
            whom = ContactId(user)
            return Invite(chat=wish.chat, key=wish.key, whom=whom, by=by, reason=reason, inside=inside)
        case Answer(reason=None):
            return _confirm(wish, wish.event, can)
        case Answer():
            return _fail(wish, wish.event, can)


def _send(wish: Wish, can: Capabilities, message: Message) -> Action | None:
    if message.media and not can.media:
        message = fallback.without_files(message)
    return Send(
        chat=wish.chat,
        key=wish.key,
        persona=_face(wish),
        at=wish.at,
        maybe_done=wish.maybe_done,
        contact=wish.contact,
        own_id=wish.own_id,
        message=_replying(named(message, wish, can), wish),
    )


def _edit(wish: Wish, event: MessageEdited, can: Capabilities) -> Action | None:
    message = mentioning(event.message, wish.source, wish.network)
    if wish.target is None:
        return _send(wish, can, message)  # its message was refused; the new text may fit
    if message.media and not can.media:
        message = fallback.without_files(message)
    if Edit not in can.actions:
        return _send(wish, can, fallback.edited(message))
    return Edit(
        chat=wish.chat,
        key=wish.key,
        persona=_face(wish),
        at=wish.at,
        maybe_done=wish.maybe_done,
        contact=wish.contact,
        own_id=wish.own_id,
        target=wish.target,
        message=_replying(named(message, wish, can), wish),
    )


def _retract(wish: Wish, event: MessageRetracted, can: Capabilities) -> Action | None:
    if wish.target is None:
        return None
    if Retract not in can.actions:
        return _send(wish, can, fallback.retracted())
    return Retract(
        chat=wish.chat,
        key=wish.key,
        persona=_face(wish),
        at=wish.at,
        maybe_done=wish.maybe_done,
        contact=wish.contact,
        own_id=wish.own_id,
        target=wish.target,
        reason=event.reason,
        moderator=event.moderator,
        author=wish.written_by if event.moderator else None,
    )


def _react(wish: Wish, event: ReactionsChanged, can: Capabilities) -> Action | None:
    if wish.target is None:
        return None
    if React not in can.actions:
        message = fallback.reacted(event.reactions)
        return None if message is None else _send(structs.replace(wish, reply_to=wish.target.ids[0]), can, message)
    return React(
        chat=wish.chat,
        key=wish.key,
        persona=_face(wish),
        at=wish.at,
        maybe_done=wish.maybe_done,
        contact=wish.contact,
        own_id=wish.own_id,
        target=wish.target,
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


def named(message: Message, wish: Wish, can: Capabilities) -> Message:
    """Who says it, where people would not see that otherwise."""
    if wish.persona is not None and not can.personas:
        return fallback.prefixed(before(wish.persona, wish.name_format, wish.called), message)
    return fallback.named(can.speaks_as, message) if can.speaks_as else message


def _face(wish: Wish) -> Persona | None:
    return shown(wish.persona, wish.name_format, wish.called) if wish.persona is not None else None


def _replying(message: Message, wish: Wish) -> Message:
    """What it replies to, and its thread, as they are called in this chat; a reply in words where it is not known
    there."""
    quote = wish.quote or message.quote
    if message.thread != wish.thread:
        message = replace(message, thread=wish.thread)
    if wish.reply_to is None and quote is not None:
        return fallback.quoting(quote, message)
    if (message.reply_to, message.quote) == (wish.reply_to, quote):
        return message
    return replace(message, reply_to=wish.reply_to, quote=quote)


def mentioning(message: Message, source: str, there: str) -> Message:
    """`message` from the network `source`: whom it mentions, as it is to be said on `there`."""
    if all(span.kind is not SpanKind.MENTION for span in message.spans):
        return message
    spans = tuple(_mention(span, source, there) if span.kind is SpanKind.MENTION else span for span in message.spans)
    return replace(message, spans=spans)


def _mention(span: Span, source: str, there: str) -> Span:
    network = span.network or source
    return replace(span, network="" if network == there else network)
