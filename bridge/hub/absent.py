"""Who is meant in a hosted room that no app of theirs is in is told by the gateway: who is mentioned there, and in a
small private room whoever it is written to. Once for a room, until they have entered it or a day has passed.

It is owed in the transaction that journals the message, so a crash neither loses nor doubles it. What comes with the
first sync of an account or after a long outage tells nobody: it is old.
"""

from bridge.contract import MessageReceived, SpanKind
from bridge.hub import codec, messages
from bridge.hub.choices import OFF
from bridge.hub.closing import owe
from bridge.hub.codec import Notice
from bridge.hub.facades import HOME
from bridge.hub.hosting import hosted_for
from bridge.hub.intake import Accept, Outcome
from bridge.hub.judge import Ruling
from bridge.hub.opening import gateway_chat
from bridge.store import visits
from bridge.store.ledger import Ledger
from bridge.store.rows import Chat, Debt
from bridge.store.visits import Absent

SMALL = 5
"""People in a room where what is said is said to each of them."""
_DAY = 86_400.0
_MENTIONED = 100  # people that one message can mean
_NAME = 100  # characters of a name


def accept_message(accept: Accept, ledger: Ledger) -> Outcome:
    """A message, and what is owed to those who are not there because of it."""
    outcome = messages.accept_message(accept, ledger)
    if outcome.ruling is Ruling.ACCEPT:
        outcome.debts += _call(accept, ledger)
    return outcome


def _call(accept: Accept, ledger: Ledger) -> list[Debt]:
    source, event = accept.source, accept.event
    old = accept.position is not None or source.first or source.behind > 0
    if source.network == HOME or accept.context.home is None or old or not isinstance(event, MessageReceived):
        return []
    meant = {
        *event.called[:_MENTIONED],
        *(
            span.value
            for span in event.message.spans[:_MENTIONED]
            if span.kind is SpanKind.MENTION and span.network in ("", source.network)
        ),
    }
    chat = ledger.directory.chat(source.network, source.scope, event.chat)
    if chat is None:
        return []
    private = chat.contact == "" and not codec.rules_of(chat.rules).open
    if not meant and not private:
        return []
    hosted = hosted_for(ledger, chat)
    if hosted is None:
        return []
    small = private and visits.is_small(ledger.connection, chat.id, SMALL)
    if not meant and not small:
        return []
    found = visits.members(ledger.connection, chat.id, None if small else meant)
    return [debt for one in found for debt in _tell(accept, ledger, chat, hosted, one, mentioned=one.me in meant)]


def _tell(accept: Accept, ledger: Ledger, chat: Chat, hosted: Chat, one: Absent, *, mentioned: bool) -> list[Debt]:
    context, event, network = accept.context, accept.event, accept.source.network
    assert isinstance(event, MessageReceived)
    assert context.home is not None
    assert hosted.native is not None
    room, who = hosted.native, event.sender
    if who.id == one.me or who.id in ledger.directory.accounts.blocks(one.account):
        return []
    if context.chosen(one.user, network, "mentions", room) == OFF:
        return []
    if visits.told_since(ledger.connection, room, one.user, ledger.now() - _DAY):
        return []
    if visits.inside(ledger.connection, room, one.user):
        return []
    visits.told(ledger.connection, room, one.user, ledger.now())
    name = _short(who.name or who.id)
    there = f"{_short(chat.name)} ({room})" if chat.name else room
    did = "has mentioned you" if mentioned else "has written to you"
    text = (
        f"{name} {did} in the room {there}, which you have not entered: enter it to read and answer. Of this room you "
        "hear once a day at most; `settings mentions=off` stops such messages."
    )
    to = gateway_chat(ledger, context.home, one.user, network)
    return [owe(ledger, context.keys, Notice(text=text), chat=to.id, account=context.home_account, message=None)]


def _short(name: str) -> str:
    """On one line, and of no more than some length: others have chosen it."""
    line = " ".join(name.split())
    return line if len(line) <= _NAME else f"{line[:_NAME]}…"
