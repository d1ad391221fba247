"""What is called so in a chat: whom the ids that networks and people's apps use stand for."""

from bridge.contract import Authored
from bridge.hub import keys
from bridge.hub.facades import HOME
from bridge.hub.intake import Accept
from bridge.hub.reactions import selves
from bridge.store.ledger import Ledger
from bridge.store.rows import Chat, Copy


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


def is_message(accept: Accept, ledger: Ledger, copy: Copy) -> bool:
    """Whether a message is meant, and not an edit or a reaction. Apps at home may call a message as its last correction
    is called (Converse.js in rooms); elsewhere an edit is something that can itself be taken back."""
    if copy.part >= 0 or copy.version == copy.message:
        return True
    entry = ledger.entry(copy.version) if accept.source.network == HOME else None
    return entry is not None and entry.kind == "edit"
