"""All rooms elsewhere that we are in."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from xml.etree.ElementTree import Element

from bridge.contract import (
    Action,
    Capabilities,
    ChatId,
    ConnectorError,
    ContactId,
    Edit,
    Event,
    Join,
    Leave,
    NetworkId,
    Persona,
    Rank,
    React,
    Reason,
    Receipt,
    Refused,
    Retract,
    Send,
    SetTyping,
    Unavailable,
)
from bridge.contract.workspace import Memory
from bridge.hub.facades import HOME
from bridge.xmpp import content, localparts
from bridge.xmpp.chats import Addresses
from bridge.xmpp.joined import writing
from bridge.xmpp.joined.grounds import Grounds
from bridge.xmpp.joined.room import JoinedRoom
from bridge.xmpp.requests import Requests
from bridge.xmpp.stream import Stream

JOINED = Capabilities(
    actions=frozenset({Send, Edit, Retract, React, Join, Leave, SetTyping}),
    window=32,
    echoes=True,
    personas=True,
    media=True,
    for_links=True,
)
_MEMORY = "rooms"
_FIRST = 30.0  # seconds that coming into a room may take before somebody is told


class JoinedRooms:
    """Owns the rooms and their tasks; `close` leaves none of them, so that nothing is missed over a restart."""

    def __init__(
        self,
        addresses: Addresses,
        streams: Mapping[NetworkId, Stream],
        requests: Mapping[NetworkId, Requests],
        offer: Callable[[Event], None],
        memory: Memory,
        most: int,
        limit: int,
    ) -> None:
        self._addresses = addresses
        self._streams = streams
        self._limit = limit
        self._grounds = Grounds(streams, requests, offer, memory, next(iter(streams)), most, limit)
        self._rooms: dict[ChatId, JoinedRoom] = {}
        self._tasks: dict[ChatId, asyncio.Task[None]] = {}

    def capabilities(self, chat: ChatId) -> Capabilities | None:
        """None for what is no room elsewhere."""
        return JOINED if self.may_be(chat) else None

    def may_be(self, chat: ChatId) -> bool:
        local, at, domain = chat.partition("@")
        return bool(local and at) and " " not in chat and "/" not in chat and self._addresses.gateway(domain) is None

    def takes(self, network: NetworkId, stanza: Element) -> bool:
        """Whether a stanza comes from one of them: then it is dealt with."""
        room = self._rooms.get(ChatId((stanza.get("from") or "").partition("/")[0]))
        if room is None:
            return False
        room.received(network, stanza)
        return True

    def changed(self, network: NetworkId, connected: bool) -> None:
        for room in self._rooms.values():
            room.changed(network, connected)

    def journaled(self, cursor: str) -> None:
        """What `CursorMoved` has told is durable."""
        jid, _, rest = cursor.partition(" ")
        at, number, last = rest.split(" ", 2)
        room = self._rooms.get(ChatId(jid))
        if room is not None:
            room.journaled(float(at), int(number), last)

    def parts(self, action: Action) -> Sequence[Action]:
        room = self._rooms.get(action.chat)
        return writing.parts(action, self._limit, room.called if room is not None else content.nobody)

    async def perform(self, action: Action) -> Receipt:
        """Raises the four errors."""
        if type(action) not in JOINED.actions:
            raise Refused("This cannot be done in a room elsewhere.", Reason.UNSUPPORTED)
        if isinstance(action, Join):
            return await self._join(action.chat, action.password)
        if isinstance(action, Leave):
            await self._leave(action.chat)
            return Receipt()
        room = self._rooms.get(action.chat)
        if room is None:
            raise Unavailable(f"The room {action.chat} is not entered yet.")
        return await room.perform(action)

    def rank(self, chat: ChatId, contact: ContactId) -> Rank | None:
        """Raises `Unavailable`."""
        room = self._rooms.get(chat)
        if room is None or not room.ready.is_set():
            raise (room.trouble if room is not None else None) or Unavailable(f"The room {chat} is not entered yet.")
        return room.door.rank(contact)

    def obstacles(self, chat: ChatId) -> Sequence[str]:
        """Gateways like us that were there before; of others there is nothing that tells (XEP-0045 hides who people
        are). Raises `Unavailable`."""
        room = self._rooms.get(chat)
        if room is None or not room.ready.is_set():
            raise (room.trouble if room is not None else None) or Unavailable(f"The room {chat} is not entered yet.")
        there = room.door.bridges
        return [
            f"Another gateway, {host}, is in the room {chat} already, as {next(n for n in there if there[n] == host)}. "
            "Two of them would bring everything twice. Have that one leave first."
            for host in sorted(set(there.values()))[:3]
        ]

    async def close(self) -> None:
        tasks, self._tasks = self._tasks, {}
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        await asyncio.gather(*(room.close() for room in self._rooms.values()))

    async def _join(self, chat: ChatId, password: str) -> Receipt:
        """Once begun it goes on, whatever is raised here."""
        jid = ChatId(chat.strip().lower())
        if not self.may_be(jid):
            raise Refused(f"{chat} is no address of a room elsewhere.", Reason.BAD_REQUEST)
        room = self._rooms.get(jid)
        if room is None:
            room = self._begin(jid)
            await self._keep()
        room.door.password = password or room.door.password
        room.again()
        with suppress(TimeoutError, ConnectorError):
            async with asyncio.timeout(_FIRST):
                await asyncio.shield(room.first)
        if not room.ready.is_set():
            raise room.trouble or Unavailable(f"The room {jid} does not answer.")
        return Receipt(chat=jid)

    async def load(self) -> None:
        """The rooms that the last process was in."""
        for jid in json.loads(await self._grounds.memory.get(_MEMORY) or "[]"):
            self._begin(ChatId(jid))

    def _begin(self, jid: ChatId) -> JoinedRoom:
        room = self._rooms[jid] = JoinedRoom(jid, self._grounds)
        room.speaking.address = self._address
        self._tasks[jid] = asyncio.create_task(room.run(), name=f"room {jid}")
        return room

    async def _keep(self) -> None:
        await self._grounds.memory.put(_MEMORY, json.dumps(list(self._rooms)))

    async def _leave(self, chat: ChatId) -> None:
        room, task = self._rooms.pop(chat, None), self._tasks.pop(chat, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if room is not None:
            await room.leave()
            await self._keep()

    def _address(self, persona: Persona) -> tuple[NetworkId, str]:
        """XMPP people, of other rooms or hosted ones, are at home at the first gateway here (`xmpp+…`)."""
        if persona.network in self._streams:
            return persona.network, self._addresses.jid(persona.network, ContactId(persona.contact))
        if persona.network != HOME:
            raise Refused(f"There is no gateway for the network {persona.network}.", Reason.NOT_FOUND)
        host = self._grounds.host
        return host, f"{_localpart(persona.contact)}@{self._streams[host].gateway.domain}"


def _localpart(contact: str) -> str:
    """Of somebody of XMPP on a domain of ours (DESIGN, Addresses); an occupant of a room is known by a hash."""
    if "/" in contact:
        return f"xmpp+{hashlib.sha256(contact.encode()).hexdigest()[:32]}"
    try:
        return localparts.encode(f"xmpp+{contact.replace('@', '%', 1)}")
    except ValueError:
        return f"xmpp+{hashlib.sha256(contact.encode()).hexdigest()[:32]}"
