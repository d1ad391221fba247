"""What a message says, as the elements of a stanza, and long messages in parts. Pure.

| of the message | in the stanza |
|---|---|
| file | a message of its own: its address, described (`files`) |
| text, formatting | body with styling (XEP-0393); where that fails, or `beside`, without, and markup (XEP-0394) |
| emote | `/me` (XEP-0245) |
| reply | reply (XEP-0461), and a quotation for apps that do not know it (XEP-0428) |
| link | its address behind its text |
| mention | who is meant, as they are called there, reference (XEP-0372), of occupants mention (XEP-0513) |
| spoiler | the whole message is one (XEP-0382) |
| place | geo URI in the body, and geoloc (XEP-0080) |
| previews of links | descriptions (XEP-0511) |
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import NamedTuple

from bridge.contract import Message, Person, Span, SpanKind, Style
from bridge.xmpp import files, markup, mentions, places, previews, replies, styling, text

UNSTYLED = '<unstyled xmlns="urn:xmpp:styling:0"/>'


class Name(NamedTuple):
    """The JID of somebody there, their nick, and their occupant id (XEP-0421); empty where they have none."""

    jid: str = ""
    nick: str = ""
    occupant: str = ""


Called = Callable[[Person], Name]


def nobody(person: Person) -> Name:
    return Name()


def written(message: Message, *, to: str = "", name: str = "", called: Called = nobody, beside: bool = False) -> str:
    """Body, and what belongs to it. `to` and `name`: whose message a reply answers. `beside`: whoever reads it knows
    markup (XEP-0394), so the body needs no styling; in rooms all get the same, and nobody knows what all know."""
    thread = f"<thread>{text.escape(message.thread)}</thread>" if message.thread is not None else ""
    if message.media:
        replied = replies.elements(message.reply_to, to, 0) if message.reply_to is not None else ""
        return files.payload(message.media[0]) + replied + thread
    described = "".join(previews.write(one) for one in message.previews) + thread
    if message.place is not None:
        described += places.write(message.place, message.text)
    if message.reply_to is None and not message.spans and message.style is Style.TEXT:
        plain = text.legal(message.text)
        return f"<body>{text.escape(plain)}</body>{UNSTYLED if styling.misleads(plain) else ''}{described}"
    words, spans = _for_reading(message, called)
    emote = message.style is Style.EMOTE
    quotation = replies.quotation(message.quote, name) if message.reply_to is not None and not emote else ""
    styled = styling.write(words, spans, beside=beside)
    before = len(quotation) + (4 if emote else 0)

    def place(at: int) -> int:
        return before + styled.place(at)

    more = [f"<body>{text.escape(quotation + ('/me ' if emote else '') + styled.body)}</body>"]
    if message.reply_to is not None:
        more.append(replies.elements(message.reply_to, to, len(quotation)))
    if styled.unstyled:
        more += [UNSTYLED, markup.write(styled.spans, place)]
    for span in spans:
        person = mentions.person_of(span)
        who = called(person) if person is not None else Name()
        if who.jid:
            more.append(mentions.write(place(span.start), place(span.end - 1) + 1, who.jid, who.occupant))
    hints = [span.value for span in spans if span.kind is SpanKind.SPOILER]
    if hints:
        more.append(f'<spoiler xmlns="urn:xmpp:spoiler:0">{text.escape(hints[0])}</spoiler>')
    return "".join(more) + described


def split(message: Message, budget: int, called: Called = nobody) -> list[Message]:
    """`message` in parts whose elements have at most `budget` bytes each, as long as quotations are short. `called` as
    when they are written."""
    if message.media:
        # A file's address is a message of its own, so that apps show the file.
        several = [Message(media=(one,), thread=message.thread) for one in message.media]
        several[0] = replace(several[0], reply_to=message.reply_to)
        caption = replace(message, media=(), reply_to=None, quote=None)
        return several + (split(caption, budget, called) if message.text else [])
    if message.previews and _size(message, called) > budget:
        message = replace(message, previews=())  # the links are there without them
    if not message.spans and message.reply_to is None and message.place is None:
        words = f"/me {message.text}" if message.style is Style.EMOTE else message.text
        if text.longest(words) <= budget or text.size(words) <= budget or message.previews:
            return [message]
        return [Message(piece, thread=message.thread) for piece in text.split(words, budget)]
    if _size(message, called) <= budget:
        return [message]
    if message.style is Style.EMOTE:
        spans = tuple(replace(span, start=span.start + 4, end=span.end + 4) for span in message.spans)
        message = replace(message, text=f"/me {message.text}", spans=spans, style=Style.TEXT)
    return list(_pieces(message, budget, called))


def _pieces(message: Message, budget: int, called: Called) -> Iterator[Message]:
    """Each look costs as much as writing, so a piece is cut where the size of the whole says that it should end."""
    rest = message
    while (size := _size(rest, called)) > budget and len(rest.text) > 1:
        cut = max(1, len(rest.text) * budget * 9 // (10 * size))
        piece = _part(rest, 0, text.boundary(rest.text, cut))
        while _size(piece, called) > budget and len(piece.text) > 1:
            piece = _part(rest, 0, text.boundary(rest.text, max(1, len(piece.text) // 2)))
        yield piece
        rest = _part(rest, len(piece.text), len(rest.text))
    yield rest


def _part(message: Message, start: int, end: int) -> Message:
    spans = tuple(
        replace(span, start=max(span.start, start) - start, end=min(span.end, end) - start)
        for span in message.spans
        if span.start < end and span.end > start
    )
    first = start == 0
    return replace(
        message, text=message.text[start:end], spans=spans,
        reply_to=message.reply_to if first else None, quote=message.quote if first else None,
        place=message.place if first else None,
    )  # fmt: skip


def _size(message: Message, called: Called) -> int:
    return len(written(message, called=called).encode())


@dataclass(frozen=True, slots=True)
class _Instead:
    """What stands in place of a piece of a text."""

    start: int
    end: int
    words: str

    @property
    def longer(self) -> int:
        return len(self.words) - (self.end - self.start)


def _for_reading(message: Message, called: Called) -> tuple[str, Sequence[Span]]:
    """Text and formatting, with the addresses of links, and people as they are called there."""
    words, spans = text.legal(message.text), message.spans
    if len(words) != len(message.text):
        spans = ()  # their places are not where they were
    changes: list[_Instead] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        instead = _instead(words, span, called)
        if instead is not None and (not changes or changes[-1].end <= span.start):
            changes.append(_Instead(span.start, span.end, instead))
    if not changes:
        return words, spans
    pieces, at = [], 0
    for change in changes:
        pieces += [words[at : change.start], change.words]
        at = change.end
    starts, ends = [change.start for change in changes], [change.end for change in changes]
    longer = [0, *accumulate(change.longer for change in changes)]
    moved = []
    for span in spans:
        first, last = bisect_right(ends, span.start), bisect_left(starts, span.end)
        moved.append(_moved(span, changes[first:last], longer[first]))
    return "".join([*pieces, words[at:]]), moved


def _instead(words: str, span: Span, called: Called) -> str | None:
    shown = words[span.start : span.end]
    if span.kind is SpanKind.LINK and shown.strip() and span.value.partition(":")[2].strip("/") not in shown:
        return f"{shown} <{span.value}>"
    person = mentions.person_of(span)
    nick = called(person).nick if person is not None else ""
    return nick if nick and nick != shown.removeprefix("@") else None


def _moved(span: Span, changes: Sequence[_Instead], before: int) -> Span:
    """`changes` are those that `span` touches, `before` is by how much those before it make the text longer."""
    start, end = span.start, span.end
    for change in reversed(changes):
        if span.start <= change.start and change.end <= span.end:
            end += change.longer
        else:  # inside of what is replaced
            end = min(end, change.start + len(change.words))
            start = min(start, end)
    return replace(span, start=start + before, end=end + before)
