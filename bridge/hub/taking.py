"""A page of older history, put into the archive of a hosted room (`bridge.hub.history`).

Each event that is new gets a place below those that are newer and above those that are older; it is journaled like any
other, but told to nobody and owed to nobody. What is known already is where it is.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bridge.contract import Authored, ChatId, History, MessageEdited, MessageReceived, ReactionsChanged
from bridge.hub import codec, occupants
from bridge.hub.echoes import echoed
from bridge.hub.facades import RoomNews
from bridge.hub.intake import KINDS, Accept, Context, Source
from bridge.hub.judge import Ruling
from bridge.hub.repeats import Said
from bridge.store import archive, histories, rooms
from bridge.store.histories import Reach
from bridge.store.ledger import Ledger
from bridge.store.rooms import RoomRow
from bridge.store.rows import Chat

log = logging.getLogger(__name__)
_MOST = 500  # events of a page


@dataclass(slots=True)
class _Item:
    """An event of a page: where it is in the archive, or is to be."""

    event: Said
    position: int | None
    new: bool


class Taking:
    """One page, put into the archive; `take` is one transaction."""

    def __init__(self, context: Context, source: Source, room: RoomRow, above: int, page: History) -> None:
        self._context = context
        self._source = source
        self._room = room
        self._above = above
        self._page = page
        self._chat: Chat
        self._connection: Any

    def take(self, ledger: Ledger) -> list[RoomNews]:
        """Who is named for the first time."""
        chat = ledger.directory.chat_by_id(self._room.chat)
        if chat is None or self._source.account not in ledger.directory.accounts.in_chat(chat.id):
            return []  # the account has left meanwhile
        self._chat, self._connection = chat, ledger.connection
        ledger.flush()  # places of what the group itself has brought
        items = self._items(ledger)
        above = self._place(items)
        shown = [item.position for item in items if item.position is not None and self._taken(ledger, item)]
        ledger.flush()
        hosted, account = self._room.hosted, self._source.account
        histories.show(ledger.connection, hosted, account, set(shown))
        histories.set_reach(ledger.connection, hosted, account, Reach(above, self._page.older))
        return self._people(ledger, items)

    def _items(self, ledger: Ledger) -> list[_Item]:
        """The events, oldest first; behind a new message what has waited for it."""
        found: list[_Item] = []
        events = [one for one in self._page.events[-_MOST:] if one.chat == self._room.native]
        new = [one.id for one in events if isinstance(one, MessageReceived) and self._known(ledger, one) is None]
        waiting: dict[str, list[Said]] = {}
        for target, kind, body in histories.strays(ledger.connection, self._chat.id, self._source.account, new):
            event = codec.decode(kind, body)
            if isinstance(event, Said):
                waiting.setdefault(target, []).append(event)
        for event in events:
            for one in (event, *sorted(waiting.pop(event.id, ()), key=lambda stray: stray.at)):
                known = self._known(ledger, one)
                place = archive.place_in(ledger.connection, self._room.hosted, known) if known is not None else None
                found.append(_Item(one, place, new=known is None))
        return found

    def _known(self, ledger: Ledger, event: Authored) -> int | None:
        """The event of the journal that this is."""
        known = ledger.called(self._chat.id, event.id)
        if known is not None:
            return known
        entry = echoed(ledger, self._source, self._chat, event)
        return entry.id if entry is not None else None

    def _place(self, items: Sequence[_Item]) -> int:
        """Each new event below those that are newer and above those that are older; where the next page belongs."""
        above, run = self._above, list[_Item]()
        for item in reversed(items):
            if item.new:
                run.append(item)
            elif item.position is not None and item.position < above:
                self._place_run(run, above)
                run, above = [], item.position
        return self._place_run(run, above)

    def _place_run(self, run: Sequence[_Item], above: int) -> int:
        """`run` is newest first."""
        if above - len(run) <= archive.below(self._connection, self._room.hosted, above):
            log.warning("there is no place for what was said before chat=%d events=%d", self._chat.id, len(run))
            return above
        for number, item in enumerate(run, 1):
            item.position = above - number
        return above - len(run)

    def _taken(self, ledger: Ledger, item: _Item) -> bool:
        """Whether it is in the archive now."""
        event = item.event
        if not item.new:
            return True
        if self._known(ledger, event) is not None:
            return False  # twice on one page
        accept = Accept(self._context, self._source, event, lambda accept, outcome: None)
        accept.position = item.position
        outcome = KINDS[type(event)](accept, ledger)
        if outcome.ruling is Ruling.ACCEPT:
            return True
        if isinstance(event, MessageEdited | ReactionsChanged) and ledger.copy(self._chat.id, event.target) is None:
            histories.keep_stray(
                ledger.connection, self._chat.id, event.target, event.id, self._source.account,
                codec.KIND_OF[type(event)], codec.encode(event), ledger.now(),
            )  # fmt: skip
        return False

    def _people(self, ledger: Ledger, items: Sequence[_Item]) -> list[RoomNews]:
        """Whoever has spoken has a name of their own in the room, also if they have left it."""
        home = self._context.home
        if home is None or rooms.peopled(ledger.connection, self._chat.id) != rooms.KNOWN:
            return []
        senders = {item.event.sender.id: item.event.sender for item in items}
        named = (occupants.put_gone(ledger, home, self._chat, sender) for sender in senders.values())
        return [RoomNews(ChatId(self._room.jid), occupant=one) for one in named if one is not None]
