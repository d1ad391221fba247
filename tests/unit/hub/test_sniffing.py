"""Nobody is believed who says what a file is."""

import pytest

from bridge.contract import Media, MediaKind
from bridge.hub.sniffing import true
from tests.support.files import png

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(10) + b"\xff\xc0\x00\x11\x08\x01\xe0\x02\x80" + bytes(9)
GIF = b"GIF89a\x40\x01\xc8\x00"
WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x3f\x01\x00\xc7\x00\x00"
MP4 = b"\x00\x00\x00\x18ftypmp42"
HTML = b"<!doctype html><script>"


@pytest.mark.parametrize(
    ("head", "mime", "kind", "found", "as_"),
    [
        (png(), "image/png", MediaKind.IMAGE, "image/png", MediaKind.IMAGE),
        (png(), "application/octet-stream", MediaKind.FILE, "image/png", MediaKind.IMAGE),
        (png(), "text/html", MediaKind.FILE, "image/png", MediaKind.FILE),
        (png(), "image/png", MediaKind.STICKER, "image/png", MediaKind.STICKER),
        (png(), "image/png", MediaKind.FILE, "image/png", MediaKind.FILE),
        (png(), "audio/ogg", MediaKind.VOICE, "image/png", MediaKind.IMAGE),
        (HTML, "image/png", MediaKind.IMAGE, "application/octet-stream", MediaKind.FILE),
        (HTML, "text/html", MediaKind.FILE, "text/html", MediaKind.FILE),
        (b"<svg/>", "image/svg+xml", MediaKind.IMAGE, "application/octet-stream", MediaKind.FILE),
        (b"hello", "text/plain", MediaKind.FILE, "text/plain", MediaKind.FILE),
        (b"OggS", "audio/ogg", MediaKind.VOICE, "audio/ogg", MediaKind.VOICE),
        (b"OggS", "audio/opus", MediaKind.AUDIO, "audio/opus", MediaKind.AUDIO),
        (MP4, "audio/mp4", MediaKind.AUDIO, "audio/mp4", MediaKind.AUDIO),
        (MP4, "application/octet-stream", MediaKind.FILE, "video/mp4", MediaKind.VIDEO),
        (b"PK\x03\x04", "application/vnd.oasis.opendocument.text", MediaKind.FILE,
         "application/vnd.oasis.opendocument.text", MediaKind.FILE),
        (b"PK\x03\x04", "image/png", MediaKind.IMAGE, "application/zip", MediaKind.FILE),
        (b"", "image/png", MediaKind.IMAGE, "application/octet-stream", MediaKind.FILE),
    ],
)  # fmt: skip
def test_type_and_kind_are_what_the_bytes_are(
    head: bytes, mime: str, kind: MediaKind, found: str, as_: MediaKind
) -> None:
    seen = true(Media("r", "n", mime, 5, kind), head, 7, "ab")

    assert (seen.mime, seen.kind) == (found, as_)
    assert (seen.size, seen.sha256, seen.name) == (7, "ab", "n")


@pytest.mark.parametrize(
    ("head", "sides"),
    [
        (png(640, 480), (640, 480)), (JPEG, (640, 480)), (GIF, (320, 200)), (WEBP, (320, 200)),
        (png()[:20], (1, 2)), (JPEG[:-15], (1, 2)), (b"\xff\xd8\xff" + b"\xff" * 100, (1, 2)),
        (png()[:16] + b"\xff" * 8, (1, 2)),
    ],
)  # fmt: skip
def test_a_picture_is_measured_and_else_its_sender_is_believed(head: bytes, sides: tuple[int, int]) -> None:
    seen = true(Media("r", "n", "image/png", width=1, height=2), head, 7, "ab")

    assert (seen.width, seen.height) == sides
