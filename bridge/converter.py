"""Pictures made smaller, in a process of its own: what decodes files of strangers may crash, hang or want all memory.

`python converter.py avatar FILE` and `python converter.py preview FILE` write one JSON object, which
`bridge.hub.pictures` reads. The only file that imports Pillow. It limits itself; whoever starts it ends it when it
takes too long.
"""

import base64
import io
import json
import os
import resource
import sys
from typing import Any

_MEMORY = 768 * 1024 * 1024  # bytes of address space
_SECONDS = 30  # of processor time
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")  # no drawings with programs in them, and nothing that calls others
_MOST_PIXELS = 32_000_000  # decoded: 130 MB, and a copy
_LARGEST = 400_000_000  # pixels that a JPEG may have, which is decoded to a fraction
_AVATAR, _AVATAR_BYTES = (160, 128, 96, 64, 32), 36_000  # XEP-0153 and 0084 want them small; base64 has to fit a stanza
_SMALL, _SMALL_BYTES = (160, 128, 96, 64), 5_000  # inside a message (XEP-0264)
_LARGE = (800, 600)  # Matrix's own size of a thumbnail to be shown in a room


class _No(Exception):
    """It is not shown; says why, in a sentence."""


def _opened(path: str, box: tuple[int, int]) -> Any:
    """The picture, not much larger than it is needed, the right way up."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # ours are stricter
    try:
        image: Any = Image.open(path, formats=_FORMATS)
        if image.width * image.height > _LARGEST:
            raise _No("The picture is too large.")
        image.draft("RGB", box)
        if image.width * image.height > _MOST_PIXELS:
            raise _No("The picture is too large.")
        image.thumbnail(box)
        image = ImageOps.exif_transpose(image)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise _No("The picture is damaged, or of a kind that is not shown.") from error
    return image


def _clear(image: Any) -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def _png(image: Any) -> bytes:
    made = io.BytesIO()
    image.convert("RGBA" if _clear(image) else "RGB").save(made, "PNG", optimize=True)
    return made.getvalue()


def _jpeg(image: Any, quality: int) -> bytes:
    from PIL import Image

    if _clear(image):
        image = image.convert("RGBA")
        ground = Image.new("RGB", image.size, "white")
        ground.paste(image, mask=image.getchannel("A"))
        image = ground
    made = io.BytesIO()
    image.convert("RGB").save(made, "JPEG", quality=quality)
    return made.getvalue()


def _shown(data: bytes, image: Any) -> dict[str, object]:
    return {"data": base64.b64encode(data).decode(), "width": image.width, "height": image.height}


def avatar(path: str) -> dict[str, object]:
    """A PNG, which every app has to show (XEP-0084 #process-pubdata)."""
    image = _opened(path, (_AVATAR[0] * 2, _AVATAR[0] * 2))
    for side in _AVATAR:
        image.thumbnail((side, side))
        data = _png(image)
        if len(data) <= _AVATAR_BYTES:
            return {"avatar": _shown(data, image)}
    raise _No("The picture cannot be made small enough.")


def preview(path: str) -> dict[str, object]:
    """Two JPEGs: one for inside a message, and one of the size in which rooms show pictures."""
    image = _opened(path, _LARGE)
    made: dict[str, object] = {"large": _shown(_jpeg(image, 80), image)}
    for side in _SMALL:
        image.thumbnail((side, side))
        data = _jpeg(image, 60)
        if len(data) <= _SMALL_BYTES:
            return {**made, "small": _shown(data, image)}
    return made


def main(kind: str, path: str) -> None:
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        said = {"avatar": avatar, "preview": preview}[kind](path)
    except _No as no:
        said = {"refused": str(no)}
    except MemoryError:
        said = {"refused": "The picture needs too much memory."}
    except ImportError:
        said = {"missing": "Pillow is not installed."}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:3])
