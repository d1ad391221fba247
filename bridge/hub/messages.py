"""New messages, and what changes them: edits, retractions, reactions."""

from dataclasses import replace

from msgspec import structs

from bridge.contract import Authored, MessageEdited, MessageId, MessageReceived, MessageRetracted, ReactionsChanged
from bridge.hub import fallback, keys, pieces, reactions, undoing
from bridge.hub.facades import HOME
from bridge.hub.intake import (
    Accept,
    Context,
    Outcome,
    alias_copy,
    echoed,
    held_back,
    journal,
    note_echo,
    owed_to,
    refuses,
    turned_away,
    wished,
)
from bridge.hub.judge import BEFORE, Facts, Ruling, Verdict, judge
from bridge.hub.opening import home_chat, shown_again
from bridge.hub.reactions import selves
from bridge.hub.repeats import answered_again, is_repeat, nameless_own
from bridge.store.ledger import Ledger
from bridge.store.rows import Chat, Copy, Link, Message

Said = MessageReceived | MessageEdited | MessageRetracted | ReactionsChanged


def accept_message(accept: Accept, ledger: Ledger) -> Outcome:
    event, source = accept.event, accept.source
    assert isinstance(event, MessageReceived)
    found = _place(accept, ledger, event)
    if isinstance(found, Verdict):
        return turned_away(accept, found)
    chat, link = found
    entry = echoed(ledger, source, chat, event)
    if entry is not None:
        return note_echo(accept, ledger, chat, event, entry)
    if nameless_own(accept, ledger, chat, event):
        return Outcome(Ruling.ECHO)
    again = is_repeat(accept, ledger, chat)
    if again is not None:
        rest = pieces.rest(ledger, chat, event, again)
        if rest is None:
            return answered_again(accept, ledger, chat, again)
        accept.event = event = rest
    said = event.message
    owed = owed_to(accept, ledger, chat, link)
    empty = not said.text.strip() and not said.media
    refuser = refuses(accept, link, owed)
    verdict = judge(
        Facts(
            linked=True, empty=empty, speaker=bool(owed) or not event.origin,
            opted_out=refuser == "author", unwanted=refuser == "addressee",
            halted="" if owed else held_back(accept, chat, link),
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
    source = accept.source
    accept.event = event = _meant(accept, ledger)
    found = _place(accept, ledger, event)
    if isinstance(found, Verdict):
        return turned_away(accept, found)
    chat, link = found
    own = echoed(ledger, source, chat, event)
    if own is not None:
        return note_echo(accept, ledger, chat, event, own)
    if nameless_own(accept, ledger, chat, event):
        return Outcome(Ruling.ECHO)
    again = is_repeat(accept, ledger, chat)
    if again is not None:
        return answered_again(accept, ledger, chat, again)
    copy = named(ledger, chat, event.target)
    target = ledger.message(copy.message) if copy else None
    reaction = reactions.called(ledger, copy) if copy and isinstance(event, MessageRetracted) else None
    edit = undoing.edit_called(ledger, copy) if copy and isinstance(event, MessageRetracted) else None
    edit = edit if source.unique_ids else None
    if accept.position is not None and target is None:
        return Outcome(Ruling.IGNORE, "its message is not here")
    if _tells_nobody(event) and (copy is None or pieces.only_a_part(accept, ledger, copy)):
        return _anew(accept, ledger, event)
    owed = owed_to(accept, ledger, chat, link)
    is_message = copy is not None and _is_message(accept, ledger, copy)
    owner = (reaction.network, reaction.person) if reaction else (target.network, target.author) if target else None
    mine = owner in selves(ledger, source.network, event.sender.id)
    refuser = refuses(accept, link, owed)
    verdict = judge(
        Facts(
            linked=True,
            halted="" if owed else held_back(accept, chat, link),
            opted_out=refuser == "author",
            unwanted=refuser == "addressee",
            changes=True,
            needs_author=needs_author,
            target_known=target is not None,
            target_is_message=is_message or reaction is not None or edit is not None,
            own_target=mine,
            target_retracted=target is not None and target.retracted is not None,
            speaker=bool(owed) or not event.origin,
        )
    )
    if verdict.ruling is not Ruling.ACCEPT or target is None:
        return turned_away(accept, verdict)
    if edit is not None and isinstance(event, MessageRetracted):
        before = undoing.undone(ledger, chat, target, edit, event)
        if before is None:
            return Outcome(Ruling.IGNORE, "an edit that did not show")
        accept.event = before
    elif reaction is not None:
        accept.event = reactions.without(ledger, reaction, event, mine=mine)
    elif copy is not None and (album := pieces.changed(ledger, target, copy, event)) is not None:
        accept.event = album
    elif isinstance(event, MessageRetracted):
        accept.event = replace(event, moderator=event.moderator and not mine)
        owed = [*owed, *pieces.others(accept, ledger, chat, target)]
    elif isinstance(event, ReactionsChanged) and event.added:
        whole = reactions.gathered(ledger, chat, target.id, source.network, event)
        if whole is None:
            return Outcome(Ruling.IGNORE, "too many reactions")
        accept.event = whole
    happened = accept.event
    assert isinstance(happened, Authored)
    entry, debts = journal(
        accept, ledger, chat, link, owed, message=target.id, reply=_reply(ledger, chat, target, happened)
    )
    if isinstance(happened, MessageEdited) and undoing.newest(ledger, target, accept.position):
        ledger.change_message(structs.replace(target, content=entry.id))
    elif isinstance(accept.event, MessageRetracted):
        ledger.change_message(structs.replace(target, retracted=entry.id))
    known = ledger.copy(chat.id, event.id)
    free = known is None or known.part < 0  # a client may have called a message so before: that can still be named
    if free and not is_taken(accept, ledger, chat, event.id):
        version = entry.id if edit is None else -entry.id  # who takes an edit back has not written one
        ledger.add_copy(Copy(chat.id, event.id, target.id, -1, version))
    # Some apps name a message by its last correction.
    if event.alias is not None and not is_taken(accept, ledger, chat, event.alias):
        ledger.add_copy(Copy(chat.id, event.alias, target.id, -1, entry.id))
    return Outcome(Ruling.ACCEPT, debts=debts)


def is_taken(accept: Accept, ledger: Ledger, chat: Chat, native: str) -> bool:
    """Whether `chat` calls something so that the author of the event cannot have called so: a name of ours, or one that
    somebody else has given. Only where clients choose ids."""
    known = None if accept.source.unique_ids else ledger.called(chat.id, native)
    if known is None:
        return False
    if ledger.entry_by_key(keys.split(native)[0]) is not None:
        return True
    entry, event = ledger.entry(known), accept.event
    assert isinstance(event, Authored)
    return entry is not None and (entry.network, entry.author) not in selves(
        ledger, accept.source.network, event.sender.id
    )


def _is_message(accept: Accept, ledger: Ledger, copy: Copy) -> bool:
    """Whether a message is meant, and not an edit or a reaction. Apps at home may call a message as its last correction
    is called (Converse.js in rooms); elsewhere an edit is something that can itself be taken back."""
    if copy.part >= 0 or copy.version == copy.message:
        return True
    entry = ledger.entry(copy.version) if accept.source.network == HOME else None
    return entry is not None and entry.kind == "edit"


def named(ledger: Ledger, chat: Chat, native: str) -> Copy | None:
    """What is called so in `chat`. Where our keys are its names, people may answer before we have noted that it has
    arrived."""
    copy = ledger.copy(chat.id, native)
    if copy is not None:
        return copy
    key, part = keys.split(native)
    entry = ledger.entry_by_key(key)
    link = ledger.directory.link_of(chat.id)
    if (
        entry is None
        or entry.kind not in ("message", "edit")
        or link is None
        or entry.chat not in {e.chat.id for e in link.endpoints}
    ):
        return None
    return Copy(chat.id, native, entry.message, part if entry.kind == "message" else -1, entry.id)


def _meant(accept: Accept, ledger: Ledger) -> MessageEdited | MessageRetracted | ReactionsChanged:
    """The event in the chat that it is of (`Authored.among`)."""
    event, source = accept.event, accept.source
    assert isinstance(event, MessageEdited | MessageRetracted | ReactionsChanged)
    for native in (event.chat, *event.among) if event.among else ():
        chat = ledger.directory.chat(source.network, source.scope, native)
        if chat is not None and named(ledger, chat, event.target) is not None:
            return replace(event, chat=native, among=())
    return replace(event, among=()) if event.among else event


def _reply(ledger: Ledger, chat: Chat, target: Message, event: Authored) -> int | None:
    """What an edited message replies to: what the edit says, else what it has replied to before."""
    if not isinstance(event, MessageEdited):
        return None
    called = named(ledger, chat, event.message.reply_to) if event.message.reply_to else None
    first = ledger.entry(target.id) if called is None else None
    return called.message if called is not None else first.reply if first is not None else None


def _tells_nobody(event: Authored) -> bool:
    """An edit whose author could not be told that it changed nothing."""
    return isinstance(event, MessageEdited) and not event.origin


def _anew(accept: Accept, ledger: Ledger, event: Said) -> Outcome:
    """An edit of what is not known here is a message of its own."""
    assert isinstance(event, MessageEdited)
    accept.event = MessageReceived(
        chat=event.chat, id=event.id, sender=event.sender, at=event.at, key=event.key, addressee=event.addressee,
        confirm=event.confirm, message=fallback.edited(event.message),
    )  # fmt: skip
    return accept_message(accept, ledger)


def _place(accept: Accept, ledger: Ledger, event: Authored) -> tuple[Chat, Link] | Verdict:
    """The chat and its link; a message to a person opens them (XMPP)."""
    source, directory = accept.source, ledger.directory
    chat = directory.chat(source.network, source.scope, event.chat)
    link = directory.link_of(chat.id) if chat else None
    if event.addressee is not None and (link is None or not _usable(accept.context, ledger, link, event)):
        if link is None and chat is not None and _changes_what_was(ledger, chat, event):
            return BEFORE
        opened = home_chat(accept.context, ledger, event.sender.id, event.chat, event.addressee)
        if isinstance(opened, Verdict):
            return opened
        chat = opened
        link = directory.link_of(chat.id)
    if chat is not None and (link is None or len(link.endpoints) < 2):
        link = shown_again(accept, ledger, chat)
    if chat is None or link is None or len(link.endpoints) < 2:
        return judge(Facts(linked=False))
    return chat, link


def _changes_what_was(ledger: Ledger, chat: Chat, event: Authored) -> bool:
    """Whether it changes something that was said in the direct chat which has become a room."""
    target = getattr(event, "target", None)
    return target is not None and named(ledger, chat, target) is not None


def _usable(context: Context, ledger: Ledger, link: Link, event: Authored) -> bool:
    """Whether the author still has an account in the other chat; for something new the one that they have chosen."""
    assert event.addressee is not None
    user, network = event.sender.id, event.addressee.network
    mine = set(ledger.directory.accounts.of_user(user, network))
    if isinstance(event, MessageReceived):
        wanted = wished(context, ledger, user, network, event.chat.rpartition(" ")[2])
        mine = mine if wanted is None else {wanted}
    return any(
        mine & ledger.directory.accounts.in_chat(e.chat.id)
        for e in link.endpoints
        if e.chat.network == event.addressee.network
    )
