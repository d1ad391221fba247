"""Two gateways under one domain: the first stays; the second says so, and gets in when that has ended.

Prosody refuses the second (`conflict`). ejabberd lets it in and gives it a part of what arrives, so it leaves by itself
as soon as it knows, and the first one says so, too.
"""

import asyncio
import subprocess
import sys
from pathlib import Path

from bridge.testing.control import spawned
from tests.conftest import COMPONENTS
from tests.support.gateway import MEMORY, Gateway, memory
from tests.support.ports import wait_until
from tests.support.prosody import Prosody
from tests.support.xmpp_servers import XmppServer

TAKEN = "somebody else is connected under the component's domain"


def status(gateway: Gateway) -> tuple[int, str]:
    command = [sys.executable, "-m", "bridge", "status", "-c", str(gateway.config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout


async def test_the_second_one_says_so_and_disturbs_nobody(server: XmppServer, tmp_path: Path) -> None:
    socket = tmp_path / "world.sock"
    async with spawned(socket, ["--like", "a"]):
        made = [Gateway(memory(COMPONENTS[MEMORY], socket), server.component_port) for _ in range(2)]
        one, other = made
        try:
            await asyncio.to_thread(one.start)
            await asyncio.to_thread(lambda: other.start(ready=False))
            await asyncio.to_thread(wait_until, lambda: other.log.count("stream down") == 4, 30, "four attempts")

            assert TAKEN in str(other.readiness())
            code, said = await asyncio.to_thread(status, other)
            assert (code, TAKEN in said) == (1, True)
            assert one.is_ready() is isinstance(server, Prosody)
            assert (TAKEN in one.log) is not one.is_ready()
            assert "stream down" not in one.log

            await asyncio.to_thread(one.stop)
            await asyncio.to_thread(other.time_until, True, 60)
        finally:
            for gateway in made:
                await asyncio.to_thread(gateway.close)
