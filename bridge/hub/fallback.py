"""What is done where a chat cannot do a thing: a short readable message instead. Pure."""

from dataclasses import replace

from bridge.contract import Media, MediaKind, Message, Quote, Span, SpanKind

_QUOTED = 200  # characters of a quotation


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


def without_files(message: Message, why: str = "", link: str = "") -> Message:
    """A line for each file instead of it, and why; the caption follows."""
    lines = [" ".join(part for part in (described(one), why, link or one.link) if part) for one in message.media]
    text = "\n".join(lines)
    return replace(prefixed(f"{text}\n" if message.text else text, message), media=())


def described(media: Media) -> str:
    """A file in brackets: what it is, its name, its size."""
    name = "" if media.kind is MediaKind.VOICE else media.name or "no name"
    details = [part for part in (name, "" if media.size is None else size(media.size)) if part]
    return f"[{': '.join(part for part in (_NOUNS[media.kind], ', '.join(details)) if part)}]"


_NOUNS = {
    MediaKind.FILE: "File", MediaKind.IMAGE: "Image", MediaKind.VIDEO: "Video", MediaKind.AUDIO: "Audio",
    MediaKind.VOICE: "Voice message", MediaKind.STICKER: "Sticker",
}  # fmt: skip


def size(number: int) -> str:
    """A number of bytes for people."""
    for unit, name in ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")):
        if number >= unit:
            count = number / unit
            return f"{count:.1f} {name}" if count < 9.95 and unit > 1_000 else f"{count:.0f} {name}"
    return f"{number} bytes"


def quoting(quote: Quote, message: Message) -> Message:
    """A reply, where what it answers is not known."""
    words = quote.text.strip()
    if len(words) > _QUOTED:
        words = words[:_QUOTED] + "…"
    if not words:
        return replace(message, reply_to=None, quote=None)
    said = prefixed(f"{words}\n", message)
    return replace(said, spans=(Span(0, len(words), SpanKind.QUOTE), *said.spans), reply_to=None)


def prefixed(prefix: str, message: Message) -> Message:
    """`prefix` before the text; the spans move with it (code points)."""
    shift = len(prefix)
    spans = tuple(replace(s, start=s.start + shift, end=s.end + shift) for s in message.spans)
    return replace(message, text=prefix + message.text, spans=spans)
