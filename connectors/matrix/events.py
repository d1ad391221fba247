"""One raw room event, as any server may send it, becomes contract events. Pure; never raises.

Source: client-server API #room-events, #instant-messaging, #event-replacements, #event-annotations-and-reactions,
#redactions, #rich-replies. What is not carried yet is one readable line (`connectors.matrix.lines`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bridge.contract import (
    ChatId,
    Contact,
    ContactId,
    Event,
    Message,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    NetworkId,
    Provenance,
    Quote,
    ReactionsChanged,
    Span,
    SpanKind,
    Style,
    Unparsable,
)
from connectors.matrix import fields, ids, lines, media, places, previews
from connectors.matrix.text import spans_of

KEY = "org.landbridge.key"  # the field of a content that carries `Action.key`
BRIDGED = "org.landbridge.bridged"  # true in what is said for somebody of another network
_STYLES = {
    "m.text": Style.TEXT, "m.emote": Style.EMOTE, "m.notice": Style.NOTICE, "m.server_notice": Style.NOTICE,
}  # fmt: skip
_EPHEMERAL = frozenset({"m.typing", "m.receipt", "m.presence", "m.fully_read"})
_MEMBERSHIPS = frozenset({"invite", "join", "knock", "leave", "ban"})
_MOST_MENTIONS = 50
_VALID_KEY = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_FALLBACK = re.compile(r"> (?:\* )?<@[^\n]*+\n(?:>[^\n]*+\n)*+\n?")
_EARLIEST, _LATEST = 1_000_000_000.0, 4_102_444_800.0  # 2001, before Matrix; 2100
_AHEAD = 86_400.0  # seconds that a clock may be ahead of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads, and what it knows."""

    me: ContactId
    direct: bool  # whether the chat is with one person, who needs no name
    names: Mapping[str, str]  # user id → display name; may lack some
    network: NetworkId
    now: float | None = None
    """Seconds since the epoch, for events whose own time cannot be true; those are at 0 when it is None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What a `m.room.member` event says."""

    user: ContactId
    membership: str  # invite, join, knock, leave or ban
    by: ContactId | None  # who caused it; None when not known
    name: str = ""  # at most 200 code points
    avatar: str = ""  # an mxc URI, or empty
    direct: bool = False  # an invitation to a direct chat
    reason: str = ""
    before: str = ""  # the membership that this one follows; empty when that is not told


class _Wrong(Exception):
    """The event cannot be understood; says why."""


def encrypted(raw: object) -> bool:
    """Whether `raw` is an encrypted message, which `parse` says nothing about. A redacted one is not."""
    event = fields.mapping(raw)
    return event.get("type") == "m.room.encrypted" and "state_key" not in event and bool(event.get("content"))


def member(raw: object) -> Member | None:
    """The membership in a state event or a stripped one; None if it is something else or makes no sense."""
    event = fields.mapping(raw)
    if event.get("type") != "m.room.member":
        return None
    user, by, content = event.get("state_key"), event.get("sender"), fields.mapping(event.get("content"))
    membership = content.get("membership")
    if not isinstance(user, str) or not ids.valid_user(user):
        return None
    if not isinstance(membership, str) or membership not in _MEMBERSHIPS:
        return None
    return Member(
        user=ContactId(user),
        membership=membership,
        by=ContactId(by) if isinstance(by, str) and ids.valid_user(by) else None,
        name=fields.line(content.get("displayname")),
        avatar=fields.mxc(content.get("avatar_url")),
        direct=content.get("is_direct") is True,
        reason=fields.line(content.get("reason"), 500),
        before=_before(event),
    )


def _before(event: Mapping[str, object]) -> str:
    """#unsigneddata-prev_content: the receiving homeserver tells it."""
    said = fields.mapping(fields.mapping(event.get("unsigned")).get("prev_content")).get("membership")
    return said if isinstance(said, str) and said in _MEMBERSHIPS else ""


def parse(raw: object, chat: ChatId, reader: Reader) -> Sequence[Event]:
    """What happened in `chat`: at most one event. `raw` comes from /sync, /messages or /event.

    Nothing for state, for what is encrypted (see `encrypted`) or redacted, and for unknown types without a body.
    """
    if not isinstance(raw, dict):
        return [_unparsable("not an object", raw, chat, reader)] if raw else ()
    if not raw or _silent(raw):
        return ()
    try:
        found = _parse(raw, chat, reader)
    except _Wrong as wrong:
        return [_unparsable(str(wrong), raw, chat, reader)]
    return () if found is None else [found]


def _silent(raw: Mapping[str, object]) -> bool:
    """Whether there is nothing in it for people, whatever else is wrong with it."""
    kind = raw.get("type")
    known = isinstance(kind, str) and (kind in _EPHEMERAL or kind == "m.room.encrypted")
    return known or redacted(raw) or isinstance(raw.get("state_key"), str)


