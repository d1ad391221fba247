"""Files on Matrix: events that hold one, both ways, and the content repository.

Source: client-server API #content-repository, #media-captions, #m-image, #m-file, #m-audio, #m-video, #m-sticker;
MSC3245 (voice messages), MSC2448 (blurhash), MSC4274 (several files in one event).
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from bridge.contract import (
    ConnectorError,
    File,
    Kept,
    Media,
    MediaKind,
    Reason,
    Refused,
    Scope,
    Unavailable,
    Unconfirmed,
)
from bridge.contract.workspace import Answer
from connectors.matrix import errors, fields, sealed
from connectors.matrix.api import Api, path

_KINDS = {
    "m.image": MediaKind.IMAGE, "m.video": MediaKind.VIDEO, "m.audio": MediaKind.AUDIO, "m.file": MediaKind.FILE,
    "m.sticker": MediaKind.STICKER,
}  # fmt: skip
_TYPES = {
    MediaKind.IMAGE: "m.image", MediaKind.STICKER: "m.image", MediaKind.VIDEO: "m.video", MediaKind.AUDIO: "m.audio",
    MediaKind.VOICE: "m.audio", MediaKind.FILE: "m.file",
}  # fmt: skip
# MSC4274, and what Beeper had before it: where the files stand, what tells their types, and where the caption is.
_GALLERIES = {
    "m.gallery": ("itemtypes", "itemtype", "body"), "dm.filament.gallery": ("itemtypes", "itemtype", "body"),
    "com.beeper.gallery": ("com.beeper.gallery.images", "msgtype", "com.beeper.gallery.caption"),
}  # fmt: skip
_MOST = 100  # files of one event
_VOICE = ("m.voice", "org.matrix.msc3245.voice")
_MIME = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,60}/[A-Za-z0-9!#$&^_.+-]{1,60}")
_BLUR = "xyz.amorgan.blurhash"  # MSC2448
_BLURHASH = re.compile(r"[0-9A-Za-z#$%*+,\-.:;=?@\[\]^_{|}~]{6,100}")
# What `Repository.publish` calls a picture that has a smaller one: both URIs, and sides and bytes of that.
_PREVIEWED = re.compile(r"(mxc://\S+) (mxc://\S+) (\d+) (\d+) (\d+)")
_UNKNOWN = "application/octet-stream"
_PIXELS, _SECONDS = 100_000, 100 * 3_600.0  # more is not believed
_WAIT = 20_000  # milliseconds that the homeserver may wait for another one
_CHUNK = 256 * 1024
_SLOWEST = 100_000  # bytes a second; below that an upload is given up
_ANSWER = 64 * 1024
_LARGE = 1_000_000  # bytes of a picture that is sent together with a smaller one


def gallery(kind: str, content: Mapping[str, Any]) -> tuple[tuple[Media, ...], Mapping[str, Any], str] | None:
    """The files of a message of msgtype `kind` that holds several, in order, the content of their caption, and what is
    said of single ones besides. None if it is none, or one of them cannot be had: then its sender's app has words."""
    if kind not in _GALLERIES:
        return None
    files, type, caption = _GALLERIES[kind]
    items = [fields.mapping(item) for item in fields.listed(content.get(files))]
    found = [read(fields.string(item.get(type)), item) for item in items[:_MOST]]
    if not found or None in found:
        return None
    of_each = [
        f"{_name(item)}: {fields.string(item['body'])}"
        for item in items[:_MOST]
        if has_caption(fields.string(item.get(type)), item)
    ]
    if len(items) > _MOST:
        of_each.append(f"(There are {len(items) - _MOST} more files, which are not shown here.)")
    media = tuple(one for one in found if one is not None)
    return media, {**content, "body": fields.string(content.get(caption))}, "\n".join(of_each)


def uri_of(published: str) -> str:
    """The URI of the file itself, of what `Repository.publish` has returned."""
    return published.partition(" ")[0]


def read(kind: str, content: Mapping[str, Any]) -> Media | None:
    """The file that a message of msgtype `kind`, or a sticker, holds; None when it cannot be had."""
    sealing = fields.mapping(content.get("file"))
    reference = sealed.reference(sealing) if sealing else fields.mxc(content.get("url"))
    if kind not in _KINDS or not reference:
        return None
    info = fields.mapping(content.get("info"))
    mime, duration = fields.string(info.get("mimetype")), fields.number(info.get("duration"))
    size, blurhash = fields.number(info.get("size")), fields.string(info.get(_BLUR))
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
        blurhash=blurhash if _BLURHASH.fullmatch(blurhash) else "",
    )


