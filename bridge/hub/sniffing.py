"""What a file is, by its first bytes: nobody is believed who says otherwise. Pure."""

import struct
from collections.abc import Callable
from dataclasses import replace

from bridge.contract import Media, MediaKind

HEAD = 64 * 1024  # bytes that are looked at
UNKNOWN = "application/octet-stream"

_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),  # Matroska, too
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"fLaC", "audio/flac"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {
    b"avif": "image/avif", b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heic", b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4", b"qt  ": "video/quicktime",
}  # fmt: skip
# The same bytes go by several names.
_COVERS = {
    "video/webm": ("video/webm", "video/x-matroska", "audio/webm", "audio/x-matroska"),
    "audio/ogg": ("audio/ogg", "audio/opus", "audio/vorbis", "application/ogg", "video/ogg"),
    "video/mp4": ("video/mp4", "audio/mp4", "audio/m4a", "audio/x-m4a", "video/3gpp", "audio/3gpp", "video/quicktime"),
    "audio/mp4": ("audio/m4a", "audio/x-m4a", "audio/aac"),
    "audio/wav": ("audio/x-wav", "audio/wave"),
    "image/png": ("image/apng",),
}
_SHOWN = ("image", "video", "audio")
_LARGEST = 100_000  # pixels of a side that can be true
_MOST = 200_000_000  # pixels of a picture that apps are to show; with more it is carried as a file that they only save


def by_bytes(head: bytes) -> str:
    """The media type that the first bytes show; empty when they show none that we know."""
    for beginning, mime in _BEGINNINGS:
        if head.startswith(beginning):
            return mime
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    return ""


def true(said: Media, head: bytes, size: int, sha256: str) -> Media:
    """`said` with what the file really is: size, hash, type, kind, and the sides of a picture."""
    seen, claimed = by_bytes(head), said.mime.lower()
    if seen:
        zipped = seen == "application/zip" and not claimed.startswith(_SHOWN) and claimed != UNKNOWN
        mime = claimed if zipped or claimed in _COVERS.get(seen, ()) else seen
    else:  # text and the like have no beginning by which they are known; what is shown has
        mime = UNKNOWN if claimed.startswith(_SHOWN) else claimed
    sides = _sides(mime, head)
    width, height = sides if sides is not None else (said.width, said.height)
    kind = MediaKind.FILE if sides is not None and sides[0] * sides[1] > _MOST else _kind(said, mime)
    blurhash = said.blurhash if kind is not MediaKind.FILE else ""
    return replace(
        said, size=size, sha256=sha256, mime=mime, kind=kind, width=width, height=height, blurhash=blurhash
    )  # fmt: skip


def _kind(said: Media, mime: str) -> MediaKind:
    major = mime.partition("/")[0]
    if major not in _SHOWN:
        return MediaKind.FILE
    meant = {MediaKind.VOICE: "audio", MediaKind.STICKER: "image"}.get(said.kind, said.kind.value)
    if meant == major or (said.kind is MediaKind.FILE and said.mime != UNKNOWN):
        return said.kind
    return MediaKind(major)


def _sides(mime: str, head: bytes) -> tuple[int, int] | None:
    measure = _MEASURES.get(mime)
    try:
        found = measure(head) if measure is not None else None
    except (struct.error, IndexError):
        return None
    return found if found is not None and all(0 < side <= _LARGEST for side in found) else None


def _png(head: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def _gif(head: bytes) -> tuple[int, int]:
    width, height = struct.unpack("<HH", head[6:10])
    return width, height


def _webp(head: bytes) -> tuple[int, int] | None:
    match head[12:16]:
        case b"VP8X":
            return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 ":
            width, height = struct.unpack("<HH", head[26:30])
            return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg(head: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(head) and head[at] == 0xFF:
        marker, length = head[at + 1], int.from_bytes(head[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None


_MEASURES: dict[str, Callable[[bytes], tuple[int, int] | None]] = {
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/jpeg": _jpeg,
}
