"""A server process for tests: its own session and log file, ended by its pid, also when we are killed ourselves."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

# Ends the server's group when our end of the pipe closes, which even a `kill -9` of the test run does.
_GUARD = "cat >/dev/null; kill -9 -$0 2>/dev/null"


def run_as(user: str) -> list[str]:
    """A prefix that makes a command run as `user` when we are root; nothing else. Servers refuse to be root."""
    if os.getuid() != 0:
        return []
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]


class Entered:
    """Runs while it is entered."""

    def start(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """End it, also if it has not started, and remove everything."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Folder:
    """A throw-away directory that `owner` (when we are root) may write to."""

    def __init__(self, name: str, owner: str | None = None) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"landbridge-{name}-"))
        self._owner = owner
        self.give()

    def give(self) -> None:
        """Hand everything in it to the owner."""
        if self._owner is not None and os.getuid() == 0:
            who = pwd.getpwnam(self._owner)
            for path in [self.path, *self.path.rglob("*")]:
                os.chown(path, who.pw_uid, who.pw_gid)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


class Server:
    """One process, started again as often as wanted. `log` collects what it says."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Raises ValueError when it does not run."""
        if self._process is None:
            raise ValueError("it does not run")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start `command`; `environment` is added to ours."""
        if self.running:
            raise ValueError("it runs already")
        self._reap()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                list(command), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})}, start_new_session=True, cwd=self.log.parent,
            )  # fmt: skip
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, str(self._process.pid)], stdin=subprocess.PIPE, start_new_session=True
        )

    def stop(self, how: signal.Signals = signal.SIGTERM, seconds: float = 20) -> int:
        """Ask it to end, insist after `seconds`; its exit status (negative: the signal). Nothing when it ended."""
        if self._process is None:
            return 0
        if self.running:
            self._process.send_signal(how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        return self.kill()

    def kill(self) -> int:
        """End it and its children at once."""
        if self._process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        status = self._process.wait()
        self._reap()
        return status

    def wait(self, seconds: float) -> int:
        """Its exit status. Raises subprocess.TimeoutExpired."""
        if self._process is None:
            raise ValueError("it does not run")
        return self._process.wait(seconds)

    def said(self) -> str:
        """Everything in its log."""
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def _reap(self) -> None:
        if self._guard is not None:
            self._guard.kill()
            self._guard.wait()
            if self._guard.stdin is not None:
                self._guard.stdin.close()
        self._process = self._guard = None
