"""The machine, and what processes cost on it: CPU time says more than a clock where others work, too."""

import os
import platform
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_of(pid: int) -> float:
    """Seconds that a process has computed, in all its threads. Raises OSError when it is gone."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def peak_of(pid: int) -> float:
    """The most memory (MB of RSS) that a process ever had. Raises OSError when it is gone."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1e6


class Meter:
    """CPU seconds of several processes between two moments."""

    def __init__(self, processes: Mapping[str, int]) -> None:
        self._processes = processes
        self._begun = self._now()

    def read(self) -> dict[str, float]:
        """Since the meter was made."""
        return {name: now - self._begun[name] for name, now in self._now().items()}

    def _now(self) -> dict[str, float]:
        return {name: cpu_of(pid) for name, pid in self._processes.items()}


def described() -> dict[str, str | int | float]:
    """What figures depend on."""
    return {
        "cores": os.cpu_count() or 0,
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
        "fsync_ms": round(_fsync(), 2),
    }


def _fsync() -> float:
    """Median milliseconds until a page written to the disk of throw-away data is durable."""
    took = []
    with tempfile.TemporaryFile() as file:
        for _ in range(50):
            file.write(b"x" * 4096)
            file.flush()
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - begun)
    return statistics.median(took) * 1000
