"""The hub of a bench: does one thing, and prints what it took as JSON.

link     make `number` links of a room on every network; the first network is connected, the others are not
deliver  until `number` deliveries are done, and that is durable
fill     the second network is away; until `number` messages are journaled
serve    until it is ended
"""

import asyncio
import json
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

from bridge.contract import AccountId, Connector, NetworkId
from bridge.hub.hub import Hub, Surroundings
from bridge.hub.people import KnownPeople
from bridge.hub.workspace import Workspaces
from bridge.store import accounts
from bridge.store.database import Database
from bridge.store.secrets import Secrets
from bridge.testing.connector import MemoryConnector
from bridge.web.client import HttpClient
from scripts.benches.machine import peak_of


class _Clock:
    def time(self) -> float:
        return time.time()


async def main(order: dict[str, Any]) -> None:
    folder, what, number = Path(order["folder"]), order["what"], order["number"]
    database, http = await Database.open(f"sqlite:///{folder}/bench.db"), HttpClient()
    secrets = await database.write(lambda c: Secrets.for_database(folder / "key", c))
    names = [NetworkId(name) for name in order["names"]]
    there = names[:1] if what in ("link", "fill") else names
    connectors: dict[NetworkId, Connector] = {name: MemoryConnector(name) for name in there}
    options = {name: {"socket": str(folder / name)} for name in names}
    ours = {}
    for name in names:
        ours[name] = AccountId(
            await database.write(lambda c, name=name: accounts.put_account(c, name, "", "bot", "bot", b""))  # type: ignore[misc]
        )
    workspaces = Workspaces(database, http, _Clock(), folder / "data", options)
    hub = Hub(Surroundings(database, connectors, workspaces, secrets, KnownPeople(database, ["*"], [])))
    begun, cpu = time.monotonic(), time.process_time()
    await hub.start()
    try:
        await _until(hub, what, number, names, ours)
        took = {
            "seconds": time.monotonic() - begun,
            "cpu": time.process_time() - cpu,
            "rss": peak_of(os.getpid()),
        }
        print(json.dumps(took), flush=True)
    finally:
        await hub.stop()
        await http.close()
        await database.close()


async def _until(hub: Hub, what: str, number: int, names: list[NetworkId], ours: dict[NetworkId, AccountId]) -> None:
    match what:
        case "link":
            await asyncio.gather(
                *(hub.linking.add(f"l{n}", [(name, "", f"r{n}", ours[name]) for name in names]) for n in range(number))
            )
            seat = hub.sessions.seat(ours[names[0]])
            assert seat is not None
            await seat.live.wait()
        case "deliver":
            while sum(hub.counters.messages_out.values()) < number:
                await asyncio.sleep(0.005)
        case "fill":
            while hub.counters.messages_in[names[0]] < number:
                await asyncio.sleep(0.005)
        case _:
            print("ready", flush=True)
            await asyncio.Event().wait()
    await hub.writer.drained()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(main(json.loads(sys.argv[1])))
