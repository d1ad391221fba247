"""Telegram's entities to spans, and back. Pure.

Entities count UTF-16 units (https://core.telegram.org/bots/api#messageentity), spans code points. What Telegram sends
may be past the end, cut a character in two, or cross; what leaves here never does.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any
from urllib.parse import urlsplit

from bridge.contract import Span, SpanKind
from connectors.telegram import fields, ids

_MOST = 500  # entities of one text; Telegram keeps 100
_KINDS = {
    "bold": SpanKind.BOLD, "italic": SpanKind.ITALIC, "underline": SpanKind.UNDERLINE,
    "strikethrough": SpanKind.STRIKE, "spoiler": SpanKind.SPOILER, "code": SpanKind.CODE, "pre": SpanKind.PRE,
    "blockquote": SpanKind.QUOTE, "expandable_blockquote": SpanKind.QUOTE, "text_link": SpanKind.LINK,
    "text_mention": SpanKind.MENTION,
}  # fmt: skip
_NAMES = {
    SpanKind.BOLD: "bold", SpanKind.ITALIC: "italic", SpanKind.UNDERLINE: "underline",
    SpanKind.STRIKE: "strikethrough", SpanKind.SPOILER: "spoiler", SpanKind.CODE: "code", SpanKind.PRE: "pre",
    SpanKind.QUOTE: "blockquote", SpanKind.LINK: "text_link", SpanKind.MENTION: "text_mention",
}  # fmt: skip
_ALONE = (SpanKind.CODE, SpanKind.PRE)  # #formatting-options: these hold no other entity
_SCHEMES = ("http", "https", "tg", "mailto")


def units(text: str) -> int:
    """UTF-16 units of a text."""
    return len(text) + sum(c > "\uffff" for c in text)


def spans_of(text: str, entities: object) -> tuple[Span, ...]:
    """Never raises."""
    found = []
    if not isinstance(entities, list) or not entities:
        return ()
    ends = list(accumulate((1 + (c > "\uffff") for c in text), initial=0))  # units before each code point
    starts = {unit: point for point, unit in enumerate(ends)}
    for raw in entities[:_MOST]:
        one = fields.mapping(raw)
        begin, length = fields.integer(one.get("offset")), fields.integer(one.get("length"))
        kind = _KINDS.get(fields.string(one.get("type")))
        if kind is None or begin is None or length is None or begin < 0 or length <= 0:
            continue
        value = _value(kind, one)
        if value is None:
            continue
        last = min(begin + length, ends[-1])
        # One that begins or ends inside a character means the whole character.
        start = starts.get(begin, starts.get(begin - 1))
        end = starts.get(last, starts.get(last + 1))
        if start is not None and end is not None and start < end:
            found.append(Span(start, end, kind, value))
    return nested(found)


def nested(spans: Sequence[Span]) -> tuple[Span, ...]:
    """The same in order, outer ones first; one that crosses another ends where that does."""
    done: list[Span] = []
    within: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        while within and within[-1].end <= span.start:
            within.pop()
        if within and span.end > within[-1].end:
            span = Span(span.start, within[-1].end, span.kind, span.value, span.network)
        done.append(span)
        within.append(span)
    return tuple(done)


def entities_of(text: str, spans: Sequence[Span]) -> list[dict[str, Any]]:
    """What Telegram is given for `spans`; what it has no word for is not there."""
    before = list(accumulate((1 + (c > "\uffff") for c in text), initial=0))
    found: list[dict[str, Any]] = []
    alone = 0  # up to here nothing else may stand
    for span in nested([s for s in spans if 0 <= s.start < s.end <= len(text)]):
        if span.start < alone:
            continue
        more = _more(span, text)
        if more is None:
            continue
        if span.kind in _ALONE:
            alone = span.end
        offset = before[span.start]
        found.append({"type": _NAMES[span.kind], "offset": offset, "length": before[span.end] - offset, **more})
    return found


def _value(kind: SpanKind, entity: Mapping[str, Any]) -> str | None:
    match kind:
        case SpanKind.LINK:
            url = fields.string(entity.get("url"))
            return url if url and len(url) < 5_000 and url.isprintable() and " " not in url else None
        case SpanKind.MENTION:
            who = fields.positive(fields.mapping(entity.get("user")).get("id"))
            return None if who is None else ids.person(who)
        case SpanKind.PRE:
            return fields.line(entity.get("language"), 32)
        case _:
            return ""


def _more(span: Span, text: str) -> dict[str, Any] | None:
    match span.kind:
        case SpanKind.LINK:
            same = span.value == text[span.start : span.end]
            return {"url": span.value} if _scheme(span.value) in _SCHEMES and not same else None
        case SpanKind.MENTION:
            fits = not span.network and ids.is_person(span.value)
            return {"user": {"id": int(span.value), "is_bot": False, "first_name": "?"}} if fits else None
        case SpanKind.PRE if span.value:
            return {"language": span.value}
        case _:
            return {}


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""
