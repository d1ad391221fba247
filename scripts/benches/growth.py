"""100,000 messages said in a room that the hub hosts, one thousand after the other: how memory, database and time grow
with what was said before, by the slope per 1,000 once it is warm. The networks are the tests' own, in this process.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bridge.contract import ChatId, ChatKind, ChatSeen
from bridge.store.database import Database
from tests.support.house import House, house

MESSAGES, AT_ONCE, WARM = 100_000, 1_000, 30  # thousands after which it is warm
ROMEO, THERE = "romeo@home.example", ChatId("!verona")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class _Counted(list[Any]):
    """What was done is counted, and forgotten: else the harness would grow."""

    def __init__(self) -> None:
        super().__init__()
        self._number = 0

    def append(self, one: Any) -> None:
        self._number += 1

    def __len__(self) -> int:
        return self._number


async def measure(run: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        database = await Database.open(f"sqlite:///{name}/bench.db")
        try:
            async with house(database, Path(name)) as home:
                return await _grown(home, Path(name) / "bench.db")
        finally:
            await database.close()


async def _grown(home: House, file: Path) -> dict[str, float]:
    account = await home.account(ROMEO, "@romeo")
    for net in (home.far, home.xmpp):
        net.done, net.journaled = _Counted(), deque(maxlen=1)  # type: ignore[assignment]
    home.far.report(account, ChatSeen(chat=THERE, kind=ChatKind.ROOM, name="Verona", alias="#verona"))
    await home.settled()
    memory: list[float] = []
    disk: list[float] = []
    took: list[float] = []
    for thousand in range(MESSAGES // AT_ONCE):
        begun = time.process_time()
        for number in range(AT_ONCE):
            identity = f"${thousand}-{number}"
            home.says(account, THERE, f"@p{number % 50}", "x" * 100, identity, at=time.time())
        while len(home.xmpp.done) < (thousand + 1) * AT_ONCE:
            await asyncio.sleep(0.005)
        await home.settled()
        took.append((time.process_time() - begun) * 1_000)
        memory.append(int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 1_000)
        disk.append(file.stat().st_size / 1_000)
    return {
        "KB of RSS per 1,000": _slope(memory[WARM:]),
        "KB of database per 1,000": _slope(disk[WARM:]),
        "CPU ms per 1,000": statistics.median(took[WARM:]),
        "CPU ms more per 1,000, after each 1,000": _slope(took[WARM:]),
        "CPU, last tenth/first warm tenth": statistics.median(took[-10:]) / statistics.median(took[WARM : WARM + 10]),
    }


def _slope(values: Sequence[float]) -> float:
    return statistics.linear_regression(range(len(values)), values).slope


if __name__ == "__main__":
    print(asyncio.run(measure(0)))
