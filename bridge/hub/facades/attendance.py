"""Who of XMPP has entered which hosted room, and what is called how there: a part of the `Rooms` facade."""

from collections.abc import Sequence
from typing import Protocol

from bridge.contract import ChatId, ContactId, NetworkId


class Attendance(Protocol):
    """See `bridge.hub.facades.Rooms`."""

    def occupant_id(self, room: ChatId, contact: ContactId) -> str:
        """What somebody is called in a room for ever (XEP-0421); says nothing to those outside."""
        ...

    def version(self, room: ChatId, words: str) -> str:
        """A name for what `words` say of a room, the same for ever; nobody outside can foresee it."""
        ...

    async def crowd(self, room: ChatId) -> int | None:
        """How many people are in it; None if that is not known."""
        ...

    async def attendance(self, network: NetworkId) -> Sequence[tuple[ChatId, str]]:
        """Who had entered which room when the last process ended: room and full JID."""
        ...

    async def attend(self, room: ChatId, jid: str) -> None:
        """A full JID has entered; durable."""
        ...

    def part(self, room: ChatId, jid: str) -> None:
        """It has left; written behind."""
        ...

    async def audience(self, room: ChatId) -> Sequence[tuple[str, ContactId]]:
        """The users whose accounts are in a room, and who they are there."""
        ...

    async def unseen(self, user: str, network: NetworkId) -> Sequence[ChatId]:
        """The rooms that no app of `user` is in, where others have said something since one was; or since their account
        came into it, if none ever was."""
        ...
