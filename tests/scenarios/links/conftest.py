"""Plays on real XMPP servers with rooms of their own: a café there is linked with rooms of memory networks.

Romeo and others sit in the MUC with XMPP apps; who is on another network, and what is shown there, is told by `worlds`.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest

from bridge.testing.control import Control, spawned
from tests.conftest import COMPONENTS, FULL
from tests.support import mam, muc
from tests.support.gateway import Gateway
from tests.support.xmpp_client import XmppClient, bare, body
from tests.support.xmpp_servers import SERVERS, XmppServer

PASSWORD = "open sesame"
HOST = "conference.localhost"
A, T = "memory", "bridge"  # networks: one where people get faces of their own, one with a bot
LINKED = "This room is now linked with "
LIKE = {A: "a", T: "t"}

# For plays of what is the same in every server's rooms: in one's, and in all of them in the long form.
ANY_HALL = pytest.mark.parametrize("hall", list(SERVERS) if FULL else ["prosody"], indirect=True)


@dataclass
class Cafe:
    """`room` is the MUC, `chat` what its counterpart on each network is called."""

    server: XmppServer
    gateway: Gateway
    worlds: Mapping[str, Control]
    stack: AsyncExitStack
    room: str
    chat: str = "cafe"
    apps: dict[str, XmppClient] = field(default_factory=dict)

    async def app(self, name: str, room: str = "", *, enter: bool = True) -> XmppClient:
        """Somebody on XMPP, in the MUC under that nick."""
        jid = await asyncio.to_thread(self.server.add_user, f"{name}-{self.room.partition('@')[0]}", PASSWORD)
        client = await self.stack.enter_async_context(XmppClient(jid, PASSWORD, self.server.c2s_port))
        self.apps[name] = client
        if enter:
            await muc.enter(client, room or self.room, name)
        return client

    async def linked(self, rooms: int = 2) -> None:
        """Return when so many rooms are linked; the gateway's log alone tells of it."""
        async with asyncio.timeout(90):
            while self.gateway.log.count("a room is linked ") < rooms:
                await asyncio.sleep(0.1)

    async def links(self) -> str:
        return await self.command("link", "list")

    async def command(self, *words: str) -> str:
        """What `landbridge` says."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bridge", *words, "-c", str(self.gateway.config),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        return said.decode()

    async def shown(self, network: str, *texts: str, seconds: float = 30.0) -> None:
        """Return when these are shown there."""
        await self.worlds[network].until(
            self.chat, lambda state: set(texts) <= {said.text for said in state.visible}, seconds
        )

    async def archive(self, room: str = "") -> list[tuple[str, str]]:
        """Nick and text of everything in the MUC's own archive, but the notice that it is linked."""
        found = await mam.backwards(self.apps["romeo"], room or self.room, 100)
        said = [(muc.nick(stanza), body(stanza)) for _, stanza in found if body(stanza)]
        return [(nick, text) for nick, text in said if not text.startswith(LINKED)]


async def heard(app: XmppClient, room: str, text: str, seconds: float = 30.0) -> Element:
    """The message of this text in the room, whenever it came."""
    return await app.expect(
        lambda s: bare(s) == room and s.get("type") == "groupchat" and body(s) == text, seconds, repr(text), again=True
    )


@pytest.fixture(scope="session", params=list(SERVERS))
def hall(request: pytest.FixtureRequest) -> Any:
    """An XMPP server whose own rooms stay and have archives; each in turn."""
    with SERVERS[request.param](COMPONENTS, rooms=True) as server:
        yield server


@asynccontextmanager
async def opened(
    server: XmppServer,
    folder: Path,
    *,
    networks: Sequence[str] = (A,),
    links: Mapping[str, Any] | None = None,
    people: Sequence[str] = ("juliet", "nurse"),
    make: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
) -> AsyncIterator[Cafe]:
    """A café with Romeo in it, linked as `links` says (by default with a room of each network). `make`: other MUCs that
    he makes before the gateway starts."""
    name = folder.name[-40:].lower().replace("_", "-").strip("-")
    room = f"cafe-{name}@{HOST}"
    async with AsyncExitStack() as stack:
        worlds: dict[str, Control] = {}
        sections: dict[str, Any] = {}
        for network in networks:
            socket = folder / f"{network}.sock"
            world = await stack.enter_async_context(spawned(socket, ["--like", LIKE[network]]))
            await world.account("relay", relay=True, everywhere=True, name="Relay")
            await world.people(*people)
            await world.chat("cafe", *people, "relay")
            worlds[network] = world
            sections[network] = {
                "connector": "memory", "jid": f"{network}.localhost", "secret": COMPONENTS[f"{network}.localhost"],
                "socket": str(socket), "operator": "relay",
            }  # fmt: skip
        wanted = links or {"cafe": {"xmpp": room, **dict.fromkeys(networks, "cafe")}}
        gateway = Gateway(sections, server.component_port, {"links": dict(wanted), **(settings or {})})
        cafe = Cafe(server, gateway, worlds, stack, room)
        try:
            await cafe.app("romeo")
            for other in make:
                await muc.enter(cafe.apps["romeo"], other, "romeo")
            await asyncio.to_thread(gateway.start)
            yield cafe
        finally:
            print(gateway.log[-20_000:], file=sys.stderr)  # shown for a play that fails
            await asyncio.to_thread(gateway.close)
