"""What a stanza with a body says: the opposite of `content`. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from xml.etree.ElementTree import Element

from bridge.contract import Message, Span, SpanKind, Style
from bridge.xmpp import markup, mentions, places, previews, replies, styling
from bridge.xmpp.mentions import People

_UNSTYLED = "{urn:xmpp:styling:0}unstyled"
_MARKUP = f"{{{markup.MARKUP}}}markup"
_SPOILER = "{urn:xmpp:spoiler:0}spoiler"
_LONGEST_HINT = 200  # characters


def message(stanza: Element, children: Mapping[str, Element], body: str, people: People) -> Message:
    """`children` are those of the stanza, by tag; `people` those who may be meant."""
    said, reply_to, quote = replies.read(stanza, children, body)
    emote = said.startswith("/me ")  # XEP-0245 #format
    said = said[4:] if emote else said
    before = len(body) - len(said) if body.endswith(said) else 0
    words, spans, place = _formatted(children, said)
    spans += mentions.read(
        [one for one in stanza if one.tag in mentions.ELEMENTS],
        words,
        people,
        lambda at: place(at - before),
    )
    if _MARKUP in children:
        spans += _inside(markup.read(children[_MARKUP], len(body)), before, len(words))
    if _SPOILER in children:
        hint = "".join(children[_SPOILER].itertext())[:_LONGEST_HINT]
        spans = (Span(0, len(words), SpanKind.SPOILER, hint), *spans)
    where = places.read(children, words)
    return Message(
        words if where is None else places.said(where, words), spans, Style.EMOTE if emote else Style.TEXT,
        reply_to=reply_to, quote=quote, place=where, previews=previews.read(stanza, words),
    )  # fmt: skip


def _formatted(children: Mapping[str, Element], said: str) -> tuple[str, tuple[Span, ...], Callable[[int], int | None]]:
    """Text, formatting, and where the places of the body have gone."""
    plain = _UNSTYLED in children or _MARKUP in children
    words, spans = (said, ()) if plain else styling.read(said)
    if not spans:
        return said, (), lambda at: at if 0 <= at < len(said) else None

    styled = cache(lambda: styling.write(words, spans))  # which nobody asks for where nobody is meant
    return words, spans, lambda at: styled().origin(at)


def _inside(spans: Sequence[Span], before: int, length: int) -> tuple[Span, ...]:
    moved = (replace(span, start=span.start - before, end=span.end - before) for span in spans)
    return tuple(span for span in moved if 0 <= span.start < span.end <= length)
