"""The only writer: whatever arrives while one commit runs becomes the next group. Submit order is commit order.

The writer's thread takes the next group by itself, so that the disk does not wait for the loop, which hears of the
group before meanwhile. Nothing may count on being told of one group before the next one is applied.

A job that breaks its group is found by replaying the group one by one; the others lose nothing. A database that cannot
be written (disk full, connection lost) is nobody's fault: the group waits and is tried again, and nothing is
acknowledged meanwhile.

Hundreds of jobs may be done at once, and what comes of each is for the loop to hear: it is told in turns, in order.
"""

import asyncio
import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bridge.store.database import UNWRITABLE, Busy, Database, InDoubt
from bridge.store.ledger import Ledger

log = logging.getLogger(__name__)
_GROUP = 500
_TURN = 0.005  # seconds for which the loop is told without a pause
# SQLSTATE classes: connection, conflict with others, resources, not now, operator, system.
_PASSING = ("08", "40", "53", "55", "57", "58")


class Needs:
    """What a group's jobs are going to ask, collected before the first is applied."""

    def __init__(self) -> None:
        self.copies: set[tuple[int, str]] = set()
        self.keys: set[str] = set()


class Job(Protocol):
    """One thing to write. `wants` and `apply` run in the writer's thread, the other two on the loop."""

    def wants(self, ledger: Ledger, needs: Needs) -> None: ...

    def apply(self, ledger: Ledger) -> Any: ...

    def finished(self, result: Any) -> "Telling | None":
        """It is durable. What takes long may be told step by step; nothing else is told before it has ended."""
        ...

    def failed(self, error: Exception) -> None:
        """It never will be; the fault is its own."""
        ...


Written = Sequence[tuple[Job, Any]]  # each with what it returned
Telling = Iterator[None]  # a step each


class Writer:
    """Owns the ledger. `run` is a task of the hub."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        self.ledger = ledger
        self.trouble = ""  # why the database cannot be written, if it cannot
        self._database = database
        self._queue: deque[Job] = deque()  # the loop adds, the writer's thread takes
        self._group: Sequence[Job] = ()  # what the thread has taken last
        self._wake = asyncio.Event()
        self._writing = False
        self._ended: deque[tuple[Callable[[Any], Telling | None], Any]] = deque()  # how to tell whom, and what
        self._steps: Telling = iter(())  # of the one who is being told
        self._telling = False
        self._idle = asyncio.Event()
        self._idle.set()

    def submit(self, job: Job) -> None:
        self._idle.clear()
        if not self._queue:
            self._wake.set()
        self._queue.append(job)

    async def drained(self) -> None:
        """Return when everything submitted is durable, and told."""
        await self._idle.wait()

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._writing = True
            while self._queue:
                self._group = ()
                try:
                    await self._database.write_each(self._groups(), self._tell)
                    self.ledger.directory.committed()  # the last of them
                except Exception as error:
                    doubt = error if isinstance(error, InDoubt) else None
                    if doubt is None:
                        self.ledger.forget()
                    await self._commit(self._group or self._take(), doubt)
            self._writing = False
            self._rest()

    def _groups(self) -> Iterator[Callable[[Connection], Written]]:
        """Runs in the writer's thread: each group is what has been submitted until it can be written."""
        while self._queue:
            self._group = self._take()
            yield partial(self._apply, self._group)
            self.ledger.directory.committed()

    def _take(self) -> Sequence[Job]:
        return [self._queue.popleft() for _ in range(min(len(self._queue), _GROUP))]

    async def _commit(self, group: Sequence[Job], doubt: InDoubt | None = None) -> None:
        """Write what could not be written, or of which that is not known."""
        try:
            written = await self._write(group, doubt)
        except Exception as error:
            if len(group) > 1:
                log.warning("a group of %d writes failed, replaying it one by one: %s", len(group), _brief(error))
                for job in group:
                    await self._commit([job])
                return
            log.error("a write was refused kind=%s error=%s", type(group[0]).__name__, _brief(error))
            self._ended.append((group[0].failed, error))
            self._tell(())
            return
        self._tell(written)

    def _tell(self, written: Written) -> None:
        self._ended.extend((job.finished, result) for job, result in written)
        if not self._telling:
            self._tell_some()

    def _tell_some(self) -> None:
        until = time.monotonic() + _TURN
        self._telling = True
        while self._tell_one():
            if time.monotonic() > until:
                asyncio.get_running_loop().call_soon(self._tell_some)
                return
        self._telling = False
        self._rest()

    def _rest(self) -> None:
        if not (self._queue or self._writing or self._telling):
            self._idle.set()

    def _tell_one(self) -> bool:
        """The next step; False if there is none. A fault in who is told is its own: the others are told, and the writer
        goes on."""
        try:
            if next(self._steps, self) is not self:
                return True
            if not self._ended:
                return False
            tell, what = self._ended.popleft()
            self._steps = tell(what) or iter(())
        except Exception:
            log.exception("who has written something could not be told of it")
        return True

    async def _write(self, group: Sequence[Job], doubt: InDoubt | None) -> Written:
        """One transaction, repeated while the database itself is the trouble."""
        pause = 0.2
        while True:
            try:
                if doubt is None:
                    written = await self._database.write(partial(self._apply, group), alone=True)
                elif await self._database.committed(doubt.transaction):
                    written = doubt.result
                else:
                    doubt = None
                    self.ledger.forget()
                    continue
            except InDoubt as error:
                doubt = error
                self._troubled(error)
            except Exception as error:
                # While it is in doubt, whatever keeps it from being known: written again it might be there twice.
                if doubt is None:
                    self.ledger.forget()
                    if not (isinstance(error, (Busy, *UNWRITABLE)) and _passing(error)):
                        raise
                self._troubled(error)
            else:
                self._well()
                self.ledger.directory.committed()
                return written
            await asyncio.sleep(pause)
            pause = min(pause * 2, 10.0)

    def _troubled(self, error: Exception) -> None:
        self.trouble = "its disk is full" if _full(error) else _brief(error)
        log.warning("the database cannot be written, trying again reason=%s", self.trouble)

    def _well(self) -> None:
        if self.trouble:
            self.trouble = ""
            log.info("the database can be written again")

    def _apply(self, group: Sequence[Job], connection: Connection) -> Written:
        ledger = self.ledger
        ledger.begin(connection, self._database.outside)
        needs = Needs()
        for job in group:
            job.wants(ledger, needs)
        ledger.prefetch(needs.copies, needs.keys)
        written = [(job, job.apply(ledger)) for job in group]
        ledger.flush()
        return written


def _passing(error: Exception) -> bool:
    """Whether the database is the trouble, not the statement: both drivers use one class for both."""
    if not isinstance(error, DBAPIError):
        return True
    if type(error.orig).__module__.startswith("sqlite3"):
        words = str(error.orig).lower()
        return any(word in words for word in ("full", "locked", "busy", "disk i/o", "readonly", "unable to open"))
    state = getattr(error.orig, "sqlstate", None)
    return state is None or state[:2] in _PASSING or state == "25006"  # the last: read-only, as a standby is


def _full(error: Exception) -> bool:
    """SQLITE_FULL, or SQLSTATE disk_full."""
    if not isinstance(error, DBAPIError):
        return False
    code, state = getattr(error.orig, "sqlite_errorcode", None), getattr(error.orig, "sqlstate", None)
    return code == sqlite3.SQLITE_FULL or state == "53100"


def _brief(error: Exception) -> str:
    """Without statement and parameters: they hold what people wrote."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return f"{type(cause).__name__}: {str(cause)[:200]}"
