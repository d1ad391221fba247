"""What an idle account costs: the gateway on the memory network, with one account, and with 500 more.

The accounts are of as many people, who are not there; they stand in the database when the gateway starts. What counts
is the most memory that it has had, from its start to some seconds after all are connected.
"""

import asyncio
import tempfile
from pathlib import Path

from bridge.store import accounts
from bridge.store.database import Database
from bridge.store.secrets import Secrets
from bridge.testing.control import spawned
from scripts.benches.machine import cpu_of, peak_of
from tests.support.gateway import MEMORY, Gateway, memory
from tests.support.prosody import Prosody

MORE = 500
SECONDS = 5.0  # idle
PATIENCE = 60.0  # seconds until all are connected


async def measure(run: int) -> dict[str, float]:
    found = {}
    with tempfile.TemporaryDirectory() as folder, Prosody({MEMORY: "secret of memory"}, log_level="warn") as prosody:
        for number in (1, 1 + MORE) if run % 2 == 0 else (1 + MORE, 1):
            found[number] = await _idle(number, Path(folder) / f"world{number}", prosody)
    (one, _), (many, cpu) = found[1], found[1 + MORE]
    return {
        "RSS MB, one account": one,
        f"RSS MB, {MORE} more": many,
        "MB for one more": (many - one) / MORE,
        f"CPU %, {MORE} more": cpu * 100,
    }


async def _idle(number: int, socket: Path, prosody: Prosody) -> tuple[float, float]:
    """MB, and of a core while nothing happens."""
    names = [f"idle{n}" for n in range(number)]
    async with spawned(socket, ["--like", "a"]) as world:
        for name in names:
            await world.account(name)
        gateway = Gateway(memory("secret of memory", socket), prosody.component_port, log_level="warning")
        with gateway:
            gateway.stop()
            await _store(gateway.folder, names)
            gateway.start(PATIENCE)
            await world.until_accounts(lambda found: all(one.attached for one in found.values()), PATIENCE)
            before = cpu_of(gateway.pid)
            await asyncio.sleep(SECONDS)
            return peak_of(gateway.pid), (cpu_of(gateway.pid) - before) / SECONDS


async def _store(folder: Path, names: list[str]) -> None:
    database = await Database.open(f"sqlite:///{folder}/landbridge.db")
    sealed = Secrets.load(folder / "data" / "key").seal({"token": ""})
    try:
        for name in names:
            await database.write(
                lambda c, name=name: accounts.put_account(c, "memory", f"{name}@localhost", name, name, sealed)  # type: ignore[misc]
            )
    finally:
        await database.close()
