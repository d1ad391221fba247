"""A program in a terminal of its own: what a person types to it, and what its screen shows."""

import asyncio
import contextlib
import fcntl
import os
import signal
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import pyte

from tests.support.artefacts import SCREENSHOTS

_ROWS, _COLUMNS = 40, 160


class Terminal:
    """`command` runs while it is entered, and is hung up on in the end; `environment` is added to ours."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = list(command)
        self._environment = {**os.environ, **environment, "TERM": "linux"}  # which is what the emulator is
        self._screen = pyte.Screen(_COLUMNS, _ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._drawn = asyncio.Event()
        self._ended = False
        self._ours = -1
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        self._ours, theirs = os.openpty()
        try:
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
            # When we are killed ourselves the terminal closes, and what it controls is hung up on.
            self._process = subprocess.Popen(
                ["setsid", "--ctty", *self._command], stdin=theirs, stdout=theirs, stderr=theirs, env=self._environment
            )
        finally:
            os.close(theirs)
        asyncio.get_running_loop().add_reader(self._ours, self._read)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if error is not None:
            print(self.text)
            self.keep("failed-terminal")
        self._stop_reading()
        assert self._process is not None
        for how in (signal.SIGHUP, signal.SIGKILL):
            self._process.send_signal(how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._process.wait, 5)
                break
        os.close(self._ours)

    @property
    def text(self) -> str:
        """The screen as it is now."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def type(self, line: str) -> None:
        """A line and Enter."""
        os.write(self._ours, f"{line}\r".encode())

    async def shows(self, *texts: str, seconds: float = 30) -> None:
        """Return when all of these are on the screen, each within a line. Raises TimeoutError, AssertionError when the
        program has ended."""
        try:
            async with asyncio.timeout(seconds):
                while not all(text in self.text for text in texts):
                    assert not self._ended, f"it has ended:\n{self.text}"
                    self._drawn.clear()
                    await self._drawn.wait()
        except TimeoutError:
            raise TimeoutError(f"not all of {texts} within {seconds:.0f} s:\n{self.text}") from None

    def keep(self, name: str) -> None:
        """What the screen shows now is kept for people to look at."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        (SCREENSHOTS / f"{name}.txt").write_text(self.text + "\n")

    def _read(self) -> None:
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # what Linux says when nobody has the other end
            data = b""
        if data:
            self._stream.feed(data)
        else:
            self._ended = True
            self._stop_reading()
        self._drawn.set()

    def _stop_reading(self) -> None:
        asyncio.get_running_loop().remove_reader(self._ours)
