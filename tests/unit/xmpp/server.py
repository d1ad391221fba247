"""An XEP-0114 server over a socket that does what the test says, and a stream connected to it."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from bridge.contract import ContactId, NetworkId
from bridge.xmpp.chats import Gateway
from bridge.xmpp.fence import ENTRANCE
from bridge.xmpp.stream import Stream, Timing

_OPEN = (
    "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
    "xmlns:stream='http://etherx.jabber.org/streams' from='far.example' id='{id}'>"
)
FAST = Timing(probe=0.2, answer=0.2, connect=2.0, first=0.05, longest=0.1, lasting=0.1)


@dataclass
class Server:
    """An XEP-0114 server for one component: it carries pings of the component to itself, unless it is told to be deaf
    after the first ones of a connection, or to give some of those to somebody else."""

    secret: str = "secret"
    deaf: bool = False
    refuses: str = ""  # stream error instead of the handshake's answer
    begins: str = ""  # what it says behind the handshake
    elsewhere: set[int] = field(default_factory=set)  # which of the first pings, counted from 0
    connections: int = 0
    pings: int = 0  # of this connection
    got: str = ""
    port: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    writer: asyncio.StreamWriter | None = None

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.pings = 0
        self.writer = writer
        self.news.set()
        writer.write(_OPEN.format(id=f"s{self.connections}").encode())
        taken = len(self.got)
        try:
            while data := await reader.read(65_536):
                self.got += data.decode()
                self.news.set()
                for found in re.finditer(r"<handshake>(\w+)</handshake>|<iq [^>]*>.*?</iq>", self.got[taken:]):
                    self._answer(found, writer)
                taken = max(self.got.rfind("</iq>"), self.got.rfind("</handshake>"), taken - 5) + 5
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    def _answer(self, found: re.Match[str], writer: asyncio.StreamWriter) -> None:
        if found[1]:
            wanted = hashlib.sha1(f"s{self.connections}{self.secret}".encode()).hexdigest()
            condition = self.refuses or ("" if found[1] == wanted else "not-authorized")
            if condition:
                writer.write(
                    f"<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
                    "</stream:stream>".encode()
                )
                writer.close()
            else:
                writer.write(f"<handshake/>{self.begins}".encode())
            return
        first = self.pings < ENTRANCE
        self.pings += 1
        if (first and self.pings - 1 not in self.elsewhere) or not (first or self.deaf):
            writer.write(found[0].encode())

    def answer(self) -> None:
        """Answer the pings that a deaf server has not."""
        assert self.writer is not None
        for found in re.findall(r"<iq [^>]*>.*?</iq>", self.got):
            self.writer.write(found.encode())

    @property
    def asked(self) -> int:
        """Pings after the first ones."""
        return max(0, self.pings - ENTRANCE)

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not true():
                self.news.clear()
                await self.news.wait()


@dataclass
class Ends:
    server: Server
    stream: Stream
    stanzas: list[Element]
    changes: "asyncio.Queue[bool]"


@asynccontextmanager
async def connected(server: Server, secret: str = "secret", timing: Timing = FAST) -> AsyncIterator[Ends]:
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    gateway = Gateway(
        NetworkId("far"), "Far", "far.example", secret, "127.0.0.1", server.port, str, ContactId, "generic"
    )  # fmt: skip
    stanzas: list[Element] = []
    changes: asyncio.Queue[bool] = asyncio.Queue()
    stream = Stream(gateway, lambda _, s: stanzas.append(s), lambda _, up: changes.put_nowait(up), timing)
    task = asyncio.create_task(stream.run())
    try:
        yield Ends(server, stream, stanzas, changes)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        listening.close()
        if server.writer is not None:
            server.writer.close()
        await asyncio.sleep(0)
