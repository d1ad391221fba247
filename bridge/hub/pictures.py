"""Pictures made smaller by another process (`bridge.converter`), which is ended when it takes too long: what strangers
send may crash a decoder, hang it, or want all memory there is."""

import asyncio
import base64
import contextlib
import logging
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bridge.contract import Reason, Refused, Scope, Unavailable

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-I", str(Path(__file__).parents[1] / "converter.py"))
_SECONDS = 30.0  # for one picture
_AT_ONCE = 2
_ANSWER = 2 * 1024 * 1024  # bytes
_SIDE = 2_000  # pixels that an answer can have


@dataclass(frozen=True, slots=True)
class Small:
    """A picture that was made smaller."""

    data: bytes
    width: int
    height: int


class Converter:
    """`command` is a program and its arguments, to which the kind of the wish and a file are added."""

    def __init__(self, command: Sequence[str] = COMMAND, seconds: float = _SECONDS) -> None:
        self._command = command
        self._seconds = seconds
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._lacking = False

    async def avatar(self, file: Path) -> Small:
        """A PNG of a size that goes into a stanza. Raises `Refused`: it is none that can be shown; `Unavailable`."""
        return _small(await self._asked("avatar", file), "avatar")

    async def small(self, picture: bytes) -> bytes:
        """The same of a picture that is no file. Raises what `avatar` does."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "picture"
            await asyncio.to_thread(file.write_bytes, picture)
            return (await self.avatar(file)).data

    async def preview(self, file: Path) -> tuple[Small | None, Small]:
        """Two JPEGs: one of a few thousand bytes, if that is possible, and one to be shown in a chat. Raises what
        `avatar` does."""
        said = await self._asked("preview", file)
        return (_small(said, "small") if "small" in said else None), _small(said, "large")

    async def _asked(self, kind: str, file: Path) -> dict[str, Any]:
        async with self._turns:
            answer = await self._answer(kind, file)
        try:
            said = msgspec.json.decode(answer, type=dict[str, Any])
        except msgspec.DecodeError as error:
            log.info("a picture ended its converter kind=%s", kind)
            raise _refused("The picture cannot be converted.") from error
        if "missing" in said:
            if not self._lacking:
                log.warning("pictures are not made smaller: %s", said["missing"])
            self._lacking = True
            raise Unavailable("Pictures cannot be converted here.", scope=Scope.CHAT, lasting=True)
        if "refused" in said:
            raise _refused(str(said["refused"]))
        return said

    async def _answer(self, kind: str, file: Path) -> bytes:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, kind, str(file), limit=_ANSWER, env={},
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        except OSError as error:
            raise Unavailable("Pictures cannot be converted here.", scope=Scope.CHAT) from error
        assert process.stdout is not None
        try:
            async with asyncio.timeout(self._seconds):
                answer = await process.stdout.read(_ANSWER)
                while len(answer) < _ANSWER and (more := await process.stdout.read(_ANSWER - len(answer))):
                    answer += more
                return answer
        except TimeoutError as error:
            log.info("a picture takes too long to convert kind=%s", kind)
            raise _refused("The picture takes too long to convert.") from error
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await asyncio.shield(process.wait())


def _small(said: dict[str, Any], which: str) -> Small:
    """Raises `Refused` for an answer that makes no sense."""
    try:
        one = said[which]
        small = Small(base64.b64decode(one["data"], validate=True), int(one["width"]), int(one["height"]))
    except (KeyError, TypeError, ValueError) as error:
        raise _refused("The picture cannot be converted.") from error
    if not small.data or not (0 < small.width <= _SIDE and 0 < small.height <= _SIDE):
        raise _refused("The picture cannot be converted.")
    return small


def _refused(why: str) -> Refused:
    return Refused(why, Reason.NOT_ACCEPTABLE)
