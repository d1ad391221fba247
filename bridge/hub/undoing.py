"""An edit that is taken back: what it had changed reads as it did before.

Where edits are events of their own, one can be retracted alone; the latest of those that still stand then counts, or
the message as it was first. Source: Matrix client-server API #redactions-of-edited-events.
"""

from dataclasses import replace

from bridge.contract import Contact, ContactId, MessageEdited, MessageId, MessageReceived, MessageRetracted
from bridge.hub import codec, fallback
from bridge.hub.translate import mentioning
from bridge.store import archive
from bridge.store.deliveries import copies_of
from bridge.store.ledger import Ledger
from bridge.store.rows import Chat, Copy, Entry, Message


def edit_called(ledger: Ledger, copy: Copy) -> Entry | None:
    """The edit that is called so; None if it is something else, or was taken back before."""
    entry = ledger.entry(copy.version) if copy.part < 0 and copy.version != copy.message else None
    return entry if entry is not None and entry.kind == "edit" else None


def newest(ledger: Ledger, message: Message, position: int | None) -> bool:
    """Whether what `message` reads now comes before an edit. `position`: where that belongs, if it was fetched; then it
    may be older."""
    if position is None or message.content == message.id:
        return True
    return position > archive.place_of(ledger.connection, message.content)


def undone(ledger: Ledger, chat: Chat, target: Message, edit: Entry, event: MessageRetracted) -> MessageEdited | None:
    """`target` reads as it did before `edit`, which does not count any more; None if that is nothing new."""
    ledger.flush()  # what the group itself has brought
    copies = copies_of(ledger.connection, chat.id, [target.id])[target.id]
    mine = [copy for copy in copies if copy.part < 0 and copy.version == edit.id]
    if len(mine) > 1:
        return None  # one of several parts in which it was said there
    for copy in mine:
        ledger.add_copy(Copy(copy.chat, copy.native, copy.message, copy.part, -edit.id))  # it stands for nothing
    first = ledger.entry(target.id)
    named = next((copy.native for copy in sorted(copies, key=lambda copy: copy.part) if copy.part >= 0), None)
    versions = {copy.version for copy in copies if copy.part < 0 and copy.version not in (edit.id, target.id)}
    standing = (ledger.entry(version) for version in sorted(versions, reverse=True) if version > 0)
    latest = next((entry for entry in standing if entry is not None and entry.kind == "edit"), first)
    if latest is None or latest.id > edit.id or first is None or named is None:
        return None
    said, original = codec.decode(latest.kind, latest.body), codec.decode(first.kind, first.body)
    if not isinstance(said, MessageReceived | MessageEdited) or not isinstance(original, MessageReceived):
        return None
    message = said.message
    if latest.network != chat.network:  # as if it had been said there
        message = replace(mentioning(message, latest.network, chat.network), reply_to=None)
        message = fallback.without_files(message) if message.media else message
    return MessageEdited(
        chat=event.chat, id=event.id, sender=_author(ledger, chat, original, first), at=event.at,
        target=MessageId(named), message=message,
    )  # fmt: skip


def _author(ledger: Ledger, chat: Chat, original: MessageReceived, first: Entry) -> Contact:
    """Whoever wrote it, as `chat` knows them: who takes an edit back may be somebody else."""
    if first.network == chat.network:
        return original.sender
    ours = ledger.directory.accounts
    present = ours.in_chat(chat.id)
    me = next(
        (
            me
            for me, account in ours.ours(chat.network).items()
            if account in present and ours.user_of(account) == first.author
        ),
        None,
    )
    return Contact(ContactId(me)) if me is not None else original.sender
