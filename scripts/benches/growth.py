"""100,000 messages said in a room that the hub hosts, one thousand after the other: how memory, database and time grow
with what was said before, by the slope per 1,000 once it is warm. Every tenth is edited, and another tenth is reacted
to; the account reconnects after each thousand. The networks are the tests' own, in this process.

A day of two million messages is 83 thousand in an hour: a megabyte in that is 12 KB for a thousand.
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

from bridge.contract import (
    AccountId,
    ChatId,
    ChatKind,
    ChatSeen,
    Contact,
    ContactId,
    Event,
    Message,
    MessageEdited,
    MessageId,
    ReactionsChanged,
)
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
    files: list[float] = []
    tasks: list[float] = []
    done = 0
    for thousand in range(MESSAGES // AT_ONCE):
        begun = time.process_time()
        for number in range(AT_ONCE):
            identity = f"${thousand}-{number}"
            home.says(account, THERE, f"@p{number % 50}", "x" * 100, identity, at=time.time())
            done += 1
            if thousand and number % 10 in (0, 5):  # of one that has been shown: an edit of any other goes with it
                before = f"${thousand - 1}-{number}"
                home.far.report(account, _change(before, f"@p{number % 50}", edit=number % 10 == 0))
                done += 1
        while len(home.xmpp.done) < done:
            await asyncio.sleep(0.005)
        await home.settled()
        await _reconnect(home, account)
        took.append((time.process_time() - begun) * 1_000)
        memory.append(int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 1_000)
        disk.append(file.stat().st_size / 1_000)
        files.append(len(os.listdir("/proc/self/fd")))
        tasks.append(len(asyncio.all_tasks()))
    return {
        "KB of RSS per 1,000": _slope(memory[WARM:]),
        "files more": max(files[WARM:]) - max(files[:WARM]),
        "tasks more": max(tasks[WARM:]) - max(tasks[:WARM]),
        "KB of database per 1,000": _slope(disk[WARM:]),
        "CPU ms per 1,000": statistics.median(took[WARM:]),
        "CPU ms more per 1,000, after each 1,000": _slope(took[WARM:]),
        "CPU, last tenth/first warm tenth": statistics.median(took[-10:]) / statistics.median(took[WARM : WARM + 10]),
    }


def _change(target: str, who: str, *, edit: bool) -> Event:
    sender, chat = Contact(ContactId(who), who), THERE
    identity = MessageId(f"{target}-changed")
    if edit:
        return MessageEdited(
            chat=chat, id=identity, sender=sender, at=time.time(), target=MessageId(target), message=Message("y" * 100)
        )
    return ReactionsChanged(
        chat=chat, id=identity, sender=sender, at=time.time(), target=MessageId(target), reactions=("👍",), added=True
    )


async def _reconnect(home: House, account: AccountId) -> None:
    assert home.hub is not None
    await home.hub.connect(account)
    seat = home.hub.sessions.seat(account)
    assert seat is not None
    await seat.up.wait()


def _slope(values: Sequence[float]) -> float:
    return statistics.linear_regression(range(len(values)), values).slope


if __name__ == "__main__":
    print(asyncio.run(measure(0)))
