"""Plays on real XMPP servers: Romeo's XMPP app, the gateway of a memory network, and Juliet who lives there.

What the other network does is told by `world`; what it shows of Romeo's messages is asked of it. A play is one
behaviour; its steps are `app.message` (or `app.send`) and `app.expect`.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bridge.testing.control import Control, spawned
from tests.conftest import COMPONENTS
from tests.support import commands
from tests.support.gateway import MEMORY, Gateway, memory
from tests.support.xmpp_client import XmppClient
from tests.support.xmpp_servers import XmppServer

PASSWORD = "open sesame"


@dataclass
class Play:
    """`juliet` is her JID; `chat` the direct chat of Romeo's account with her on the memory network."""

    server: XmppServer
    gateway: Gateway
    world: Control
    app: XmppClient
    juliet: str = f"juliet@{MEMORY}"
    chat: str = "balcony"

    @asynccontextmanager
    async def on_stage(self, name: str) -> AsyncIterator[XmppClient]:
        """Another XMPP user, or another app of Romeo's when `name` is his."""
        jid = self.app.bare if name == "romeo" else self.server.add_user(name, PASSWORD)
        async with XmppClient(jid, PASSWORD, self.server.c2s_port, resource="other") as client:
            yield client

    async def log_in(self) -> None:
        given = {"username": "romeo", "password": PASSWORD}
        step = await commands.execute(self.app, MEMORY, "login", given)
        assert step.status == "completed", step
        # A first sync reports chats and not what was said in them: what Romeo is to hear comes after it.
        await self.world.until_accounts(lambda found: found["romeo"].journaled is not None)

    async def met(self) -> None:
        """Romeo is logged in and Juliet has written to him."""
        await self.log_in()
        await self.world.chat(self.chat, "romeo", "juliet", kind="direct")
        await self.world.says("juliet", self.chat, "Art thou not Romeo?")
        assert await self.app.text_from(self.juliet) == "Art thou not Romeo?"

    async def heard(self, text: str) -> None:
        """Return when Romeo's `text` is in the chat."""
        await self.world.until(self.chat, lambda state: any(said.text == text for said in state.visible))

    async def ask(self, line: str, app: XmppClient | None = None) -> str:
        """What the gateway answers to a line of chat."""
        asking = app or self.app
        asking.message(MEMORY, line, receipt=False)
        return await asking.text_from(MEMORY)


@asynccontextmanager
async def staged(
    server: XmppServer, tmp_path: Path, component_port: int = 0, settings: Mapping[str, Any] | None = None
) -> AsyncIterator[Play]:
    """A play on `server`, whose gateway reaches it at `component_port` if that is given."""
    socket = tmp_path / "world.sock"
    name = f"romeo-{tmp_path.name}"[-40:].lower().replace("_", "-").strip("-")
    romeo = await asyncio.to_thread(server.add_user, name, PASSWORD)
    async with spawned(socket, ["--like", "a", "--implicit"]) as world:
        await world.account("romeo", password=PASSWORD, name="Romeo")
        await world.people("juliet", "nurse")
        gateway = Gateway(memory(COMPONENTS[MEMORY], socket), component_port or server.component_port, settings)
        try:
            await asyncio.to_thread(gateway.start)
            async with XmppClient(romeo, PASSWORD, server.c2s_port) as app:
                yield Play(server, gateway, world, app)
        finally:
            print(gateway.log[-20_000:], file=sys.stderr)  # shown for a play that fails
            await asyncio.to_thread(gateway.close)


@pytest.fixture
async def play(server: XmppServer, tmp_path: Path) -> AsyncIterator[Play]:
    async with staged(server, tmp_path) as made:
        yield made
