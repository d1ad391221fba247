"""XMPP as the hub sees it: a connector whose one account is the gateways' components."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from xml.etree.ElementTree import Element

from bridge.contract import (
    Account,
    ChatId,
    ContactId,
    Credentials,
    Dialogue,
    Event,
    Flow,
    LoginRefused,
    NetworkId,
    Session,
    Workspace,
)
from bridge.contract.workspace import Http
from bridge.hub.facades import Caller, PresenceOf, RoomNews
from bridge.xmpp.chat_commands import ChatCommands
from bridge.xmpp.chats import Addresses, Gateway
from bridge.xmpp.dispatch import Dispatcher
from bridge.xmpp.features import Asked, answerers
from bridge.xmpp.herald import Herald
from bridge.xmpp.hosted.house import House
from bridge.xmpp.hosted.reception import Reception
from bridge.xmpp.presence import Presences
from bridge.xmpp.questions import Answerers
from bridge.xmpp.session import XmppSession
from bridge.xmpp.stream import Stream


class XmppNetwork:
    """What `bridge.app` wires: streams, session, and the features that answer questions."""

    id = "xmpp"
    name = "XMPP"
    flows: Sequence[Flow] = ()
    options: Mapping[str, type] = {}

    def __init__(
        self,
        gateways: Sequence[Gateway],
        asked: Asked,
        max_stanza: int,
        version: str = "unknown",
    ) -> None:
        people = asked.people
        self._gateways = gateways
        self._asked = asked
        self._addresses = Addresses(gateways)
        self._max_stanza = max_stanza
        self._chat_commands = ChatCommands(asked.desk)
        self._answerers = answerers(self._addresses, asked, version)
        self._house: _House | None = None
        people.watch(self._presence_changed)
        asked.rooms.watch(self._room_changed)

    def health(self) -> Mapping[NetworkId, Stream]:
        """The streams as they are now."""
        return self._house.streams if self._house is not None else {}

    def localpart(self, contact: ContactId) -> str:
        """XMPP people on our own domains (DESIGN §7)."""
        return f"xmpp+{contact.replace('@', '%', 1)}"

    def contact(self, localpart: str) -> ContactId | None:
        if not localpart.startswith("xmpp+"):
            return None
        return ContactId(localpart[5:].replace("%", "@", 1))

    async def login(self, flow: Flow, ask: Dialogue, workspace: Workspace) -> Credentials:
        raise LoginRefused("XMPP people log in to their own server.")

    async def log_out(self, account: Account, workspace: Workspace) -> None: ...

    def connect(self, account: Account, workspace: Workspace) -> AbstractAsyncContextManager[Session]:
        return self._connected(workspace.http)

    @asynccontextmanager
    async def _connected(self, http: Http) -> AsyncIterator[Session]:
        house = self._house = _House(
            self._gateways, self._addresses, self._asked, self._chat_commands, self._answerers, self._max_stanza,
            http,
        )  # fmt: skip
        await house.load()
        tasks = [asyncio.create_task(s.run(), name=f"stream {n}") for n, s in house.streams.items()]
        try:
            yield house.session
        finally:
            await house.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _presence_changed(self, now: PresenceOf) -> None:
        if self._house is not None:
            self._house.presence_changed(now)

    def _room_changed(self, news: RoomNews) -> None:
        if self._house is not None:
            self._house.rooms.changed(news)


class _House:
    """Everything of one connection, and what passes between its parts."""

    def __init__(
        self,
        gateways: Sequence[Gateway],
        addresses: Addresses,
        asked: Asked,
        chat_commands: ChatCommands,
        answerers: Answerers,
        max_stanza: int,
        http: Http,
    ) -> None:
        self._addresses = addresses
        self._people = people = asked.people
        self._chat_commands = chat_commands
        self.streams = {g.network: Stream(g, self._received, self._changed) for g in gateways}
        self.rooms = House(addresses, asked.rooms, self._write, asked.storing.link)
        self._reception = Reception(self.rooms, asked.rooms, asked.archive, people, max_stanza)
        self.session = XmppSession(
            addresses, self.streams, self.rooms, max_stanza, asked.storing.over(self.streams, http)
        )
        self._presences = Presences(addresses, people, self._write)
        self._dispatcher = Dispatcher(addresses, self, self._reception, answerers)
        self._heralds: dict[NetworkId, tuple[Herald, asyncio.Task[None]]] = {}

    async def load(self) -> None:
        """Before anything is said in a room it is known who is in it."""
        for network in self.streams:
            await self.rooms.load(network)

    async def close(self) -> None:
        """Answer nothing more, and say goodbye to those in rooms and to subscribers, where the gateway is connected."""
        await self._dispatcher.close()
        await self._reception.close()
        for stream in self.streams.values():
            self.rooms.goodbye(stream.gateway)
        heralds, self._heralds = self._heralds, {}
        for _, task in heralds.values():
            task.cancel()
        await asyncio.gather(*(task for _, task in heralds.values()), return_exceptions=True)
        await asyncio.gather(*(herald.goodbye() for herald, _ in heralds.values()))

    def presence_changed(self, now: PresenceOf) -> None:
        if now.network in self._heralds:
            self._heralds[now.network][0].changed(now)

    def report(self, event: Event) -> None:
        self.session.offer(event)

    def bounced(self, chat: ChatId, stanza: Element) -> None:
        self.session.bounced(chat, stanza)

    def send(self, gateway: Gateway, stanza: str) -> None:
        self._write(gateway.network, stanza)

    def answered(self, gateway: Gateway, stanza: Element) -> None:
        self.session.storage.answered(gateway.network, stanza)

    async def command(self, caller: Caller, line: str) -> str:
        return await self._chat_commands.said(caller, line)

    async def presence(self, stanza: Element) -> None:
        await self._presences.received(stanza)

    def _write(self, network: NetworkId, stanza: str) -> None:
        self.streams[network].send(stanza)

    def _received(self, gateway: Gateway, stanza: Element) -> None:
        self._dispatcher.received(gateway, stanza)

    def _changed(self, gateway: Gateway, connected: bool) -> None:
        network, stream = gateway.network, self.streams[gateway.network]
        if network in self._heralds:
            self._heralds.pop(network)[1].cancel()
        self.session.changed(network, connected)
        if connected:
            self.rooms.ask_all(gateway)
            herald = Herald(network, self._addresses, self._people, stream.send, stream.fence)
            self._heralds[network] = (herald, asyncio.create_task(herald.run(), name=f"herald {network}"))
