"""Echoes: our own doings, as networks show them to us. `echoed` finds what they are copies of, by our key.

One that comes behind its receipt tells nothing new (`Echoes`); in a direct chat only to the account whose doing it is:
another of ours, whom the chat is with, may get it by its own report alone (`bridge.hub.passing`).
"""

from collections import OrderedDict
from collections.abc import Iterable

from bridge.contract import Authored, ChatId, NetworkId
from bridge.hub import keys
from bridge.hub.copies import alias_copy
from bridge.hub.intake import Accept, Outcome, Source
from bridge.hub.judge import Ruling
from bridge.hub.passing import others, pass_on
from bridge.store.ledger import Ledger
from bridge.store.rows import Chat, Copy, Endpoint, Entry

_KEPT = 2_000  # doings; an echo that comes later than so many others is journaled like any

Where = tuple[NetworkId, str, ChatId]  # with the scope of who reports


class Echoes:
    """What receipts have said our doings are called. The writer does everything in order, so an echo that we hear after
    its receipt was submitted finds all that it could tell, and its cursor comes behind it."""

    def __init__(self) -> None:
        self._called: OrderedDict[tuple[Where, str], int] = OrderedDict()

    def submitted(self, chat: Where, ids: Iterable[str], account: int = 0) -> None:
        """What we did in `chat` is called so, and that has just been submitted. `account`: it is news to all others."""
        for one in ids:
            self._called[chat, one] = account
        while len(self._called) > _KEPT:
            self._called.popitem(last=False)

    def known(self, chat: Where, id: str, account: int) -> bool:
        """Whether this is one of them, and no news to `account`; several may ask."""
        return self._called.get((chat, id)) in (0, account)


def echoed(ledger: Ledger, source: Source, chat: Chat, event: Authored) -> Entry | None:
    """The journaled event of which this one is our own copy."""
    if event.key is None:
        return None
    ours = source.personas or event.sender.id in ledger.directory.accounts.ours(source.network)
    entry = ledger.entry_by_key(keys.split(event.key)[0]) if ours else None
    if entry is None:
        return None
    link = ledger.directory.link_of(entry.chat)
    if link is not None and any(e.chat.id == chat.id for e in link.endpoints):
        return entry
    return entry if ledger.owed.state(chat.id, entry.id) is not None else None  # it was linked when this was written


def note_echo(accept: Accept, ledger: Ledger, chat: Chat, event: Authored, entry: Entry) -> Outcome:
    """What we did has arrived: remember what it is called there. The lane sees the copy and closes the delivery."""
    assert event.key is not None
    part = keys.split(event.key)[1]
    part = part if entry.kind == "message" else -1 - part
    if ledger.copy(chat.id, event.id) is None:
        ledger.add_copy(Copy(chat.id, event.id, entry.message, part, entry.id))
        if event.alias is not None and part >= 0:
            ledger.add_copy(alias_copy(chat.id, event.alias, entry.message, part))
    outcome = Outcome(Ruling.ECHO)
    ends = own_ends(accept, ledger, chat, entry.chat)
    if ends and ledger.owed.state(chat.id, entry.id) is None:
        outcome.debts += pass_on(ledger, chat.id, entry.id, entry.kind, entry.message, ends)
    return outcome


def own_ends(accept: Accept, ledger: Ledger, chat: Chat, source: int) -> list[Endpoint]:
    """The chats on XMPP of whose account reports something that was written in `source`, if they are not the only one
    in the link: then it may have been journaled before they could have it."""
    ends = others(ledger.directory.link_of(chat.id), source)
    return [end for end in ends if end.chat.owner == accept.source.user]
