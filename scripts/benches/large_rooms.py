"""Rooms of thousands, and many rooms, on Prosody and the memory network; everything is a process of its own.

    join     an app comes into a room of 2,000 for the first time, and again: until its subject, which ends it
    burst    2,000 people come into it and leave it while an app is there: CPU, and what the app is told of them
    at login an app enters 10, 50 and 200 rooms of ten people in one breath, as apps do when they start: what each costs
    arrive   thousands come into a room on Matrix (`scripts.benches.arrivals`)

The loop's longest pause is the longest that the gateway took to answer a ping of an app that asks every few
milliseconds meanwhile, less what it takes when nothing else happens: on a busy machine it is the machine's as well.
"""

import asyncio
import contextlib
import secrets
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from bridge.testing.control import Control, spawned
from bridge.testing.wire import Comes, Goes
from scripts.benches import arrivals
from scripts.benches.machine import Meter
from tests.support import muc
from tests.support.commands import execute
from tests.support.gateway import MEMORY, Gateway, memory
from tests.support.prosody import Prosody
from tests.support.xmpp_client import XmppClient, bare

PEOPLE, IN_EACH = 2_000, 10
ROOMS = (10, 50, 200)
PASSWORD = "open sesame"
PATIENCE = 90.0  # seconds
PAUSE = 0.005  # between pings
LARGE = f"#verona@{MEMORY}"
Figures = dict[str, float]


@dataclass
class Scene:
    prosody: Prosody
    world: Control
    gateway: Gateway
    jid: str

    def app(self, resource: str) -> XmppClient:
        return XmppClient(self.jid, PASSWORD, self.prosody.c2s_port, resource=resource)


async def measure(run: int) -> Figures:
    async with _scene() as scene, scene.app("watching") as watch:
        step = await execute(watch, MEMORY, "login", {"username": "romeo", "password": PASSWORD})
        if step.status != "completed":
            raise RuntimeError(f"the login did not work: {step}")
        await scene.world.until_accounts(lambda found: found["romeo"].journaled is not None, PATIENCE)
        found = await _joined(scene, watch)
        found |= await _many(scene, ROOMS if run % 2 == 0 else ROOMS[::-1])
    return found | await arrivals.measure()


@asynccontextmanager
async def _scene() -> AsyncIterator[Scene]:
    secret = secrets.token_hex(16)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        prosody = stack.enter_context(Prosody({MEMORY: secret}, log_level="warn"))
        world = await stack.enter_async_context(spawned(folder / "world", ["--like", "a"]))
        jid = await asyncio.to_thread(prosody.add_user, "romeo", PASSWORD)
        await world.account("romeo", password=PASSWORD, name="Romeo")
        await world.people("juliet")
        people = [f"p{number}" for number in range(PEOPLE - 2)]
        await world.chat("verona", "juliet", *people, "romeo", name="Verona", alias="#verona")
        for number in range(sum(ROOMS)):
            some = [f"q{number}-{one}" for one in range(IN_EACH - 1)]
            await world.chat(f"room{number}", *some, "romeo", name=f"Room {number}", alias=f"#room{number}")
        gateway = Gateway(memory(secret, folder / "world"), prosody.component_port, log_level="warning")
        yield Scene(prosody, world, stack.enter_context(gateway), jid)


