"""Replies (XEP-0461): what a message answers, and the quotation in its body for apps that do not know replies, which
XEP-0428 marks. Pure. Places in a body are code points."""

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element

from bridge.contract import MessageId, Quote
from bridge.xmpp import text

REPLY, FALLBACK = "urn:xmpp:reply:0", "urn:xmpp:fallback:0"
_MOST_RANGES = 16
_LONGEST_ID = 1_000  # characters
_LONGEST_QUOTE, _MOST_LINES = 200, 4  # of a quotation; more is no help


def read(stanza: Element, children: Mapping[str, Element], body: str) -> tuple[str, MessageId | None, Quote | None]:
    """What the body says without its quotation, what it answers, and the quotation.

    The body is left whole where the marks make no sense, or would leave nothing."""
    reply = children.get(f"{{{REPLY}}}reply")
    target = reply.get("id", "") if reply is not None else ""
    if not 0 < len(target) <= _LONGEST_ID:
        return body, None, None
    marks = [one for one in stanza if one.tag == f"{{{FALLBACK}}}fallback" and one.get("for") == REPLY]
    ranges = _ranges(marks, len(body))
    said, quoted = _cut(body, ranges)
    if not ranges or not said.strip():
        return body, MessageId(target), None
    return said, MessageId(target), Quote(_unquoted(quoted))


def _ranges(marks: Sequence[Element], length: int) -> list[tuple[int, int]]:
    """What is marked as a quotation, in order; nothing if any of it cannot be."""
    found: list[tuple[int, int]] = []
    for part in [part for mark in marks for part in mark if part.tag == f"{{{FALLBACK}}}body"]:
        start, end = _place(part.get("start", "0")), _place(part.get("end", str(length)))
        if start is None or end is None or not start <= end <= length or len(found) == _MOST_RANGES:
            return []
        found.append((start, end))
    return sorted(found)


def _place(number: str) -> int | None:
    return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else None


def _cut(body: str, ranges: Sequence[tuple[int, int]]) -> tuple[str, str]:
    """What is outside of the ranges, and what is inside."""
    outside, inside, at = [], [], 0
    for start, end in ranges:
        outside.append(body[at : max(at, start)])
        inside.append(body[max(at, start) : max(at, end)])
        at = max(at, end)
    return "".join([*outside, body[at:]]), "".join(inside)


def _unquoted(quoted: str) -> str:
    lines = [line.removeprefix(">").removeprefix(" ") for line in quoted.strip().split("\n")]
    return "\n".join(lines)[: 4 * _LONGEST_QUOTE]


def quotation(quote: Quote | None, name: str = "") -> str:
    """What stands before a reply for apps that know none; `name` is who had said it, where that is not clear."""
    if quote is None or not quote.text.strip():
        return ""
    lines = text.legal(quote.text).strip()[: _LONGEST_QUOTE + 1].split("\n")
    if len(lines) > _MOST_LINES or len("\n".join(lines)) > _LONGEST_QUOTE:
        lines = "\n".join(lines[:_MOST_LINES])[:_LONGEST_QUOTE].split("\n")
        lines[-1] += "…"
    head = [f"{text.legal(name)}:"] if name else []
    return "".join(f"> {line}\n" for line in [*head, *lines])


def elements(target: MessageId, to: str, quoted: int) -> str:
    """`to` is whose message it was, if that is known; `quoted` how many code points of the body are the quotation."""
    whose = f' to="{text.attribute(to)}"' if to else ""
    reply = f'<reply xmlns="{REPLY}"{whose} id="{text.attribute(target)}"/>'
    marked = f'<fallback xmlns="{FALLBACK}" for="{REPLY}"><body start="0" end="{quoted}"/></fallback>'
    return reply + (marked if quoted else "")
