"""Links of rooms, by the operator's word."""

from collections.abc import Sequence

from bridge.contract import ChatKind
from bridge.hub.closing import durably
from bridge.store.ledger import Ledger
from bridge.store.writer import Writer


class Linking:
    """Makes links; commands and consent come with their issue."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def add(self, name: str, ends: Sequence[tuple[str, str, str, int]]) -> bool:
        """Link chats, given as (network, scope, chat id, account that speaks there). False if one is linked already.

        Accounts that merely see a chat report it themselves (`ChatSeen`)."""
        return await durably(self._writer, lambda ledger: _add(ledger, name, ends))


def _add(ledger: Ledger, name: str, ends: Sequence[tuple[str, str, str, int]]) -> bool:
    directory = ledger.directory
    chats = []
    for network, scope, native, account in ends:
        chat = directory.chat(network, scope, native) or directory.add_chat(network, scope, native, ChatKind.ROOM)
        if directory.link_of(chat.id) is not None:
            return False
        chats.append((chat, account))
    link = directory.add_link(name)
    for chat, account in chats:
        directory.add_endpoint(link, chat.id, account)
        directory.accounts.enter(chat.id, account)
    return True
