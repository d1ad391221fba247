"""What sessions report, on its way into the journal; what breaks it goes to the dead letters."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from bridge.contract import (
    Authored,
    Event,
    Fail,
    Reason,
    Session,
    Unavailable,
)
from bridge.hub.answers import Answers
from bridge.hub.closing import Write
from bridge.hub.echoes import Echoes
from bridge.hub.intake import Accept, Context, Outcome
from bridge.hub.letters import Again, Letters
from bridge.hub.sessions import Seat, Sessions
from bridge.hub.sources import source_of
from bridge.store.aside import add_dead_letter
from bridge.store.ledger import Ledger
from bridge.store.writer import Telling, Writer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """`reported` is called for every event that is journaled."""

    context: Context
    writer: Writer
    sessions: Sessions
    echoes: Echoes
    letters: Letters
    answers: Answers
    accepted: Callable[[Seat, Event, Outcome], Telling]  # when it is durable

    def reported(self, seat: Seat, session: Session, event: Event) -> None:
        if isinstance(event, Authored) and event.key is not None:
            chat = (seat.network, session.scope(event.chat), event.chat)
            if self.echoes.known(chat, event.id, seat.account):
                self.sessions.committed(seat)
                return
        source = source_of(seat, session, event)

        def done(accept: Accept, result: Outcome | Exception) -> Telling | None:
            self.sessions.committed(seat)
            if isinstance(result, Exception):
                self._bury(seat, event, result)
                return None
            return self.accepted(seat, event, result)

        self.writer.submit(Accept(self.context, source, event, done))

    async def again(self, account: int, event: Event, journaled: Callable[[Ledger], None]) -> Outcome:
        """Take in an event that broke the journal before, as if its account had just reported it; `journaled` runs in
        the same transaction if it is not turned away. Raises `Unavailable`, or what breaks the journal again."""
        seat = self.sessions.seat(account)
        if seat is None or seat.session is None:
            raise Unavailable("Its account is not connected.")
        came: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def done(accept: Accept, result: Outcome | Exception) -> Telling | None:
            if isinstance(result, Exception):
                came.set_exception(result)
                return None
            came.set_result(result)
            return self.accepted(seat, event, result)

        self.writer.submit(Again(self.context, source_of(seat, seat.session, event), event, done, journaled))
        return await asyncio.shield(came)

    def _bury(self, seat: Seat, event: Event, error: Exception) -> None:
        """An event that breaks the journal: the others lose nothing by it."""
        kind, reason = type(event).__name__, type(error).__name__
        raw = self.letters.pack(event)
        where = ascii(getattr(event, "chat", ""))[:200]
        self.writer.submit(
            Write(
                lambda ledger: add_dead_letter(
                    ledger.connection, seat.network, seat.account, where, f"{kind}: {reason}", raw
                ),
                lambda done: None,
                lambda failed: log.error("a dead letter could not be written error=%s", type(failed).__name__),
            )
        )
        if isinstance(event, Authored) and event.origin:
            text = "The message could not be processed, so it was not sent."
            self.answers.give(
                seat,
                Fail(
                    chat=event.chat, key="-", target=event.id, origin=event.origin,
                    reason=Reason.INTERNAL, text=text,
                ),
            )  # fmt: skip
