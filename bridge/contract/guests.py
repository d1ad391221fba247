"""Users with no account of their own on a network: they talk with people by the operator's."""

from dataclasses import dataclass
from typing import Protocol

from bridge.contract.login import Credentials


@dataclass(frozen=True, slots=True)
class Invitation:
    """For one person, who is a contact of whoever asked for it when they have followed it."""

    link: str  # a web address, unguessable
    days: int  # for so long it is good


class Guests(Protocol):
    """A guest is a user whose account goes through the operator's: it is stored, connected and logged out as any
    account is, and its chats are the user's own."""

    @property
    def begins(self) -> bool:
        """Whether users become guests by writing to somebody, or by being called by somebody (`Workspace.summon`); else
        only by asking for an invitation."""
        ...

    def credentials(self, user: str) -> Credentials:
        """Of the account that `user` (bare JID) has as a guest, the same each time. Raises `Refused` where the operator
        has none."""
        ...

    async def invite(self, user: str) -> Invitation:
        """Durable when it returns. Raises `Unavailable` while the operator's account is not connected, `Refused` for
        who has too many that nobody has followed."""
        ...
