"""Stickers that move are what apps show, made once; one that harms harms nobody; without what it takes it is a line."""

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bridge.contract import MediaKind, MessageReceived, Refused, Session
from bridge.testing.conformance.network import Reader, outcome
from connectors.telegram import stickers
from tests.telegram.stage import Stage
from tests.telegram.test_media import content

NEEDED = pytest.mark.skipif(
    not (stickers.able("tgs") and stickers.able("webm")), reason="landbridge[stickers] is not installed"
)


def tgs() -> bytes:
    """A square that goes from left to right."""
    square = {
        "ty": 4, "ip": 0, "op": 30, "st": 0, "ks": {
            "o": {"k": 100}, "r": {"k": 0}, "a": {"k": [0, 0, 0]}, "s": {"k": [100, 100, 100]},
            "p": {"a": 1, "k": [
                {"t": 0, "s": [100, 256, 0], "e": [400, 256, 0], "i": {"x": 1, "y": 1}, "o": {"x": 0, "y": 0}},
                {"t": 30},
            ]},
        },
        "shapes": [
            {"ty": "rc", "p": {"k": [0, 0]}, "s": {"k": [150, 150]}, "r": {"k": 0}},
            {"ty": "fl", "c": {"k": [1, 0, 0, 1]}, "o": {"k": 100}},
        ],
    }  # fmt: skip
    whole = {"tgs": 1, "v": "5.5.2", "fr": 60, "ip": 0, "op": 30, "w": 512, "h": 512, "layers": [square]}
    return gzip.compress(json.dumps(whole).encode())


def webm() -> bytes:
    import av

    made = io.BytesIO()
    out: Any = av.open(made, "w", format="webm")
    stream = out.add_stream("libvpx-vp9", rate=30)
    stream.width = stream.height = 256
    stream.pix_fmt = "yuv420p"
    for number in range(12):
        frame = av.VideoFrame.from_image(Image.new("RGB", (256, 256), (20 * number, 0, 0)))
        for packet in stream.encode(frame):
            out.mux(packet)
    for packet in stream.encode():
        out.mux(packet)
    out.close()
    return made.getvalue()


async def sent(play: Stage, reader: Reader, data: bytes, **about: Any) -> MessageReceived:
    seen = len(reader.of(MessageReceived))
    play.world.sends_file(
        play.juliet, play.chat, "sticker", "s", "application/x-thing", data, about={"emoji": "🌹", **about}
    )
    await reader.until(lambda r: len(r.of(MessageReceived)) > seen)
    return reader.of(MessageReceived)[-1]  # type: ignore[no-any-return]


@NEEDED
@pytest.mark.parametrize("kind", ["is_animated", "is_video"])
async def test_what_moves_is_an_animated_picture_made_once(play: Stage, kind: str) -> None:
    data = tgs() if kind == "is_animated" else webm()
    async with play.live() as (session, reader):
        event = await sent(play, reader, data, **{kind: True})
        [media] = event.message.media
        first = await content(session, media)
        asked = play.api.calls["getfile"]
        again = await content(session, media)

    image: Any = Image.open(io.BytesIO(first))
    assert (image.format, image.size, image.n_frames > 3) == ("WEBP", (256, 256), True)
    assert (media.kind, media.mime, media.name) == (MediaKind.STICKER, "image/webp", "sticker 🌹.webp")
    assert again == first
    assert play.api.calls["getfile"] == asked
    assert play.bot.token not in media.reference


@NEEDED
@pytest.mark.parametrize(
    "data",
    [b"", b"no sticker", gzip.compress(b"{}"), gzip.compress(b"0" * 50_000_000), tgs()[:60], b"\x1a\x45\xdf\xa3"],
    ids=["empty", "words", "an empty one", "a bomb", "a piece", "the beginning of a film"],
)
async def test_one_that_is_none_or_harms_is_refused(play: Stage, data: bytes) -> None:
    async with play.live() as (session, reader):
        for kind in ("is_animated", "is_video"):
            event = await sent(play, reader, data, **{kind: True})
            [media] = event.message.media
            came = await outcome(content(session, media))
            assert isinstance(came, Refused)
            assert came.text.endswith(".")
        assert left_over(session, play.folder) == []


def left_over(session: Session, folder: Path) -> list[Path]:
    return list((folder / "stickers").iterdir())


async def test_without_what_it_takes_it_is_the_emoji_and_a_sentence(
    play: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rlottie_python", None)  # as if it were not installed
    stickers.able.cache_clear()
    async with play.live() as (_, reader):
        event = await sent(play, reader, b"x", is_animated=True)
    stickers.able.cache_clear()

    assert event.message.text == "🌹 (a sticker that moves, which this gateway cannot show)"
    assert event.message.media == ()
