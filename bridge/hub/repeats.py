"""What comes again: the same event told twice, said twice under the same name, or our own doing."""

from bridge.contract import (
    Authored,
    ChatId,
    Confirm,
    Fail,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    ReactionsChanged,
    Reason,
)
from bridge.hub import codec
from bridge.hub.echoes import echoed, note_echo, own_ends
from bridge.hub.intake import Accept, Outcome
from bridge.hub.judge import Ruling
from bridge.hub.passing import is_private, pass_on, told_too
from bridge.store.ledger import Ledger
from bridge.store.owed import OPEN
from bridge.store.rows import Chat, Copy

DAY = 86_400.0
Said = MessageReceived | MessageEdited | MessageRetracted | ReactionsChanged


def is_repeat(accept: Accept, ledger: Ledger, chat: Chat) -> int | None:
    """The journaled event that this one is again. Ids that clients choose come again for other things: there it is one
    only if the same person has said the same under it, within a day."""
    assert isinstance(accept.event, Authored)
    known = ledger.called(chat.id, accept.event.id)
    if known is None or accept.source.unique_ids:
        return known
    entry = ledger.entry(known)
    same = entry is not None and entry.native == accept.own_id and ledger.now() - entry.at <= DAY
    return known if same else None


def answered_again(accept: Accept, ledger: Ledger, chat: Chat, event: int) -> Outcome:
    """A repeat gets the answer that the first one got; none while that is still under way. Who tells it may read it."""
    said = accept.event
    outcome = Outcome(Ruling.REPEAT)
    source = accept.source
    if source.user and isinstance(said, Authored) and accept.position is None:
        told_too(ledger, chat.id, source.account, event, said.at)
    ends = own_ends(accept, ledger, chat, 0)
    entry = ledger.entry(event) if ends else None
    if entry is not None:
        outcome.debts += pass_on(ledger, chat.id, entry.id, entry.kind, entry.message, ends)
    link = ledger.directory.link_of(chat.id)
    if not isinstance(said, Authored) or not said.origin or link is None:
        return outcome
    elsewhere = [
        e.chat for e in link.endpoints if e.chat.id != chat.id and not (is_private(chat) and is_private(e.chat))
    ]
    states = [ledger.owed.state(one.id, event) for one in elsewhere]
    trouble = next((s for s in states if s is not None and s[0] != OPEN), None)
    where: tuple[ChatId, MessageId] = (said.chat, said.id)
    if trouble is not None:
        outcome.answer = Fail(
            chat=where[0], key="-", target=where[1], origin=said.origin,
            reason=Reason(trouble[1]) if trouble[1] in set(Reason) else Reason.INTERNAL,
            text=trouble[2],
        )  # fmt: skip
    elif said.confirm and all(s is None for s in states):
        outcome.answer = Confirm(chat=where[0], key="-", target=where[1], origin=said.origin)
    return outcome


def own_doing(accept: Accept, ledger: Ledger, chat: Chat, event: Said) -> Outcome | None:
    """What becomes of `event` if we have done it ourselves; None: we have not."""
    entry = echoed(ledger, accept.source, chat, event)
    if entry is not None:
        return note_echo(accept, ledger, chat, event, entry)
    return Outcome(Ruling.ECHO) if _is_nameless(accept, ledger, chat, event) else None


def _is_nameless(accept: Accept, ledger: Ledger, chat: Chat, event: Said) -> bool:
    """Whether `event` is our own doing, seen again, though it names no event of the journal: the network hides our keys
    (the copy that is noted then tells the lane that it arrived), or it was a notice, which leaves nothing behind."""
    source = accept.source
    known = source.personas or event.sender.id in ledger.directory.accounts.ours(source.network)
    if not known or (event.key is None and (source.echoes or source.personas)):
        return False
    if ledger.copy(chat.id, event.id) is not None:
        return True  # the receipt was journaled before
    if event.key is not None or not source.sees_itself:
        return False
    # After a crash or a lost answer: what was tried last is what we now see.
    tried = ledger.owed.oldest_tried(chat.id)
    entry = ledger.entry(tried[0]) if tried is not None else None
    if tried is None or entry is None or codec.KIND_OF[type(event)] not in ("message", entry.kind):
        return False
    part = tried[1] if entry.kind == "message" else -1 - tried[1]
    ledger.add_copy(Copy(chat.id, event.id, entry.message, part, entry.id))
    ledger.owed.keep(chat.id, entry.id, tried=0)
    return True
