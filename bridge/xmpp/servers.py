"""What XMPP servers say themselves, and what we do for their users by the privileges that they grant.

For each stream one task keeps the lists of users in step, one user after the other; what changes together is done
together.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol
from xml.etree.ElementTree import Element

from bridge.contract import ConnectorError, NetworkId
from bridge.hub.facades import Lists
from bridge.xmpp import privilege
from bridge.xmpp.asked import Asked
from bridge.xmpp.bookmarks import Bookmarks
from bridge.xmpp.chats import Addresses, Gateway
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.farewells import Farewells
from bridge.xmpp.hosted.room import HostedRoom
from bridge.xmpp.own_reading import OwnReading
from bridge.xmpp.privilege import Privileges
from bridge.xmpp.roster import Rosters
from bridge.xmpp.session import XmppSession
from bridge.xmpp.stream import Stream

log = logging.getLogger(__name__)

_TOGETHER = 0.5  # seconds in which changes gather


class Keeping(Protocol):
    """A list of users' own that is kept in step."""

    access: str  # the permission that it needs; empty: none

    async def keep(self, user: str) -> None:
        """Raises `StanzaError` when the server refuses something, and `ConnectorError`."""
        ...

    async def part(self, user: str) -> None:
        """The user has ended all accounts: nothing of theirs is to stay. Raises what `keep` does."""
        ...


class Keeper:
    """Keeps the lists of the users of one gateway, over one connection. `run` ends by being cancelled."""

    def __init__(
        self,
        gateway: Gateway,
        privileges: Privileges,
        lists: Lists,
        kept: Sequence[Keeping],
        together: float = _TOGETHER,
    ) -> None:
        self._gateway = gateway
        self._privileges = privileges
        self._lists = lists
        self._kept = kept
        self._together = together
        self._due: dict[str, None] = {}
        self._parted = False  # those who have ended all accounts are due
        self._news = asyncio.Event()

    def changed(self, user: str) -> None:
        """There may be something to put into the lists of `user`."""
        if any(self._may(user, kept) for kept in self._kept):
            self._due[user] = None
            self._news.set()

    def granted(self, domain: str = "") -> None:
        """A server has granted something, or may have before; empty: any."""
        for user in self._lists.users(self._gateway.network):
            if domain in ("", user.rpartition("@")[2]):
                self.changed(user)
        self._parted = True
        self._news.set()

    async def run(self) -> None:
        self.granted()
        while True:
            await self._news.wait()
            await asyncio.sleep(self._together)
            self._news.clear()
            if self._parted:
                self._parted = False
                self._due |= dict.fromkeys(await self._parted_users())
            due, self._due = self._due, {}
            connected = frozenset(self._lists.users(self._gateway.network))
            for user in due:
                await self._keep_all(user, user in connected)

    async def _keep_all(self, user: str, here: bool) -> None:
        if not here and not await self._parted_users(user):
            return  # they come back
        for kept in self._kept:
            if self._may(user, kept):
                await self._keep(kept, user, kept.keep if here else kept.part)

    def _may(self, user: str, kept: Keeping) -> bool:
        return not kept.access or self._privileges.may(user, kept.access)

    async def _parted_users(self, user: str | None = None) -> Sequence[str]:
        try:
            return await self._lists.parted(self._gateway.network, user)
        except Exception:
            log.exception("it is not known whose accounts have ended network=%s", self._gateway.network)
            return ()

    async def _keep(self, kept: Keeping, user: str, doing: Callable[[str], Awaitable[None]]) -> None:
        network = self._gateway.network
        try:
            await doing(user)
        except StanzaError as error:
            self._privileges.refused(user, kept.access, error.condition)
        except ConnectorError as error:
            log.info("a list was not kept network=%s access=%s reason=%s", network, kept.access, error.text)
        except Exception:
            log.exception("keeping a list failed network=%s access=%s", network, kept.access)


class Servers:
    """Of all gateways. `changed` is told of every connection."""

    def __init__(
        self,
        addresses: Addresses,
        asked: Asked,
        streams: Mapping[NetworkId, Stream],
        session: XmppSession,
    ) -> None:
        self._people = asked.people
        self._streams = streams
        self._carbons = session.carbons
        self._requests = session.storage.requests
        self._keepers: dict[NetworkId, Keeper] = {}
        self._tasks: dict[NetworkId, asyncio.Task[None]] = {}
        self._reading: dict[NetworkId, OwnReading] = {}
        for network, stream in streams.items():
            gateway = stream.gateway
            requests = self._requests[network]
            rosters = Rosters(gateway, addresses, asked.people, asked.lists, requests, stream.send)
            bookmarks = Bookmarks(gateway, asked.rooms, asked.lists, requests)
            self._reading[network] = OwnReading(network, stream.privileges, requests, session.offer)
            farewells = Farewells(gateway, addresses, asked.people, asked.lists, stream.send, stream.fence)
            kept: list[Keeping] = [rosters, bookmarks, farewells]
            keeper = self._keepers[network] = Keeper(gateway, stream.privileges, asked.lists, kept)
            stream.privileges.watch(keeper.granted)

    def said(self, gateway: Gateway, stanza: Element) -> bool:
        """A message of a server's own, or an error for one to it; False for one that says nothing to us."""
        if stanza.get("to") != gateway.domain:
            return False
        if stanza.get("type") == "error":
            return self._carbons[gateway.network].bounced(stanza)
        told = privilege.read(stanza)
        if told is not None and self._people.serves(told[0]):
            self._streams[gateway.network].privileges.heard(*told)
        return told is not None

    def changed(self, gateway: Gateway, connected: bool) -> None:
        """A gateway's stream is there, or has ended."""
        network = gateway.network
        if network in self._tasks:
            self._tasks.pop(network).cancel()
        self._requests[network].broken()
        if connected:
            self._tasks[network] = asyncio.create_task(self._run(network), name=f"lists {network}")

    async def _run(self, network: NetworkId) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keepers[network].run())
            tasks.create_task(self._reading[network].run())

    def said_in_room(self, room: HostedRoom, id: str, author: str) -> None:
        """See `House.said`."""
        self._reading[room.room.network].said(room, id, author)

    def listed(self, user: str, network: NetworkId) -> None:
        """The contacts or the rooms of a user may have changed."""
        if network in self._keepers:
            self._keepers[network].changed(user)

    async def close(self) -> None:
        tasks = [*self._tasks.values()]
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
