"""What was said in hosted rooms before anybody of ours could hear it, fetched when somebody reads that far back.

It is asked for by the reader's own account, whose network says what it may read, and put into the archive in its place
below what is there, so that who pages on from what they know misses nothing. Everybody else sees of it what their own
account has been shown (`bridge.store.histories`). It is told to nobody and owed to nobody.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from bridge.contract import ChatId, ConnectorError, MessageId, NetworkId, Session
from bridge.hub.closing import durably
from bridge.hub.facades import RoomNews
from bridge.hub.intake import Context, Source
from bridge.hub.sessions import Seat, Sessions
from bridge.hub.taking import Taking
from bridge.store import archive, histories
from bridge.store.archive import Reading
from bridge.store.database import Database
from bridge.store.rooms import MemberRow
from bridge.store.writer import Writer

log = logging.getLogger(__name__)
_LONGEST = 12.0  # seconds for a page


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
        taking = Taking(self.context(), source, room, start.above, page)
        for news in await durably(self.writer, taking.take):
            self.told(news)
        return Step.END if page.older is None and not page.events else Step.MORE


def _start(connection: Any, who: Reading, member: MemberRow) -> _Start | None:
    """None when this account has come to the end."""
    reach = histories.reach(connection, who.room.hosted, member.account)
    if reach is not None:
        return _Start(reach.position, None, reach.cursor) if reach.cursor is not None else None
    alone = replace(who, members=[member])
    first = archive.oldest(connection, alone)
    if first is None:
        return _Start(int((member.since or time.time()) * 1_000_000), None, None)
    position, _, event = first
    before = histories.called_there(connection, event, who.room.chat)
    return _Start(position, MessageId(before) if before is not None else None, None)
