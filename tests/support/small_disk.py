"""A real filesystem of a few megabytes, that can be filled and emptied."""

import contextlib
import errno
import io
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.process import Folder


class SmallDisk:
    """Mounted at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self) -> None:
        """Not a byte is left."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (65_536, 1):
                while _takes(file, size):
                    pass

    def empty(self) -> None:
        """What filled it is gone."""
        self._ballast.unlink(missing_ok=True)


def _takes(file: io.FileIO, size: int) -> bool:
    try:
        file.write(b"\0" * size)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False
    return True


@contextlib.contextmanager
def small_disk(megabytes: int, owner: str | None = None) -> Iterator[SmallDisk]:
    """A tmpfs, of `owner` when we are root. Mounting takes root, or sudo that does not ask: raises
    subprocess.CalledProcessError where there is neither, with the reason on standard error."""
    folder = Folder("disk", owner)
    try:
        _as_root("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(folder.path))
        _as_root("chown", owner if owner and os.getuid() == 0 else str(os.getuid()), str(folder.path))
        try:
            yield SmallDisk(folder.path)
        finally:
            # Lazily: whoever has a file open on it may still be ending.
            _as_root("umount", "--lazy", str(folder.path))
    finally:
        folder.remove()


def _as_root(*command: str) -> None:
    subprocess.run([*([] if os.getuid() == 0 else ["sudo", "-n"]), *command], check=True)
