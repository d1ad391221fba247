"""Matrix HTML to text with spans, and back. Pure.

Source: Matrix client-server API #m.room.message-msgtypes (allowed tags, depth of 100, `data-mx-spoiler`).

We chose a tokenizer of our own over `html.parser` because that one takes quadratic time for unclosed comments and tags
(measured on Python 3.11.7), and over an HTML5 parser because only a small set of tags counts. Every expression below is
possessive or cannot fail, so reading is linear. Positions are code points.
"""

import html
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from bridge.contract import Span, SpanKind
from connectors.matrix import ids

LONGEST, DEEPEST = 65_536, 100  # an event has 64 KiB; the specification asks for a limit of 100 levels
OUR_SCHEMES = frozenset({"http", "https", "mailto", "xmpp", "matrix"})
_SCHEMES = OUR_SCHEMES | {"ftp", "magnet"}  # what the specification lets others link to

_TOKEN = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<[!?][^>]*+(?:>|\Z)"
    r"|<(?P<end>/?)(?P<tag>[A-Za-z][A-Za-z0-9-]*+)(?P<attributes>(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"([^\s=/\"']++)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++)))?+")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_SPACE = re.compile(r"[ \t\n\r\f]+")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):[^\s\x00-\x1f\x7f]+")
_NUMBER = re.compile("[0-9]{1,6}")
_LANGUAGE = re.compile(r"[A-Za-z0-9+#._-]{1,32}")

_KINDS = {
    "b": SpanKind.BOLD, "strong": SpanKind.BOLD, "i": SpanKind.ITALIC, "em": SpanKind.ITALIC,
    "u": SpanKind.UNDERLINE, "ins": SpanKind.UNDERLINE,
    "del": SpanKind.STRIKE, "s": SpanKind.STRIKE, "strike": SpanKind.STRIKE,
    "code": SpanKind.CODE, "pre": SpanKind.PRE, "blockquote": SpanKind.QUOTE,
} | {f"h{n}": SpanKind.BOLD for n in range(1, 7)}  # fmt: skip
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "table"})  # an empty line around them
_BLOCKS = _PARAGRAPHS | {"div", "blockquote", "pre", "ul", "ol", "li", "tr", "caption", "details", "summary", "hr"}
_VOID = frozenset({"br", "hr", "img", "wbr"})
_SILENT = frozenset({"script", "style", "mx-reply"})  # nothing inside them is for reading
_CLOSES = {  # what a tag ends when it stands right inside it
    "p": {"p"}, "li": {"li", "p"}, "tr": {"td", "th", "tr"}, "td": {"td", "th"}, "th": {"td", "th"},
}  # fmt: skip
_DEEPEST_INDENT = 8
_MOST = 500  # elements; where marks are all that there is, reading and writing them costs many times the text

_TAGS = {
    SpanKind.BOLD: "strong", SpanKind.ITALIC: "em", SpanKind.STRIKE: "del", SpanKind.UNDERLINE: "u",
    SpanKind.CODE: "code",
}  # fmt: skip
_PRE_END, _QUOTE_END = "</code></pre>", "</blockquote>"
_SWALLOWED = re.compile(r"(?<![^\n]) | (?= )")  # spaces that HTML would not show


@dataclass(slots=True)
class _Element:
    tag: str
    order: int  # of its beginning among all: the outer one first where two spans are equally long
    kind: SpanKind | None = None
    value: str = ""
    start: int | None = None  # None until the first text in it
    number: int = 0  # of the next item of an `ol`


class _TooMuch(Exception):
    """More levels, or more elements, than anybody writes."""


def spans_of(body: str, formatted: str, *, keep_quote: bool = False) -> tuple[str, tuple[Span, ...]]:
    """The text that a reader of `formatted` sees, and its formatting; `body` where there is none or no sense in it.

    `keep_quote` keeps what stands in `mx-reply`: in an event that is no reply it is not the copy of one. Never raises.
    """
    if not isinstance(body, str):
        body = ""
    if not isinstance(formatted, str) or len(formatted) > LONGEST:
        return body, ()
    reader = _Reader(_SILENT - {"mx-reply"} if keep_quote else _SILENT)
    try:
        text, spans = reader.read(formatted)
    except _TooMuch:
        return body, ()
    return (text, spans) if text and (spans or not body) else (body, ())


