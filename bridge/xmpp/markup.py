"""Message markup (XEP-0394): formatting beside a plain text, in code points. Read where an app sends it, and written
where styling cannot say what is meant. Pure."""

from collections.abc import Callable, Iterable, Mapping
from xml.etree.ElementTree import Element

from bridge.contract import Span, SpanKind

MARKUP = "urn:xmpp:markup:0"
_SPACE = f"{{{MARKUP}}}"
_KINDS: Mapping[str, SpanKind] = {
    "strong": SpanKind.BOLD, "emphasis": SpanKind.ITALIC, "deleted": SpanKind.STRIKE, "code": SpanKind.CODE,
}  # fmt: skip
_BLOCKS: Mapping[str, SpanKind] = {"bcode": SpanKind.PRE, "bquote": SpanKind.QUOTE}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_BLOCK_NAMES = {kind: name for name, kind in _BLOCKS.items()}
_MOST = 500


def read(markup: Element, length: int) -> tuple[Span, ...]:
    """Formatting of a text of `length` code points; what lies outside of it is nothing."""
    found: dict[Span, None] = {}
    for one in list(markup)[:_MOST]:
        start, end = one.get("start", ""), one.get("end", "")
        if not (start.isdecimal() and end.isdecimal() and len(start) < 10 and len(end) < 10):
            continue
        name = one.tag.removeprefix(_SPACE)
        names = {child.tag.removeprefix(_SPACE) for child in one} if name == "span" else {name}
        for kind in (_KINDS.get(n) or _BLOCKS.get(n) for n in names):
            if kind is not None and int(start) < int(end) <= length:
                found[Span(int(start), int(end), kind)] = None
    return tuple(sorted(list(found)[:_MOST], key=lambda span: (span.start, -span.end)))


def write(spans: Iterable[Span], place: Callable[[int], int]) -> str:
    """`place` tells where a place of the text is in the body."""
    some = "".join(_written(span, place(span.start), place(span.end - 1) + 1) for span in spans)
    return f'<markup xmlns="{MARKUP}">{some}</markup>' if some else ""


def _written(span: Span, start: int, end: int) -> str:
    if span.kind in _BLOCK_NAMES:
        return f'<{_BLOCK_NAMES[span.kind]} start="{start}" end="{end}"/>'
    if span.kind in _NAMES:
        return f'<span start="{start}" end="{end}"><{_NAMES[span.kind]}/></span>'
    return ""
