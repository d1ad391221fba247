"""Strangers: whoever calls a user who is there as a guest is somebody whom that user may not want to hear.

| the user has | what the contact says |
|---|---|
| not answered | one message arrives; more, and what changes it, does not until they answer. Taking it back does |
| written to them, subscribed to them, or granted the subscription that they are asked for | arrives |
| refused that, or taken it back | does not arrive |
| ended their own subscription to them | as at first |

The user is asked with the first chat, by a subscription request in the contact's name. What does not arrive is not
kept; the contact is told so in the chat, once an hour. Users' own accounts are not concerned: there their network's own
rules hold.
"""

from dataclasses import replace

from bridge.contract import Authored, ChatKind, Contact, MessageReceived, NetworkId
from bridge.hub.closing import owe
from bridge.hub.codec import Invitation, Notice
from bridge.hub.facades import HOME
from bridge.hub.intake import Accept, Journals, Outcome
from bridge.hub.judge import Ruling
from bridge.store import acquaintances as store
from bridge.store.acquaintances import ASKED, DECLINED, HEARD, WELCOME, Acquaintance
from bridge.store.ledger import Ledger
from bridge.store.rows import Chat

_AGAIN = 3_600.0  # seconds after which a stranger is told once more
_LONGEST = 200  # characters of a name
_WAITS = (
    "This was not delivered. Whom you write to has your first message and has not answered yet; nothing more of yours "
    "gets to them until they answer, or add you to their contacts."
)
_DECLINES = "This was not delivered. Whom you write to does not want to be reached by you through this gateway."


def asked(accept: Accept, ledger: Ledger, home: Chat, contact: Contact, outcome: Outcome) -> None:
    """A guest has a direct chat with `contact`, which `home` shows. If the user knows nothing of them, they are asked
    whether they want to."""
    source, context = accept.source, accept.context
    known = store.of(ledger.connection, source.user, source.network, contact.id)
    if known is not None or not _is_guest(accept):
        return
    store.put(ledger.connection, source.user, source.network, contact.id, Acquaintance(ASKED))
    network = context.names.get(source.network, source.network)
    said = Invitation(
        user=source.user,
        by=contact.name[:_LONGEST],
        reason=f"{contact.id[:_LONGEST]} on {network} wants to talk with you.",
    )
    outcome.debts.append(
        owe(ledger, context.keys, said, chat=home.id, account=context.home_account, message=None)
    )  # fmt: skip


def known(take: Journals) -> Journals:
    """`take`, but for what strangers say beyond the one thing; whom a user writes to is a stranger no more."""

    def taken(accept: Accept, ledger: Ledger) -> Outcome:
        outcome = _withheld(accept, ledger) or take(accept, ledger)
        if outcome.ruling is Ruling.ACCEPT and isinstance(accept.event, MessageReceived):
            _heard(accept, ledger, outcome)
        return outcome

    return taken


def _withheld(accept: Accept, ledger: Ledger) -> Outcome | None:
    """What becomes of something that the contact of a direct chat has said, if the user has not let them in; None: they
    have, or it is their first message, or one that is known already."""
    source, event = accept.source, accept.event
    assert isinstance(event, Authored)
    chat = _of_stranger(accept, ledger)
    if chat is None or ledger.copy(chat.id, event.id) is not None:
        return None
    known = store.of(ledger.connection, source.user, source.network, event.sender.id) or Acquaintance(ASKED)
    if known.state == WELCOME or (known.state == ASKED and isinstance(event, MessageReceived)):
        return None
    outcome = Outcome(Ruling.REFUSE, "a stranger")
    now = ledger.now()
    if isinstance(event, MessageReceived) and now - known.told >= _AGAIN:
        text = _DECLINES if known.state == DECLINED else _WAITS
        store.put(ledger.connection, source.user, source.network, event.sender.id, replace(known, told=now))
        outcome.debts.append(
            owe(ledger, accept.context.keys, Notice(text=text), chat=chat.id, account=source.account, message=None)
        )  # fmt: skip
    return outcome


def _heard(accept: Accept, ledger: Ledger, outcome: Outcome) -> None:
    event, source = accept.event, accept.source
    assert isinstance(event, MessageReceived)
    if event.addressee is not None:
        _welcomed(accept, ledger, event.sender.id, event.addressee.network, event.addressee.id, outcome)
    elif _of_stranger(accept, ledger) is not None:
        known = store.of(ledger.connection, source.user, source.network, event.sender.id)
        if known is None or known.state == ASKED:
            store.put(ledger.connection, source.user, source.network, event.sender.id, Acquaintance(HEARD))


def _welcomed(
    accept: Accept, ledger: Ledger, user: str, network: NetworkId, contact: str, outcome: Outcome
) -> None:  # fmt: skip
    if not accept.context.guest(user, network):
        return
    known = store.of(ledger.connection, user, network, contact)
    if known is None or known.state != WELCOME:
        store.put(ledger.connection, user, network, contact, Acquaintance(WELCOME))
        outcome.listed.append((user, network))


def _of_stranger(accept: Accept, ledger: Ledger) -> Chat | None:
    """The direct chat in which a guest's account reports something that its contact did just now."""
    event, source = accept.event, accept.source
    assert isinstance(event, Authored)
    if source.network == HOME or accept.position is not None or not _is_guest(accept):
        return None
    chat = ledger.directory.chat(source.network, source.scope, event.chat)
    theirs = chat is not None and chat.kind == ChatKind.DIRECT and event.sender.id == chat.contact
    return chat if theirs else None


def _is_guest(accept: Accept) -> bool:
    source = accept.source
    return source.user != "" and accept.context.guest(source.user, source.network) == source.me
