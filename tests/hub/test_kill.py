"""The hub is killed again and again under traffic, and nothing is lost, doubled, reordered, stale or resurrected."""

import asyncio
import os
import random
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bridge.store import deliveries
from bridge.store.database import Database
from tests.hub.oracle import Findings, Rules, Where, check
from tests.hub.stage import LINKS, Stage, staged
from tests.hub.traffic import Traffic

ROOT = Path(__file__).parents[2]
FULL = os.environ.get("TESTS_FULL") == "1"
KILLS = int(os.environ.get("LANDBRIDGE_KILLS", "50" if FULL else "5"))


class HubProcess:
    """The hub as a child; its log is shown when something is wrong."""

    def __init__(self, stage: Stage) -> None:
        self.log = stage.folder / "hub.log"
        self._command = [
            sys.executable, "-m", "tests.hub.runner", stage.url, str(stage.folder),
            *(f"{name}={path}" for name, path in stage.sockets.items()),
        ]  # fmt: skip
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=log
            )
        assert self._process.stdout is not None
        said = await asyncio.wait_for(self._process.stdout.readline(), 60)
        assert said == b"ready\n", self.tail()

    async def kill(self) -> None:
        assert self._process is not None
        assert self._process.returncode is None, f"it had ended by itself: {self.tail()}"
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> int:
        """End in good order; the exit status."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.terminate()
        return await asyncio.wait_for(self._process.wait(), 30)

    def tail(self) -> str:
        return self.log.read_text("utf-8", "replace")[-5000:] if self.log.exists() else ""


@asynccontextmanager
async def hub_process(stage: Stage) -> AsyncIterator[HubProcess]:
    process = HubProcess(stage)
    try:
        yield process
    finally:
        if process._process is not None and process._process.returncode is None:
            await process.kill()


async def settled(stage: Stage, patience: float = 60) -> bool:
    """Everything that was said is journaled, and nothing is owed any more; False when nothing moves for so long."""
    database = await Database.open(stage.url)
    last, moved, quiet = (-1, -1), time.monotonic(), 0
    try:
        while quiet < 3 and time.monotonic() - moved < patience:
            owed = sum(number for number, _ in (await database.read(deliveries.waiting)).values())
            behind = [a.behind for world in stage.worlds.values() for a in (await world.accounts()).values()]
            if (now := (owed, sum(behind))) != last:
                last, moved = now, time.monotonic()
            quiet = quiet + 1 if last == (0, 0) else 0
            await asyncio.sleep(0.1)  # another process, which has no event for us
    finally:
        await database.close()
    return quiet >= 3


async def judged(stage: Stage, traffic: Traffic, kills: int) -> Findings:
    """What the worlds show at the end, against what people did."""
    states = {w: await stage.worlds[w.network].state(w.chat) for chats in LINKS.values() for w in chats}
    for where, state in states.items():
        for answer in state.answers:
            told = traffic.reacted.get(answer.target)
            if answer.reason and told is not None and where.network == "xmpp":
                told[0].excused.add((told[1], told[2]))
    lenient = frozenset() if stage.seen else frozenset({"t"})
    findings = check(traffic.wanted, states, Rules(LINKS, stage.face, lenient, kills))
    findings.notices += [
        f"{where} {answer.origin} {answer.target}: {answer.reason} {answer.text}"
        for where, state in states.items()
        for answer in state.answers
        if answer.reason and answer.target not in traffic.reacted
    ]
    return findings


def shown(findings: Findings) -> str:
    """The first of each kind."""
    return "\n".join(f"{name} {len(found)}: " + "; ".join(found[:5]) for name, found in findings.faults.items())


@pytest.mark.parametrize("seen", [False, True], ids=["one bot", "a second account that sees the first"])
async def test_kills_under_traffic_lose_and_double_nothing(database_url: str, tmp_path: Path, seen: bool) -> None:
    seed = int(os.environ.get("TESTS_SEED", "0")) or random.SystemRandom().getrandbits(32)
    chance = random.Random(seed)
    async with staged(database_url, tmp_path, seen=seen) as stage, hub_process(stage) as hub:
        traffic = Traffic(stage, random.Random(seed))
        writing = asyncio.create_task(traffic.run())
        for _ in range(KILLS):
            await hub.start()
            await asyncio.sleep(chance.uniform(0.2, 1.2))  # a random moment is what the test is about
            await hub.kill()
            assert not writing.done(), writing.exception()
        await hub.start()
        await stage.attached()
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

        done = await settled(stage)
        assert await hub.stop() == 0, hub.tail()
        findings = await judged(stage, traffic, KILLS)

    repeats = sum(findings.repeats.values())
    print(
        f"seed={seed} kills={KILLS} messages={len(traffic.wanted)} events={traffic.events} "
        f"places checked={findings.checked} repeats={repeats} "
        + " ".join(f"{name}={len(found)}" for name, found in findings.faults.items())
    )
    assert done, f"the hub does not come to rest: {hub.tail()}"
    assert findings.faults == {}, f"TESTS_SEED={seed}\n{shown(findings)}"
    assert len(traffic.wanted) > KILLS * 20, "there was traffic"


def test_rules_name_every_room_once() -> None:
    places = [where for chats in LINKS.values() for where in chats]

    assert len(places) == len(set(places))
    assert {len(chats) for chats in LINKS.values()} == {2, 3}
    assert all(isinstance(where, Where) for where in places)
