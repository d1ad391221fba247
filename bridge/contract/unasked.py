"""Answers for what a session is never asked (`Capabilities`): to be inherited by sessions that have no other."""

from collections.abc import Sequence

from bridge.contract.errors import Reason, Refused
from bridge.contract.ids import ChatId, ContactId, MessageId
from bridge.contract.message import Contact, Membership, Occupant
from bridge.contract.session import History

_WORDS = "This network cannot be asked for that."


class Unasked:
    """See `bridge.contract.Session`."""

    async def direct(self, contact: ContactId, key: str) -> ChatId:
        """Where every chat with a person is computed from both addresses (`Home.direct_chat`)."""
        raise Refused(_WORDS, Reason.UNSUPPORTED)

    async def contacts(self) -> Sequence[Contact]:
        return ()

    async def occupants(self, chat: ChatId, membership: Membership = Membership.JOINED) -> Sequence[Occupant]:
        """Where all rooms are other networks'."""
        raise Refused(_WORDS, Reason.UNSUPPORTED)

    async def history(self, chat: ChatId, before: MessageId | None, cursor: str | None) -> History:
        """Without `Capabilities.history`."""
        raise Refused(_WORDS, Reason.UNSUPPORTED)
