"""Stickers that move. Telegram's own form (TGS), and video with a background that can be seen through (WebM), are
shown by hardly any program elsewhere, so they become animated WebP, once for each sticker (`file_unique_id`).

What makes them is heavy, and so an extra of ours (`pip install landbridge[stickers]`); without it people read the
sticker's emoji and a sentence.
"""

import asyncio
import contextlib
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bridge.contract import Media, MediaKind, Reason, Refused
from connectors.telegram import fields, media
from connectors.telegram.api import Api
from connectors.telegram.files import REFERENCE

MISSING = "(a sticker that moves, which this gateway cannot show)"
_NEEDS = {"tgs": "rlottie_python", "webm": "av"}
_REFERENCE = re.compile(r"(tgs|webm):([A-Za-z0-9_-]{5,100}):([A-Za-z0-9_-]{5,300})")
_LARGEST = 1_000_000  # bytes; Telegram's have 64 and 256 kB
_KEPT = 1_000  # that are on our disk, a few hundred kB at most each
_SECONDS = 30.0
_AT_ONCE = asyncio.Semaphore(2)
_CHUNK = 65_536


def kind_of(sticker: Mapping[str, Any]) -> str | None:
    """How it moves (#sticker); None for one that does not."""
    return "tgs" if sticker.get("is_animated") is True else "webm" if sticker.get("is_video") is True else None


@cache
def able(kind: str) -> bool:
    """Whether the gateway has what it takes."""
    return find_spec(_NEEDS[kind]) is not None


def read(sticker: Mapping[str, Any]) -> Media | None:
    """The file that it will be; None if it does not move, or cannot be shown."""
    kind = kind_of(sticker)
    unique, id = fields.string(sticker.get("file_unique_id")), fields.string(sticker.get("file_id"))
    reference = f"{kind}:{unique}:{id}"
    if kind is None or not able(kind) or _REFERENCE.fullmatch(reference) is None:
        return None
    emoji = fields.line(sticker.get("emoji"), 8)
    return Media(reference, f"sticker {emoji}.webp" if emoji else "sticker.webp", "image/webp", kind=MediaKind.STICKER)


class Stickers:
    """For one session; what was made is of all."""

    def __init__(self, api: Api, folder: Path) -> None:
        self._api = api
        self._folder = folder

    @asynccontextmanager
    async def opened(self, one: Media, limit: int) -> AsyncIterator[AsyncIterator[bytes]]:
        """The bytes of any file; raises the four errors."""
        found = _REFERENCE.fullmatch(one.reference)
        if found is None:
            async with media.opened(self._api, one, limit) as chunks:
                yield chunks
            return
        kind, unique, id = found.groups()
        made = self._folder / f"{unique}.webp"
        if not await asyncio.to_thread(made.exists):
            async with _AT_ONCE:
                if not await asyncio.to_thread(made.exists):  # another may have made it meanwhile
                    await self._make(kind, id, made)
        yield _read(made, limit)

    async def _make(self, kind: str, id: str, made: Path) -> None:
        assert REFERENCE.fullmatch(id)
        await asyncio.to_thread(self._folder.mkdir, 0o700, True, True)
        with tempfile.TemporaryDirectory(dir=self._folder) as place:
            source, target = Path(place) / "from", Path(place) / "to"
            async with media.opened(self._api, Media(id), _LARGEST) as chunks:
                data = b"".join([chunk async for chunk in chunks])
            await asyncio.to_thread(source.write_bytes, data)
            await _converted(kind, source, target)
            await asyncio.to_thread(target.rename, made)
        await asyncio.to_thread(self._tidy)

    def _tidy(self) -> None:
        """The oldest go."""
        kept = sorted(self._folder.glob("*.webp"), key=_age)
        for path in kept[: max(0, len(kept) - _KEPT)]:
            path.unlink(missing_ok=True)


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0  # another tidies, too


async def _converted(kind: str, source: Path, target: Path) -> None:
    """Raises `Refused`."""
    command = (sys.executable, "-I", str(Path(__file__).parent / "moving.py"), kind, str(source), str(target))
    bare = {"PATH": os.environ.get("PATH", "")}
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL, env=bare,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_SECONDS):
            status = await process.wait()
    except TimeoutError:
        status = -1
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if status != 0 or not await asyncio.to_thread(target.exists):
        raise Refused("The sticker is damaged, or it takes too much to show it.", Reason.NOT_ACCEPTABLE)


async def _read(path: Path, limit: int) -> AsyncIterator[bytes]:
    data = await asyncio.to_thread(path.read_bytes)
    if len(data) > limit:
        raise Refused("The sticker is too large.", Reason.RESOURCE)
    for start in range(0, len(data), _CHUNK):
        yield data[start : start + _CHUNK]
