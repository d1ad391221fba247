"""XMPP while it is connected: streams, session and the features that go with them, and what passes between them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from xml.etree.ElementTree import Element

from bridge.contract import ChatId, Event, NetworkId, Workspace
from bridge.hub.facades import Avatar, Caller, PresenceOf
from bridge.xmpp.asked import Asked
from bridge.xmpp.chats import Addresses, Gateway
from bridge.xmpp.dispatch import Dispatcher
from bridge.xmpp.herald import Herald
from bridge.xmpp.hosted.house import House
from bridge.xmpp.hosted.reception import Reception
from bridge.xmpp.presence import Photos, Presences
from bridge.xmpp.questions import Answerers
from bridge.xmpp.servers import Servers
from bridge.xmpp.session import XmppSession
from bridge.xmpp.stream import Stream


class Connected:
    """Everything of one connection, and what passes between its parts."""

    def __init__(
        self,
        gateways: Sequence[Gateway],
        addresses: Addresses,
        asked: Asked,
        command: Callable[[Caller, str], Awaitable[str]],
        answerers: Answerers,
        max_stanza: int,
        workspace: Workspace,
    ) -> None:
        self._addresses = addresses
        self._people = people = asked.people
        self._command = command
        self.streams = {g.network: Stream(g, self._received, self._changed) for g in gateways}
        self.rooms = House(addresses, asked.rooms, self._write, asked.storing.link, asked.avatars)
        self.rooms.hides = self.rooms.activity.hides = asked.hides
        self.rooms.activity.allowed = people.allowed
        self.rooms.movements.joins = asked.joins
        self._reception = Reception(self.rooms, asked.rooms, asked.archive, people, max_stanza)
        self.session = XmppSession(
            addresses, self.streams, self.rooms, max_stanza, asked.storing.over(self.streams, workspace.http),
            workspace.memory, asked.most_in_rooms,
        )  # fmt: skip
        self._servers = Servers(addresses, asked, self.streams, self.session)
        self.rooms.said = self._servers.said_in_room
        self._photos = Photos(asked.avatars)
        self._presences = Presences(addresses, people, self._write, self._photos, self.session.offer, self._ask)
        self.session.reads_reactions = self._presences.apps.read_reactions
        self.session.reads_markup = self._presences.apps.read_markup
        self._dispatcher = Dispatcher(addresses, self, self._reception, answerers)
        self._heralds: dict[NetworkId, tuple[Herald, asyncio.Task[None]]] = {}
        self._telling: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Before anything is said in a room it is known who is in it."""
        for network in self.streams:
            await self.rooms.load(network)
        await self.session.joined.load()
        self._telling = asyncio.create_task(self.rooms.activity.run(), name="activity of rooms")

    async def close(self) -> None:
        """Answer nothing more, and say goodbye to those in rooms and to subscribers, where the gateway is connected."""
        await self._dispatcher.close()
        await self.session.joined.close()
        await self._reception.close()
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
        await self._presences.apps.close()
        self.rooms.movements.close()
        for stream in self.streams.values():
            self.rooms.goodbye(stream.gateway)
        await self._servers.close()
        heralds, self._heralds = self._heralds, {}
        for _, task in heralds.values():
            task.cancel()
        await asyncio.gather(*(task for _, task in heralds.values()), return_exceptions=True)
        await asyncio.gather(*(herald.goodbye() for herald, _ in heralds.values()))

    def presence_changed(self, now: PresenceOf) -> None:
        if now.network in self._heralds:
            self._heralds[now.network][0].changed(now)

    def learned(self, avatar: Avatar) -> None:
        """A picture is known now: whoever was told of its people before is told of it."""
        self.rooms.pictures.learned(avatar, self.rooms)
        for user, contact in self._photos.learned(avatar):
            if avatar.network in self._heralds:
                self._heralds[avatar.network][0].pictured(self._people.presence(user, avatar.network, contact))

    def listed(self, user: str, network: NetworkId) -> None:
        self._servers.listed(user, network)

    def report(self, event: Event) -> None:
        self.session.offer(event)

    def bounced(self, chat: ChatId, stanza: Element) -> None:
        whom = self._addresses.gateway(stanza.get("to", ""))
        if whom is not None:
            self.rooms.activity.gone(whom.network, stanza.get("from", ""))
        self.session.bounced(chat, stanza)

    def server_said(self, gateway: Gateway, stanza: Element) -> bool:
        return self._servers.said(gateway, stanza)

    def answered(self, gateway: Gateway, stanza: Element) -> None:
        self.session.storage.answered(gateway.network, stanza)

    def send(self, gateway: Gateway, stanza: str) -> None:
        self._write(gateway.network, stanza)

    async def command(self, caller: Caller, line: str) -> str:
        return await self._command(caller, line)

    async def presence(self, stanza: Element) -> None:
        self.rooms.activity.presence(stanza)
        await self._presences.received(stanza)

    def _write(self, network: NetworkId, stanza: str) -> None:
        self.streams[network].send(stanza)

    async def _ask(self, network: NetworkId, app: str, payload: str) -> Element:
        return await self.session.storage.requests[network].ask("get", app, payload)

    def _received(self, gateway: Gateway, stanza: Element) -> None:
        if not self.session.joined.takes(gateway.network, stanza):
            self._dispatcher.received(gateway, stanza)

    def _changed(self, gateway: Gateway, connected: bool) -> None:
        network, stream = gateway.network, self.streams[gateway.network]
        if network in self._heralds:
            self._heralds.pop(network)[1].cancel()
        self.session.changed(network, connected)
        self._servers.changed(gateway, connected)
        self._presences.apps.lost(network)
        if connected:
            if stream.served_by_others:
                # Whoever is in our rooms entered the other one's, and was shown there what we are owed for them: they
                # find it in the history when they come back.
                self.rooms.goodbye(gateway)
            else:
                self.rooms.ask_all(gateway)
            herald = Herald(network, self._addresses, self._people, stream.send, stream.fence, self._photos)
            self._heralds[network] = (
                herald,
                asyncio.create_task(self._greet(network, herald), name=f"herald {network}"),
            )

    async def _greet(self, network: NetworkId, herald: Herald) -> None:
        await self._presences.ask(network)
        await herald.run()
