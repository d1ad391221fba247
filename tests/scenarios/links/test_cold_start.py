"""A start with many people who are known and many rooms that are linked is quick, and asks nobody about anybody who has
not changed. With TESTS_FULL 5,000 in 200 rooms.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.testing.control import Control, spawned
from tests.conftest import COMPONENTS, FULL
from tests.scenarios.links.conftest import ANY_HALL, LIKE, A, T
from tests.support.gateway import Gateway
from tests.support.xmpp_servers import XmppServer

ROOMS, EACH = (200, 25) if FULL else (20, 25)
SECONDS = 60.0


@dataclass
class Wire:
    """Between the gateway and a memory network; `asked` says what the gateway wanted of it, by kind."""

    asked: Counter[str] = field(default_factory=Counter)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counts: bool) -> None:
        try:
            while line := await reader.readline():
                if counts:
                    self.asked[str(json.loads(line).get("op"))] += 1
                writer.write(line)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def wired(there: Path, here: Path) -> AsyncIterator[Wire]:
    wire = Wire()
    longest = 16 * 1024 * 1024

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far, back = await asyncio.open_unix_connection(there, limit=longest)
        await asyncio.gather(wire.carry(reader, back, counts=True), wire.carry(far, writer, counts=False))

    server = await asyncio.start_unix_server(serve, here, limit=longest)
    try:
        yield wire
    finally:
        server.close()


@ANY_HALL
async def test_a_start_asks_nothing_about_people_who_have_not_changed(hall: XmppServer, tmp_path: Path) -> None:
    worlds, wires = dict[str, Control](), dict[str, Wire]()
    rooms = [f"room-{number}" for number in range(ROOMS)]
    people = {room: [f"p-{room}-{number}" for number in range(EACH)] for room in rooms}
    async with (
        spawned(tmp_path / "a", ["--like", LIKE[A]]) as worlds[A],
        spawned(tmp_path / "t", ["--like", LIKE[T]]) as worlds[T],
        wired(tmp_path / "a", tmp_path / "wa") as wires[A],
        wired(tmp_path / "t", tmp_path / "wt") as wires[T],
    ):
        sections: dict[str, Any] = {}
        for network, world in worlds.items():
            await world.account("relay", relay=True, everywhere=True, name="Relay")
            for room in rooms:
                await world.people(*people[room])
                await world.chat(room, *people[room], "relay")
            sections[network] = {
                "connector": "memory", "jid": f"{network}.localhost", "secret": COMPONENTS[f"{network}.localhost"],
                "socket": str(tmp_path / {A: "wa", T: "wt"}[network]), "operator": "relay",
            }  # fmt: skip
        links = {room: {A: room, T: room} for room in rooms}
        gateway = Gateway(sections, hall.component_port, {"links": links}, log_level="info")
        try:
            await asyncio.to_thread(gateway.start)
            await linked(gateway)
            for room in rooms:
                for who in people[room]:
                    await worlds[A].says(who, room, f"{who} is here")
            for room in rooms:
                await worlds[T].until(room, lambda state: len(state.messages) >= EACH, 120)
            assert await asyncio.to_thread(gateway.stop) == 0
            for wire in wires.values():
                wire.asked.clear()

            begun = time.monotonic()
            await asyncio.to_thread(gateway.start)
            took = time.monotonic() - begun
            await worlds[A].says(people[rooms[0]][0], rooms[0], "and still here")
            await worlds[T].until(rooms[0], lambda state: state.texts[-1].endswith("and still here"), 60)
            print(f"{ROOMS * EACH} people in {ROOMS} linked rooms: ready after {took:.1f} s; asked: "
                  f"{ {network: dict(wire.asked) for network, wire in wires.items()} }")  # fmt: skip
        finally:
            print(gateway.log[-20_000:], file=sys.stderr)  # shown for a test that fails
            await asyncio.to_thread(gateway.close)
    assert took < SECONDS
    for wire in wires.values():
        assert not {"profile", "find", "occupants", "contacts", "direct", "get-file", "put-file"} & set(wire.asked)


async def linked(gateway: Gateway) -> None:
    """Return when all rooms are linked; the gateway's log alone tells of it."""
    async with asyncio.timeout(120):
        while gateway.log.count("a room is linked ") < 2 * ROOMS:
            await asyncio.sleep(0.05)
