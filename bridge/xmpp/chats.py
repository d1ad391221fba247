"""How XMPP names people of other networks, and its direct chats. Pure.

A room is hosted under an address that no person can have; which rooms there are the hub knows.
A person is `LOCALPART@DOMAIN`: the domain is the gateway of their network, the localpart what their connector calls
them, escaped (`bridge.xmpp.localparts`). The gateway itself is its domain. A direct chat is the user's bare JID, a
space, and the contact's bare JID: `romeo@home.example alice%example.org@matrix.home.example`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from bridge.contract import ChatId, Contact, ContactId, NetworkId, Person, Reason, Refused
from bridge.xmpp import localparts, looks, nicks
from bridge.xmpp.errors import StanzaError

# RFC 6122 #addressing-localpart: what no prepared localpart contains, besides what is not printable.
_FORBIDDEN = re.compile("[\x00-\x20\"&'/:<>@\x7f]")
_LONGEST = 1_000  # characters of what people type
_REMEMBERED = 10_000  # addresses; reading one costs some ten microseconds


@dataclass(frozen=True, slots=True)
class Gateway:
    """Our face for one network: one component, its domain, and where its server listens."""

    network: NetworkId
    name: str  # for people: "Matrix"
    domain: str
    secret: str = field(repr=False)
    host: str
    port: int
    localpart: Callable[[ContactId], str]
    contact: Callable[[str], ContactId | None]
    kind: str = "generic"  # disco#info type of the gateway: the connector's id where the registrar knows it


@dataclass(frozen=True, slots=True)
class Whom:
    """Whom an address on one of our domains means. `contact` None is the gateway itself."""

    gateway: Gateway
    contact: ContactId | None
    bare: str
    resource: str = ""

    @property
    def person(self) -> Person | None:
        return None if self.contact is None else Person(self.gateway.network, self.contact)


@dataclass(frozen=True, slots=True)
class Where:
    """A hosted room, or somebody in it, that an address may mean; whether there is such a room the hub knows."""

    gateway: Gateway
    room: ChatId  # the bare JID
    nick: str = ""


class Addresses:
    """JIDs of people on our domains, and direct chats, computed both ways."""

    def __init__(self, gateways: Sequence[Gateway]) -> None:
        self._by_network = {gateway.network: gateway for gateway in gateways}
        self._by_domain = {gateway.domain: gateway for gateway in gateways}
        if len(self._by_domain) != len(gateways) or len(self._by_network) != len(gateways):
            raise ValueError("Two gateways have the same network or the same domain.")
        self._whom = lru_cache(_REMEMBERED)(self._read)
        self._room_gateway = lru_cache(_REMEMBERED)(self._read_room)

    def gateway(self, domain: str) -> Gateway | None:
        return self._by_domain.get(domain)

    def jid(self, network: NetworkId, contact: ContactId | None) -> str:
        """The bare JID of `contact`, or of the gateway. Raises `Refused` for whom no address can be made."""
        gateway = self._by_network.get(network)
        if gateway is None:
            raise Refused(f"There is no gateway for the network {network}.", Reason.NOT_FOUND)
        if contact is None:
            return gateway.domain
        try:
            return f"{localparts.encode(gateway.localpart(contact))}@{gateway.domain}"
        except ValueError as error:
            raise Refused(str(error), Reason.NOT_ACCEPTABLE) from error

    def direct_chat(self, user: str, network: NetworkId, contact: ContactId | None) -> ChatId:
        """The chat of `user` (bare JID) with a contact, or with the gateway itself. Raises `Refused` like `jid`."""
        return ChatId(f"{user} {self.jid(network, contact)}")

    def room_chat(self, network: NetworkId, name: str) -> ChatId | None:
        """The JID of the room `name` of a network; None when no room can have it."""
        gateway = self._by_network.get(network)
        try:
            jid = f"{localparts.encode(name)}@{gateway.domain}" if gateway is not None else ""
        except ValueError:
            return None
        return ChatId(jid) if jid and self._room_gateway(jid) is not None else None

    def person(self, network: NetworkId, typed: str) -> ContactId | None:
        """See `Home.person`. Likeliest first: the network's own way to write somebody, the same without the sign that
        most begin with, our own JID, its first part."""
        gateway, typed = self._by_network.get(network), typed.strip()
        if gateway is None or not 0 < len(typed) <= _LONGEST:
            return None
        for own in (typed, f"@{typed}") if typed[0].isalnum() else (typed,):
            if gateway.contact(gateway.localpart(ContactId(own))) == own:
                return ContactId(own)
        try:
            whom = self.whom(typed.lower())
        except StanzaError:
            whom = None
        if whom is not None and whom.gateway is gateway and whom.contact is not None:
            return whom.contact
        known = gateway.contact(typed)
        return known if known is not None and gateway.localpart(known) == typed else None

    def nick(self, contact: Contact, number: int) -> str:
        """See `Home.nick`."""
        return nicks.nick(contact, number)

    def looks(self, nick: str) -> str:
        """See `Home.looks`."""
        return looks.looks(nick)

    def where(self, jid: str) -> Where | None:
        """The room that `jid` may mean: an address on one of our domains that no person can have."""
        bare, _, resource = jid.partition("/")
        gateway = self._room_gateway(bare)
        return None if gateway is None else Where(gateway, ChatId(bare), resource)

    def read_chat(self, chat: ChatId) -> tuple[str, Whom] | None:
        """User and contact of a direct chat; None for what `direct_chat` never gives."""
        user, space, contact = chat.partition(" ")
        if not user or not space:
            return None
        try:
            whom = self.whom(contact)
        except StanzaError:
            return None
        return None if whom.resource else (user, whom)

    def whom(self, jid: str) -> Whom:
        """Whom `jid` means. Raises `StanzaError`: jid-malformed for no JID at all, item-not-found for nobody."""
        bare, slash, resource = jid.partition("/")
        whom = self._whom(bare)
        return Whom(whom.gateway, whom.contact, bare, resource) if slash else whom

    def _read(self, bare: str) -> Whom:
        local, at, domain = bare.rpartition("@")
        if (at and not local) or _FORBIDDEN.search(local) or not domain or len(local.encode()) > localparts.LIMIT:
            raise StanzaError("jid-malformed", "This is not a valid address.")
        gateway = self._by_domain.get(domain)
        if gateway is None:
            raise StanzaError("item-not-found", "This address does not belong to this gateway.")
        if not local:
            return Whom(gateway, None, bare)
        name = localparts.decode(local)
        contact = None if name is None else gateway.contact(name)
        if contact is None or gateway.localpart(contact) != name:
            raise StanzaError("item-not-found", f"Nobody on {gateway.name} can have this address.")
        return Whom(gateway, contact, bare)

    def _read_room(self, bare: str) -> Gateway | None:
        local, _, domain = bare.rpartition("@")
        gateway = self._by_domain.get(domain)
        name = localparts.decode(local) if local else None
        return gateway if gateway is not None and name is not None and gateway.contact(name) is None else None
