"""The hub alone: memory networks in processes of their own, SQLite with FULL, the hub in a process of its own.

What people say is said before the hub starts, so that only the hub is measured. Networks are called what they are like:
a is like Matrix, x like an XMPP component, t like Telegram (it takes one message at a time, and only a receipt tells).
"""

import asyncio
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from bridge.testing import wire
from bridge.testing.control import Control, spawned
from scripts.benches.children import asked, running
from scripts.benches.machine import peak_of

MESSAGES, ROOMS = 6_000, 200
WAITING, LANES = 100_000, 5_000
TEXT = "x" * 200


async def two(run: int) -> dict[str, float]:
    return await _through("ax")


async def three(run: int) -> dict[str, float]:
    return await _through("axt")


async def _through(names: Sequence[str]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            first = await _worlds(stack, Path(folder), names)
            await _prepare(first, ROOMS)
            await _hub(Path(folder), names, "link", ROOMS)
            await _say(first, MESSAGES, ROOMS)
            found = await _hub(Path(folder), names, "deliver", MESSAGES * (len(names) - 1))
    return {
        "messages/s": MESSAGES / found["seconds"],
        "CPU s/1,000": found["cpu"] / MESSAGES * 1_000,
        "RSS MB": found["rss"],
    }


async def waiting(run: int) -> dict[str, float]:
    """A network is away, and 100,000 deliveries wait for it; then the hub starts anew, and the network is there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with AsyncExitStack() as stack:
            first = await _worlds(stack, folder, "a")
            await _prepare(first, LANES)
            await _hub(folder, "ax", "link", LANES)
            await _say(first, WAITING, LANES)
            full = await _hub(folder, "ax", "fill", WAITING)
            other = await _worlds(stack, folder, "x")
            begun = time.monotonic()
            async with running("hub_child", _order(folder, "ax", "serve", 0)) as pid:
                while len(await other.do(wire.Chats())) < LANES:
                    await asyncio.sleep(0.05)
                took, rss = time.monotonic() - begun, peak_of(pid)
    return {
        "RSS MB": max(full["rss"], rss),
        "s to every first": took,
        "journaled/s": WAITING / full["seconds"],
        "CPU s/1,000 journaled": full["cpu"] / WAITING * 1_000,
    }


async def _worlds(stack: AsyncExitStack, folder: Path, names: Sequence[str]) -> Control:
    """Start one network per name; control of the first."""
    controls = []
    for name in names:
        controls.append(await stack.enter_async_context(spawned(folder / name, ["--like", name, "--implicit"])))
        await controls[-1].account("bot", relay=True, everywhere=True)
    return controls[0]


async def _prepare(control: Control, rooms: int) -> None:
    await control.people("anna")
    await _all(control, (wire.AddChat(id=f"r{n}", members=["anna", "bot"]) for n in range(rooms)))


async def _say(control: Control, messages: int, rooms: int) -> None:
    await _all(control, (wire.Says(person="anna", chat=f"r{n % rooms}", text=TEXT) for n in range(messages)))


async def _all(control: Control, asks: Iterable[wire.Ask]) -> None:
    """A thousand at a time, in order."""
    some: list[asyncio.Future[Any]] = []
    for ask in asks:
        some.append(asyncio.ensure_future(control.do(ask)))
        if len(some) == 1_000:
            await asyncio.gather(*some)
            some.clear()
    await asyncio.gather(*some)


async def _hub(folder: Path, names: Sequence[str], what: str, number: int) -> dict[str, float]:
    return await asked("hub_child", _order(folder, names, what, number), 120)


def _order(folder: Path, names: Sequence[str], what: str, number: int) -> dict[str, Any]:
    return {"folder": str(folder), "names": list(names), "what": what, "number": number}
