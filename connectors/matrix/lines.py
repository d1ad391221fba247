"""One readable line for each kind of Matrix event that cannot be carried as what it is. Pure.

Source: client-server API #room-events, #instant-messaging; MSC3381 (polls), MSC3245 (voice), MSC4075 (calls).
"""

from collections.abc import Mapping

from connectors.matrix import fields

MEDIA = {
    "m.image": "Image", "m.file": "File", "m.audio": "Audio", "m.video": "Video", "m.location": "Location",
}  # fmt: skip
VERIFICATION = "m.key.verification.request"
_POLL_STARTS = ("m.poll.start", "org.matrix.msc3381.poll.start")
_POLL_ENDS = ("m.poll.end", "org.matrix.msc3381.poll.end")
_POLL_VOTES = ("m.poll.response", "org.matrix.msc3381.poll.response")
_RINGING = (
    "m.call.notify", "m.rtc.notification", "org.matrix.msc4075.call.notify", "org.matrix.msc4075.rtc.notification",
)  # fmt: skip
_POLL, _TEXT = ("m.poll", "org.matrix.msc3381.poll.start"), ("m.text", "org.matrix.msc1767.text")
_MOST_ANSWERS = 20  # MSC3381


def of_event(kind: str, content: Mapping[str, object], who: str) -> str | None:
    """The line for an event of type `kind` by `who`; None when there is nothing to tell."""
    if kind == "m.sticker":
        return f"[Sticker: {fields.line(content.get('body')) or 'no name'}]"
    if kind in _POLL_STARTS:
        return _poll(content)
    if kind in _POLL_ENDS:
        return f"{who} closed a poll."
    if kind in _POLL_VOTES:
        return f"{who} voted in a poll."
    if kind == "m.call.invite" or kind in _RINGING:
        return _call(kind, content, who)
    return unsupported(kind, content)


def of_message(kind: str, content: Mapping[str, object], who: str) -> str | None:
    """The line for a message of msgtype `kind`; None when there is nothing to tell."""
    if kind == "m.location":
        return _location(content)
    if kind in MEDIA:
        return _media(kind, content)
    if kind == VERIFICATION:
        return f"{who} asked to verify a device. That cannot be done here; please use a Matrix app."
    return unsupported(kind, content)


def unsupported(kind: str, content: Mapping[str, object]) -> str | None:
    """The body is the fallback that the sender's app wrote for those who do not know `kind`."""
    if not isinstance(content.get("body"), str) and not any(key in content for key in _TEXT):
        return None
    body = _joined(fields.string(content.get("body")) or _words(content))
    line = f"[Unsupported message of type {fields.line(kind, 100) or 'unknown'}]"
    return f"{line} {body}" if body else line


def _media(kind: str, content: Mapping[str, object]) -> str:
    info = fields.mapping(content.get("info"))
    body, name = fields.string(content.get("body")), fields.line(content.get("filename"))
    # client-server API #media-captions: with a `filename`, a different `body` is the caption.
    caption = _joined(body) if name and fields.line(body) != name else ""
    size, seconds = fields.number(info.get("size")), fields.number(info.get("duration"))
    details = [name or fields.line(body) or "no name"]
    what = MEDIA[kind]
    if kind == "m.audio" and any(key in content for key in ("m.voice", "org.matrix.msc3245.voice")):
        what, details = "Voice message", []
    if seconds and kind in ("m.audio", "m.video"):
        details.append(_length(seconds / 1000))
    if size is not None:
        details.append(_size(size))
    line = f"[{what}: {', '.join(details)}]" if details else f"[{what}]"
    return f"{line} {caption}" if caption else line


def _location(content: Mapping[str, object]) -> str:
    body, place = fields.line(content.get("body")), fields.line(content.get("geo_uri"))
    if not place or place in body:
        return f"[Location: {body}]" if body else "[Location]"
    return f"[Location: {body}, {place}]" if body else f"[Location: {place}]"


def _call(kind: str, content: Mapping[str, object], who: str) -> str | None:
    if kind in _RINGING and content.get("notification_type", content.get("notify_type")) != "ring":
        return None  # it tells apps quietly that others talk
    video = "m=video" in fields.string(fields.mapping(content.get("offer")).get("sdp"))
    return f"{who} is calling{' with video' if video else ''}. Calls cannot be answered here; please use a Matrix app."


def _poll(content: Mapping[str, object]) -> str:
    poll = next((fields.mapping(content[key]) for key in _POLL if key in content), {})
    question = _joined(_words(fields.mapping(poll.get("question"))) or _words(content)) or "no question"
    listed = poll.get("answers")
    answers = [_joined(_words(fields.mapping(a))) for a in listed[:_MOST_ANSWERS]] if isinstance(listed, list) else []
    choice = " / ".join(answer for answer in answers if answer)
    return f"[Poll: {question} Answers: {choice}]" if choice else f"[Poll: {question}]"


def _words(content: Mapping[str, object]) -> str:
    for key in _TEXT:
        if text := fields.readable(content.get(key)):
            return text
    return fields.string(content.get("body"))


def _joined(text: str) -> str:
    """All of `text` in one line."""
    return " ".join(text.split())


def _size(size: float) -> str:
    for unit, name in ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")):
        if size >= unit:
            count = size / unit
            return f"{count:.1f} {name}" if count < 9.95 and unit > 1_000 else f"{count:.0f} {name}"
    return f"{size:.0f} bytes"


def _length(seconds: float) -> str:
    minutes, rest = divmod(max(1, round(seconds)), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