class _Reader:
    """Builds the text. White space waits until text follows it, so no span begins or ends with it."""

    def __init__(self, silent: frozenset[str]) -> None:
        self._silent = silent
        self._stack: list[_Element] = []
        self._open: Counter[str] = Counter()  # how many of a tag are in the stack
        self._begun = 0
        self._waiting: list[_Element] = []  # those of the stack without text so far, outermost first
        self._parts: list[str] = []
        self._length = 0
        self._newlines, self._space = 0, False  # what goes before the next text
        self._marker, self._around_marker = "", 0  # of a list item, and how many of `_waiting` it lies in
        self._done: list[tuple[int, int, int, Span]] = []

    def read(self, source: str) -> tuple[str, tuple[Span, ...]]:
        at = 0
        for token in _TOKEN.finditer(source):
            self._data(source[at : token.start()])
            at = token.end()
            if token["tag"] is not None:
                tag = token["tag"].lower()
                if token["end"]:
                    self._end(tag)
                else:
                    self._begin(tag, token["attributes"])
        self._data(source[at:])
        while self._stack:
            self._pop()
        return "".join(self._parts), tuple(span for *_, span in sorted(self._done, key=lambda found: found[:3]))

    def _begin(self, tag: str, attributes: str) -> None:
        while self._stack and self._stack[-1].tag in _CLOSES.get(tag, ()):
            self._pop()
        self._break(tag)
        if tag in _VOID:
            self._void(tag, attributes)
            return
        if len(self._stack) >= DEEPEST or self._begun >= _MOST:
            raise _TooMuch
        self._begun += 1
        element = _Element(tag, self._begun, *self._meaning(tag, attributes))
        if tag == "ol":
            start = _attributes(attributes).get("start", "")
            element.number = int(start) if _NUMBER.fullmatch(start) else 1
        elif tag == "li":
            self._item()
        elif tag in ("td", "th"):
            self._space = True
        self._stack.append(element)
        self._open[tag] += 1
        self._waiting.append(element)

    def _meaning(self, tag: str, attributes: str) -> tuple[SpanKind | None, str]:
        if tag == "a":
            return _link(_attributes(attributes).get("href", ""))
        if tag == "span":
            reason = _attributes(attributes).get("data-mx-spoiler")
            return (None, "") if reason is None else (SpanKind.SPOILER, reason)
        if tag == "code" and self._stack and self._stack[-1].tag == "pre":
            classes = _attributes(attributes).get("class", "").split()
            languages = [c.removeprefix("language-") for c in classes if c.startswith("language-")]
            if languages and _LANGUAGE.fullmatch(languages[0]):
                self._stack[-1].value = languages[0]
            return None, ""
        return _KINDS.get(tag), ""

    def _void(self, tag: str, attributes: str) -> None:
        if tag == "br":
            self._newlines += 1
            self._space = False
        elif tag == "hr":
            self._data("———")
            self._break(tag)
        elif tag == "img":
            given = _attributes(attributes)
            self._data(html.escape(given.get("alt") or given.get("title") or "[Image]"))

    def _item(self) -> None:
        lists = [element for element in self._stack if element.tag in ("ul", "ol")]
        indent = "  " * min(len(lists) - 1, _DEEPEST_INDENT)
        if lists and lists[-1].tag == "ol":
            self._marker = f"{indent}{lists[-1].number}. "
            lists[-1].number += 1
        else:
            self._marker = f"{indent}- "
        self._around_marker = len(self._waiting)

    def _end(self, tag: str) -> None:
        """Ends the innermost `tag` and all in it; an end without beginning means nothing."""
        if self._open[tag]:
            while self._pop() != tag:
                pass

    def _pop(self) -> str:
        element = self._stack.pop()
        self._open[element.tag] -= 1
        if element.start is None:
            self._waiting.pop()  # it is the last: what is around it has been waiting longer
            self._around_marker = min(self._around_marker, len(self._waiting))
        elif element.kind is not None:
            span = Span(element.start, self._length, element.kind, element.value)
            self._done.append((span.start, -span.end, element.order, span))
        if element.tag == "li":
            self._marker = ""
        self._break(element.tag)
        return element.tag

    def _break(self, tag: str) -> None:
        """The end of a line where a block begins or ends."""
        if tag in _BLOCKS:
            apart = tag in _PARAGRAPHS and not self._open["li"] and not self._open["tr"]
            self._newlines = max(self._newlines, 2 if apart else 1)
            self._space = False

    def _data(self, source: str) -> None:
        if not source or any(self._open[tag] for tag in self._silent):
            return
        if self._open["pre"]:
            self._preformatted(_unescape(source).replace("\r\n", "\n"))
            return
        words = _unescape(_SPACE.sub(" ", source))
        self._space |= words[0] == " "
        if shown := words.strip(" "):
            self._text(shown)
            self._space = words[-1] == " "

    def _preformatted(self, text: str) -> None:
        if self._waiting and self._waiting[-1].tag == "pre":
            text = text.removeprefix("\n")  # HTML #the-pre-element: the first one is not part of it
        if shown := text.rstrip("\n"):
            self._text(shown)
        self._newlines += len(text) - len(shown)

    def _text(self, text: str) -> None:
        """Adds `text`, after the white space that was waiting for it."""
        if self._length and self._newlines:
            self._add("\n" * self._newlines)
        elif self._length and self._space:
            self._add(" ")
        self._newlines, self._space = 0, False
        for element in self._waiting[: self._around_marker]:
            element.start = self._length
        self._add(self._marker)
        for element in self._waiting[self._around_marker :]:
            element.start = self._length
        self._waiting.clear()
        self._marker, self._around_marker = "", 0
        self._add(text)

    def _add(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)