def redacted(raw: Mapping[str, object]) -> bool:
    """Whether it came without what was said in it."""
    because = fields.mapping(raw.get("unsigned")).get("redacted_because")
    return bool(because) or (raw.get("content") == {} and raw.get("type") != "m.room.redaction")


def _unparsable(reason: str, raw: object, chat: ChatId, reader: Reader) -> Unparsable:
    sender = fields.line(fields.mapping(raw).get("sender"), 255)
    source = f"{reader.network} {chat}" + (f" {sender}" if sender else "")
    return Unparsable(reason=reason, source=source, raw=fields.shown(raw), chat=chat)


def _parse(raw: Mapping[str, object], chat: ChatId, reader: Reader) -> Event | None:
    id, sender, kind, content = (
        fields.event_id(raw.get("event_id")),
        raw.get("sender"),
        raw.get("type"),
        raw.get("content"),
    )
    if id is None:
        raise _Wrong("no valid event id")
    if not isinstance(sender, str) or not ids.valid_user(sender):
        raise _Wrong("no valid sender")
    if not isinstance(kind, str) or not kind:
        raise _Wrong("no type")
    if not isinstance(content, dict):
        raise _Wrong("no content")
    name = fields.line(reader.names.get(sender, ""))
    who = "You" if reader.direct and sender == reader.me else name or sender
    authored: dict[str, Any] = {
        "chat": chat, "id": MessageId(id), "sender": Contact(ContactId(sender), name),
        "at": _time(raw, reader.now), "key": _key(raw, content, mine=sender == reader.me),
        "provenance": Provenance.COPY if content.get(BRIDGED) is True else Provenance.PERSON,
    }  # fmt: skip
    relation = fields.mapping(content.get("m.relates_to"))
    if kind == "m.reaction":
        return ReactionsChanged(**authored, **_reaction(content, relation))
    if kind == "m.room.redaction":
        return MessageRetracted(**authored, **_redaction(raw, content))
    replaced = fields.event_id(relation.get("event_id"))
    if relation.get("rel_type") == "m.replace" and replaced is not None:
        new = _said(kind, _new_content(content), {}, who, reader.names)
        return None if new is None else MessageEdited(**authored, target=MessageId(replaced), message=new)
    message = _said(kind, content, relation, who, reader.names)
    if message is None:
        return None
    shown = {span.value for span in message.spans if span.kind is SpanKind.MENTION}
    called = tuple(user for user in _mentions(content) if user not in shown)
    return MessageReceived(**authored, message=message, called=called)


def _key(raw: Mapping[str, object], content: Mapping[str, Any], *, mine: bool) -> str | None:
    """Our key. COMPAT homeservers that keep of a redaction only what they know: to whoever has made it, it still names
    the transaction id, which is the same (client-server API #definition-clientevent)."""
    transaction = fields.mapping(raw.get("unsigned")).get("transaction_id")
    key = content.get(KEY, transaction if mine and raw.get("type") == "m.room.redaction" else None)
    return key if isinstance(key, str) and _VALID_KEY.fullmatch(key) else None


def _time(raw: Mapping[str, object], now: float | None) -> float:
    """When it was said, in seconds by our clock. How long ago that was the homeserver tells (client-server API
    #room-event-format, `unsigned.age`), which is right also where clocks are not; else the sender's server has written
    when. `now` if neither can be true."""
    age = fields.number(fields.mapping(raw.get("unsigned")).get("age"))
    if age is not None and now is not None and now - age / 1000 >= _EARLIEST:
        return now - age / 1000
    milliseconds = fields.number(raw.get("origin_server_ts"))
    latest = _LATEST if now is None else now + _AHEAD
    if milliseconds is not None and _EARLIEST <= milliseconds / 1000 <= latest:
        return milliseconds / 1000
    return now or 0.0


def _said(
    kind: str, content: Mapping[str, Any], relation: Mapping[str, object], who: str, names: Mapping[str, str]
) -> Message | None:
    """What `content` says by itself, under events of type `kind`."""
    if kind != "m.room.message":
        file = media.read(kind, content)
        return Message(media=(file,)) if file is not None else _notice(lines.of_event(kind, content, who))
    reply = fields.event_id(fields.mapping(relation.get("m.in_reply_to")).get("event_id"))
    msgtype = fields.string(content.get("msgtype"))
    style, files = _STYLES.get(msgtype), _filed(msgtype, content, names, reply=reply is not None)
    if files is not None:
        message = files
    elif msgtype == "m.location" and (where := places.read(content)) is not None:
        message = where
    elif style is None:
        line = lines.of_message(msgtype, content, who)
        if line is None:
            raise _Wrong("a message without a body")
        message = Message(line, style=Style.NOTICE)
    else:
        message = replace(_text(content, names, reply=reply is not None), style=style)
    thread = fields.event_id(relation.get("event_id")) if relation.get("rel_type") == "m.thread" else None
    if thread is not None:
        message = replace(message, thread=MessageId(thread))
    # Client-server API #fallback-for-unthreaded-clients: then it is no reply, only a place in a thread.
    if reply is None or relation.get("is_falling_back") is True:
        return replace(message, quote=None)
    return replace(message, reply_to=MessageId(reply))


