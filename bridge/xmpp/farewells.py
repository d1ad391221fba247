"""Farewells: who has ended all accounts is subscribed to no contact any more (XEP-0100 #usecases-jabber-unregister).

Who has ended one of several is not subscribed any more to whom only that one knew; once, for they may well come back.
"""

from collections.abc import Awaitable, Callable, Sequence

from bridge.contract import ContactId, Refused, Unavailable
from bridge.hub.facades import Lists, People
from bridge.xmpp import presence
from bridge.xmpp.chats import Addresses, Gateway

_GROUP = 50
_KIND = "parted"  # in `Lists`: contacts of ended accounts to whom it was said


class Farewells:
    """Of one gateway. It itself stays subscribed: whoever wants to log in again writes to it."""

    access = ""

    def __init__(
        self,
        gateway: Gateway,
        addresses: Addresses,
        people: People,
        lists: Lists,
        send: Callable[[str], bool],
        settled: Callable[[], Awaitable[None]],
    ) -> None:
        """`send` and `settled`: see `bridge.xmpp.herald.Herald`."""
        self._network = gateway.network
        self._addresses = addresses
        self._people = people
        self._lists = lists
        self._send = send
        self._settled = settled

    async def keep(self, user: str) -> None:
        """Say farewell to whom only ended accounts knew. Raises `ConnectorError`."""
        known = set(await self._lists.put(user, self._network, _KIND))
        lost = set(await self._lists.lost(user, self._network))
        for back in sorted(known - lost):
            await self._lists.drop(user, self._network, _KIND, back)
        new = lost - known
        if new:
            friends = await self._people.friends(user, self._network)
            await self._part_from(user, [one for one in friends if one is not None and one in new])
            for contact in sorted(new):
                await self._lists.keep(user, self._network, _KIND, contact, "")

    async def part(self, user: str) -> None:
        """Forgotten is only what the server has taken. Raises `ConnectorError`."""
        await self._part_from(user, [one for one in await self._people.friends(user, self._network) if one is not None])
        for contact in await self._lists.put(user, self._network, _KIND):
            await self._lists.drop(user, self._network, _KIND, contact)

    async def _part_from(self, user: str, contacts: Sequence[ContactId]) -> None:
        for start in range(0, len(contacts), _GROUP):
            some = contacts[start : start + _GROUP]
            async with self._people.parting(user, self._network, some):
                for contact in some:
                    self._tell(user, contact)
                await self._settled()

    def _tell(self, user: str, contact: ContactId) -> None:
        try:
            jid = self._addresses.jid(self._network, contact)
        except Refused:
            return  # nobody can write to them
        if not self._send(presence.farewell(jid, contact, user)):
            raise Unavailable("The connection to the XMPP server is not up.")
