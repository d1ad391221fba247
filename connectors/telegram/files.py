"""Files in messages of Telegram. Pure.

Source: https://core.telegram.org/bots/api#photosize, #document and what follows it.
"""

import re
from collections.abc import Mapping
from typing import Any

from bridge.contract import Media, MediaKind
from connectors.telegram import fields

REFERENCE = re.compile(r"[A-Za-z0-9_-]{5,300}")  # #file: `file_id`
_MIME = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}")
_UNKNOWN = "application/octet-stream"
_PIXELS, _SECONDS = 100_000, 10 * 86_400

# What they are, of which type if nothing is said, and what they are called then. An animation comes as a document, too.
FILES: Mapping[str, tuple[MediaKind, str, str]] = {
    "animation": (MediaKind.VIDEO, "video/mp4", "animation.mp4"),
    "audio": (MediaKind.AUDIO, "audio/mpeg", "audio.mp3"),
    "document": (MediaKind.FILE, _UNKNOWN, "file"),
    "photo": (MediaKind.IMAGE, "image/jpeg", "photo.jpg"),
    "sticker": (MediaKind.STICKER, "image/webp", "sticker.webp"),
    "video": (MediaKind.VIDEO, "video/mp4", "video.mp4"),
    "video_note": (MediaKind.VIDEO, "video/mp4", "video message.mp4"),
    "live_photo": (MediaKind.VIDEO, "video/mp4", "live photo.mp4"),  # for who does not know it there is a photo, too
    "voice": (MediaKind.VOICE, "audio/ogg", "voice message.ogg"),
}


def read(kind: str, said: object) -> Media | None:
    """The file of a message; None when there is none in it that could be asked for."""
    file = _largest(said) if kind == "photo" else fields.mapping(said)
    reference = fields.string(file.get("file_id"))
    if REFERENCE.fullmatch(reference) is None:
        return None
    meant, mime, name = FILES[kind]
    told = fields.string(file.get("mime_type")).lower()
    if kind == "sticker":
        name = _sticker(file)
    duration = fields.number(file.get("duration"))
    return Media(
        reference,
        name=fields.line(file.get("file_name")) or name,
        mime=told if _MIME.fullmatch(told) else mime,
        size=fields.positive(file.get("file_size")),
        kind=MediaKind.IMAGE if kind == "document" and told in ("image/png", "image/jpeg", "image/webp") else meant,
        width=_side(file.get("width") or file.get("length")),
        height=_side(file.get("height") or file.get("length")),
        duration=duration if duration is not None and 0 < duration <= _SECONDS else None,
    )


def _largest(said: object) -> Mapping[str, Any]:
    sizes = [fields.mapping(one) for one in fields.listed(said)]
    return max(sizes, key=lambda one: fields.positive(one.get("width")) or 0, default={})


def _sticker(file: Mapping[str, Any]) -> str:
    emoji = fields.line(file.get("emoji"), 8)
    return f"sticker {emoji}.webp" if emoji else "sticker.webp"


def _side(value: object) -> int | None:
    side = fields.positive(value)
    return side if side is not None and side <= _PIXELS else None
