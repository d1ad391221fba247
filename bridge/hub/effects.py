"""What a change comes to. Where an edit or a reaction is an event of its own, it can be taken back like a message: the
message then reads as before, or a person's set of reactions is smaller."""

from dataclasses import dataclass, replace

from msgspec import structs

from bridge.contract import MessageEdited, MessageRetracted, ReactionsChanged
from bridge.hub import pieces, reactions, undoing
from bridge.hub.intake import Accept
from bridge.hub.naming import is_message, named
from bridge.hub.reactions import Reaction, selves
from bridge.store.ledger import Ledger
from bridge.store.rows import Chat, Copy, Entry, Message

Change = MessageEdited | MessageRetracted | ReactionsChanged


@dataclass(frozen=True, slots=True)
class Aim:
    """What a change names: a message, or what has become of it by a reaction or an edit that is taken back."""

    copy: Copy | None = None
    target: Message | None = None
    reaction: Reaction | None = None
    edit: Entry | None = None
    fits: bool = False  # something that can be changed so
    mine: bool = False  # its author is who changes it


def aimed(accept: Accept, ledger: Ledger, chat: Chat, event: Change) -> Aim:
    """What `event` is about."""
    source = accept.source
    copy = named(ledger, chat, event.target)
    if copy is None:
        return Aim()
    target = ledger.message(copy.message)
    takes_back = isinstance(event, MessageRetracted)
    reaction = reactions.called(ledger, copy) if takes_back else None
    edit = undoing.edit_called(ledger, copy) if takes_back and source.unique_ids else None
    fits = reaction is not None or edit is not None or is_message(accept, ledger, copy)
    owner = (reaction.network, reaction.person) if reaction else (target.network, target.author) if target else None
    return Aim(copy, target, reaction, edit, fits, owner in selves(ledger, source.network, event.sender.id))


def effect(accept: Accept, ledger: Ledger, chat: Chat, aim: Aim, target: Message, event: Change) -> Change | str:
    """What has happened to `target`, as it is journaled; or why nothing has, in a few words."""
    if aim.edit is not None and isinstance(event, MessageRetracted):
        return undoing.undone(ledger, chat, target, aim.edit, event) or "an edit that did not show"
    if aim.reaction is not None:
        return reactions.without(ledger, aim.reaction, event, mine=aim.mine)
    if aim.copy is not None and (album := pieces.changed(ledger, target, aim.copy, event)) is not None:
        return album
    if isinstance(event, MessageRetracted):
        return replace(event, moderator=event.moderator and not aim.mine)
    if isinstance(event, ReactionsChanged) and event.added:
        return reactions.gathered(ledger, chat, target.id, accept.source.network, event) or "too many reactions"
    return event


def change(accept: Accept, ledger: Ledger, target: Message, entry: Entry) -> None:
    """The message is changed by what was just journaled as `entry`."""
    if isinstance(accept.event, MessageEdited) and undoing.newest(ledger, target, accept.position):
        ledger.change_message(structs.replace(target, content=entry.id))
    elif isinstance(accept.event, MessageRetracted):
        ledger.change_message(structs.replace(target, retracted=entry.id))
