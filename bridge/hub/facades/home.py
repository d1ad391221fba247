"""The one thing that the hub asks XMPP: what its chats are called."""

from typing import Protocol

from bridge.contract import ChatId, Contact, ContactId, NetworkId


class Home(Protocol):
    """What the hub needs to know of XMPP: how its direct chats and rooms are called. Pure."""

    def direct_chat(self, user: str, network: NetworkId, contact: ContactId | None) -> ChatId:
        """The chat of `user` (bare JID) with a contact, or with the gateway itself (None)."""
        ...

    def jid(self, network: NetworkId, contact: ContactId | None) -> str:
        """Where to write to somebody, or to the gateway (None). Raises `Refused` for whom no address can be made."""
        ...

    def room_chat(self, network: NetworkId, name: str) -> ChatId | None:
        """The room `name` (any Unicode) on the gateway of a network; None when no room can be called so."""
        ...

    def person(self, network: NetworkId, typed: str) -> ContactId | None:
        """Whom somebody means by what they typed: an address on the network or here; None if it is none."""
        ...

    def nick(self, contact: Contact, number: int) -> str:
        """How somebody is called in rooms; with `number` > 1 one of several people of the same name."""
        ...

    def looks(self, nick: str) -> str:
        """The same for nicks that people could take for each other."""
        ...
