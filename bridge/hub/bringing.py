"""A file on its way to our disk: read as it comes, looked at, there as a whole or not at all."""

import asyncio
import hashlib
import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from bridge.contract import ConnectorError, Kept, Media, MediaKind, Reason, Refused, Session, Thumbnail
from bridge.hub import fallback, sniffing
from bridge.hub.pictures import Converter

log = logging.getLogger(__name__)

_BUFFER = 1024 * 1024
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_WORTH_IT = 10_000  # bytes; what is smaller is its own thumbnail


async def read(session: Session, said: Media, part: Path, limit: int) -> Media:
    """Write a file to `part`, at most `limit` bytes, and return what it really is; its bytes are on the disk then.
    Raises the four errors, and OSError."""
    digest, size, head, buffer = hashlib.sha256(), 0, b"", bytearray()

    def write(file: BinaryIO, data: bytes) -> None:
        file.write(data)
        file.flush()
        digest.update(data)

    with await asyncio.to_thread(part.open, "xb") as file:
        async with session.open_media(said, limit) as chunks:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise too_large(limit)
                if len(head) < sniffing.HEAD:
                    head += chunk[: sniffing.HEAD - len(head)]
                buffer += chunk
                if len(buffer) >= _BUFFER:
                    await asyncio.to_thread(write, file, bytes(buffer))
                    buffer.clear()
        await asyncio.to_thread(write, file, bytes(buffer))
        await asyncio.to_thread(os.fsync, file.fileno())
    return sniffing.true(said, head, size, digest.hexdigest())


async def looked_at(media: Media, part: Path, converter: Converter, seconds: float) -> Media:
    """With a thumbnail, if it is a picture that has one within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            found = await previews(converter, Kept(part, media))
    except TimeoutError:
        return media
    return replace(media, thumbnail=found[0]) if found is not None else media


async def previews(converter: Converter, kept: Kept) -> tuple[Thumbnail | None, Thumbnail] | None:
    """Of a picture that is worth it."""
    media = kept.media
    if not media.mime.startswith(_PICTURES) or media.kind is MediaKind.FILE or (media.size or 0) < _WORTH_IT:
        return None
    try:
        small, large = await converter.preview(kept.path)
    except ConnectorError as error:
        log.info("a picture has no thumbnail reason=%s", error.text)
        return None
    thumbnail = Thumbnail(small.data, small.width, small.height) if small is not None else None
    return thumbnail, Thumbnail(large.data, large.width, large.height)


def move(part: Path, path: Path) -> None:
    """`part`, whose bytes are on the disk, is `path` from now on; durable when this returns."""
    os.replace(part, path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def is_whole(path: Path, size: int) -> bool:
    """Whether it is there, with all its bytes."""
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def too_large(limit: int) -> Refused:
    return Refused(f"It is larger than {fallback.size(limit)}, the most that is carried.", Reason.RESOURCE)
