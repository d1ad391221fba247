"""What we have put into users' own lists on XMPP."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from bridge.contract import ContactId, NetworkId


class Lists(Protocol):
    """What we have put into users' own lists on XMPP, so that what they remove or rename there stays so. `kind` is the
    XMPP side's own; an item has a name, as we called it."""

    async def put(self, user: str, network: NetworkId, kind: str) -> Mapping[str, str]:
        """All items of a kind, with their names."""
        ...

    async def keep(self, user: str, network: NetworkId, kind: str, item: str, name: str) -> None:
        """We have put it there; durable."""
        ...

    async def drop(self, user: str, network: NetworkId, kind: str, item: str) -> None:
        """We have taken it away; durable."""
        ...

    async def parted(self, network: NetworkId, user: str | None = None) -> Sequence[str]:
        """Who has ended all accounts there (or whose operator has), and still has something of them: in their lists, or
        a subscription to a contact. `user`: only this one."""
        ...

    async def lost(self, user: str, network: NetworkId) -> Sequence[ContactId]:
        """With whom an account that was ended had a chat, and no other account of `user` has one."""
        ...

    def users(self, network: NetworkId) -> Sequence[str]:
        """Whose accounts there are connected and have caught up: their contacts and rooms are all known."""
        ...

    def watch(self, changed: Callable[[str, NetworkId], None]) -> None:
        """Call `changed` (synchronously, on the loop) for a user and a network when their contacts or rooms may have
        changed, or are known now."""
        ...
