"""Writing an event and its deliveries into the journal, and into the archives of the rooms that show its chat."""

from collections.abc import Sequence

from bridge.contract import Authored
from bridge.hub import codec
from bridge.hub.intake import Accept
from bridge.store import backlogs
from bridge.store.backlogs import Backlog
from bridge.store.ledger import Ledger
from bridge.store.rooms import HOSTED
from bridge.store.rows import Chat, Copy, Debt, Entry, Link


def journal(
    accept: Accept,
    ledger: Ledger,
    chat: Chat,
    link: Link,
    owed: Sequence[tuple[int, int]],
    *,
    message: int | None,
    reply: int | None,
) -> tuple[Entry, list[Debt]]:
    """Write the event and its deliveries: `owed_to`, less the rooms that only keep it. `message` None: a new one."""
    event, source = accept.event, accept.source
    assert isinstance(event, Authored)
    identity = ledger.next_id()
    if source.unique_ids:
        key = accept.context.keys.of_source(source.network, source.scope, event.chat, event.id)
    else:
        key = accept.context.keys.of_event(identity)
    kind = codec.KIND_OF[type(event)]
    body = codec.encode(event)
    now = ledger.now()
    entry = Entry(
        identity, chat.id, accept.own_id, kind, message or identity, reply, source.account,
        source.network, event.sender.id, key, body, now,
    )  # fmt: skip
    rooms = _keeping(accept, chat, link, owed)
    ledger.add_event(entry, rooms, min(event.at, now), accept.position)
    if accept.position is not None:
        for room in rooms:  # it is called so there, though nobody is told
            ledger.add_copy(Copy(room, key, entry.message, 0 if kind == "message" else -1, identity))
        return entry, []
    if not source.reflects:
        ledger.add_copy(Copy(chat.id, key, entry.message, -1, identity))  # people name it by what we show it under
    debts = []
    keeping = _only_keeping(accept, ledger, entry, rooms)
    for where, account in owed:
        if where not in keeping:
            ledger.owed.add(where, identity, account)
            debts.append(debt(entry, where, account, meant=chat.contact, said=event))
    return entry, debts


def _keeping(accept: Accept, chat: Chat, link: Link, owed: Sequence[tuple[int, int]]) -> list[int]:
    """Hosted rooms in whose archives an event of `chat` is: those that it is owed to; what was fetched is of the one
    that shows `chat`."""
    heard, fetched = {where for where, _ in owed}, accept.position is not None
    rooms = (endpoint.chat for endpoint in link.endpoints if endpoint.chat.kind == HOSTED)
    return [room.id for room in rooms if (room.shows == chat.id if fetched else room.id in heard)]


def _only_keeping(accept: Accept, ledger: Ledger, entry: Entry, rooms: Sequence[int]) -> set[int]:
    """Those of `rooms` that do not show an event because it comes after a long outage (`bridge.hub.backlogs`). They
    call a message by its key all the same, and show what changes one that they have shown."""
    found: set[int] = set()
    begun = accept.source.behind
    if not begun:
        return found
    assert isinstance(accept.event, Authored)
    at = min(max(accept.event.at, begun), entry.at)
    for room in rooms:
        if entry.kind == "message":
            backlogs.note(ledger.connection, Backlog(room, entry.id, 1, at, at))
            ledger.add_copy(Copy(room, entry.key, entry.message, 0, entry.id))
            found.add(room)
        elif (known := backlogs.of(ledger.connection, room)) is not None and entry.message >= known.event:
            found.add(room)
    return found


def debt(entry: Entry, chat: int, account: int, *, meant: str = "", said: codec.Journaled | None = None) -> Debt:
    """A delivery that has just been journaled, as its lane will hold it; `said` is what the entry's body reads."""
    return Debt(
        chat, entry.id, account, entry.kind, entry.message, entry.reply, entry.chat, entry.network, entry.author,
        entry.key, entry.body, entry.id, None, None, entry.at, entry.account, meant=meant, said=said,
    )  # fmt: skip
