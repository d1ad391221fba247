"""Linked rooms that go on in another room (`ChatMoved`): the same chat by a new name, so its link stays as it is, and
what waits goes there. Who followed the old room by an account of their own hears of the new one by that."""

from dataclasses import replace

from bridge.contract import ChatMoved
from bridge.hub.intake import Accept, Outcome
from bridge.hub.judge import Ruling
from bridge.store.ledger import Ledger


def accept_move(accept: Accept, ledger: Ledger) -> Outcome:
    """Only of a room in which the account that tells it speaks for others."""
    event, source, directory = accept.event, accept.source, ledger.directory
    assert isinstance(event, ChatMoved)
    chat = directory.chat(source.network, source.scope, event.chat)
    link = directory.link_of(chat.id) if chat is not None else None
    if chat is None or link is None or not link.name:
        return Outcome(Ruling.IGNORE, "a room that is not linked goes on elsewhere")
    serves = next(end.account for end in link.endpoints if end.chat.id == chat.id) == source.account
    if not serves or directory.chat(source.network, source.scope, event.to) is not None:
        return Outcome(Ruling.IGNORE, "where a linked room goes on is known otherwise")
    directory.change_chat(replace(chat, native=event.to))
    directory.accounts.enter(chat.id, source.account)
    return Outcome(Ruling.ACCEPT, reread=[chat.id])
