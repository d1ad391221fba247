"""Messages that are several on a network: files with a name each (`MessageReceived.further`), long texts in parts."""

from dataclasses import replace

from bridge.contract import Message as Said
from bridge.contract import MessageEdited, MessageReceived, MessageRetracted, ReactionsChanged
from bridge.hub import codec
from bridge.hub.facades import HOME
from bridge.hub.intake import Accept
from bridge.store import merged
from bridge.store.deliveries import copies_of
from bridge.store.ledger import Ledger
from bridge.store.rows import Chat, Copy, Message


def rest(ledger: Ledger, chat: Chat, event: MessageReceived, before: int) -> MessageReceived | None:
    """What a message that was journaled `before` has more now: a crash came between its files. The further ones are a
    message of their own. None: nothing."""
    new = [n for n, native in enumerate(event.further, 1) if ledger.copy(chat.id, native) is None]
    files = event.message.media
    if not new or len(files) != 1 + len(event.further):
        return None
    entry = ledger.entry(before)
    first = codec.decode(entry.kind, entry.body) if entry is not None else None
    told = isinstance(first, MessageReceived) and bool(first.message.text)
    words, spans = ("", ()) if told else (event.message.text, event.message.spans)
    said = replace(event.message, text=words, spans=spans, media=tuple(files[n] for n in new))
    names = [event.further[n - 1] for n in new]
    return replace(event, id=names[0], further=tuple(names[1:]), message=said)


def changed(
    ledger: Ledger, target: Message, copy: Copy, event: MessageEdited | MessageRetracted | ReactionsChanged
) -> MessageEdited | None:
    """The whole message, when one of its files, or the caption of one, has changed or is gone. None: it has no several
    files, or the last one is gone."""
    if isinstance(event, ReactionsChanged) or (isinstance(event, MessageEdited) and not event.message.media):
        return None
    entries = [ledger.entry(id) for id in (target.id, target.content)]
    first, now = (codec.decode(entry.kind, entry.body) if entry is not None else None for entry in entries)
    if not isinstance(first, MessageReceived) or not first.further or not 0 <= copy.part < len(first.message.media):
        return None
    whole = now.message if isinstance(now, MessageReceived | MessageEdited) else first.message
    if isinstance(event, MessageEdited):
        return replace(event, message=_with(whole, first.message, copy.part, event.message))
    left = tuple(one for one in whole.media if one.reference != _file(whole, first.message, copy.part))
    if not left or len(left) == len(whole.media):
        return None
    return MessageEdited(
        chat=event.chat, id=event.id, sender=first.sender, at=event.at, origin=event.origin, confirm=event.confirm,
        target=event.target, message=replace(whole, media=left),
    )  # fmt: skip


def _with(whole: Said, first: Said, part: int, new: Said) -> Said:
    """Only the first file's caption can be empty for the whole: the others have none, as a rule."""
    old = _file(whole, first, part)
    media = tuple(new.media[0] if one.reference == old else one for one in whole.media)
    words = new if new.text or part == 0 else whole
    return replace(whole, text=words.text, spans=words.spans, media=media)


def _file(whole: Said, first: Said, part: int) -> str:
    """What the file is called now: it may have been replaced, and has its place while none is gone."""
    return (whole if len(whole.media) == len(first.media) else first).media[part].reference


def only_a_part(accept: Accept, ledger: Ledger, copy: Copy) -> bool:
    """Whether it is one of several in which a message from elsewhere was shown here: its text is not the whole."""
    target = ledger.message(copy.message)
    if copy.part < 0 or target is None or target.network == accept.source.network:
        return False
    there = copies_of(ledger.connection, copy.chat, [copy.message])[copy.message]
    return copy.part > 0 or any(one.part > 0 for one in there)


def together(ledger: Ledger, chat: Chat, copy: Copy) -> list[str]:
    """What those are called that went into one message with this one (`bridge.hub.merging`) and were not taken back."""
    messages = merged.with_it(ledger.connection, chat.id, copy.message) if copy.part >= 0 else []
    left = [one for one in messages if (row := ledger.message(one)) is not None and row.retracted is None]
    there = copies_of(ledger.connection, chat.id, left) if left else {}
    return [next(one.native for one in there[id] if one.part == 0) for id in left if there[id]]


def others(accept: Accept, ledger: Ledger, chat: Chat, target: Message) -> list[tuple[int, int]]:
    """One part of several was taken back where it happened: who takes back the others there, if anybody can."""
    accounts = ledger.directory.accounts
    there = copies_of(ledger.connection, chat.id, [target.id])[target.id]
    if not accept.source.reflects or target.network != HOME or all(one.part <= 0 for one in there):
        return []
    return [(chat.id, a) for a in accounts.of_user(target.author, chat.network) if a in accounts.in_chat(chat.id)][:1]
