"""What a message of Telegram says, as the contract says it. Pure.

Source: https://core.telegram.org/bots/api#message. What we have no form for is one readable line; what we do not know
at all is named as it is called there.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bridge.contract import Message, NetworkId, Person, Quote, Style
from connectors.telegram import fields, happenings, ids, lines, stickers, text, topics
from connectors.telegram.files import FILES, read
from connectors.telegram.phrases import name_of

_LONGEST = 100_000  # characters of a text; Telegram's have 4096
_QUOTED = 1_000


def message_of(raw: Mapping[str, Any], network: NetworkId) -> Message | None:
    """None for what says nothing to people (somebody has come, a group has moved)."""
    said = _said(raw)
    if said is None:
        return None
    return topics.within(_replying(_forwarded(said, raw), raw, network), raw)


def _said(raw: Mapping[str, Any]) -> Message | None:
    if isinstance(raw.get("text"), str):
        return _worded(raw, "text", "entities")
    sticker = fields.mapping(raw.get("sticker"))
    if stickers.kind_of(sticker) is not None:
        moving = stickers.read(sticker)
        shown = f"{fields.line(sticker.get('emoji'), 8)} {stickers.MISSING}".strip()
        return Message(shown, style=Style.NOTICE) if moving is None else Message(media=(moving,))
    for kind in FILES:
        if kind in raw and (medium := read(kind, raw[kind])) is not None:
            return replace(_worded(raw, "caption", "caption_entities"), media=(medium,))
    for kind, say in lines.CONTENT.items():
        if kind in raw:
            place = lines.place_of(raw) if kind in ("venue", "location") else None
            return Message(say(fields.mapping(raw[kind])), style=Style.TEXT if place else Style.NOTICE, place=place)
    line = happenings.line(raw)
    return None if line is None else Message(line, style=Style.NOTICE)


def _worded(raw: Mapping[str, Any], what: str, marks: str) -> Message:
    words = fields.string(raw.get(what))[:_LONGEST]
    if what == "text" and not words:
        return Message("(an empty message)")
    return Message(words, text.spans_of(words, raw.get(marks)))


def _forwarded(said: Message, raw: Mapping[str, Any]) -> Message:
    """#messageorigin: hidden names stay hidden."""
    origin = fields.mapping(raw.get("forward_origin"))
    if not origin:
        return said
    who = (
        name_of(fields.mapping(origin.get("sender_user")))
        or fields.line(origin.get("sender_user_name"))
        or fields.line(fields.mapping(origin.get("sender_chat") or origin.get("chat")).get("title"))
    )
    head = f"Forwarded from {who}:\n" if who else "Forwarded:\n"
    spans = tuple(replace(span, start=span.start + len(head), end=span.end + len(head)) for span in said.spans)
    return replace(said, text=head + said.text if said.text else head.strip(), spans=spans)


def _replying(said: Message, raw: Mapping[str, Any], network: NetworkId) -> Message:
    answered = fields.mapping(raw.get("reply_to_message"))
    number = fields.positive(answered.get("message_id"))
    chat = fields.integer(fields.mapping(raw.get("chat")).get("id"))
    words = fields.string(fields.mapping(raw.get("quote")).get("text"))
    if not words and "reply_to_story" in raw:
        words = lines.CONTENT["story"](fields.mapping(raw["reply_to_story"]))
    thread = raw.get("message_thread_id")
    if number is None or chat is None or (raw.get("is_topic_message") is True and number == thread):
        return replace(said, quote=Quote(words[:_QUOTED])) if words else said  # a message of another chat
    words = words or fields.string(answered.get("text")) or fields.string(answered.get("caption"))
    sender = fields.mapping(answered.get("from"))
    who = fields.positive(sender.get("id"))
    author = Person(network, ids.person(who)) if who is not None and "sender_chat" not in answered else None
    quote = Quote(words[:_QUOTED], author, name_of(sender)) if words else None
    return replace(said, reply_to=ids.message(chat, number), quote=quote)
