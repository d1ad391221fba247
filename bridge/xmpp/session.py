"""XMPP as a network: one session over the streams of all gateways (DESIGN §4)."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from xml.etree.ElementTree import Element

from bridge.contract import (
    Action,
    Capabilities,
    ChatId,
    Confirm,
    ConnectorError,
    Contact,
    ContactId,
    Directory,
    Edit,
    Event,
    Fail,
    File,
    Invite,
    Live,
    MarkRead,
    Media,
    MessageId,
    NetworkId,
    Rank,
    React,
    Reason,
    Receipt,
    Refused,
    Retract,
    Send,
    SetTyping,
)
from bridge.contract.unasked import Unasked
from bridge.contract.workspace import Memory
from bridge.xmpp import files, parse, render
from bridge.xmpp.carbons import AROUND, Carbons
from bridge.xmpp.chats import Addresses, Whom
from bridge.xmpp.delivering import Delivering
from bridge.xmpp.hosted import speaking
from bridge.xmpp.hosted.house import House
from bridge.xmpp.joined.rooms import JoinedRooms
from bridge.xmpp.showing import SIGNS, Showing
from bridge.xmpp.stream import Stream
from bridge.xmpp.upload import Storage

log = logging.getLogger(__name__)

_BEHIND = 2_000  # events waiting for the hub, above which the streams are not read
_NICKS = 10_000  # chats of which we know that their name has been told

_CHAT = Capabilities(
    actions=frozenset({Send, Edit, Retract, React, Confirm, Fail, Invite, SetTyping, MarkRead}),
    window=8,
    # A repeat carries the same message id: nothing has to be written before each attempt.
    idempotent=True,
    unique_ids=False,
    personas=True,
    media=True,
)
_NOT_OWN = replace(_CHAT, own_messages=False)
_GATEWAY = Capabilities(
    actions=frozenset({Send}), window=8, idempotent=True, unique_ids=False, personas=True, own_messages=False
)


class XmppSession(Unasked):
    """All streams. `offer` takes what the dispatcher reads."""

    def __init__(
        self,
        addresses: Addresses,
        streams: Mapping[NetworkId, Stream],
        house: House,
        max_stanza: int,
        storage: Storage,
        memory: Memory,
        most_in_rooms: int,
    ) -> None:
        self._house = house
        self.me = Contact(ContactId("xmpp"), "XMPP")
        self.directory: Directory | None = None
        self._addresses = addresses
        self._streams = streams
        self._delivering = {network: Delivering(stream) for network, stream in streams.items()}
        self.carbons = {network: Carbons(stream, self._delivering[network]) for network, stream in streams.items()}
        self.reads_reactions: Callable[[str, NetworkId], bool] = lambda user, network: True
        self.reads_markup: Callable[[str, NetworkId], bool] = lambda user, network: False
        self._showing = Showing(streams, house, self.carbons, storage.requests)
        self._limit = max_stanza
        self.storage = storage
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self.joined = JoinedRooms(addresses, streams, storage.requests, self.offer, memory, most_in_rooms, max_stanza)
        self._chats: OrderedDict[ChatId, tuple[str, Whom] | None] = OrderedDict()
        self._nicks: OrderedDict[ChatId, str] = OrderedDict()
        self._under_way: dict[tuple[ChatId, str], Refused | None] = {}
        self._held = False

    def scope(self, chat: ChatId) -> str:
        """XMPP is one network: every server answers for its own users only."""
        return ""

    def capabilities(self, chat: ChatId) -> Capabilities:
        read = self._read(chat)
        if read is None:
            hosted = self._addresses.where(chat) is not None
            return speaking.ROOM if hosted else self.joined.capabilities(chat) or _CHAT
        user, whom = read
        if whom.contact is None:
            return _GATEWAY
        return _CHAT if self.carbons[whom.gateway.network].shown(user) else _NOT_OWN

    async def events(self, cursor: str | None) -> AsyncIterator[Event]:
        """There is no cursor: what a server has written to us and we have not journaled was not accepted."""
        yield Live()
        while True:
            event = await self._events.get()
            if self._held and self._events.qsize() < _BEHIND // 2:
                self._hold(False)
            yield event

    def offer(self, event: Event) -> None:
        """Report an event; the streams are held while the hub is behind."""
        self._events.put_nowait(event)
        if not self._held and self._events.qsize() > _BEHIND:
            self._hold(True)

    def changed(self, network: NetworkId, connected: bool) -> None:
        """A network's stream has ended, or is there again: what waits for it need not wait longer."""
        self._delivering[network].changed(connected)
        if connected:
            self.storage.forget(network)
            self.offer(Live())
        self.joined.changed(network, connected)

    def journaled(self, cursor: str) -> None:
        self.joined.journaled(cursor)

    def parts(self, action: Action) -> Sequence[Action]:
        jids = len(action.chat.encode())
        if action.persona is not None and action.persona.own:
            return render.parts(action, 2 * jids, self._limit - AROUND)
        if self.joined.may_be(action.chat):
            return self.joined.parts(action)
        return render.parts(action, jids, self._limit, speaking.called(self._house, action.chat))

    async def turn(self, action: Action) -> None:
        """There is no need to wait."""

    async def perform(self, action: Action) -> Receipt:
        """Write the stanza and a ping behind it; accepted when that comes back, unless a bounce came before."""
        if isinstance(action, Send | Edit) and action.message.media:
            action = replace(action, message=files.addressed(action.message, self._house.link))
        read = self._read(action.chat)
        if read is None:
            return await self._perform_in_room(action)
        user, whom = read
        if isinstance(action, SIGNS):
            return await self._showing.to(action, user, whom)
        if action.persona is not None and action.persona.own:
            return await self.carbons[whom.gateway.network].show(action, user, whom)
        in_words = isinstance(action, React) and not self.reads_reactions(user, whom.gateway.network)
        nick, beside = self._nick(action, whom), self.reads_markup(user, whom.gateway.network)
        stanza = render.stanza(action, whom.bare, user, nick, in_words=in_words, beside=beside)
        if beside and len(stanza.encode()) > self._limit:
            stanza = render.stanza(action, whom.bare, user, nick)  # as it was measured
        if not stanza:
            return Receipt()
        delivering = self._delivering[whom.gateway.network]
        if isinstance(action, Confirm | Fail | Invite):
            await delivering.deliver(action.key, stanza)  # an answer that bounces is nobody's loss
            return Receipt()
        under_way = (action.chat, action.key)
        self._under_way[under_way] = None
        try:
            await delivering.deliver(action.key, stanza)
        finally:
            bounce = self._under_way.pop(under_way)
        if bounce is not None:
            raise bounce
        if action.persona is not None:
            self._told(action.chat, action.persona.name)
        return Receipt((MessageId(action.key),))

    async def _perform_in_room(self, action: Action) -> Receipt:
        where = self._addresses.where(action.chat)
        if where is None and self.joined.may_be(action.chat):
            return await self.joined.perform(action)
        if where is None:
            raise Refused("There is no such chat on XMPP.", Reason.NOT_FOUND)
        if isinstance(action, SIGNS):
            return await self._showing.in_room(action, where)
        if isinstance(action, Invite) and action.inside and self._bookmarked(where.gateway.network, action.whom):
            return Receipt()
        return await speaking.perform(self._house, action, self._delivering[where.gateway.network].deliver)

    def open_media(self, media: Media, limit: int) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return self.storage.open(media, limit)

    async def publish(self, chat: ChatId, media: Media, file: File) -> str:
        """Upload it; where that cannot be done, our own store has it. For a room that nobody is in nothing is fetched:
        whoever comes has a link in the history."""
        where = self._addresses.where(chat)
        if where is not None and self._house.room(where.room) is None:
            return files.ours(file.id)
        read = self._read(chat) if where is None else None
        gateway = where.gateway if where is not None else (read[1].gateway if read is not None else None)
        if gateway is None and self.joined.may_be(chat):
            gateway = next(iter(self._streams.values())).gateway
        if gateway is None:
            raise Refused("There is no such chat on XMPP.", Reason.NOT_FOUND)
        kept = await file.kept()
        user = read[0] if read is not None else self._whose(gateway.network, chat, file)
        try:
            return await self.storage.upload(gateway.network, kept, user)
        except ConnectorError as error:
            log.info("a file stays in our own store network=%s reason=%s", gateway.network, type(error).__name__)
            return files.ours(file.id)

    async def rank(self, chat: ChatId, contact: ContactId) -> Rank | None:
        """In rooms elsewhere; of people there, or of a bare JID."""
        return self.joined.rank(chat, contact) if self.joined.may_be(chat) else await super().rank(chat, contact)

    async def obstacles(self, chat: ChatId) -> Sequence[str]:
        return self.joined.obstacles(chat) if self.joined.may_be(chat) else ()

    def bounced(self, chat: ChatId, stanza: Element) -> None:
        """An error for one of our stanzas: before the ping it is the answer, later an event."""
        failed = parse.failure(stanza, chat)
        if failed is None:
            return
        under_way = (chat, failed.target)
        if under_way in self._under_way:
            self._under_way[under_way] = Refused(failed.text or "It was refused without a word.", failed.reason)
        else:
            self.offer(failed)

    def _read(self, chat: ChatId) -> tuple[str, Whom] | None:
        if chat in self._chats:
            return self._chats[chat]
        read = self._addresses.read_chat(chat)
        self._chats[chat] = read
        if len(self._chats) > _NICKS:
            self._chats.popitem(last=False)
        return read

    def _whose(self, network: NetworkId, room: ChatId, file: File) -> str:
        """To whose quota a file for a room counts: each time somebody else's of those who are in, and whose server lets
        us ask for them; empty: nobody's."""
        there, privileges = self._house.room(room), self._streams[network].privileges
        users = {one.user for one in there.attendees.values()} if there is not None else set()
        some = sorted(user for user in users if privileges.may(user, "upload"))
        return some[int(file.id[:8], 16) % len(some)] if some else ""

    def _bookmarked(self, network: NetworkId, user: str) -> bool:
        """Whether the rooms of `user` come to their apps without an invitation (XEP-0402 #notifications)."""
        return self._streams[network].privileges.may(user, "iq")

    def _nick(self, action: Action, whom: Whom) -> str:
        """The name to tell with a message: once per chat and name (XEP-0172 #message)."""
        name = action.persona.name if action.persona is not None and whom.contact is not None else ""
        return "" if self._nicks.get(action.chat) == name else name

    def _told(self, chat: ChatId, name: str) -> None:
        if name:
            self._nicks[chat] = name
            if len(self._nicks) > _NICKS:
                self._nicks.popitem(last=False)

    def _hold(self, held: bool) -> None:
        self._held = held
        for stream in self._streams.values():
            stream.hold(held)
