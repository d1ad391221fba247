"""The hub of a benchmark: does one thing, prints what it took as JSON."""

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


class _Clock:
    def time(self) -> float:
        return time.time()


async def main(order: dict[str, Any]) -> None:
    begun = time.monotonic()
    folder, what = Path(order["folder"]), order["what"]
    database, http = await Database.open(f"sqlite:///{folder}/bench.db"), HttpClient()
    secrets = await database.write(lambda c: Secrets.for_database(folder / "key", c))
    names = [NetworkId(name) for name in order["names"]]
    connectors: dict[NetworkId, Connector] = {name: MemoryConnector(name) for name in names}
    options = {name: {"socket": str(folder / name)} for name in names}
    if what in ("link", "fill"):
        del connectors[names[1]]  # the second network is away, nothing is delivered
    if what == "link":
        del connectors[names[0]]
    ours = {}
    for name in names:
        ours[name] = await database.write(
            lambda c, name=name: accounts.put_account(c, name, "", "bot", "bot", b"")  # type: ignore[misc]
        )
    workspaces = Workspaces(database, http, _Clock(), folder / "data", options)
    hub = Hub(Surroundings(database, connectors, workspaces, secrets, KnownPeople(database, ["*"], [])))
    await hub.start()
    if what == "link":
        await asyncio.gather(
            *(hub.linking.add(f"l{n}", [(name, "", f"r{n}", AccountId(ours[name])) for name in names])
              for n in range(order["rooms"]))
        )  # fmt: skip
    elif what == "fill":
        while hub.counters.messages_in[names[0]] < order["number"]:
            await asyncio.sleep(0.01)
    elif what == "deliver":
        while sum(hub.counters.messages_out.values()) < order["number"]:
            await asyncio.sleep(0.005)
        await hub.writer.drained()
    else:
        while len(hub.lanes.served) < order["number"]:
            await asyncio.sleep(0.01)
    seconds = time.monotonic() - begun
    rss = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    print(json.dumps({"seconds": seconds, "cpu": time.process_time(), "rss": rss}))
    await hub.stop()
    await http.close()
    await database.close()


logging.basicConfig(level=logging.WARNING)
asyncio.run(main(json.loads(sys.argv[1])))
