"""What is done where a chat cannot do a thing: a short readable message instead. Pure."""

from dataclasses import replace

from bridge.contract import Message, Span


def edited(message: Message) -> Message:
    """An edit, where messages cannot be edited."""
    return prefixed("edited: ", message)


def reacted(reactions: tuple[str, ...]) -> Message | None:
    """A set of reactions, where there are none; taking one back says nothing."""
    return Message(text="reacted with " + " ".join(reactions)) if reactions else None


def retracted() -> Message:
    """A retraction, where messages cannot be removed."""
    return Message(text="deleted an earlier message.")


def named(name: str, message: Message) -> Message:
    """The speaker's name before the text, where an account speaks for others."""
    return prefixed(f"{name}: ", message)


def prefixed(prefix: str, message: Message) -> Message:
    """`prefix` before the text; the spans move with it (code points)."""
    shift = len(prefix)
    spans = tuple(Span(s.start + shift, s.end + shift, s.kind, s.value) for s in message.spans)
    return replace(message, text=prefix + message.text, spans=spans)
