"""The disk of the database is full: nothing more is accepted, whoever looks is told, and it passes by itself."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.scenarios.conftest import Play, staged
from tests.support.gateway import Gateway
from tests.support.ports import wait_until
from tests.support.prosody import Prosody
from tests.support.small_disk import SmallDisk, small_disk
from tests.support.xmpp_client import bare, body, receipt_of

FULL = "The database cannot be written: its disk is full."
COUNT = 3_500  # each way; more than is held between a network and the journal


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with small_disk(24) as made:
        yield made


@pytest.fixture
async def play(prosody: Prosody, disk: SmallDisk, tmp_path: Path) -> AsyncIterator[Play]:
    settings = {"database": f"sqlite:///{disk.path}/landbridge.db"}
    async with staged(prosody, tmp_path, settings=settings) as made:
        await made.met()
        await made.world.until_accounts(lambda found: found["romeo"].behind == 0)
        yield made


def status(gateway: Gateway) -> str:
    command = [sys.executable, "-m", "bridge", "status", "-c", str(gateway.config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout


def receipts(play: Play) -> list[str]:
    return [receipt_of(s) for s in play.app.received if receipt_of(s)]


def heard(play: Play) -> list[str]:
    return [body(s) for s in play.app.received if bare(s) == play.juliet and body(s).startswith("in ")]


async def said_on_a_full_disk(play: Play, disk: SmallDisk, count: int) -> tuple[list[str], list[str]]:
    """What Romeo and Juliet say meanwhile: ids "m…" for his. Returns when the gateway tells what is wrong."""
    disk.fill()
    out, back = [f"out {number}" for number in range(count)], [f"in {number}" for number in range(count)]
    for number in range(count):
        play.app.message(play.juliet, out[number], id=f"m{number}")
        await play.world.says("juliet", play.chat, back[number])
    await asyncio.to_thread(wait_until, lambda: FULL in str(play.gateway.readiness()), 60, "/readyz tells it")
    return out, back


async def all_arrived(play: Play, out: list[str], back: list[str]) -> None:
    """Everything, in order, once."""
    await asyncio.to_thread(play.gateway.time_until, True, 60)
    async with asyncio.timeout(90):
        await play.world.until(play.chat, lambda state: state.texts[-1:] == out[-1:] or out[-1] in state.texts, 90)
        while len(heard(play)) < len(back) or len(receipts(play)) < len(out):
            await asyncio.sleep(0.1)
    state = await play.world.state(play.chat)
    assert [text for text in state.texts if text.startswith("out")] == out
    assert heard(play) == back
    assert sorted(receipts(play)) == sorted(f"m{number}" for number in range(len(out)))


def is_sound(disk: SmallDisk) -> bool:
    with sqlite3.connect(disk.path / "landbridge.db", timeout=20) as database:
        found = database.execute("PRAGMA integrity_check").fetchall()
    database.close()
    return found == [("ok",)]


async def test_a_full_disk_stops_what_is_accepted_and_passes_by_itself(play: Play, disk: SmallDisk) -> None:
    acknowledged = (await play.world.accounts())["romeo"].journaled
    out, back = await said_on_a_full_disk(play, disk, COUNT)

    assert FULL in status(play.gateway)
    assert "the database cannot be written, trying again reason=its disk is full" in play.gateway.log
    assert play.gateway.ask("/livez")[0] == 200
    assert receipts(play) == []
    assert (await play.world.accounts())["romeo"].journaled == acknowledged
    assert not any(text.startswith("out") for text in (await play.world.state(play.chat)).texts)

    disk.empty()
    await all_arrived(play, out, back)
    assert "stream down" not in play.gateway.log
    assert "the database can be written again" in play.gateway.log
    assert is_sound(disk)


async def test_one_that_is_killed_with_a_full_disk_starts_and_stops_with_it_and_goes_on(
    play: Play, disk: SmallDisk
) -> None:
    out, back = await said_on_a_full_disk(play, disk, 50)
    play.gateway.kill()
    await asyncio.to_thread(lambda: play.gateway.start(ready=False))
    await asyncio.to_thread(wait_until, lambda: FULL in str(play.gateway.readiness()), 60, "/readyz tells it")
    assert await asyncio.to_thread(play.gateway.stop, 60) == 0

    disk.empty()
    await asyncio.to_thread(play.gateway.start)
    await asyncio.to_thread(play.gateway.time_until, True, 60)
    for number, text in enumerate(out):  # as every app does with what got neither receipt nor error
        play.app.message(play.juliet, text, id=f"m{number}")
    await all_arrived(play, out, back)
    assert is_sound(disk)
