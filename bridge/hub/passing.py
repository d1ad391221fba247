"""Two of our users who talk with each other: what reaches one of them has gone by way of their network.

Each has a chat of their own on XMPP in the same link. What one writes is owed to the network alone; the other gets it
when the network has taken it, in the very text that it took. Who was not there yet, or was logged out, gets it when
their own account reports it.
"""

from collections.abc import Sequence

from bridge.contract import ChatKind
from bridge.hub.facades import HOME
from bridge.store.deliveries import copies_of
from bridge.store.ledger import Ledger
from bridge.store.rows import Chat, Debt, Endpoint, Link


def is_private(chat: Chat) -> bool:
    """Whether it is a user's own chat on XMPP."""
    return chat.network == HOME and chat.kind == ChatKind.DIRECT


def reads(ledger: Ledger, at_home: Chat, chat: Chat) -> bool:
    """Whether the user of a private chat is in `chat` by an account that is logged in, and does not block whom the chat
    is with."""
    accounts = ledger.directory.accounts
    present = accounts.in_chat(chat.id)
    mine = [account for account in accounts.of_user(at_home.owner, chat.network) if account in present]
    return any(at_home.contact not in accounts.blocks(account) for account in mine)


def others(link: Link | None, source: int) -> list[Endpoint]:
    """The private chats beside the one where something was written, if there are several of them."""
    private = [e for e in link.endpoints if is_private(e.chat)] if link is not None else []
    return [e for e in private if e.chat.id != source] if len(private) > 1 else []


def pass_on(ledger: Ledger, chat: int, event: int, kind: str, message: int, ends: Sequence[Endpoint]) -> list[Debt]:
    """What `chat` on the network has is owed to `ends`, too, except to those that have it. A message into which a
    correction was folded on its way is, for them, the correction."""
    ledger.flush()  # the group itself may have ended a delivery
    if kind == "message":
        taken = copies_of(ledger.connection, chat, [message])[message]
        event = max([event, *(copy.version for copy in taken if copy.part >= 0)])
    debts = []
    for end in ends:
        there = copies_of(ledger.connection, end.chat.id, [message])[message]
        has_it = any(copy.part >= 0 if kind == "message" else copy.version == event for copy in there)
        if has_it or end.account is None or ledger.owed.state(end.chat.id, event) is not None:
            continue
        ledger.owed.add(end.chat.id, event, end.account)
        debts.append(_older(end.chat.id, event, end.account))
    return debts


def _older(chat: int, event: int, account: int) -> Debt:
    """Tells a lane to read anew."""
    return Debt(chat, event, account, "", event, None, 0, "", "", "", b"", event, None, None, 0.0, 0, older=True)
