"""Moving stickers made into what apps show, in a process of its own: what reads files of strangers may crash, hang or
want all memory.

`python moving.py tgs|webm FROM TO` writes an animated WebP; a line says why not. The only file that imports rlottie and
PyAV. It limits itself; whoever starts it ends it when it takes too long.

Source: https://core.telegram.org/stickers#animation-requirements, #video-requirements.
"""

import os
import resource
import sys
from collections.abc import Iterator
from typing import Any

_MEMORY = 1_500 * 1024 * 1024  # bytes of address space
_SECONDS = 20  # of processor time
_LARGEST = 3_000_000  # bytes of what is made
_SIDE = 256  # pixels
_FRAMES, _RATE = 100, 25  # at most, and a second


def tgs(path: str) -> tuple[Iterator[Any], float]:
    """Pictures, and how many a second."""
    import rlottie_python

    animation: Any = rlottie_python.LottieAnimation.from_tgs(path)  # type: ignore[attr-defined, unused-ignore]
    total, rate = animation.lottie_animation_get_totalframe(), animation.lottie_animation_get_framerate() or 30
    step = max(1, round(rate / _RATE))
    wanted = range(0, min(total, 600), step)[:_FRAMES]
    return (animation.render_pillow_frame(number, width=_SIDE, height=_SIDE) for number in wanted), rate / step


def webm(path: str) -> tuple[Iterator[Any], float]:
    """The same. Its own decoder, because ffmpeg's forgets what can be seen through."""
    import av

    container: Any = av.open(path, format="matroska")
    stream = container.streams.video[0]
    if max(stream.width, stream.height) > 512:
        raise ValueError("It is too large for a sticker.")
    rate = float(stream.average_rate or 30)
    step = max(1, round(rate / _RATE))
    decoder: Any = av.CodecContext.create("libvpx-vp9" if stream.codec_context.name == "vp9" else "libvpx", "r")

    def pictures() -> Iterator[Any]:
        number = 0
        for packet in container.demux(stream):
            for frame in decoder.decode(packet):
                if number % step == 0 and number // step < _FRAMES:
                    image = frame.reformat(format="rgba").to_image()
                    image.thumbnail((_SIDE, _SIDE))
                    yield image
                number += 1

    return pictures(), rate / step


def main(kind: str, path: str, to: str) -> int:
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST, _LARGEST))
    try:
        found, rate = {"tgs": tgs, "webm": webm}[kind](path)
        first, *others = found
        first.save(
            to, "WEBP", save_all=True, append_images=others, duration=round(1_000 / rate), loop=0, quality=70, method=2
        )
    except Exception as error:  # a border: whatever is in the file
        sys.stderr.write(f"{type(error).__name__}: {error}"[:300])
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
