"""Files on Matrix: events that hold one, both ways, and the content repository.

Source: client-server API #content-repository, #media-captions, #m-image, #m-file, #m-audio, #m-video, #m-sticker;
MSC3245 (voice messages).
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from bridge.contract import Kept, Media, MediaKind, Reason, Refused, Scope, Unavailable, Unconfirmed
from bridge.contract.workspace import Answer
from connectors.matrix import errors, fields
from connectors.matrix.api import Api, path

_KINDS = {
    "m.image": MediaKind.IMAGE, "m.video": MediaKind.VIDEO, "m.audio": MediaKind.AUDIO, "m.file": MediaKind.FILE,
    "m.sticker": MediaKind.STICKER,
}  # fmt: skip
_TYPES = {
    MediaKind.IMAGE: "m.image", MediaKind.STICKER: "m.image", MediaKind.VIDEO: "m.video", MediaKind.AUDIO: "m.audio",
    MediaKind.VOICE: "m.audio", MediaKind.FILE: "m.file",
}  # fmt: skip
_VOICE = ("m.voice", "org.matrix.msc3245.voice")
_MIME = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,60}/[A-Za-z0-9!#$&^_.+-]{1,60}")
_UNKNOWN = "application/octet-stream"
_PIXELS, _SECONDS = 100_000, 100 * 3_600.0  # more is not believed
_WAIT = 20_000  # milliseconds that the homeserver may wait for another one
_CHUNK = 256 * 1024
_SLOWEST = 100_000  # bytes a second; below that an upload is given up
_ANSWER = 64 * 1024


def read(kind: str, content: Mapping[str, Any]) -> Media | None:
    """The file that a message of msgtype `kind`, or a sticker, holds; None when it cannot be had."""
    reference = fields.mxc(content.get("url"))
    if kind not in _KINDS or not reference:
        return None
    info = fields.mapping(content.get("info"))
    mime, duration = fields.string(info.get("mimetype")), fields.number(info.get("duration"))
    size = fields.number(info.get("size"))
    voice = kind == "m.audio" and any(key in content for key in _VOICE)
    return Media(
        reference,
        name=_name(content),
        mime=mime.lower() if _MIME.fullmatch(mime) else _UNKNOWN,
        size=None if size is None else int(size),
        kind=MediaKind.VOICE if voice else _KINDS[kind],
        width=_side(info.get("w")),
        height=_side(info.get("h")),
        duration=None if duration is None or not 0 < duration / 1000 <= _SECONDS else duration / 1000,
    )


def has_caption(kind: str, content: Mapping[str, Any]) -> bool:
    """#media-captions: with a `filename`, a different `body` is the caption."""
    body = fields.line(content.get("body"))
    return kind != "m.sticker" and bool(body and fields.string(content.get("filename"))) and _name(content) != body


def content(media: Media, caption: Mapping[str, Any]) -> dict[str, Any]:
    """The content of the `m.room.message` that is `media`; `caption` is the content of its text, if it has one."""
    name = fields.line(media.name) or "file"
    info: dict[str, Any] = {"mimetype": media.mime}
    for key, value in (("size", media.size), ("w", media.width), ("h", media.height)):
        if value is not None:
            info[key] = value
    if media.duration is not None:
        info["duration"] = round(media.duration * 1000)
    said: dict[str, Any] = {
        **caption,
        "msgtype": _TYPES[media.kind],
        "url": media.reference,
        "info": info,
        "filename": name,
    }
    if not said.get("body"):
        said["body"] = name
    if media.kind is MediaKind.VOICE:
        said[_VOICE[1]] = {}
        said["org.matrix.msc1767.audio"] = {"duration": info.get("duration", 0)}
    return said


class Repository:
    """The content repository of one's own homeserver, for one session."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._largest: int | None = None
        self._asked = False

    @asynccontextmanager
    async def open(self, media: Media, limit: int) -> AsyncIterator[AsyncIterator[bytes]]:
        """The bytes of a file; raises the four errors. COMPAT homeservers before version 1.11 have only the path that
        needs no token."""
        found = fields.MXC.fullmatch(media.reference)
        if found is None:
            raise Refused("It has no valid address.", Reason.BAD_REQUEST)
        where, query = ("media", "download", found[1], found[2]), f"?{urlencode({'timeout_ms': _WAIT})}"
        old = f"/_matrix/media/v3/download/{quote(found[1], safe='')}/{found[2]}{query}&allow_redirect=true"
        refusal: Exception | None = None
        for place in (path(*where, version="v1") + query, old):
            async with self._api.download(place, limit) as answer:
                if answer.status == 200:
                    yield answer.chunks
                    return
                body = b""
                async for chunk in answer.chunks:
                    body += chunk[:_ANSWER]
                    if len(body) > _ANSWER:
                        break
                whole = Answer(answer.status, answer.headers, body)
            refusal = _refusal(whole)
            if not _unknown_path(whole):
                break
        assert refusal is not None
        raise refusal

    async def publish(self, kept: Kept) -> str:
        """The `mxc` URI of an upload; raises the four errors."""
        size, largest = kept.media.size or 0, await self._limit()
        if largest is not None and size > largest:
            raise Refused(f"The homeserver takes files of {largest:,} bytes at most.", Reason.RESOURCE)
        query = urlencode({"filename": fields.line(kept.media.name) or "file"})
        mime = kept.media.mime if _MIME.fullmatch(kept.media.mime) else _UNKNOWN
        headers = {"Content-Type": mime, "Content-Length": str(size)}
        answer = await self._api.upload(
            f"/_matrix/media/v3/upload?{query}", _chunks(kept.path), headers, 20.0 + size / _SLOWEST
        )
        said = errors.read(answer, changes=False)
        uri = fields.mxc(said.get("content_uri"))
        if not uri:
            raise Refused("The homeserver gave no address for the file.", Reason.SERVICE)
        return uri

    async def _limit(self) -> int | None:
        """#get_matrixclientv1mediaconfig: bytes of an upload; None when the homeserver does not say."""
        if not self._asked:
            for place in (path("media", "config", version="v1"), "/_matrix/media/v3/config"):
                answer = await self._api.ask("GET", place)
                if answer.status == 200:
                    largest = fields.number((errors.decoded(answer.body) or {}).get("m.upload.size"))
                    self._largest = None if largest is None else int(largest)
                    break
            self._asked = True
        return self._largest


def _refusal(answer: Answer) -> Exception:
    """Why a file cannot be had. Other homeservers may be the trouble, so it concerns this chat only."""
    try:
        errors.read(answer, changes=False)
    except (Unavailable, Unconfirmed) as error:
        return Unavailable(error.text, scope=Scope.CHAT)
    except Exception as error:
        return error
    return Unavailable("The homeserver gave no file.", scope=Scope.CHAT)


def _unknown_path(answer: Answer) -> bool:
    return answer.status in (404, 405) and errors.code_of(answer) in ("M_UNRECOGNIZED", "")


def _name(content: Mapping[str, Any]) -> str:
    return fields.line(content.get("filename")) or fields.line(content.get("body"))


def _side(value: object) -> int | None:
    side = fields.number(value)
    return int(side) if side is not None and 0 < side <= _PIXELS else None


async def _chunks(file: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(file.open, "rb") as opened:
        while piece := await asyncio.to_thread(opened.read, _CHUNK):
            yield piece
