"""Spreading an action over what one request can carry. Pure.

A text has 4096 UTF-16 units, a caption 1024 (https://core.telegram.org/bots/api#sendmessage, #sendphoto). Cuts are at
the end of a line or a word, and never inside a span that fits into one part. Files that Telegram shows together go
together, ten at most (#sendmediagroup).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bridge.contract import Action, Edit, Media, MediaKind, Message, Retract, Send, Span, Style, Target
from connectors.telegram import ids, media
from connectors.telegram.text import units

LONGEST, CAPTION = 4_096, 1_024  # UTF-16 units
ALBUM = 10  # files
_EMOTE = "* "


def parts(action: Action, head: str = "") -> Sequence[Action]:
    """`head` stands before the text of every part but the first."""
    match action:
        case Send(message=message):
            return [
                replace(action, key=_key(action.key, number), message=_headed(piece, head) if number else piece)
                for number, piece in enumerate(_pieces(message, LONGEST - units(head)))
            ]
        case Edit():
            return list(_edited(action, head))
        case Retract():
            return [
                replace(action, key=_key(action.key, number), target=Target((native,)))
                for number, native in enumerate(action.target.ids)
            ]
        case _:
            return [action]


def _pieces(message: Message, longest: int = LONGEST) -> list[Message]:
    """The texts put together are the whole text. A file has the text as its caption if that fits."""
    said = _spoken(message)
    captioned = bool(said.media) and said.media[0].kind is not MediaKind.STICKER and units(said.text) <= CAPTION
    found: list[Message] = []
    if said.text and not captioned:
        found += cut(replace(said, media=()), longest)
    for number, files in enumerate(_together(said.media)):
        first = captioned and number == 0
        found.append(replace(said, text=said.text if first else "", spans=said.spans if first else (), media=files))
    return [m if n == 0 else replace(m, reply_to=None, quote=None) for n, m in enumerate(found)] or [said]


def _together(files: Sequence[Media]) -> list[tuple[Media, ...]]:
    """In order, what can be in one album put into one."""
    found: list[tuple[Media, ...]] = []
    for one in files:
        kind = media.album(one)
        if found and kind is not None and media.album(found[-1][0]) == kind and len(found[-1]) < ALBUM:
            found[-1] += (one,)
        else:
            found.append((one,))
    return found


def _edited(action: Edit, head: str) -> Iterator[Action]:
    """Of a message with files the caption changes."""
    # The files of an album are one part, of which nothing but Telegram's numbers tells the order.
    old, message = sorted(action.target.ids, key=ids.order), _spoken(action.message)
    if message.media:
        yield replace(action, target=Target((old[0],)), message=replace(message, media=()))
        return
    new = cut(message, LONGEST - units(head)) or [message]
    new = [_headed(piece, head) if number else piece for number, piece in enumerate(new)]
    common = {"chat": action.chat, "persona": action.persona, "at": action.at, "maybe_done": action.maybe_done}
    for number in range(max(len(old), len(new))):
        key = _key(action.key, number)
        if number >= len(new):
            yield Retract(**common, key=key, target=Target((old[number],)))  # type: ignore[arg-type]
        elif number >= len(old):
            yield Send(**common, key=key, message=new[number])  # type: ignore[arg-type]
        else:
            yield replace(action, key=key, target=Target((old[number],)), message=new[number])


def _spoken(message: Message) -> Message:
    """“/me waves” as Telegram's people read it."""
    if message.style is not Style.EMOTE or not message.text:
        return message
    shift = len(_EMOTE)
    spans = tuple(replace(span, start=span.start + shift, end=span.end + shift) for span in message.spans)
    return replace(message, text=_EMOTE + message.text, spans=spans, style=Style.TEXT)


def _headed(message: Message, head: str) -> Message:
    if not head or (message.media and message.media[0].kind is MediaKind.STICKER):
        return message  # a sticker has no text
    spans = tuple(replace(span, start=span.start + len(head), end=span.end + len(head)) for span in message.spans)
    return replace(message, text=head + message.text, spans=spans)


def cut(message: Message, longest: int = LONGEST) -> list[Message]:
    """A text in pieces of so many UTF-16 units."""
    return [
        replace(message, text=message.text[start:end], spans=_within(message.spans, start, end))
        for start, end in _cuts(message.text, message.spans, longest)
    ]


def _cuts(text: str, spans: Sequence[Span], longest: int) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end = _reach(text, start, longest)
        if end < len(text):
            end = _place(text, spans, start, end, longest)
        if text[end:].strip() == "" and units(text[start:]) <= longest:
            end = len(text)  # nothing but white space would follow, which Telegram takes for no message
        yield start, end
        start = end


def _reach(text: str, start: int, longest: int) -> int:
    """Up to where the next part could go at most."""
    end = min(start + longest, len(text))
    while units(text[start:end]) > longest:
        end -= (units(text[start:end]) - longest + 1) // 2
    return end


def _place(text: str, spans: Sequence[Span], start: int, end: int, longest: int) -> int:
    """A better place than `end`: behind a line, or a word, in the second half; and before what should stay whole."""
    half = start + (end - start) // 2
    line, word = text.rfind("\n", half, end) + 1, text.rfind(" ", half, end) + 1
    cut = line or word or end
    for _ in range(len(spans)):
        around = [s.start for s in spans if start < s.start < cut < s.end and units(text[s.start : s.end]) <= longest]
        if not around:
            return cut
        cut = min(around)
    return cut


def _within(spans: Sequence[Span], start: int, end: int) -> tuple[Span, ...]:
    """Spans of a piece, counted from its beginning."""
    return tuple(
        replace(span, start=max(span.start, start) - start, end=min(span.end, end) - start)
        for span in spans
        if span.start < end and span.end > start
    )


def _key(key: str, number: int) -> str:
    return f"{key}.{number}" if number else key
