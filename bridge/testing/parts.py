"""Spreading an action over what one call can carry. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bridge.contract import Action, Edit, Message, Retract, Send, Span, Target


def parts_of(action: Action, longest: int) -> Sequence[Action]:
    """A long text in pieces, each medium by itself, one retraction per id. `longest` in code points."""
    match action:
        case Send(message=message) if len(message.text) <= longest and not message.media:
            return [action]
        case Send():
            return [
                replace(action, key=_key(action.key, number), message=message)
                for number, message in enumerate(pieces(action.message, longest))
            ]
        case Edit():
            return list(_edited(action, longest))
        case Retract():
            return [
                replace(action, key=_key(action.key, number), target=Target((native,)))
                for number, native in enumerate(action.target.ids)
            ]
        case _:
            return [action]


def pieces(message: Message, longest: int) -> list[Message]:
    """The texts put together are the whole text; the first says what is replied to."""
    found = [
        replace(message, text=message.text[start:end], spans=_within(message.spans, start, end), media=())
        for start, end in _cuts(message.text, longest)
    ]
    found += [replace(message, text="", spans=(), media=(medium,)) for medium in message.media]
    return [m if n == 0 else replace(m, reply_to=None) for n, m in enumerate(found)] or [message]


def _edited(action: Edit, longest: int) -> Iterator[Action]:
    old = action.target.ids
    new = pieces(action.message, longest)
    common = {"chat": action.chat, "persona": action.persona, "at": action.at, "maybe_done": action.maybe_done}
    for number in range(max(len(old), len(new))):
        key = _key(action.key, number)
        if number >= len(new):
            yield Retract(**common, key=key, target=Target((old[number],)))  # type: ignore[arg-type]
        elif number >= len(old):
            yield Send(**common, key=key, message=new[number])  # type: ignore[arg-type]
        else:
            yield replace(action, key=key, target=Target((old[number],)), message=new[number])


def _cuts(text: str, longest: int) -> Iterator[tuple[int, int]]:
    """Where pieces begin and end; after a space where there is one in the second half."""
    start = 0
    while start < len(text):
        end = min(start + longest, len(text))
        if end < len(text):
            space = max(text.rfind(" ", start + longest // 2, end), text.rfind("\n", start + longest // 2, end))
            end = space + 1 if space > 0 else end
        yield start, end
        start = end


def _within(spans: Sequence[Span], start: int, end: int) -> tuple[Span, ...]:
    """Spans of a piece, counted from its beginning."""
    return tuple(
        replace(span, start=max(span.start, start) - start, end=min(span.end, end) - start)
        for span in spans
        if span.start < end and span.end > start
    )


def _key(key: str, number: int) -> str:
    return f"{key}.{number}" if number else key
