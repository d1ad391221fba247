"""An event of a room's archive as everybody in the room was shown it, with what has become of it since. Pure.

A message and its edits read as the message reads now: what an author has changed or taken back is told to nobody again.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bridge.contract import (
    Authored,
    ChatId,
    ContactId,
    Edit,
    Message,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    React,
    ReactionsChanged,
    Retract,
    Send,
    Target,
)
from bridge.hub import codec, fallback
from bridge.hub.facades import HOME
from bridge.hub.lines import Line, Removal
from bridge.hub.translate import mentioning
from bridge.store.archive import LineRow, Reading


def line(row: LineRow, who: Reading) -> Line:
    """Our users are who they are on the room's network."""
    event = codec.decode(row.kind, row.body)
    assert isinstance(event, Authored)
    removal = _removal(row, who) if row.kind == "message" and row.retracted is not None else None
    own_id = event.id if row.chat == who.room.hosted else None
    common: dict[str, Any] = {"chat": ChatId(who.room.jid), "key": row.key, "own_id": own_id}
    author = _face(who, row.network, row.author)
    name = event.sender.name or event.sender.id.partition("@")[0]
    said = Send(**common, message=Message()) if removal is not None else _SAID[type(event)](event, row, common)
    return Line(author=author, name=name, said=said, at=row.said, removal=removal)


def _face(who: Reading, network: str, author: str) -> ContactId | None:
    face = who.faces.get(author) if network == HOME else (author if network == who.room.network else None)
    return ContactId(face) if face is not None else None


def _removal(row: LineRow, who: Reading) -> Removal:
    """XEP-0425 #tombstones: what the network had refused the room took back itself."""
    event = codec.decode(row.taken_kind, row.taken_body) if row.taken_kind and row.taken_body else None
    if not isinstance(event, MessageRetracted):
        return Removal("", row.said, moderator=True)
    here = row.taken_chat == who.room.hosted
    by = _face(who, row.taken_network or "", row.taken_author or "") if event.moderator else None
    return Removal(
        event.id if here and not event.moderator else row.taken_key or "", event.at, event.moderator, by,
        event.sender.name or event.sender.id.partition("@")[0], event.reason,
    )  # fmt: skip


def _sent(event: MessageReceived, row: LineRow, common: Mapping[str, Any]) -> Send:
    return Send(**common, message=_reads(event.message, row))


def _edited(event: MessageEdited, row: LineRow, common: Mapping[str, Any]) -> Edit:
    return Edit(**common, target=_target(row, by_author=True), message=_reads(event.message, row))


def _retracted(event: MessageRetracted, row: LineRow, common: Mapping[str, Any]) -> Retract:
    return Retract(**common, target=_target(row), moderator=event.moderator, reason=event.reason)


def _reacted(event: ReactionsChanged, row: LineRow, common: Mapping[str, Any]) -> React:
    return React(**common, target=_target(row), reactions=event.reactions)


_SAID: Mapping[type[Any], Callable[[Any, LineRow, Mapping[str, Any]], Send | Edit | Retract | React]] = {
    MessageReceived: _sent,
    MessageEdited: _edited,
    MessageRetracted: _retracted,
    ReactionsChanged: _reacted,
}


def _target(row: LineRow, *, by_author: bool = False) -> Target:
    """See `bridge.hub.copies.called`: an edit names what its author has called the message."""
    if by_author and row.target_body is not None:
        first = codec.decode("message", row.target_body)
        assert isinstance(first, MessageReceived)
        return Target((first.id,))
    return Target((MessageId(row.target_key or ""),))


def _reads(first: Message, row: LineRow) -> Message:
    """The text now, and what it replies to and whom it mentions, as they are called here."""
    now = codec.decode(row.content_kind, row.content) if row.content_kind and row.content is not None else None
    message = mentioning(now.message if isinstance(now, MessageReceived | MessageEdited) else first, row.network, HOME)
    message = replace(message, thread=None)  # which only its own network's chats call so
    if row.reply is None and message.quote is not None:
        return fallback.quoting(message.quote, message)
    return replace(message, reply_to=MessageId(row.reply) if row.reply is not None else None)
