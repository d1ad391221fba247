"""Pictures of people and rooms."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bridge.contract import Contact, NetworkId


@dataclass(frozen=True, slots=True)
class Avatar:
    """A picture of a person or a room as its network names it; opaque to whoever shows it."""

    network: NetworkId
    scope: str  # whose word that is
    reference: str  # empty: they have none


@dataclass(frozen=True, slots=True)
class Picture:
    """An avatar as it is shown: a small PNG."""

    sha1: str  # hexadecimal, of the data (XEP-0153, XEP-0084)
    data: bytes
    width: int
    height: int


class Avatars(Protocol):
    """Pictures of people and rooms."""

    def of(self, user: str, network: NetworkId, contact: Contact) -> Avatar | None:
        """Of somebody as an account of `user` sees them; None if that is not known, or no account is connected."""
        ...

    def known(self, avatar: Avatar) -> str | None:
        """Its hash; empty when there is none that can be shown, None when that is not known yet."""
        ...

    def want(self, avatar: Avatar, *, soon: bool = False) -> None:
        """Have it fetched, if it is not known: `soon`, or when nothing else is to be done."""
        ...

    async def get(self, avatar: Avatar) -> Picture | None:
        """None when there is none that can be shown. Raises `Unavailable`."""
        ...

    def watch(self, learned: Callable[[Avatar], None]) -> None:
        """Call `learned` (synchronously, on the loop) for each that is known now."""
        ...
