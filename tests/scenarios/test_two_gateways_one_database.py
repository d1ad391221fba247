"""Two gateways with one database: the second does not start, and the first does not notice."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bridge.testing.control import spawned
from tests.conftest import COMPONENTS
from tests.support.gateway import MEMORY, Gateway, memory
from tests.support.ports import wait_until
from tests.support.prosody import Prosody

REFUSED = "cannot start: Another gateway uses this database. Stop it first, or give this one its own."


@asynccontextmanager
async def two(prosody: Prosody, folder: Path, database_url: str) -> AsyncIterator[tuple[Gateway, Gateway]]:
    """With data folders of their own; neither has been started."""
    socket = folder / "world.sock"
    async with spawned(socket, ["--like", "a"]):
        made = [
            Gateway(memory(COMPONENTS[MEMORY], socket), prosody.component_port, {"database": database_url})
            for _ in range(2)
        ]
        try:
            yield made[0], made[1]
        finally:
            for gateway in made:
                await asyncio.to_thread(gateway.close)


async def test_the_second_one_is_refused(prosody: Prosody, tmp_path: Path, database_url: str) -> None:
    async with two(prosody, tmp_path, database_url) as (one, other):
        await asyncio.to_thread(one.start)
        (other.folder / "data").mkdir(mode=0o700)
        shutil.copy2(one.folder / "data" / "key", other.folder / "data")  # as it goes with the database
        other.begin()
        await asyncio.to_thread(wait_until, lambda: not other.running, 25, "the second one has ended")

        assert other.stop() == 1
        assert REFUSED in other.log
        assert "Traceback" not in other.log
        assert one.is_ready()
        assert one.log.count("stream down") == 0

        one.kill()
        await asyncio.to_thread(other.start)
        assert other.log.count(REFUSED) == 1