def has_caption(kind: str, content: Mapping[str, Any]) -> bool:
    """#media-captions: with a `filename`, a different `body` is the caption."""
    body = fields.line(content.get("body"))
    return kind != "m.sticker" and bool(body and fields.string(content.get("filename"))) and _name(content) != body


def content(media: Media, caption: Mapping[str, Any]) -> dict[str, Any]:
    """The content of the `m.room.message` that is `media`; `caption` is the content of its text, if it has one. Without
    `msgtype`: that of a `m.sticker`."""
    name = fields.line(media.name) or "file"
    info: dict[str, Any] = {"mimetype": media.mime}
    for key, value in (("size", media.size), ("w", media.width), ("h", media.height)):
        if value is not None:
            info[key] = value
    if media.duration is not None:
        info["duration"] = round(media.duration * 1000)
    if media.blurhash:
        info[_BLUR] = media.blurhash
    url = media.reference
    if media.kind is MediaKind.STICKER and not caption.get("body"):  # an event of its own type, which has no caption
        return {
            **{key: value for key, value in caption.items() if key != "msgtype"},
            "body": name,
            "url": uri_of(url),
            "info": info,
        }
    if (previewed := _PREVIEWED.fullmatch(url)) is not None:
        url, info["thumbnail_url"], *sides = previewed.groups()
        told = zip(("w", "h", "size"), map(int, sides), strict=True)
        info["thumbnail_info"] = {"mimetype": "image/jpeg", **dict(told)}
    said: dict[str, Any] = {
        **caption,
        "msgtype": _TYPES[media.kind],
        "url": url,
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
        seal = sealed.read(media.reference)
        found = fields.MXC.fullmatch(media.reference if seal is None else seal.url)
        if found is None:
            raise Refused("It has no valid address.", Reason.BAD_REQUEST)
        where, query = ("media", "download", found[1], found[2]), f"?{urlencode({'timeout_ms': _WAIT})}"
        old = f"/_matrix/media/v3/download/{quote(found[1], safe='')}/{found[2]}{query}&allow_redirect=true"
        refusal: Exception | None = None
        for place in (path(*where, version="v1") + query, old):
            async with self._api.download(place, limit) as answer:
                if answer.status == 200:
                    yield answer.chunks if seal is None else sealed.opened(answer.chunks, seal)
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

    async def publish(self, file: File) -> str:
        """The `mxc` URI of an upload; of a large picture also that of a smaller one, which some homeservers do not
        make. Raises the four errors."""
        kept = await file.kept()
        uri = await self._upload(kept)
        if kept.media.kind not in (MediaKind.IMAGE, MediaKind.STICKER) or (kept.media.size or 0) < _LARGE:
            return uri
        preview = await file.preview()
        if preview is None or len(preview.data) >= (kept.media.size or 0):
            return uri
        try:
            small = await self._send(_piece(preview.data), len(preview.data), "image/jpeg", "thumbnail.jpg")
        except ConnectorError:
            return uri  # the file itself is there
        return f"{uri} {small} {preview.width} {preview.height} {len(preview.data)}"

    async def _upload(self, kept: Kept) -> str:
        size, largest = kept.media.size or 0, await self._limit()
        if largest is not None and size > largest:
            raise Refused(f"The homeserver takes files of {largest:,} bytes at most.", Reason.RESOURCE)
        mime = kept.media.mime if _MIME.fullmatch(kept.media.mime) else _UNKNOWN
        return await self._send(_chunks(kept.path), size, mime, fields.line(kept.media.name) or "file")

    async def _send(self, body: AsyncIterator[bytes], size: int, mime: str, name: str) -> str:
        headers = {"Content-Type": mime, "Content-Length": str(size)}
        where = f"/_matrix/media/v3/upload?{urlencode({'filename': name})}"
        answer = await self._api.upload(where, body, headers, 20.0 + size / _SLOWEST)
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


async def _piece(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _chunks(file: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(file.open, "rb") as opened:
        while piece := await asyncio.to_thread(opened.read, _CHUNK):
            yield piece
