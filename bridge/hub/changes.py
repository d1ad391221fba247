"""What changes messages: edits, retractions, reactions. What each of them comes to: `bridge.hub.effects`."""

from dataclasses import replace

from bridge.contract import MessageEdited, MessageId, MessageRetracted, ReactionsChanged
from bridge.hub import effects, pieces
from bridge.hub.effects import Change
from bridge.hub.intake import Accept, Outcome, turned_away
from bridge.hub.journaling import journal
from bridge.hub.judge import Facts, Ruling, Verdict, judge
from bridge.hub.messages import accept_anew
from bridge.hub.naming import is_taken, named
from bridge.hub.owing import held_back, owed_to, refuses
from bridge.hub.placing import placed
from bridge.hub.repeats import answered_again, is_repeat, own_doing
from bridge.store.ledger import Ledger
from bridge.store.rows import Chat, Copy, Message


def accept_edit(accept: Accept, ledger: Ledger) -> Outcome:
    return _change(accept, ledger, needs_author=True)


def accept_retraction(accept: Accept, ledger: Ledger) -> Outcome:
    """With a message in which several texts went together all of them are gone."""
    event, source = _meant(accept, ledger), accept.source
    assert isinstance(event, MessageRetracted)
    chat = ledger.directory.chat(source.network, source.scope, event.chat)
    copy = named(ledger, chat, event.target) if chat is not None and event.key is None else None
    texts = pieces.together(ledger, chat, copy) if chat is not None and copy is not None else []
    outcomes: list[Outcome] = []
    for number, native in enumerate(texts or [event.target]):
        id = MessageId(f"{event.id}+{number}") if number else event.id
        accept.event = replace(event, id=id, target=MessageId(native))
        outcomes.append(_change(accept, ledger, needs_author=not event.moderator))
    return replace(outcomes[0], debts=[debt for one in outcomes for debt in one.debts])


def accept_reactions(accept: Accept, ledger: Ledger) -> Outcome:
    return _change(accept, ledger, needs_author=False)


def _change(accept: Accept, ledger: Ledger, *, needs_author: bool) -> Outcome:
    accept.event = event = _meant(accept, ledger)
    found = placed(accept, ledger, event)
    if isinstance(found, Verdict):
        return turned_away(accept, found)
    chat, link = found
    if (own := own_doing(accept, ledger, chat, event)) is not None:
        return own
    again = is_repeat(accept, ledger, chat)
    if again is not None:
        return answered_again(accept, ledger, chat, again)
    aim = effects.aimed(accept, ledger, chat, event)
    copy, target = aim.copy, aim.target
    if accept.position is not None and target is None:
        return Outcome(Ruling.IGNORE, "its message is not here")
    # Where the author of an edit could not be told that it changed nothing, it is not lost.
    anew = copy is None or pieces.only_a_part(accept, ledger, copy)
    if isinstance(event, MessageEdited) and not event.origin and anew:
        return accept_anew(accept, ledger, event)
    owed = owed_to(accept, ledger, chat, link)
    verdict = judge(
        Facts(
            linked=True,
            halted="" if owed else held_back(accept, chat, link),
            refuser=refuses(accept, ledger, link, owed),
            changes=True,
            needs_author=needs_author,
            target_known=target is not None,
            target_is_message=aim.fits,
            own_target=aim.mine,
            target_retracted=target is not None and target.retracted is not None,
            speaker=bool(owed) or not event.origin,
            closed=link.shut(chat.id),
        )
    )
    if verdict.ruling is not Ruling.ACCEPT or target is None:
        return turned_away(accept, verdict)
    happened = effects.effect(accept, ledger, chat, aim, target, event)
    if isinstance(happened, str):
        return Outcome(Ruling.IGNORE, happened)
    accept.event = happened
    if isinstance(happened, MessageRetracted):
        owed = [*owed, *pieces.others(accept, ledger, chat, target)]
    reply = _reply(ledger, chat, target, happened)
    entry, debts = journal(accept, ledger, chat, link, owed, message=target.id, reply=reply)
    effects.change(accept, ledger, target, entry)
    known = ledger.copy(chat.id, event.id)
    free = known is None or known.part < 0  # a client may have called a message so before: that can still be named
    if free and not is_taken(accept, ledger, chat, event.id):
        version = entry.id if aim.edit is None else -entry.id  # who takes an edit back has not written one
        ledger.add_copy(Copy(chat.id, event.id, target.id, -1, version))
    # Some apps name a message by its last correction.
    if event.alias is not None and not is_taken(accept, ledger, chat, event.alias):
        ledger.add_copy(Copy(chat.id, event.alias, target.id, -1, entry.id))
    return Outcome(Ruling.ACCEPT, debts=debts)


def _meant(accept: Accept, ledger: Ledger) -> Change:
    """The event in the chat that it is of (`Authored.among`)."""
    event, source = accept.event, accept.source
    assert isinstance(event, MessageEdited | MessageRetracted | ReactionsChanged)
    for native in (event.chat, *event.among) if event.among else ():
        chat = ledger.directory.chat(source.network, source.scope, native)
        if chat is not None and named(ledger, chat, event.target) is not None:
            return replace(event, chat=native, among=())
    return replace(event, among=()) if event.among else event


def _reply(ledger: Ledger, chat: Chat, target: Message, event: Change) -> int | None:
    """What an edited message replies to: what the edit says, else what it has replied to before."""
    if not isinstance(event, MessageEdited):
        return None
    called = named(ledger, chat, event.message.reply_to) if event.message.reply_to else None
    first = ledger.entry(target.id) if called is None else None
    return called.message if called is not None else first.reply if first is not None else None
