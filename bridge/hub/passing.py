"""Whom something reaches: two of our users who talk with each other, and people who have opted out.

What reaches one of two users has gone by way of their network. Each has a chat of their own on XMPP in the same link.
What one writes is owed to the network alone; the other gets it when the network has taken it, in the very text that it
took. Who was not there yet, or was logged out, gets it when their own account reports it.

Who has opted out (`bridge.hub.opting`) is carried by nothing but accounts that are users' own.
"""

import math
from collections.abc import Callable, Mapping, Sequence

from bridge.contract import Authored, ChatKind, MessageRetracted, Provenance
from bridge.hub.facades import HOME
from bridge.store import histories
from bridge.store.deliveries import Place, copies_of
from bridge.store.ledger import Ledger
from bridge.store.rooms import HOSTED
from bridge.store.rows import Chat, Debt, Endpoint, Link

Someone = tuple[str, str]
"""A network and a person of it."""


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


def goes(source: int, there: int, ways: Mapping[int, str], *, stays: bool = False) -> bool:
    """Whether what is said in one room of a link is to be heard in another; `ways`: `Endpoint.direction` of each chat.
    A room and those that show it are one (`Endpoint.room`). `stays`: it is to be heard nowhere else."""
    return source == there or (not stays and ways.get(source) != "to" and ways.get(there) != "from")


def open_ends(link: Link, here: int) -> list[Endpoint]:
    """The chats of a link, but for others than `here` in which nobody from elsewhere can be heard for now
    (`bridge.hub.suspending`). In a personal link people hear from the network itself why not."""
    return [e for e in link.endpoints if not (e.chat.closed and link.name) or e.chat.id == here]


def halted(link: Link, source: int, provenance: Provenance) -> str:
    """Why what is said in one room of a community is not to be heard in its others, in a few words; empty: it is. What
    another bridge has brought goes no further, or two of them would do that for ever; nor does what other bots say,
    unless that is wanted."""
    if not link.name:
        return ""
    if link.suspended:
        return "the link is suspended"
    if provenance is Provenance.COPY:
        return "brought by another bridge"
    wanted = provenance is not Provenance.PROGRAM or any(e.programs for e in link.endpoints if e.chat.id == source)
    return "" if wanted else "said by another bot"


def barred(link: Link, room: int, who: Someone, now: float) -> bool:
    """Whether those who keep order in a room (`Endpoint.room`) do not want somebody there (`bridge.hub.barring`)."""
    until = link.barred.get((room, *who)) if link.barred else None
    return until is not None and not 0 < until <= now


def unwilling(opted_out: Callable[[str, str], bool], event: object, author: Someone, there: Chat | Place) -> str:
    """Which of those who are concerned by an event that is to go `there` has opted out: "author", "addressee", or
    nobody. Everybody may take back what is theirs."""
    if not isinstance(event, Authored) or isinstance(event, MessageRetracted):
        return ""
    if opted_out(*author):
        return "author"
    whom = _addressee(there)
    return "addressee" if whom is not None and opted_out(*whom) else ""


def is_own(ledger: Ledger, here: Chat, there: Chat, account: int) -> bool:
    """Whether what was said `here` gets `there` by something that is a user's own: `account`, which performs, or the
    one by which they read."""
    if there.id == here.id or (there.kind == HOSTED and there.shows == here.id):
        return True
    if is_private(there):
        return reads(ledger, there, here)
    return ledger.directory.accounts.user_of(account) != ""


def _addressee(chat: Chat | Place) -> Someone | None:
    """Whom a chat is with, if it is with one person."""
    if chat.network == HOME:
        return (HOME, chat.owner) if chat.owner else None
    return (chat.network, chat.contact) if chat.contact else None


def _older(chat: int, event: int, account: int) -> Debt:
    """Tells a lane to read anew."""
    return Debt(chat, event, account, "", event, None, 0, "", "", "", b"", event, None, None, 0.0, 0, older=True)


def told_too(ledger: Ledger, chat: int, account: int, event: int, at: float) -> None:
    """`account` was told of `event` as another was before: in hosted rooms its user may read it, though by its time
    (`at`) it is of before they came (`bridge.store.archive`)."""
    since = ledger.directory.accounts.since(chat, account)
    if math.isinf(since) or at >= since:
        return
    link = ledger.directory.link_of(chat)
    for end in link.endpoints if link is not None else ():
        if end.chat.kind == HOSTED:
            histories.show(ledger.connection, end.chat.id, account, {event})
