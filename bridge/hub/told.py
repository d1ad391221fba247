"""Linked rooms say that they are: in a place of their network's for that, where it has one (`Announce`), and by one
notice when they are linked. Nothing else about a room is ever changed.
"""

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from bridge.contract import Announce, ChatId, ConnectorError, NetworkId
from bridge.hub import halting
from bridge.hub.closing import durably, owe
from bridge.hub.codec import Notice
from bridge.hub.consent import words
from bridge.hub.keys import Keys
from bridge.hub.sessions import Sessions
from bridge.hub.wanted import End
from bridge.store import links
from bridge.store.ledger import Ledger
from bridge.store.links import EndRow, LinkRow
from bridge.store.rows import Debt
from bridge.store.writer import Writer

log = logging.getLogger(__name__)
_HOW = {
    "both": "what is said in one of them is shown in the others, under its author's name",
    "from": "what is said here is shown there, under its author's name",
    "to": "what is said there is shown here, under its author's name",
}

Rooms = tuple[tuple[NetworkId, str], ...]


class LinkNews:
    """For `Links`, which calls one thing after the other."""

    def __init__(
        self,
        writer: Writer,
        sessions: Sessions,
        keys: Keys,
        names: Mapping[NetworkId, str],
        offer: Callable[[Debt], None],
    ) -> None:
        """`names`: of networks, for people."""
        self._writer = writer
        self._sessions = sessions
        self._keys = keys
        self._names = names
        self._offer = offer
        self._said: dict[tuple[str, str], Rooms] = {}  # by this process, by network and room
        self._knowing: set[tuple[str, str]] = set()  # network and room

    def knows(self, network: NetworkId, native: ChatId) -> None:
        """The people of a room that is about to be linked are told by the answer to who wants it."""
        self._knowing.add((network, native))

    async def standing(self, ends: Sequence[EndRow], wanted: Sequence[End]) -> None:
        """The rooms of one link, as they are linked now and as it is wanted: a notice names those, too, that cannot be
        had yet, for it comes once."""
        for one in ends if len(ends) > 1 else ():
            await self._announce(one.network, one.native, tuple(_others(one, ((e.network, e.typed) for e in ends))))
            if one.announced:
                continue
            rooms = tuple(_others(one, ((end.network, end.chat) for end in wanted)))
            for owed in await durably(self._writer, partial(self._notice, end=one, rooms=rooms)):
                self._offer(owed)

    async def gone(self, before: Sequence[EndRow], now: Sequence[EndRow]) -> None:
        """Rooms that were linked before are not any more."""
        there = {(one.network, one.native) for one in now}
        for one in before:
            if (one.network, one.native) not in there:
                await self._announce(one.network, one.native, ())

    async def resume(self, row: LinkRow) -> str:
        """A link that was suspended is carried again, and its rooms are told; or why that cannot be."""
        why, debts = await durably(self._writer, partial(_resume, row=row, keys=self._keys))
        for debt in debts:
            self._offer(debt)
        return why

    async def _announce(self, network: str, native: str, rooms: Rooms) -> None:
        """Where its network has a place for that, and our account is there."""
        seat = next((s for s in self._sessions.seats() if s.network == network and not s.user), None)
        session = seat.session if seat is not None else None
        if session is None or Announce not in session.capabilities(ChatId(native)).actions:
            return
        if self._said.get((network, native)) == rooms:
            return
        try:
            await session.perform(Announce(chat=ChatId(native), key=uuid.uuid4().hex, rooms=rooms))
        except ConnectorError as error:
            log.warning("a room does not say that it is linked network=%s chat=%s: %s", network, native, error.text)
        self._said[network, native] = rooms

    def _notice(self, ledger: Ledger, end: EndRow, rooms: Rooms) -> list[Debt]:
        if end.account is None:
            return []
        links.announced(ledger.connection, end.chat)
        if (end.network, end.native) in self._knowing:
            self._knowing.discard((end.network, end.native))
            return []
        link = ledger.directory.link_of(end.chat)
        known = {(one.chat.network, one.typed): one.chat for one in link.endpoints} if link is not None else {}
        called = [
            words.called(known[room], self._names) if room in known else words.typed(End(*room), self._names)
            for room in rooms
        ]
        text = f"This room is now linked with {words.all_of(called)}: {_HOW[end.direction]}."
        return [owe(ledger, self._keys, Notice(text=text), chat=end.chat, account=end.account, message=None)]


def _others(one: EndRow, rooms: Iterable[tuple[str, str]]) -> Iterator[tuple[NetworkId, str]]:
    return ((NetworkId(network), room) for network, room in rooms if (network, room) != (one.network, one.typed))


def _resume(ledger: Ledger, row: LinkRow, keys: Keys) -> tuple[str, Sequence[Debt]]:
    """Why that cannot be, else what people are told."""
    found = next((one for one in links.ends(ledger.connection) if one.link == row.id), None)
    link = ledger.directory.link_of(found.chat) if found is not None else None
    if link is None or not link.suspended:
        return f"The link {row.name} is not suspended.", ()
    closed = next((one for one in link.endpoints if one.chat.encrypted), None)
    if closed is not None:
        return f"{closed.typed or closed.chat.native} is encrypted. Link the other rooms without it.", ()
    return "", halting.resume(ledger, keys, link)
