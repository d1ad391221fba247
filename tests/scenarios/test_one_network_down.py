"""Two networks in one gateway; whatever is wrong with one, the other works, and the broken one is named."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bridge.testing.control import spawned
from tests.conftest import COMPONENTS
from tests.scenarios.conftest import PASSWORD
from tests.support import commands
from tests.support.gateway import MATRIX, MEMORY, Gateway, matrix, memory
from tests.support.ports import free_port
from tests.support.xmpp_client import XmppClient
from tests.support.xmpp_servers import XmppServer

BROKEN: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "a wrong secret": ({"secret": "wrong"}, "secret"),
    "a domain that the server does not know": ({"jid": "unknown.localhost"}, "domain"),
    "a server that is not there": ({"server": "127.0.0.1:1"}, "cannot be reached"),
    "a server whose name is not known": ({"server": "nowhere.invalid:5347"}, "cannot be reached"),
}


@pytest.mark.parametrize("what", BROKEN)
async def test_a_broken_network_disturbs_no_other(what: str, server: XmppServer, tmp_path: Path) -> None:
    settings, words = BROKEN[what]
    socket = tmp_path / "world.sock"
    romeo = server.add_user(f"romeo-{abs(hash(tmp_path))}", PASSWORD)
    networks = matrix(COMPONENTS[MATRIX], f"http://127.0.0.1:{free_port()}") | memory(COMPONENTS[MEMORY], socket)
    networks["matrix"] |= settings
    async with spawned(socket, ["--like", "a", "--implicit"]) as world:
        await world.account("romeo", password=PASSWORD, name="Romeo")
        await world.people("juliet")
        gateway = Gateway(networks, server.component_port)
        try:
            await asyncio.to_thread(lambda: gateway.start(ready=False))
            async with XmppClient(romeo, PASSWORD, server.c2s_port) as app, asyncio.timeout(10):
                given = {"username": "romeo", "password": PASSWORD}
                while (await commands.execute(app, MEMORY, "login", given)).status != "completed":
                    await asyncio.sleep(0.2)  # the component of this network connects
                app.message(f"juliet@{MEMORY}", "hello")
                await world.until_accounts(lambda found: found["romeo"].attached)
                while not any(s.tag.endswith("message") and s.get("type") != "error" for s in app.received):
                    await asyncio.sleep(0.05)  # the receipt
            said = gateway.readiness()["networks"]
        finally:
            await asyncio.to_thread(gateway.close)

    assert said["memory"]["connected"]
    assert not said["matrix"]["connected"]
    assert words in said["matrix"]["error"]
