"""A lock that ends with its process, however that ends: a file beside a SQLite database (flock).

The database's own file is not locked: SQLite's locks on it would end when any descriptor of it is closed.
"""

import fcntl
import os
import time
from pathlib import Path

_DYING = 1.0  # seconds in which a process that was killed has surely let go
_EVERY = 0.05


class Taken(Exception):
    """Somebody else has the lock, or there can be none; the text is a sentence that says what to do."""


class LockFile:
    """Held from the beginning until `release`. The file stays: removing it would let two hold a lock of one name."""

    def __init__(self, path: Path) -> None:
        """Blocks for a second at most. Raises `Taken`."""
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Taken(f"The lock file {path} cannot be made: {error.strerror}.") from error
        try:
            self._lock()
        except OSError as error:
            os.close(self._descriptor)
            if isinstance(error, BlockingIOError):
                raise Taken("Another gateway uses this database. Stop it first, or give this one its own.") from error
            raise Taken(f"The lock file {path} cannot be locked: {error.strerror}.") from error

    def _lock(self) -> None:
        """There is no flock with a time-out, so it is tried until then."""
        end = time.monotonic() + _DYING
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise
            time.sleep(_EVERY)

    def release(self) -> None:
        os.close(self._descriptor)
