"""Reactions that a network reports one by one, gathered into each person's whole set.

What stands is in `reactions`, with the id that the network gave it, so that taking one back finds it, also after a
restart. A user and his account elsewhere are one person: they have one set.
"""

from dataclasses import dataclass

from bridge.contract import Contact, ContactId, MessageId, ReactionsChanged
from bridge.contract.events import Authored
from bridge.hub import codec
from bridge.hub.facades import HOME
from bridge.store import aside, deliveries
from bridge.store.ledger import Ledger
from bridge.store.rows import Chat, Copy

MOST = 50  # reactions of one person to one message


@dataclass(frozen=True, slots=True)
class Reaction:
    """One that stands."""

    chat: int
    message: int
    native: str
    network: str  # with `person`: whose it is
    person: str
    name: str


def selves(ledger: Ledger, network: str, person: str) -> list[tuple[str, str]]:
    """Who somebody is: with an account of one of our users, that user, too."""
    found = [(network, person)]
    account = ledger.directory.accounts.ours(network).get(person)
    user = ledger.directory.accounts.user_of(account) if account is not None else ""
    return [*found, (HOME, user)] if user and network != HOME else found


def called(ledger: Ledger, copy: Copy) -> Reaction | None:
    """The reaction that is called so; None if it is something else."""
    entry = ledger.entry(copy.version) if copy.part < 0 and copy.version != copy.message else None
    if entry is None or entry.kind != "reactions":
        return None
    said = codec.decode(entry.kind, entry.body)
    name = said.sender.name if isinstance(said, ReactionsChanged) else ""
    return Reaction(copy.chat, copy.message, copy.native, entry.network, entry.author, name)


def gathered(
    ledger: Ledger, chat: Chat, message: int, network: str, event: ReactionsChanged
) -> ReactionsChanged | None:
    """The sender's whole set with one more; None if that is more than anybody sends."""
    now = _standing(ledger, chat.id, message, network, event.sender.id)
    whole = tuple(dict.fromkeys([*now, *event.reactions]))
    if len(whole) > MOST:
        return None
    rows = [(one, event.id) for one in event.reactions]
    aside.add_reactions(ledger.connection, chat.id, message, (network, event.sender.id), rows)
    return _whole(event, event.sender, event.target, whole)


def without(ledger: Ledger, reaction: Reaction, event: Authored, *, mine: bool) -> ReactionsChanged:
    """The owner's whole set when `reaction` is gone. `mine`: the sender of `event` is the owner."""
    aside.drop_reaction(ledger.connection, reaction.chat, reaction.message, reaction.native)
    chat = ledger.directory.chat_by_id(reaction.chat)
    network, who = (chat.network if chat else reaction.network), event.sender
    if not mine:
        who = Contact(ContactId(_face(ledger, network, reaction)), reaction.name)
    whole = _standing(ledger, reaction.chat, reaction.message, network, who.id)
    return _whole(event, who, MessageId(reaction.native), tuple(whole))


def _face(ledger: Ledger, network: str, reaction: Reaction) -> str:
    """Who the owner is on the network where the reaction stands."""
    if reaction.network == network:
        return reaction.person
    accounts = ledger.directory.accounts
    mine = accounts.in_chat(reaction.chat)
    faces = (me for me, account in accounts.ours(network).items() if account in mine)
    return next((me for me in faces if (reaction.network, reaction.person) in selves(ledger, network, me)), "")


def _standing(ledger: Ledger, chat: int, message: int, network: str, person: str) -> list[str]:
    found: list[str] = []
    for who in selves(ledger, network, person):
        found += [emoji for emoji, _ in deliveries.reactions_of(ledger.connection, chat, message, *who)]
    return list(dict.fromkeys(found))


def _whole(event: Authored, sender: Contact, target: MessageId, reactions: tuple[str, ...]) -> ReactionsChanged:
    return ReactionsChanged(
        chat=event.chat, id=event.id, sender=sender, at=event.at, key=event.key, addressee=event.addressee,
        origin=event.origin, confirm=event.confirm, target=target, reactions=reactions,
    )  # fmt: skip
