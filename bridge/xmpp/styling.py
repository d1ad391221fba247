"""Message styling (XEP-0393): formatting that stands in the text itself, read and written. Pure.

`read` believes only what `write` would have written just so: every body is a text with spans that give this very body
again. `write` says whether its body must be shown as it is (`unstyled`): where an app would read into it what was not
meant. So a plain text is never reinterpreted, and nothing is lost on the way through.
"""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bridge.contract import Span, SpanKind

_DIRECTIVES = {"*": SpanKind.BOLD, "_": SpanKind.ITALIC, "~": SpanKind.STRIKE, "`": SpanKind.CODE}
_INLINE = {kind: sign for sign, kind in _DIRECTIVES.items()}
_BLOCKS = (SpanKind.PRE, SpanKind.QUOTE)
_MARKED = re.compile(r"[*_~`>]")
_SIGN = re.compile(r"[*_~`]")
_LANGUAGE = re.compile(r"[A-Za-z0-9+#._-]{1,32}")
_FENCE = "```"
_DEEPEST = 10  # quotations in quotations
_LONGEST = 100_000  # characters; who writes more is not read for styles
_MOST = 1_000  # spans; the same


@dataclass(frozen=True, slots=True)
class Styled:
    """A body, and where the places of its text have gone."""

    body: str
    unstyled: bool  # XEP-0393 #disable
    moves: Sequence[tuple[int, int]] = ((0, 0),)  # from this place of the text on, it is so much further in the body
    spans: tuple[Span, ...] = ()  # what the body itself does not show

    def place(self, at: int) -> int:
        """Where the letter at this place of the text is in the body."""
        return at + self.moves[bisect_right(self.moves, at, key=lambda move: move[0]) - 1][1]

    def origin(self, at: int) -> int | None:
        """Where the letter at this place of the body is in the text; None for what was put in between."""
        number = bisect_right(self.moves, at, key=lambda move: move[0] + move[1]) - 1
        found = at - self.moves[number][1] if number >= 0 else -1
        last = self.moves[number + 1][0] if number + 1 < len(self.moves) else len(self.body)
        return found if 0 <= found < last and self.place(found) == at else None


def read(body: str) -> tuple[str, tuple[Span, ...]]:
    """The text without directives, and what they mean; the body itself where they make no sense."""
    if len(body) > _LONGEST or _MARKED.search(body) is None:
        return body, ()
    text, spans = _Reader().read(body)
    return (text, spans) if 0 < len(spans) <= _MOST and _Writer(text, spans).write() == body else (body, ())


def write(text: str, spans: Iterable[Span], *, beside: bool = False) -> Styled:
    """The body of `text`. Spans of kinds that styling does not know change nothing here. `beside`: who reads it is told
    by other means what the body does not show, quotations excepted."""
    wanted = _shaped(text, spans)[:_MOST]
    if not wanted:
        return Styled(text, misleads(text))
    writer = _Writer(text, wanted)
    body = writer.write() if not beside or all(span.kind is SpanKind.QUOTE for span in wanted) else text
    if len(body) <= _LONGEST and _Reader().read(body) == (text, wanted):
        return Styled(body, False, writer.moves)
    quoted = _Writer(text, [span for span in wanted if span.kind is SpanKind.QUOTE])
    return Styled(quoted.write(), True, quoted.moves, wanted)


def misleads(text: str) -> bool:
    """Whether an app would read styles into a text that has none, unless it is told not to (`unstyled`). Some read what
    comes after `/me ` (XEP-0245) by itself, and so do we."""
    return _seems_styled(text) or (text.startswith("/me ") and _seems_styled(text[4:]))


def _seems_styled(text: str) -> bool:
    return len(text) <= _LONGEST and _MARKED.search(text) is not None and bool(_Reader().read(text)[1])


