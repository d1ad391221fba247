"""Files of bots. 50 MB from them, 20 MB to them.

Source: https://core.telegram.org/bots/api#sending-files, #getfile, #reactiontypeemoji.
"""

from typing import Any

from telegram.constants import ReactionEmoji

from tests.support.botapi.refusals import No, bad
from tests.support.botapi.state import Bot, Stored, store

KINDS = ("photo", "video", "animation", "audio", "voice", "video_note", "document", "sticker")
UP, DOWN, PHOTO = 50_000_000, 20_000_000, 10_000_000
EMOJI = {str(one) for one in ReactionEmoji}


def taken(bot: Bot, kind: str, upload: Any) -> dict[str, Any]:
    """The content of a message that holds `upload`: (name, type, bytes), or the id of a file."""
    if isinstance(upload, str):
        stored = bot.files.get(upload)
        if stored is None:
            raise bad("wrong file identifier/HTTP URL specified")
    elif not isinstance(upload, tuple):
        raise bad(f"there is no {kind} in the request")
    else:
        name, mime, data = upload
        if len(data) > UP:
            raise No(413, "Request Entity Too Large")
        stored = Stored(name, mime, data, f"{kind}s/file_{len(bot.files)}")
    if kind == "photo":
        if len(stored.data) > PHOTO:
            raise bad("file of size is too big for a photo; the maximum size is 10485760 bytes")
        if not stored.data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")):
            raise bad("IMAGE_PROCESS_FAILED")
        return {"photo": [{"file": stored, "width": 100, "height": 100}]}
    described: dict[str, Any] = {"file": stored}
    if kind in ("document", "video", "animation", "audio"):
        described |= {"file_name": stored.name, "mime_type": stored.mime}
    return {kind: described}


def file_of(content: dict[str, Any]) -> Stored | None:
    """What a message holds."""
    for kind in KINDS:
        held = content.get(kind)
        held = held[-1] if isinstance(held, list) and held else held
        if isinstance(held, dict) and isinstance(held.get("file"), Stored):
            return held["file"]  # type: ignore[no-any-return]
    return None


def told(bot: Bot, id: str) -> dict[str, Any]:
    stored = bot.files.get(id)
    if stored is None:
        raise bad("wrong file_id or the file is temporarily unavailable")
    if (stored.claims or len(stored.data)) > DOWN:
        raise bad("file is too big")
    found = store(bot, stored)
    return found | ({"file_path": stored.path} if stored.path else {})
