"""Looking for people and rooms of a network, as one account may see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.contract.ids import ChatId, ContactId
from bridge.contract.message import Contact


@dataclass(frozen=True, slots=True)
class Listed:
    """A room, or a space of rooms, as a directory shows it; one need not be in it."""

    chat: ChatId
    name: str = ""
    subject: str = ""
    alias: str = ""  # as in `ChatSeen`; not checked. Empty: it has none
    people: int = 0
    space: bool = False  # it holds rooms (`Directory.inside`), and nobody talks in it


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a directory."""

    rooms: Sequence[Listed] = ()
    after: str = ""  # where the next page begins, opaque; empty: there is none


class Directory(Protocol):
    """All of this raises the four errors."""

    async def find(self, typed: str, most: int) -> Sequence[Contact]:
        """People whom the network finds for what somebody typed, likeliest first; none that the account may not see."""
        ...

    async def profile(self, contact: ContactId) -> Contact | None:
        """Name and picture of somebody, as far as the account may see them; None when there is no such person."""
        ...

    async def rooms(self, typed: str, where: str, after: str, most: int) -> Listing:
        """Rooms that anybody may come into, by what somebody typed (empty: all). `where`: whose list, as people type
        it; empty: the account's own. `after`: see `Listing`."""
        ...

    async def inside(self, space: ChatId, after: str, most: int) -> Listing:
        """The rooms and spaces that a space holds, as far as the account may see them."""
        ...

    async def spaces(self) -> Sequence[Listed]:
        """The spaces that the account is in."""
        ...
