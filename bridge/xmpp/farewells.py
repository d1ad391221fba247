"""Farewells: who has ended all accounts is subscribed to no contact any more (XEP-0100 #usecases-jabber-unregister)."""

from collections.abc import Awaitable, Callable

from bridge.contract import ContactId, Refused, Unavailable
from bridge.hub.facades import People
from bridge.xmpp import presence
from bridge.xmpp.chats import Addresses, Gateway

_GROUP = 50


class Farewells:
    """Of one gateway. It itself stays subscribed: whoever wants to log in again writes to it."""

    access = ""

    def __init__(
        self,
        gateway: Gateway,
        addresses: Addresses,
        people: People,
        send: Callable[[str], bool],
        settled: Callable[[], Awaitable[None]],
    ) -> None:
        """`send` and `settled`: see `bridge.xmpp.herald.Herald`."""
        self._network = gateway.network
        self._addresses = addresses
        self._people = people
        self._send = send
        self._settled = settled

    async def keep(self, user: str) -> None:
        """Nothing to do: their presence is the herald's business."""

    async def part(self, user: str) -> None:
        """Forgotten is only what the server has taken. Raises `ConnectorError`."""
        contacts = [one for one in await self._people.friends(user, self._network) if one is not None]
        for start in range(0, len(contacts), _GROUP):
            some = contacts[start : start + _GROUP]
            for contact in some:
                self._tell(user, contact)
            await self._settled()
            for contact in some:
                await self._people.befriend(user, self._network, contact, False)

    def _tell(self, user: str, contact: ContactId) -> None:
        try:
            jid = self._addresses.jid(self._network, contact)
        except Refused:
            return  # nobody can write to them
        if not self._send(presence.farewell(jid, contact, user)):
            raise Unavailable("The connection to the XMPP server is not up.")
