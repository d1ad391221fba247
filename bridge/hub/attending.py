"""Who of XMPP has entered which hosted room, so that a new process knows it."""

import asyncio
import logging
from collections.abc import Sequence

from bridge.contract import ChatId, NetworkId
from bridge.hub.closing import durably
from bridge.store import rooms as store
from bridge.store.database import Database
from bridge.store.writer import Writer

log = logging.getLogger(__name__)


class Attending:
    """The part of the `Rooms` facade that keeps it."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer
        self._writing: set[asyncio.Future[None]] = set()

    async def attendance(self, network: NetworkId) -> Sequence[tuple[ChatId, str]]:
        found = await self._database.read(lambda c: store.attendance(c, network))
        return [(ChatId(room), jid) for room, jid in found]

    async def attend(self, room: ChatId, jid: str) -> None:
        await durably(self._writer, lambda ledger: store.attend(ledger.connection, room, jid))

    def part(self, room: ChatId, jid: str) -> None:
        written = durably(self._writer, lambda ledger: store.part(ledger.connection, [(room, jid)]))
        self._writing.add(written)
        written.add_done_callback(self._written)

    def _written(self, written: "asyncio.Future[None]") -> None:
        self._writing.discard(written)
        if not written.cancelled() and (error := written.exception()) is not None:
            log.error("who has left a room could not be written error=%s", type(error).__name__)