def _filed(msgtype: str, content: Mapping[str, Any], names: Mapping[str, str], *, reply: bool) -> Message | None:
    """A message of files, with their caption; None if it is none."""
    file = media.read(msgtype, content)
    if file is not None:
        caption = media.has_caption(msgtype, content)
        return replace(_text(content, names, reply=reply) if caption else Message(), media=(file,))
    several = media.gallery(msgtype, content)
    if several is None:
        return None
    found, told, more = several
    said = _text(told, names, reply=reply) if fields.line(told["body"]) else Message()
    return replace(said, text="\n".join(filter(None, (said.text, more))), media=found)


def _text(content: Mapping[str, Any], names: Mapping[str, str], *, reply: bool) -> Message:
    if not isinstance(content.get("body"), str):
        raise _Wrong("a message without a body")
    body, quote = fields.string(content["body"]), None
    if reply and (copied := _FALLBACK.match(body)) and copied.end() < len(body):
        quote = Quote(
            "\n".join(line.removeprefix("> ") for line in copied[0].rstrip("\n").split("\n")).partition("> ")[2]
        )
        body = body[copied.end() :]
    rich = content.get("format") == "org.matrix.custom.html"
    text, spans = spans_of(body, fields.string(content.get("formatted_body")) if rich else "", keep_quote=not reply)
    meant = _meant(content, text, spans, names)
    return Message(text or "(an empty message)", spans + meant, quote=quote, previews=previews.read(content, text))


def _meant(content: Mapping[str, Any], text: str, spans: Sequence[Span], names: Mapping[str, str]) -> tuple[Span, ...]:
    """Client-server API #user-and-room-mentions: whom `m.mentions` names and no pill shows, where their name stands."""
    found: list[Span] = []
    shown = {span.value for span in spans if span.kind is SpanKind.MENTION}
    for user in _mentions(content):
        if user in shown:
            continue
        for name in filter(None, (user, fields.line(names.get(user)))):
            at = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)
            if at is not None and all(at.end() <= s.start or at.start() >= s.end for s in found):
                found.append(Span(at.start(), at.end(), SpanKind.MENTION, user))
                break
    return tuple(found)


def _mentions(content: Mapping[str, Any]) -> Sequence[ContactId]:
    named = fields.listed(fields.mapping(content.get("m.mentions")).get("user_ids"))[:_MOST_MENTIONS]
    return [ContactId(user) for user in named if isinstance(user, str) and ids.valid_user(user)]


def _new_content(content: Mapping[str, Any]) -> Mapping[str, Any]:
    new = content.get("m.new_content")
    if isinstance(new, dict):
        return new
    # Client-server API #event-replacements: the fallback is the new text after an asterisk.
    return {**content, "body": fields.string(content.get("body")).removeprefix("* "), "formatted_body": None}


def _reaction(content: Mapping[str, Any], relation: Mapping[str, object]) -> dict[str, Any]:
    """Client-server API #event-annotations-and-reactions. Custom emoji are addresses of pictures; their short code says
    more."""
    key, target = fields.line(relation.get("key")), fields.event_id(relation.get("event_id"))
    if not key or target is None:
        raise _Wrong("a reaction without a key, or to nothing")
    if key.startswith("mxc://"):
        shortcode = content.get("shortcode", content.get("com.beeper.reaction.shortcode"))
        key = fields.line(shortcode) or "[picture]"
    return {"target": MessageId(target), "reactions": (key,), "added": True}


def _redaction(raw: Mapping[str, object], content: Mapping[str, Any]) -> dict[str, Any]:
    """Client-server API #redactions: a homeserver shows only those that the room's rules allow, whoever wrote what is
    redacted. What is redacted stands in the content since room version 11, and beside it before; homeservers copy it to
    the other place. Where one does not, its author may have put another event there, which nobody has judged."""
    named = {id for one in (content, raw) if (id := fields.event_id(one.get("redacts"))) is not None}
    if len(named) != 1:
        raise _Wrong("a redaction of two events" if named else "a redaction of nothing")
    return {"target": MessageId(named.pop()), "moderator": True, "reason": fields.line(content.get("reason"))}


def _notice(line: str | None) -> Message | None:
    return None if line is None else Message(line, style=Style.NOTICE)
