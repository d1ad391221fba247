"""Files from Telegram, and to it: 20 MB to bots, 50 MB from them, 10 MB for a picture.

Telegram takes a file only with the message that shows it, so publishing one brings it here and names where it lies.

Source: https://core.telegram.org/bots/api#getfile, #sending-files.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from bridge.contract import File, Media, MediaKind, Reason, Refused, Scope, Unavailable
from connectors.telegram import errors, fields
from connectors.telegram.api import Api
from connectors.telegram.files import REFERENCE

DOWN, UP, PICTURE = 20_000_000, 50_000_000, 10_000_000  # bytes
DOCUMENT = ("sendDocument", "document")
_HERE = "file:"


@asynccontextmanager
async def opened(api: Api, media: Media, limit: int) -> AsyncIterator[AsyncIterator[bytes]]:
    """The bytes of a file; raises the four errors."""
    if REFERENCE.fullmatch(media.reference) is None:
        raise Refused("It is no file of Telegram.", Reason.BAD_REQUEST)
    if media.size is not None and media.size > DOWN:
        raise Refused("Telegram gives bots files of 20 MB at most.", Reason.RESOURCE)
    path = fields.string(fields.mapping(await api.ask("getFile", {"file_id": media.reference})).get("file_path"))
    if not path or path.startswith("/") or ".." in path or not path.isprintable():
        raise Refused("Telegram does not say where the file is.", Reason.NOT_FOUND)
    async with api.download(path, limit) as answer:
        if answer.status == 200:
            yield answer.chunks
            return
        if answer.status in (401, 404):
            raise Refused("Telegram does not have the file any more.", Reason.NOT_FOUND)
        raise Unavailable("Telegram does not give the file at the moment.", scope=Scope.CHAT)


async def published(file: File) -> str:
    """Its name for `method` and `upload`. Raises what getting it raises, and `Refused` for one that is too large."""
    kept = await file.kept()
    if (kept.media.size or 0) > UP:
        raise Refused("Telegram takes files of 50 MB at most from bots.", Reason.RESOURCE)
    return f"{_HERE}{kept.path}"


def method(media: Media) -> tuple[str, str]:
    """How it is sent: a method, and the name of its parameter."""
    size = media.size or 0
    match media.kind, media.mime:
        case ((MediaKind.IMAGE | MediaKind.VIDEO | MediaKind.STICKER), "image/gif"):
            return "sendAnimation", "animation"
        case ((MediaKind.IMAGE | MediaKind.STICKER), "image/jpeg" | "image/png" | "image/webp") if size <= PICTURE:
            return "sendPhoto", "photo"
        case MediaKind.VIDEO, "video/mp4":
            return "sendVideo", "video"
        case MediaKind.VOICE, "audio/ogg" | "audio/mpeg" | "audio/mp4":
            return "sendVoice", "voice"
        case ((MediaKind.AUDIO | MediaKind.VOICE), "audio/mpeg" | "audio/mp4"):
            return "sendAudio", "audio"
        case _:
            return DOCUMENT


def album(media: Media) -> str | None:
    """With what it can be in one album (#sendmediagroup: photos and videos, or documents, or audio); None: with
    nothing."""
    return album_of(method(media))


def album_of(how: tuple[str, str]) -> str | None:
    """`how` as `method` says."""
    return {"photo": "seen", "video": "seen", "document": "document", "audio": "audio"}.get(how[1])


async def upload(reference: str) -> BinaryIO | str:
    """The file as it lies here, to be closed, or the id that Telegram gave it. Raises `Refused`."""
    if REFERENCE.fullmatch(reference):
        return reference
    if not reference.startswith(_HERE):
        raise Refused("It is no file that could be sent.", Reason.BAD_REQUEST)
    try:
        return await asyncio.to_thread(Path(reference.removeprefix(_HERE)).open, "rb")
    except OSError as error:
        raise Refused("The file is not here any more. Send it again.", Reason.GONE) from error


def unfit(refusal: errors.No) -> bool:
    """Whether Telegram takes the file, but not as what it was sent."""
    words = (
        "image_process_failed", "photo_", "wrong type", "media_invalid", "video_", "voice_", "too big for a photo",
        "can't be mixed", "failed to get http url content",
    )  # fmt: skip
    return any(word in refusal.said for word in words)