def _attributes(source: str) -> dict[str, str]:
    """By name in lower case; the first of a name counts."""
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(source):
        found.setdefault(name.lower(), _unescape(double or single or bare))
    return found


def _unescape(source: str) -> str:
    """Character references; only with their semicolon, and only numbers that `int` takes."""
    return _ENTITY.sub(lambda found: html.unescape(found[0]), source) if "&" in source else source


def _link(href: str) -> tuple[SpanKind | None, str]:
    """Links to a user are mentions (appendices #matrixto-navigation and #matrix-uri-scheme)."""
    href = href.strip()
    for prefix, sigil in (("https://matrix.to/#/", ""), ("matrix:u/", "@")):
        if href.startswith(prefix):
            user = sigil + unquote(href.removeprefix(prefix).partition("?")[0])
            if ids.valid_user(user):
                return SpanKind.MENTION, user
    scheme = _SCHEME.fullmatch(href)
    return (SpanKind.LINK, href) if scheme and scheme[1].lower() in _SCHEMES else (None, "")


def html_of(text: str, spans: Sequence[Span]) -> str | None:
    """`text` as a `formatted_body`; None if none of `spans` can be shown. Spans that cross are cut until they nest."""
    writer = _Writer(text)
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        writer.open(span)
    return writer.finish()


class _Writer:
    """Writes the text once from its beginning to its end, with tags where spans begin and end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._flowing = _SWALLOWED.sub("\u00a0", text)  # as long as `text`
        self._at = 0  # up to where the text is written
        self._pieces: list[str] = []
        self._stack: list[tuple[int, str]] = []  # where it ends, and its end tag; the inner one never ends later
        self._verbatim = 0  # how many `pre` are open
        self._after_block = False  # it ends its line by itself
        self._tagged = False

    def open(self, span: Span) -> None:
        tags = _tags(span)
        if tags is None or not 0 <= span.start < min(span.end, len(self._text)):
            return
        self._write(span.start)
        if len(self._stack) >= DEEPEST // 2:
            return
        end = min(span.end, self._stack[-1][0] if self._stack else len(self._text))
        self._pieces.append(tags[0])
        self._stack.append((end, tags[1]))
        self._verbatim += span.kind is SpanKind.PRE
        self._tagged = True

    def finish(self) -> str | None:
        self._write(len(self._text))
        return "".join(self._pieces) if self._tagged else None

    def _write(self, end: int) -> None:
        """The text up to `end`, and the ends of all spans on the way."""
        while self._stack and self._stack[-1][0] <= end:
            until, tag = self._stack.pop()
            self._plain(until)
            self._pieces.append(tag)
            self._verbatim -= tag == _PRE_END
            self._after_block = tag in (_PRE_END, _QUOTE_END)
        self._plain(end)

    def _plain(self, end: int) -> None:
        piece = (self._text if self._verbatim else self._flowing)[self._at : end]
        if not piece:
            return
        self._at = end
        if self._after_block:
            piece = piece.removeprefix("\n")
        self._after_block = False
        escaped = html.escape(piece)
        self._pieces.append(escaped if self._verbatim else escaped.replace("\n", "<br>"))


def _tags(span: Span) -> tuple[str, str] | None:
    """What begins and what ends `span`; None if it cannot be shown, or must not."""
    value = span.value
    match span.kind:
        case SpanKind.PRE if _LANGUAGE.fullmatch(value):
            return f'<pre><code class="language-{value}">', _PRE_END
        case SpanKind.PRE:
            return "<pre><code>", _PRE_END
        case SpanKind.QUOTE:
            return "<blockquote>", _QUOTE_END
        case SpanKind.SPOILER:
            return f'<span data-mx-spoiler="{html.escape(value)}">', "</span>"
        case SpanKind.MENTION if ids.valid_user(value) and not span.network:
            return f'<a href="https://matrix.to/#/{html.escape(quote(value, safe="@:"))}">', "</a>"
        case SpanKind.LINK:
            scheme = _SCHEME.fullmatch(value)
            if scheme and scheme[1].lower() in OUR_SCHEMES:
                return f'<a href="{html.escape(value)}">', "</a>"
            return None
        case _:
            tag = _TAGS.get(span.kind)
            return None if tag is None else (f"<{tag}>", f"</{tag}>")