def _shaped(text: str, spans: Iterable[Span]) -> tuple[Span, ...]:
    """What can be written of `spans`: lines by themselves, without white space at their ends, one in the other."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start, -s.end, s.kind in _INLINE)):
        if span.kind in _BLOCKS and _whole_lines(text, span):
            found.append(replace(span, value=span.value if _LANGUAGE.fullmatch(span.value) else ""))
        elif span.kind in _INLINE:
            found += _lines(text, span)
    found.sort(key=lambda s: (s.start, -s.end, s.kind in _INLINE))
    kept: list[Span] = []
    open_: list[Span] = []
    for span in found:
        while open_ and open_[-1].end <= span.start:
            open_.pop()
        end = min(span.end, open_[-1].end) if open_ else span.end
        verbatim = any(one.kind in (SpanKind.PRE, SpanKind.CODE) for one in open_)
        repeated = span.kind in _INLINE and any(one.kind is span.kind for one in open_)
        too_deep = span.kind is SpanKind.QUOTE and sum(one.kind is SpanKind.QUOTE for one in open_) >= _DEEPEST
        if verbatim or repeated or too_deep or not 0 <= span.start < end <= len(text):
            continue
        span = replace(span, end=end)
        kept.append(span)
        open_.append(span)
    return tuple(kept)


def _whole_lines(text: str, span: Span) -> bool:
    begins = span.start == 0 or text[span.start - 1 : span.start] == "\n"
    return begins and (span.end >= len(text) or text[span.end] == "\n")


def _lines(text: str, span: Span) -> Iterable[Span]:
    at = max(0, span.start)
    for line in text[at : span.end].split("\n"):
        start = at + len(line) - len(line.lstrip())
        end = at + len(line.rstrip())
        if start < end:
            yield Span(start, end, span.kind)
        at += len(line) + 1


class _Reader:
    """Builds the text; `read` once."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._begun = 0
        self._spans: list[tuple[int, int, int, Span]] = []  # by start, end, and order: the outer one first

    def read(self, body: str) -> tuple[str, tuple[Span, ...]]:
        self._block(body.split("\n"), 0)
        spans = (span for *_, span in sorted(self._spans, key=lambda found: found[:3]))
        return "".join(self._parts), tuple(span for span in spans if span.start < span.end)

    def _block(self, lines: Sequence[str], depth: int) -> None:
        at = 0
        while at < len(lines):
            if at:
                self._add("\n")
            line = lines[at]
            if line.startswith(_FENCE) and not line.endswith("`", 3):
                at = self._preformatted(lines, at)
            elif line.startswith(">") and depth < _DEEPEST:
                at = self._quotation(lines, at, depth)
            else:
                self._line(line)
                at += 1

    def _preformatted(self, lines: Sequence[str], at: int) -> int:
        """XEP-0393 #pre-block."""
        end = next((n for n in range(at + 1, len(lines)) if lines[n] == _FENCE), len(lines))
        begun = self._begin()
        self._add("\n".join(lines[at + 1 : end]))
        self._end(begun, SpanKind.PRE, lines[at][3:])
        return end + 1

    def _quotation(self, lines: Sequence[str], at: int, depth: int) -> int:
        """XEP-0393 #quote."""
        end = next((n for n in range(at, len(lines)) if not lines[n].startswith(">")), len(lines))
        begun = self._begin()
        self._block([line[1:].removeprefix(" ") for line in lines[at:end]], depth + 1)
        self._end(begun, SpanKind.QUOTE)
        return end

    def _line(self, line: str) -> None:
        if _MARKED.search(line) is None:
            self._add(line)
            return
        ends: dict[str, list[int]] = defaultdict(list)
        for found in _SIGN.finditer(line, 1):
            if not line[found.start() - 1].isspace():
                ends[found[0]].append(found.start())
        self._inline(line, 0, len(line), ends)

    def _inline(self, line: str, at: int, end: int, ends: dict[str, list[int]]) -> None:
        """XEP-0393 #span: a directive that opens is the first of its line, or after white space or another directive;
        it ends at the next one of its kind, before which there is none."""
        begun, first = at, at
        while (found := _SIGN.search(line, at, end)) is not None:
            at, sign = found.start(), found[0]
            opens = at == first or line[at - 1].isspace()
            close = _close(line, at, end, ends[sign]) if opens else None
            if close is None:
                at += 1
                continue
            self._add(line[begun:at])
            opened = self._begin()
            if sign == "`":
                self._add(line[at + 1 : close])
            else:
                self._inline(line, at + 1, close, ends)
            self._end(opened, _DIRECTIVES[sign])
            at = begun = close + 1
        self._add(line[begun:end])

    def _begin(self) -> tuple[int, int]:
        self._begun += 1
        return self._length, self._begun

    def _end(self, begun: tuple[int, int], kind: SpanKind, value: str = "") -> None:
        start, order = begun
        self._spans.append((start, -self._length, order, Span(start, self._length, kind, value)))

    def _add(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)


def _close(line: str, at: int, end: int, ends: Sequence[int]) -> int | None:
    """Where what opens at `at` closes. Two of a kind are not a directive: people write so what is meant otherwise."""
    after = at + 1
    if after >= end or line[after].isspace() or line[after] == line[at]:
        return None
    place = bisect_left(ends, after + 1)
    return ends[place] if place < len(ends) and ends[place] < end else None


class _Writer:
    """Writes the text once from its beginning to its end. `moves` is filled by `write`."""

    def __init__(self, text: str, spans: Sequence[Span]) -> None:
        self._text = text
        self._pieces: list[str] = []
        self._length = 0
        self._begins: dict[int, list[Span]] = defaultdict(list)
        self._ends: dict[int, list[Span]] = defaultdict(list)
        self._quoted = 0  # quotations that are open
        self.moves: list[tuple[int, int]] = [(0, 0)]
        for span in spans:
            self._begins[span.start].append(span)
            self._ends[span.end].append(span)

    def write(self) -> str:
        places = sorted({*self._begins, *self._ends, len(self._text)})
        at = 0
        for place in places:
            self._plain(at, place)
            self._turn(place)
            at = place
        return "".join(self._pieces)

    def _turn(self, place: int) -> None:
        """What ends here, and what begins."""
        for span in reversed(self._ends.get(place, ())):
            self._quoted -= span.kind is SpanKind.QUOTE
            fence = f"\n{'> ' * self._quoted}{_FENCE}" if span.kind is SpanKind.PRE else ""
            self._put(fence or _INLINE.get(span.kind, ""))
        for span in self._begins.get(place, ()):
            self._quoted += span.kind is SpanKind.QUOTE
            match span.kind:
                case SpanKind.QUOTE:
                    self._put("> ")
                case SpanKind.PRE:
                    self._put(f"{_FENCE}{span.value}\n{'> ' * self._quoted}")
                case _:
                    self._put(_INLINE[span.kind])
        self.moves.append((place, self._length - place))

    def _plain(self, start: int, end: int) -> None:
        """The text between; each of its lines is quoted as deep as the one before, as far as that goes on."""
        pieces = self._text[start:end].split("\n")
        for number, piece in enumerate(pieces):
            self._put(piece)
            start += len(piece) + 1
            if number < len(pieces) - 1:
                self._put("\n")
                self._put("> " * self._quoted)
                self.moves.append((start, self._length - start))

    def _put(self, piece: str) -> None:
        self._pieces.append(piece)
        self._length += len(piece)
