"""The hub in a process of its own, to be killed: `python -m tests.hub.runner DATABASE FOLDER NETWORK=SOCKET …`.

Says `ready` when it runs; drains and ends on SIGTERM.
"""

import asyncio
import logging
import signal
import sys
from pathlib import Path

from bridge.store.database import Database
from tests.hub.building import hub_over, running


async def run(url: str, folder: Path, sockets: dict[str, Path]) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    database = await Database.open(url, alone=10)
    try:
        async with running(await hub_over(database, sockets, folder)):
            print("ready", flush=True)
            await ended.wait()
    finally:
        await database.close()


def main() -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    url, folder, *networks = sys.argv[1:]
    sockets = {name: Path(path) for name, _, path in (network.partition("=") for network in networks)}
    asyncio.run(run(url, Path(folder), sockets))


if __name__ == "__main__":
    main()
