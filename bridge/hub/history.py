"""What was said in hosted rooms before anybody of ours could hear it, fetched when somebody reads that far back.

It is asked for by the reader's own account, whose network says what it may read, and put into the archive in its place
below what is there, so that who pages on from what they know misses nothing. Everybody else sees of it what their own
account has been shown (`bridge.store.histories`). It is told to nobody and owed to nobody.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from bridge.contract import (
    Authored,
    ChatId,
    ConnectorError,
    History,
    MessageEdited,
    MessageId,
    MessageReceived,
    NetworkId,
    ReactionsChanged,
    Session,
)
from bridge.hub import codec, occupants
from bridge.hub.closing import durably
from bridge.hub.facades import RoomNews
from bridge.hub.intake import KINDS, Accept, Context, Source, echoed
from bridge.hub.judge import Ruling
from bridge.hub.messages import Said
from bridge.hub.sessions import Seat, Sessions
from bridge.store import archive, histories, rooms
from bridge.store.archive import Reading
from bridge.store.database import Database
from bridge.store.histories import Reach
from bridge.store.ledger import Ledger
from bridge.store.rooms import MemberRow, RoomRow
from bridge.store.rows import Chat
from bridge.store.writer import Writer

log = logging.getLogger(__name__)
_LONGEST = 12.0  # seconds for a page
_MOST = 500  # events of a page


class Step(Enum):
    """What came of reading further back."""

    MORE = "more"  # there may be others here now
    END = "end"  # there is nothing more that the reader may read
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class _Start:
    """Where an account reads on: `before` an event of its network, or from the `cursor`."""

    above: int
    before: MessageId | None
    cursor: str | None


@dataclass(slots=True)
class _Item:
    """An event of a page: where it is in the archive, or is to be."""

    event: Said
    position: int | None
    new: bool


@dataclass(slots=True)
class Histories:
    """`context` is the hub's, once it has started; `told` hears of people who are named for the first time."""

    database: Database
    writer: Writer
    sessions: Sessions
    context: Callable[[], Context]
    told: Callable[[RoomNews], None]
    _turns: dict[tuple[int, int], asyncio.Lock] = field(default_factory=dict)  # by hosted room and account

    async def older(self, who: Reading) -> Step:
        """Fetch one page for whoever reads; those who ask meanwhile wait for it, and look again."""
        room = who.room
        if not await self._open(who):
            return Step.END
        found = next(((one, seat, seat.session) for one, seat in self._seats(who) if seat.session is not None), None)
        if found is None:
            return Step.FAILED
        member, seat, session = found
        can = session.capabilities(ChatId(room.native))
        if not can.history or not can.unique_ids:
            return Step.END
        turn = self._turns.setdefault((room.hosted, member.account), asyncio.Lock())
        waited = turn.locked()
        async with turn:
            if waited:
                return Step.MORE
            return await self._fetch(who, member, seat, session)

    async def _open(self, who: Reading) -> bool:
        """Whether one of the reader's accounts has not come to the end yet."""

        def asked(connection: Any) -> bool:
            found = [histories.reach(connection, who.room.hosted, member.account) for member in who.members]
            return any(one is None or one.cursor is not None for one in found)

        return await self.database.read(asked)

    def _seats(self, who: Reading) -> Sequence[tuple[MemberRow, Seat]]:
        return [(one, seat) for one in who.members if (seat := self.sessions.seat(one.account)) is not None]

    async def _fetch(self, who: Reading, member: MemberRow, seat: Seat, session: Session) -> Step:
        room, chat = who.room, ChatId(who.room.native)
        start = await self.database.read(lambda c: _start(c, who, member))
        if start is None:
            return Step.END
        try:
            async with asyncio.timeout(_LONGEST):
                page = await session.history(chat, start.before, start.cursor)
        except TimeoutError:
            log.info("what was said before does not come chat=%d", room.chat)
            return Step.FAILED
        except ConnectorError as error:
            log.info("what was said before does not come chat=%d reason=%s", room.chat, error.text)
            return Step.FAILED
        can = session.capabilities(chat)
        source = Source(
            NetworkId(room.network), member.account, seat.user, member.me, session.scope(chat),
            personas=can.personas, echoes=can.echoes,
        )  # fmt: skip
        if source.scope != room.scope:
            return Step.FAILED
        taking = _Taking(self.context(), source, room, start.above, page)
        for news in await durably(self.writer, taking.take):
            self.told(news)
        return Step.END if page.older is None and not page.events else Step.MORE


def _start(connection: Any, who: Reading, member: MemberRow) -> _Start | None:
    """None when this account has come to the end."""
    reach = histories.reach(connection, who.room.hosted, member.account)
    if reach is not None:
        return _Start(reach.position, None, reach.cursor) if reach.cursor is not None else None
    alone = Reading(who.room, [member], who.faces)
    first = archive.oldest(connection, alone)
    if first is None:
        return _Start(int((member.since or time.time()) * 1_000_000), None, None)
    position, _, event = first
    before = histories.called_there(connection, event, who.room.chat)
    return _Start(position, MessageId(before) if before is not None else None, None)


class _Taking:
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
        seen = ledger.seen(self._chat.id, event.id)
        if seen is not None:
            return seen[0]
        copy = ledger.copy(self._chat.id, event.id)
        if copy is not None:
            return copy.message if copy.part >= 0 else abs(copy.version)
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
