"""Rooms in which nobody from elsewhere can be heard for now (`ChatSeen.closed`).

The rooms that are linked with such a one are told once, when it begins and when it is over, and go on among themselves.
What is said meanwhile does not go there later: its authors were told.
"""

from dataclasses import replace

from bridge.contract import ChatSeen
from bridge.hub.closing import owe
from bridge.hub.codec import Notice
from bridge.hub.intake import Accept, Outcome
from bridge.store.ledger import Ledger

_LONGEST = 300  # characters
_UNTIL = "What you write here does not get there until that changes; you will be told."
_FOLLOW = "Those who keep order here can have the link go on there, if it is the right room: !bridge follow"
_OVER = "People there can be heard and hear you again."


def note(accept: Accept, ledger: Ledger, event: ChatSeen, outcome: Outcome) -> None:
    """How it is now; whoever is to know that is told."""
    source, directory = accept.source, ledger.directory
    chat = directory.chat(source.network, source.scope, event.chat)
    if chat is None or event.closed is None:
        return
    was, moved = chat.closed, (event.moved or chat.moved)[:_LONGEST] if event.closed else ""
    now = replace(chat, closed=event.closed[:_LONGEST], moved=moved)
    if now == chat:
        return
    directory.change_chat(now)
    link = directory.link_of(chat.id)
    if link is None or not link.name or bool(was) == bool(event.closed):
        return
    what = event.name or chat.name
    where = accept.context.names.get(source.network, source.network)
    text = f"“{what}” on {where} is open again. {_OVER}"
    if event.closed:
        text = " ".join([event.closed[:_LONGEST], _UNTIL, *([_FOLLOW] if moved else [])])
    for end in link.endpoints:
        if end.room != chat.id and end.account is not None:
            said = owe(
                ledger, accept.context.keys, Notice(text=text), chat=end.chat.id, account=end.account, message=None
            )
            outcome.debts.append(said)
