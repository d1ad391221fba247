"""Answers for what a session is never asked (`Capabilities`), and for connectors that have nothing to check: to be
inherited by those that have no other."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bridge.contract.checking import Finding, Prepared
from bridge.contract.errors import Reason, Refused
from bridge.contract.ids import ChatId, ContactId, MessageId
from bridge.contract.message import Contact, Membership, Occupant, Rank
from bridge.contract.session import Account, History
from bridge.contract.workspace import Workspace

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

    async def rank(self, chat: ChatId, contact: ContactId) -> Rank | None:
        """Where that is asked of operators' accounts alone, and this is none."""
        raise Refused(_WORDS, Reason.UNSUPPORTED)

    async def obstacles(self, chat: ChatId) -> Sequence[str]:
        """Where nothing is shown of other bridges."""
        return ()

    async def history(self, chat: ChatId, before: MessageId | None, cursor: str | None) -> History:
        """Without `Capabilities.history`."""
        raise Refused(_WORDS, Reason.UNSUPPORTED)


class Unchecked:
    """See `bridge.contract.Connector`."""

    def prepare(self, given: Mapping[str, str], networks: Sequence[str], address: str, folder: Path) -> Prepared | None:
        return None

    async def check(self, workspace: Workspace) -> Sequence[Finding]:
        return ()

    async def check_account(
        self, account: Account, rooms: Sequence[ChatId], trouble: str | None, workspace: Workspace
    ) -> Sequence[Finding]:
        return ()
