"""Suspending a link: nothing goes from one of its rooms to another until it is resumed. Inside a transaction.

Its rooms stay linked, and those of users that show them stay as they are. People in each room are told once; what was
on its way for others is not brought any more.
"""

import logging
from collections.abc import Sequence

from bridge.contract import MessageEdited, MessageReceived
from bridge.hub.closing import owe
from bridge.hub.codec import Notice
from bridge.hub.intake import Accept, Journals, Outcome
from bridge.hub.judge import Ruling
from bridge.hub.keys import Keys, split
from bridge.hub.passing import halted
from bridge.hub.repeats import is_repeat
from bridge.store import links
from bridge.store.ledger import Ledger
from bridge.store.rows import Chat, Debt, Link

log = logging.getLogger(__name__)
_LATE = 300.0  # seconds after which it is no answer any more; by so much a server's clock may differ from ours

CIRCLES = "the same messages came back again and again, as they do when other bots or bridges answer in its rooms"
"""Why, in a few words."""
_CIRCLES = (
    "This room's link with other rooms is suspended: the same messages came back again and again, which happens when "
    "other bots or bridges are in several of the rooms. What is said here is not shown there, and the other way round. "
    "Take them out of the rooms; then the gateway's operator can resume the link."
)
_RESUMED = "This room's link with other rooms is resumed: what is said here from now on is shown there again."
ENCRYPTED = "one of its rooms is encrypted now, and the link would show elsewhere what is said in it"
_ENCRYPTED = (
    "This room's link with other rooms is suspended: {room} is encrypted now, and what is said there is not for other "
    "networks. What is said here is not shown elsewhere. The gateway's operator can link this room without it."
)


def watched(journals: Journals) -> Journals:
    """`journals`, but for what makes a community go in circles: that suspends it, and goes nowhere."""

    def watching(accept: Accept, ledger: Ledger) -> Outcome:
        return _goes_in_circles(accept, ledger) or journals(accept, ledger)

    return watching


def _goes_in_circles(accept: Accept, ledger: Ledger) -> Outcome | None:
    """None: it does not."""
    event, source, breaker = accept.event, accept.source, accept.context.breaker
    if not isinstance(event, MessageReceived | MessageEdited) or accept.position is not None:
        return None
    chat = ledger.directory.chat(source.network, source.scope, event.chat)
    link = ledger.directory.link_of(chat.id) if chat is not None else None
    if chat is None or link is None or not link.name or link.suspended:
        return None
    if halted(link, chat.id, event.provenance) or ledger.now() - event.at > _LATE:
        return None  # it goes no further, or is told after an outage, all that was said in hours at once
    if event.key is not None and ledger.entry_by_key(split(event.key)[0]) is not None:
        return None  # our own
    if event.sender.id in ledger.directory.accounts.ours(source.network) or is_repeat(accept, ledger, chat) is not None:
        return None  # our own where keys are hidden; or what several of our accounts see
    if not breaker.trips(link.id, chat.shows or chat.id, accept.source.network, event):
        return None
    breaker.forget(link.id)
    outcome = Outcome(Ruling.IGNORE, "a loop")
    suspend(ledger, accept.context.keys, link, outcome, CIRCLES, _CIRCLES)
    return outcome


def encrypted(keys: Keys, ledger: Ledger, chat: Chat, outcome: Outcome, name: str = "") -> None:
    """A room is encrypted: the community that it is in is suspended, if it is in one."""
    link = ledger.directory.link_of(chat.id)
    if link is None or not link.name or link.suspended:
        return
    room = (
        name
        or chat.name
        or next((one.typed for one in link.endpoints if one.chat.id == chat.id), "")
        or "one of its rooms"
    )
    suspend(ledger, keys, link, outcome, ENCRYPTED, _ENCRYPTED.format(room=room), besides=chat.id)


def suspend(
    ledger: Ledger, keys: Keys, link: Link, outcome: Outcome, why: str, told: str, besides: int | None = None
) -> None:
    """`told` is said in each of its rooms, but not in `besides`."""
    ledger.flush()
    links.suspend(ledger.connection, link.id, why)
    ledger.directory.forget_links()
    for one in link.endpoints:
        if one.account is not None and one.chat.shows is None:
            links.forgive_relayed(ledger.connection, one.chat.id, one.account)
            outcome.reread.append(one.chat.id)
    outcome.debts += _said(ledger, keys, link, told, besides)
    log.warning("a link is suspended link=%s why=%s", link.name, why)


def resume(ledger: Ledger, keys: Keys, link: Link) -> Sequence[Debt]:
    """It is carried again, from now on."""
    links.suspend(ledger.connection, link.id, "")
    ledger.directory.forget_links()
    return _said(ledger, keys, link, _RESUMED, None)


def _said(ledger: Ledger, keys: Keys, link: Link, told: str, besides: int | None) -> list[Debt]:
    found = []
    for one in link.endpoints:
        if one.account is not None and one.chat.shows is None and one.chat.id != besides:
            owed = owe(ledger, keys, Notice(text=told), chat=one.chat.id, account=one.account, message=None)
            found.append(owed)
    return found