async def _joined(scene: Scene, watch: XmppClient) -> Figures:
    found: Figures = {}
    async with _watched(watch) as idle:
        await asyncio.sleep(1)
    meter = Meter({"gateway": scene.gateway.pid})
    async with scene.app("first") as app:
        for name in ("first", "again"):
            begin, begun = len(app.received), time.perf_counter()
            async with _watched(watch) as pings:
                await muc.enter(app, LARGE, "Romeo", seconds=PATIENCE)
                found[f"join of {PEOPLE:,}, {name}: ms"] = (time.perf_counter() - begun) * 1000
            came = [one for one in app.received[begin:] if bare(one) == LARGE]
            found[f"join of {PEOPLE:,}, {name}: CPU ms"] = meter.read()["gateway"] * 1000
            found[f"join of {PEOPLE:,}, {name}: ms of the longest pause"] = pings.longest - idle.median
            found[f"join of {PEOPLE:,}, {name}: stanzas"] = len(came)
            found[f"join of {PEOPLE:,}, {name}: bytes"] = sum(len(ElementTree.tostring(one)) for one in came)
            muc.leave(app, LARGE, "Romeo")
            await app.expect(lambda s: muc.is_presence(s, LARGE, "unavailable"), PATIENCE)
            meter = Meter({"gateway": scene.gateway.pid})
        await muc.enter(app, LARGE, "Romeo", seconds=PATIENCE)
        begin, meter = len(app.received), Meter({"gateway": scene.gateway.pid})
        async with _watched(watch) as pings:
            for number in range(PEOPLE):
                await scene.world.do(Comes(person=f"late{number}", chat="verona"))
            for number in range(PEOPLE):
                await scene.world.do(Goes(person=f"late{number}", chat="verona"))
            await scene.world.says("juliet", "verona", "What a crowd!")
            await muc.said(app, LARGE, "What a crowd!", PATIENCE)
        found[f"burst of {2 * PEOPLE:,}: CPU ms"] = meter.read()["gateway"] * 1000
        found[f"burst of {2 * PEOPLE:,}: ms of the longest pause"] = pings.longest - idle.median
        found[f"burst of {2 * PEOPLE:,}: stanzas"] = sum(bare(one) == LARGE for one in app.received[begin:])
    return found


async def _many(scene: Scene, orders: tuple[int, ...]) -> Figures:
    """Each number of rooms by an app of its own, rooms that nobody has been in before."""
    figures: dict[int, Figures] = {}
    for many in orders:
        first = sum(one for one in ROOMS if one < many)
        rooms = [f"#room{number}@{MEMORY}" for number in range(first, first + many)]
        async with scene.app(f"rooms{many}") as app:
            meter, begun = Meter({"gateway": scene.gateway.pid}), time.perf_counter()
            for room in rooms:
                app.send(f"<presence to='{room}/Romeo'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
            await _entered(app, rooms)
            took, cpu = time.perf_counter() - begun, meter.read()["gateway"]
        figures[many] = {
            f"ms a room, {many} at login": took / many * 1000,
            f"CPU ms a room, {many} at login": cpu / many * 1000,
        }
    found = {name: value for many in ROOMS for name, value in figures[many].items()}
    least, most = (found[f"CPU ms a room, {many} at login"] for many in (ROOMS[1], ROOMS[-1]))
    return {**found, f"CPU a room, {ROOMS[-1]}/{ROOMS[1]}": most / max(least, 0.001)}


async def _entered(app: XmppClient, rooms: list[str]) -> None:
    """Every room has told everything up to its subject."""
    missing = set(rooms)
    async with asyncio.timeout(PATIENCE):
        while missing:
            end = await app.expect(
                lambda s: bare(s) in missing and (muc.is_subject(s) or s.get("type") == "error"), PATIENCE, "subject"
            )
            if end.get("type") == "error":
                raise RuntimeError(f"a room could not be entered: {ElementTree.tostring(end, 'unicode')}")
            missing.discard(bare(end))


@dataclass
class Pings:
    """Milliseconds until each was answered."""

    took: list[float] = field(default_factory=list)

    @property
    def longest(self) -> float:
        return max(self.took)

    @property
    def median(self) -> float:
        return statistics.median(self.took)


@asynccontextmanager
async def _watched(app: XmppClient) -> AsyncIterator[Pings]:
    pings = Pings()

    async def ask() -> None:
        while True:
            begun = time.perf_counter()
            await muc.ping(app, MEMORY)
            pings.took.append((time.perf_counter() - begun) * 1000)
            await asyncio.sleep(PAUSE)

    asking = asyncio.create_task(ask())
    try:
        yield pings
    finally:
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking
