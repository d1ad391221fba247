"""What came to nothing after all: bounces of what we believed delivered, and what could not be parsed."""

from bridge.contract import DeliveryFailed, Unparsable
from bridge.hub import codec
from bridge.hub.closing import answer
from bridge.hub.codec import Answer
from bridge.hub.facades import HOME
from bridge.hub.intake import Accept, Outcome
from bridge.hub.journaling import debt
from bridge.hub.judge import Ruling
from bridge.hub.passing import is_private
from bridge.store.aside import add_dead_letter
from bridge.store.ledger import Ledger


def accept_failure(accept: Accept, ledger: Ledger) -> Outcome:
    """`DeliveryFailed`: the author hears of it as of a refusal; one out of reach is counted, and the user told."""
    event, source, directory = accept.event, accept.source, ledger.directory
    assert isinstance(event, DeliveryFailed)
    chat = directory.chat(source.network, source.scope, event.chat)
    copy = ledger.copy(chat.id, event.target) if chat else None
    entry = ledger.entry(copy.version) if copy else None
    if chat is None or copy is None or entry is None or entry.chat == chat.id:
        return Outcome(Ruling.IGNORE, "unknown bounce")
    if ledger.owed.state(chat.id, entry.id) is not None:
        return Outcome(Ruling.REPEAT)
    said = codec.decode(entry.kind, entry.body)
    passed_on = is_private(chat) and entry.network == HOME  # its author was told that the network has it
    origin = "" if passed_on else getattr(said, "origin", "")
    text = event.text or "It came back after it had been handed over."
    ledger.owed.add_failed(chat.id, entry.id, source.account, str(event.reason), text, told=passed_on or bool(origin))
    outcome = Outcome(Ruling.ACCEPT, "bounced")
    if origin:
        said_id = getattr(said, "id", "")
        told = Answer(target=said_id, origin=origin, reason=event.reason, text=text)
        written = debt(entry, entry.chat, entry.account)
        outcome.debts.append(answer(ledger, accept.context.keys, written, told))
    return outcome


def accept_unparsable(accept: Accept, ledger: Ledger) -> Outcome:
    event, source = accept.event, accept.source
    assert isinstance(event, Unparsable)
    add_dead_letter(ledger.connection, source.network, source.account, event.source, event.reason, event.raw)
    directory = ledger.directory
    chat = directory.chat(source.network, source.scope, event.chat) if event.chat is not None else None
    link = directory.link_of(chat.id) if chat is not None else None
    unread = [end.chat for end in link.endpoints if end.chat.network == HOME] if link is not None else []
    return Outcome(Ruling.ACCEPT, "unparsable", unread=unread)
