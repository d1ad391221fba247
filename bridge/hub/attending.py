"""Who of XMPP has entered which hosted room, so that a new process knows it; and what those missed who have not."""

import asyncio
import logging
from collections.abc import Sequence

from bridge.contract import ChatId, ContactId, NetworkId
from bridge.hub.closing import durably
from bridge.hub.keys import Keys
from bridge.store import rooms as store
from bridge.store import visits
from bridge.store.database import Database
from bridge.store.ledger import Ledger
from bridge.store.writer import Writer

log = logging.getLogger(__name__)


class Attending:
    """The part of the `Rooms` facade that keeps it."""

    def __init__(self, database: Database, writer: Writer, keys: Keys) -> None:
        self._database = database
        self._writer = writer
        self._keys = keys
        self._writing: set[asyncio.Future[None]] = set()

    def occupant_id(self, room: ChatId, contact: ContactId) -> str:
        return self._keys.of_source("occupant", room, contact, "")

    def version(self, room: ChatId, words: str) -> str:
        return self._keys.of_source("version", room, words, "")

    async def crowd(self, room: ChatId) -> int | None:
        row = await self._database.read(lambda c: store.room(c, room))
        if row is None or row.peopled != store.KNOWN:
            return None
        return await self._database.read(lambda c: store.crowd(c, row.chat))

    async def attendance(self, network: NetworkId) -> Sequence[tuple[ChatId, str]]:
        found = await self._database.read(lambda c: store.attendance(c, network))
        return [(ChatId(room), jid) for room, jid in found]

    async def attend(self, room: ChatId, jid: str) -> None:
        def enter(ledger: Ledger) -> None:
            store.attend(ledger.connection, room, jid)
            visits.entered(ledger.connection, room, jid.partition("/")[0])

        await durably(self._writer, enter)

    def part(self, room: ChatId, jid: str) -> None:
        def leave(ledger: Ledger) -> None:
            store.part(ledger.connection, [(room, jid)])
            visits.left(ledger.connection, room, jid.partition("/")[0], ledger.now())

        written = durably(self._writer, leave)
        self._writing.add(written)
        written.add_done_callback(self._written)

    async def audience(self, room: ChatId) -> Sequence[tuple[str, ContactId]]:
        found = await self._database.read(lambda c: visits.audience(c, room))
        return [(user, ContactId(me)) for user, me in found]

    async def unseen(self, user: str, network: NetworkId) -> Sequence[ChatId]:
        return [ChatId(jid) for jid in await self._database.read(lambda c: visits.unseen(c, user, network))]

    def _written(self, written: "asyncio.Future[None]") -> None:
        self._writing.discard(written)
        if not written.cancelled() and (error := written.exception()) is not None:
            log.error("who has left a room could not be written error=%s", type(error).__name__)
