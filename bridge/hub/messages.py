"""New messages. What changes them: `bridge.hub.changes`."""

from bridge.contract import MessageEdited, MessageReceived
from bridge.hub import fallback, pieces
from bridge.hub.copies import alias_copy
from bridge.hub.intake import Accept, Outcome, turned_away
from bridge.hub.journaling import journal
from bridge.hub.judge import Facts, Ruling, Verdict, judge
from bridge.hub.naming import is_taken, named
from bridge.hub.owing import held_back, owed_to, refuses
from bridge.hub.placing import placed
from bridge.hub.repeats import answered_again, is_repeat, own_doing
from bridge.store.ledger import Ledger
from bridge.store.rows import Copy, Message


def accept_message(accept: Accept, ledger: Ledger) -> Outcome:
    event = accept.event
    assert isinstance(event, MessageReceived)
    found = placed(accept, ledger, event)
    if isinstance(found, Verdict):
        return turned_away(accept, found)
    chat, link = found
    if (own := own_doing(accept, ledger, chat, event)) is not None:
        return own
    again = is_repeat(accept, ledger, chat)
    if again is not None:
        rest = pieces.rest(ledger, chat, event, again)
        if rest is None:
            return answered_again(accept, ledger, chat, again)
        accept.event = event = rest
    said = event.message
    owed = owed_to(accept, ledger, chat, link)
    empty = not said.text.strip() and not said.media
    verdict = judge(
        Facts(
            linked=True, empty=empty, speaker=bool(owed) or not event.origin,
            refuser=refuses(accept, ledger, link, owed),
            halted="" if owed else held_back(accept, chat, link),
            closed=link.shut(chat.id),
        )
    )  # fmt: skip
    if verdict.ruling is not Ruling.ACCEPT:
        return turned_away(accept, verdict)
    reply = named(ledger, chat, said.reply_to) if said.reply_to else None
    entry, debts = journal(accept, ledger, chat, link, owed, message=None, reply=reply.message if reply else None)
    ledger.add_message(Message(entry.id, entry.network, entry.author, entry.id, None))
    for part, native in enumerate((event.id, *event.further)):
        # Who takes the name of what somebody else has said is heard, but what they say is called by its key alone.
        name = entry.key if is_taken(accept, ledger, chat, native) else native
        ledger.add_copy(Copy(chat.id, name, entry.id, part, entry.id))
    if event.alias is not None and not is_taken(accept, ledger, chat, event.alias):
        ledger.add_copy(alias_copy(chat.id, event.alias, entry.id, 0))
    return Outcome(Ruling.ACCEPT, debts=debts)


def accept_anew(accept: Accept, ledger: Ledger, edit: MessageEdited) -> Outcome:
    """An edit of what is not known here is a message of its own."""
    accept.event = MessageReceived(
        chat=edit.chat, id=edit.id, sender=edit.sender, at=edit.at, key=edit.key, addressee=edit.addressee,
        confirm=edit.confirm, message=fallback.edited(edit.message),
    )  # fmt: skip
    return accept_message(accept, ledger)
