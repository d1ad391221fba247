"""The facade of searches (see `bridge.hub.facades`): people and rooms of a network, as somebody may see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.contract import ChatId, Contact, ContactId, Listed, NetworkId


@dataclass(frozen=True, slots=True)
class FoundRoom:
    """A room of a directory. `jid` is its address here, for those that have a name of their own."""

    listed: Listed
    jid: ChatId | None


@dataclass(frozen=True, slots=True)
class FoundRooms:
    """A page of them."""

    rooms: Sequence[FoundRoom]
    after: str = ""  # where the next page begins; empty: there is none


class Finder(Protocol):
    """People and rooms of a network, as an account of `user` may see them. Raises the four errors; `Refused`:
    NOT_LOGGED_IN for whoever has none."""

    async def people(self, user: str, network: NetworkId, typed: str, most: int) -> Sequence[Contact]:
        """Likeliest first."""
        ...

    async def rooms(self, user: str, network: NetworkId, typed: str, where: str, after: str, most: int) -> FoundRooms:
        """Rooms that anybody may come into; see `bridge.contract.Directory.rooms`."""
        ...

    async def inside(self, user: str, network: NetworkId, space: str, after: str, most: int) -> FoundRooms:
        """What the space holds that is called `space` on its network."""
        ...

    async def spaces(self, user: str, network: NetworkId) -> FoundRooms:
        """The spaces that the account is in."""
        ...

    async def common(self, user: str, network: NetworkId, contact: ContactId) -> Sequence[str]:
        """Names of rooms, a few, that `user` is in with somebody."""
        ...
