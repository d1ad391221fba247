"""Answers to authors whose events were not journaled: that is said at once, and kept nowhere."""

import asyncio
import logging
import uuid
from dataclasses import replace

from bridge.contract import Action, ConnectorError, Session
from bridge.hub.sessions import Seat

log = logging.getLogger(__name__)


class Answers:
    """Owns their tasks."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[None]] = set()

    def give(self, seat: Seat, answer: Action) -> None:
        """Answer an author whose event was not journaled: nothing to keep, so if this is lost they just heard nothing
        and say it again. Its key says nothing, but is its own: many are under way in one chat."""
        if seat.session is not None:
            task = asyncio.create_task(self._give(seat.session, replace(answer, key=uuid.uuid4().hex)))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _give(self, session: Session, answer: Action) -> None:
        try:
            await session.perform(answer)
        except ConnectorError as error:
            log.info("an answer could not be given reason=%s", error.text)
        except Exception:
            log.exception("answering failed")

    async def close(self) -> None:
        """End what is under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
