"""Actions as the content of Matrix events, in parts that events can hold. Pure.

Source: client-server API #instant-messaging, #rich-replies, #event-replacements, #size-limits (65,536 bytes for a whole
event).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from bridge.contract import Action, Edit, MediaKind, Message, MessageId, Retract, Send, Span, SpanKind, Style, Target
from connectors.matrix import fields, ids, media, places, previews
from connectors.matrix.events import KEY
from connectors.matrix.text import html_of

LARGEST = 60_000  # bytes of a content; signatures, hashes and ids around it take the rest
_NEARLY = LARGEST * 9 // 10
_MOST_LOOKS = 4
_FALLBACK = 400  # code points of an edit that apps which do not know edits are shown
_TYPES = {Style.TEXT: "m.text", Style.EMOTE: "m.emote", Style.NOTICE: "m.notice"}


def content(message: Message, key: str) -> dict[str, Any]:
    """The content of the `m.room.message` that says `message`. Lone surrogates become U+FFFD."""
    text = fields.string(message.text)
    said: dict[str, Any] = {"msgtype": _TYPES[message.style], "body": _plain(text, message.spans), KEY: key}
    formatted = html_of(text, message.spans) if message.spans else None
    if formatted is not None:
        said |= {"format": "org.matrix.custom.html", "formatted_body": formatted}
    said |= previews.content(message.previews, said["body"])
    if message.place is not None:
        said = places.content(message.place, said)
    if message.media:
        said = media.content(message.media[0], said)
    meant = [span.value for span in message.spans if span.kind is SpanKind.MENTION and not span.network]
    if meant:
        said["m.mentions"] = {"user_ids": list(dict.fromkeys(filter(ids.valid_user, meant)))}
    if message.reply_to is not None or message.thread is not None:
        said["m.relates_to"] = {"m.in_reply_to": {"event_id": message.reply_to or message.thread}}
    if message.thread is not None:  # Client-server API #threading
        falling_back = message.reply_to is None
        said["m.relates_to"] |= {"rel_type": "m.thread", "event_id": message.thread, "is_falling_back": falling_back}
    return said


def _plain(text: str, spans: Sequence[Span]) -> str:
    """The body for apps that show no formatting: quotations are marked, all else can be read without."""
    quoted = [span for span in spans if span.kind is SpanKind.QUOTE]
    at, lines = 0, []
    for line in text.split("\n") if quoted else ():
        depth = sum(span.start <= at < max(span.end, span.start + 1) for span in quoted)
        lines.append("> " * depth + line)
        at += len(line) + 1
    return "\n".join(lines) if quoted else text


def edited(message: Message, target: MessageId, key: str) -> dict[str, Any]:
    """The content that makes the event `target` say `message`, with a beginning for apps that do not know edits: a
    whole content of its kind, because apps that read strictly (Element X) drop an edit around which it is none.
    What the message replies to stays as it was, and nobody is called again (#user-and-room-mentions)."""
    shown = tuple(replace(one, kind=MediaKind.IMAGE) if one.kind is MediaKind.STICKER else one for one in message.media)
    new = content(replace(message, reply_to=None, thread=None, media=shown), key)
    del new[KEY]
    text = new["body"]
    shown = text if len(text) <= _FALLBACK else text[:_FALLBACK] + "…"
    return {
        **{name: new[name] for name in ("msgtype", "url", "info", "filename", "geo_uri") if name in new},
        **({"m.mentions": {}} if "m.mentions" in new else {}),
        "body": f"* {shown}", KEY: key, "m.new_content": new,
        "m.relates_to": {"rel_type": "m.replace", "event_id": target},
    }  # fmt: skip


def parts(action: Action) -> Sequence[Action]:
    """What one event each can carry; put together, their texts are the whole text."""
    match action:
        case Send():
            return [
                replace(action, key=_key(action, number), message=piece)
                for number, piece in enumerate([*_pieces(action.message), *_more(action.message)])
            ]
        case Edit():
            return list(_spread(action))
        case Retract():
            return [
                replace(action, key=_key(action, number), target=Target((id,)))
                for number, id in enumerate(action.target.ids)
            ]
        case _:
            return [action]


def _spread(action: Edit) -> Iterator[Action]:
    """The new text over the events that there are, more of them if it is longer; what is too many goes."""
    old, new = action.target.ids, [*_pieces(action.message), *_more(action.message)]
    common: dict[str, Any] = {
        "chat": action.chat, "persona": action.persona, "at": action.at, "maybe_done": action.maybe_done,
        "contact": action.contact,
    }  # fmt: skip
    for number, piece in enumerate(new):
        key = _key(action, number)
        if number < len(old):
            yield replace(action, key=key, target=Target((old[number],)), message=piece)
        else:
            yield Send(**common, key=key, message=piece)
    for number in range(len(new), len(old)):
        yield Retract(**common, key=_key(action, number), target=Target((old[number],)))


def _key(action: Action, number: int) -> str:
    return f"{action.key}.{number}" if number else action.key


def _more(message: Message) -> list[Message]:
    """An event holds one file: the first one comes with the text."""
    return [Message(media=(one,)) for one in message.media[1:]]


def size(message: Message) -> int:
    """Bytes of the content that says `message`."""
    return len(encoded(content(message, "k" * 64)))


def encoded(content: dict[str, Any]) -> bytes:
    """As homeservers count it."""
    return json.dumps(content, ensure_ascii=False).encode()


def _pieces(message: Message) -> Iterator[Message]:
    text, start = message.text, 0
    while True:
        rest = _piece(message, start, len(text))
        if len(rest.text) <= LARGEST and size(rest) <= LARGEST:
            yield rest
            return
        end = _boundary(text, start, _fitting(message, start))
        yield _piece(message, start, end)
        start = end


def _fitting(message: Message, start: int) -> int:
    """Where a piece from `start` ends that an event can hold and that nearly fills it. Each look costs milliseconds, so
    the next one is where the last one says that the end should be; bisecting is for texts that are not alike all over.
    """
    low, high = start + 1, min(len(message.text), start + LARGEST)
    end, looks = high, 0
    while low < high:
        needed, looks = size(_piece(message, start, end)), looks + 1
        if needed > LARGEST:
            high = end - 1
        else:
            low = end
            if needed > _NEARLY:
                break
        end = start + (end - start) * _NEARLY // needed + 1 if looks < _MOST_LOOKS else (low + high + 1) // 2
        end = min(high, max(low + 1, end))
    return low


def _boundary(text: str, start: int, end: int) -> int:
    """After a line, else after a word; a boundary in the first half would waste more than it helps."""
    for separator in ("\n", " "):
        found = text.rfind(separator, (start + end) // 2, end)
        if found >= 0:
            return found + 1
    return end


def _piece(message: Message, start: int, end: int) -> Message:
    return replace(
        message,
        text=message.text[start:end],
        spans=_within(message.spans, start, end),
        media=message.media[:1] if start == 0 else (),
        place=message.place if start == 0 else None,
        previews=message.previews if (start, end) == (0, len(message.text)) else (),
        reply_to=message.reply_to if start == 0 else None,
    )


def _within(spans: Sequence[Span], start: int, end: int) -> tuple[Span, ...]:
    return tuple(
        replace(span, start=max(span.start, start) - start, end=min(span.end, end) - start)
        for span in spans
        if span.start < end and span.end > start
    )
