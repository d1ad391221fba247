"""Heralds: subscribers hear of presences without asking, when a stream is up again and when something changes.

One herald per gateway and connection. It begins with everybody who is there; who is away is said a minute later, when
accounts have had time to connect, so that a start tells each user each contact once. Changes wait in a set and are told
as they are when their turn comes. Everything goes in small groups, each of which the server has taken before the next.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from bridge.contract import ConnectorError, ContactId, NetworkId, Refused, Unavailable
from bridge.hub.facades import People, PresenceOf
from bridge.xmpp import avatars, presence
from bridge.xmpp.chats import Addresses
from bridge.xmpp.presence import Photos

log = logging.getLogger(__name__)

_GROUP = 50
_PAUSE = 0.05  # seconds after each group: at most 1,000 presences a second
_GOODBYE = 5.0  # seconds for farewells


class Herald:
    """Tells the subscribers of one gateway. `run` ends when the stream does; `settled` returns when the server has
    taken what was written, and raises a `ConnectorError` when the stream is gone."""

    def __init__(
        self,
        network: NetworkId,
        addresses: Addresses,
        people: People,
        send: Callable[[str], bool],
        settled: Callable[[], Awaitable[None]],
        photos: Photos,
        patience: float = 60.0,  # seconds until those who are away are told
    ) -> None:
        self._network = network
        self._addresses = addresses
        self._people = people
        self._send = send
        self._settled = settled
        self._photos = photos
        self._patience = patience
        self._changes: dict[tuple[str, ContactId | None], None] = {}
        self._events: set[tuple[str, ContactId]] = set()  # of those, whose picture is told as an event, too
        self._news = asyncio.Event()
        self._greeted: set[str] = set()
        self._everybody = False  # all that were subscribed when the stream came up have been greeted
        self._written = 0

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._greet_everybody())
                both.create_task(self._tell_changes())
        except* ConnectorError:
            log.debug("the stream ended before everybody was told network=%s", self._network)

    def changed(self, now: PresenceOf) -> None:
        """Something about a subscribed presence is new. Who has not been greeted yet will hear it then."""
        if self._everybody or now.user in self._greeted:
            self._changes[now.user, now.contact.id if now.contact is not None else None] = None
            self._news.set()

    def pictured(self, now: PresenceOf) -> None:
        """A picture that a presence could not name is known now: it is also told as an event, for apps that look for
        pictures nowhere else (XEP-0084 #process-subnotify)."""
        self.changed(now)
        if now.contact is not None and (now.user, now.contact.id) in self._changes:
            self._events.add((now.user, now.contact.id))

    async def goodbye(self) -> None:
        """Everybody who is there goes. As many as can be told in a few seconds; returns then."""
        try:
            async with asyncio.timeout(_GOODBYE):
                for user in await self._people.subscribers(self._network):
                    for contact in await self._people.friends(user, self._network):
                        if self._people.presence(user, self._network, contact).available:
                            await self._tell_now(user, contact, gone=True)
                await self._settled()
        except (ConnectorError, TimeoutError):
            log.info("not everybody could be told that the gateway stops network=%s", self._network)

    async def _greet_everybody(self) -> None:
        await self._greet(True)
        self._everybody = True
        self._greeted.clear()
        await asyncio.sleep(self._patience)
        await self._greet(False)

    async def _greet(self, available: bool) -> None:
        for user in await self._people.subscribers(self._network):
            self._greeted.add(user)
            for contact in await self._people.friends(user, self._network):
                if self._people.presence(user, self._network, contact).available is available:
                    await self._tell_now(user, contact)

    async def _tell_changes(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._changes:
                user, contact = next(iter(self._changes))
                del self._changes[user, contact]
                await self._tell_now(user, contact)
                if contact is not None and (user, contact) in self._events:
                    self._events.discard((user, contact))
                    await self._tell_event(user, contact)

    async def _tell_now(self, user: str, contact: ContactId | None, *, gone: bool = False) -> None:
        try:
            bare = self._addresses.jid(self._network, contact)
        except Refused:
            log.warning("a subscribed contact has no address any more network=%s", self._network)
            return
        now = self._people.presence(user, self._network, contact)
        here = "" if gone else presence.of(now, bare, user, self._photos.of(now))
        await self._tell(here or presence.unavailable(bare, contact, user))

    async def _tell_event(self, user: str, contact: ContactId) -> None:
        now = self._people.presence(user, self._network, contact)
        with contextlib.suppress(Unavailable):
            picture = await self._photos.picture(now)
            await self._tell(avatars.event(self._addresses.jid(self._network, contact), user, picture))

    async def _tell(self, stanza: str) -> None:
        self._send(stanza)
        self._written += 1
        if self._written % _GROUP == 0:
            await self._settled()
            await asyncio.sleep(_PAUSE)
