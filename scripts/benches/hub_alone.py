"""The hub alone: memory networks in processes of their own, SQLite with FULL, the hub in a process of its own."""

import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from bridge.testing import wire
from bridge.testing.control import Control, spawned

MESSAGES, ROOMS = 6_000, 50
WAITING, LANES = 100_000, 5_000
TEXT = "x" * 200


async def two() -> dict[str, float]:
    return await _through(["a", "x"])


async def three() -> dict[str, float]:
    return await _through(["a", "x", "b"])


async def _through(names: Sequence[str]) -> dict[str, float]:
    """Everything is said before the hub starts, so that only the hub is measured."""
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            first = await _worlds(stack, Path(folder), names)
            await _prepare(first, ROOMS)
            await _hub(Path(folder), names, ROOMS, "link")
            await _say(first, MESSAGES, ROOMS)
            found = await _hub(Path(folder), names, ROOMS, "deliver", MESSAGES * (len(names) - 1))
    return {
        "messages_per_s": MESSAGES / found["seconds"],
        "cpu_us": found["cpu"] / MESSAGES * 1e6,
        "rss_mb": found["rss"],
    }


async def waiting() -> dict[str, float]:
    """A network is away: 100,000 deliveries wait for it; then the hub starts anew with the network there."""
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            first = await _worlds(stack, Path(folder), ["a", "x"])
            await _prepare(first, LANES)
            await _hub(Path(folder), ["a", "x"], LANES, "link")
            await _say(first, WAITING, LANES)
            full = await _hub(Path(folder), ["a", "x"], LANES, "fill", WAITING)
            found = await _hub(Path(folder), ["a", "x"], LANES, "first", LANES)
    return {"rss_mb": full["rss"], "journaled_per_s": WAITING / full["seconds"], "last_first_s": found["seconds"]}


async def _worlds(stack: AsyncExitStack, folder: Path, names: Sequence[str]) -> Control:
    """Start one world per name, alike by its letter; return control of the first."""
    controls = []
    for name in names:
        like = "x" if name == "x" else "a"
        world = spawned(folder / name, ["--like", like, "--implicit"])
        controls.append(await stack.enter_async_context(world))
    for control in controls:
        await control.account("bot", relay=True, everywhere=True)
    return controls[0]


async def _prepare(control: Control, rooms: int) -> None:
    await control.people("anna")
    await _all(control.chat(f"r{n}", "anna", "bot") for n in range(rooms))


async def _say(control: Control, messages: int, rooms: int) -> None:
    await _all(control.do(wire.Says(person="anna", chat=f"r{n % rooms}", text=TEXT)) for n in range(messages))


async def _all(asks) -> None:  # type: ignore[no-untyped-def]
    """A thousand at a time, in order."""
    some = []
    for ask in asks:
        some.append(asyncio.ensure_future(ask))
        if len(some) == 1_000:
            await asyncio.gather(*some)
            some.clear()
    await asyncio.gather(*some)


async def _hub(folder: Path, names: Sequence[str], rooms: int, what: str, number: int = 0) -> dict[str, float]:
    order = json.dumps({"folder": str(folder), "names": names, "rooms": rooms, "what": what, "number": number})
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scripts.benches.hub_child", order, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(process.communicate(), 180)
    if process.returncode:
        raise RuntimeError(f"the hub ended with {process.returncode}")
    found: dict[str, float] = json.loads(output.splitlines()[-1])
    return found
