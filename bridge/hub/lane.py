"""A lane: the deliveries of one chat, in journal order. Lanes do not wait for each other.

A lane holds at most 64 deliveries, one while it is blocked (`bridge.hub.held`); the rest waits in the journal. How many
actions may be under way is the session's `window`; one about a message that is itself under way waits for it.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Coroutine, Iterable
from typing import Any, TypeVar

from bridge.contract import ChatId, ConnectorError, LoggedOut, Refused, Scope, Unavailable, Unconfirmed
from bridge.hub.bell import Bell
from bridge.hub.held import HELD, Held
from bridge.hub.known import MOST_OWED, Known
from bridge.hub.merging import MANY
from bridge.hub.probing import Probes
from bridge.hub.ready import Ready, Reopened
from bridge.hub.retry import Backoff
from bridge.hub.roads import Roads
from bridge.hub.sessions import Seat
from bridge.store.database import UNWRITABLE
from bridge.store.deliveries import Place
from bridge.store.rows import Debt

log = logging.getLogger(__name__)
T = TypeVar("T")
_LONG = 0.005  # seconds of a step, after which the event loop turns


def _of_account(error: Exception) -> bool:
    return isinstance(error, Unavailable) and error.scope is Scope.ACCOUNT


class Lane:
    """Offered deliveries by `offer`; runs as a task only while there is work (`bridge.hub.lanes`)."""

    def __init__(self, chat: int, roads: Roads, known: Known, *, unsure: int = 0) -> None:
        self.chat = chat
        self.place: Place | None = None
        self.known = known
        self.held = Held(chat, roads.page, known, unsure)
        self.flying = known.flying
        self.landed = known.landed
        self.woken = Bell()
        self.blocked = ""  # why nothing moves, if nothing does
        self.ending = False  # start nothing more
        self._gate = unsure > 0  # wait for `Live` before the next try
        self._roads = roads
        self._opened = False  # the chat, just now: what it was opened for is still to be tried
        self._failed: list[tuple[Debt, Exception]] = []
        self._after: list[Lane] = []
        self._backoff = Backoff(roads.limits.backoff_max, roads.limits.backoff_lasting)
        self._tasks: dict[int, asyncio.Task[None]] = {}  # by event

    @property
    def idle(self) -> bool:
        return not (self.held.next or self.flying or self.held.behind or self._failed or self.known.owed)

    def offer(self, owed: Debt) -> None:
        """A delivery has been journaled for this chat."""
        if owed.older:
            self.restart()
            return
        if owed.kind in ("edit", "retraction"):
            self._mark_waiting(owed)
        self.held.offer(owed, 1 if self.blocked else HELD)

    def restart(self, *, unsure: bool = False, after: Iterable["Lane"] = ()) -> None:
        """Read everything anew: the chat changed its name or took in another one, whose lane `after` has yet to land,
        or (`unsure`) something may have happened without our knowing."""
        self._after += after
        self.held.forget(unsure=unsure)
        self.woken.ring()

    def wake(self) -> None:
        """Something that this lane may wait for has changed."""
        self.woken.ring()

    def end(self) -> None:
        """Start nothing more; `run` ends when what is under way has landed."""
        self.ending = True
        self.landed.ring()

    async def under_way(self) -> None:
        """Return when what is under way now has landed."""
        now = set(self.flying)
        while now & self.flying.keys():
            await self.landed.heard()

    async def run(self) -> None:
        """Perform until nothing is left. Cancelled on shutdown, when what is under way has had time to land."""
        try:
            while await self._more():
                begun = time.monotonic()
                await self._step()
                if time.monotonic() - begun > _LONG:
                    await asyncio.sleep(0)  # what it takes to write a message may be much, and a window has many
        finally:
            for task in self._tasks.values():
                task.cancel()

    async def _more(self) -> bool:
        if self.ending:
            return bool(self.flying)
        if self.held.stale and not self.flying:
            while self._after:
                await self._take_over(self._after.pop())
            # Closings that are not committed yet would be read as open once more.
            await self.known.settled()
            self.held.begin_anew(unsure=bool(self._failed))
            self._failed.clear()
            self.place = None
            self.known.unlearn()
        if self.place is None:
            self.place = await self._roads.place(self.chat)
            if self.place is None:
                return False  # merged into another chat
        if self._gate and not self.held.stale and not self.flying:
            # What was tried before and arrived is known by its echo then; so read only after that. `blocked` it is not:
            # people would be told of a delay, of which nobody can say yet whether it is one.
            await self._roads.sessions.settled(self.place.accounts)
            self._gate = False
        if not self.held.next and self.held.behind and not self.held.stale:
            await self.held.refill(1 if self.blocked else HELD)
        return bool(self.held.next or self.flying or self.held.behind or self._failed)

    async def _take_over(self, gone: "Lane") -> None:
        """What was under way in a chat that is this one now has an end, or comes again from the journal."""
        await gone.under_way()
        await gone.known.settled()
        if gone._failed or gone.held.is_unsure:
            self.held.unsure, self._gate = MOST_OWED, True

    async def _step(self) -> None:
        """Start what may start; wait for what is under way; deal with what failed."""
        if self.held.next and not self._failed and not self.ending and await self._may_start(self.held.next[0]):
            await self._begin(self.held.next.popleft())
        elif self.flying:
            await self.landed.heard()
        elif self._failed:
            await self._recover()

    async def _begin(self, owed: Debt) -> None:
        """Look up what the action needs in order, one after the other; only the calls themselves overlap."""
        assert self.place is not None
        self.flying[owed.event] = owed
        if not self.known.has_room(len(self.flying)):
            await self.known.room(len(self.flying))
        ready = await self._guarded(owed, self._roads.performer.prepare(owed, self.place, self.known))
        alone = ready is not None and (ready.alone or ready.can.window <= 1)
        while alone and len(self.flying) > 1:  # it must not mix with what is under way
            await self.landed.heard()
        if ready is None:
            self._land(owed)
        elif self._failed:
            self._failed.append((owed, Unavailable("Something before it failed.", scope=Scope.CHAT)))
            self._land(owed)
        elif alone:
            await self._finish(owed, ready)
        else:
            self._tasks[owed.event] = asyncio.create_task(self._finish(owed, ready))

    async def _finish(self, owed: Debt, ready: Ready) -> None:
        others = await self._guarded(owed, self._gathered(ready)) if ready.can.merges else []
        if others is None:
            self._land(owed)
            return
        try:
            await self._guarded(owed, self._carry_out(ready))
        finally:
            for other in others:
                self.flying.pop(other.event, None)
            self._land(owed)
        if self._failed and self._failed[-1][0] is owed:
            error = self._failed[-1][1]
            cause = error if isinstance(error, ConnectorError) else Unavailable("Something before it failed.")
            self._failed += [(other, cause) for other in others]
        elif others and not ready.others and not self.held.stale:
            self.held.next.extendleft(reversed(others))  # the network did not want them together

    async def _gathered(self, ready: Ready) -> list[Debt]:
        """What goes with it in one message, under way now like itself."""
        await self._roads.merger.changed(ready)
        if self.held.behind and len(self.held.next) < MANY and not self.held.stale:
            await self.held.refill(HELD)
        others = list(await self._roads.merger.gather(ready, list(self.held.next)))
        for other in others:
            if self.held.next and self.held.next[0] is other:
                self.held.next.popleft()
            self.flying[other.event] = other
        return others

    async def _carry_out(self, ready: Ready) -> None:
        if ready.others:
            await self._roads.merger.finish(ready)
        else:
            await self._roads.performer.finish(ready)
        self._backoff.reset()
        self.blocked = ""
        if (probes := self._probes(ready.owed)) is not None:
            probes.succeeded()

    def _probes(self, owed: Debt) -> Probes | None:
        seat = self._roads.sessions.seat(owed.account)
        return seat.probes if seat is not None else None

    def _land(self, owed: Debt) -> None:
        if (probes := self._probes(owed)) is not None and not self._opened:
            probes.landed(self.chat)
        self._opened = False
        self.flying.pop(owed.event, None)
        self._tasks.pop(owed.event, None)
        self.landed.ring()

    async def _may_start(self, owed: Debt) -> bool:
        if self.flying and (
            len(self.flying) >= self._window(owed)
            or any(f.message in (owed.message, owed.reply) for f in self.flying.values())
        ):
            return False
        seat = self._roads.sessions.seat(owed.account)
        if seat is None or not seat.up.is_set():
            if not self.flying:
                why = (seat.error or seat.asleep if seat else "") or "The account is not connected."
                await self._blocked_by(seat, owed, why, seat.up.wait() if seat is not None else None)
            return False
        if seat.probes is not None and seat.probes.on and (self.flying or not seat.probes.may(self.chat)):
            if not self.flying:
                await self._blocked_by(seat, owed, seat.probes.why, seat.probes.turn(self.chat))
            return False
        return True

    async def _blocked_by(
        self, seat: Seat | None, owed: Debt, why: str, passes: Coroutine[Any, Any, object] | None
    ) -> None:
        """Nothing can be performed now: keep one delivery, wait until that `passes`, or for the end of patience."""
        assert self.place is not None
        self.blocked = why
        self.held.shrink()
        left = owed.since + self._roads.limits.patience - time.time()
        if left <= 0:
            if passes is not None:
                passes.close()
            self.held.next.popleft()
            await self._roads.ends.given_up(owed, self.place, self.blocked)
            return
        waits: list[asyncio.Future[Any]] = [self.woken.heard()]
        if passes is not None:
            waits.append(asyncio.ensure_future(passes))
        try:
            await asyncio.wait(waits, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if seat is not None and seat.up.is_set():
            self.blocked = ""
            if owed.maybe and not seat.live.is_set():
                self._gate = True  # it was away for longer than we waited for its echo: that comes now
                self.restart(unsure=True)

    async def _guarded(self, owed: Debt, work: Awaitable[T]) -> T | None:
        """Do a step of a delivery; what goes wrong is dealt with when everything under way has landed."""
        assert self.place is not None
        try:
            return await work
        except Reopened:
            self._opened = True
            return None  # the lane has been restarted under the chat's new name
        except Refused as refusal:
            await self._roads.ends.refused(owed, self.place, refusal.reason, refusal.text)
            return None
        except UNWRITABLE:  # nothing was called yet: what it needs could not be read
            self._failed.append((owed, Unavailable("The gateway's database cannot be read.", scope=Scope.CHAT)))
            return None
        except Exception as error:
            self._failed.append((owed, error))
            return None

    async def _recover(self) -> None:
        """Everything that failed goes back in order; then wait as the first failure asks."""
        assert self.place is not None
        failed = sorted(self._failed, key=lambda pair: pair[0].event)
        self._failed.clear()
        for owed, error in reversed(failed):
            if not isinstance(error, ConnectorError):
                log.error("performing failed chat=%d event=%d", self.chat, owed.event, exc_info=error)
                if await self._roads.ends.bug(owed, self.place):
                    continue
            elif isinstance(error, Unavailable | Unconfirmed) and self._out_of_patience(owed):
                await self._roads.ends.given_up(owed, self.place, error.text)
                continue
            self.held.next.appendleft(owed)
            self._roads.ends.retried(self.place)
        if any(not isinstance(error, Unavailable | LoggedOut) for _, error in failed):
            # It may have happened: an echo tells, at the latest when all accounts have caught up.
            self._gate = True
            self.restart(unsure=True)
        await self._pause(*failed[0])

    async def _pause(self, owed: Debt, error: Exception) -> None:
        seat, probes = self._roads.sessions.seat(owed.account), self._probes(owed)
        if probes is not None and (isinstance(error, Unconfirmed) or _of_account(error)):
            probes.failed(self.chat, str(error), error.retry_after if isinstance(error, Unavailable) else None)
        match error:
            case LoggedOut() if seat is not None:
                self._roads.sessions.log_out(seat, error.text)
            case Unavailable(scope=Scope.ACCOUNT) if seat is not None:
                pause = self._backoff.pause(asked=error.retry_after, lasting=error.lasting)
                if seat.session is not None:
                    self._roads.sessions.sleep(seat, pause, error.text)
            case Unavailable():
                await self._rest(error.text, self._backoff.pause(asked=error.retry_after, lasting=error.lasting))
            case Unconfirmed() if probes is not None and probes.on:
                self.blocked = error.text  # it tries again when it is its turn
            case Unconfirmed():
                await self._rest(error.text, self._backoff.pause())
            case _:
                await self._rest("There is a fault in the gateway.", self._backoff.pause())

    async def _rest(self, why: str, seconds: float) -> None:
        """Sleep, unless something changes for the account."""
        self.blocked = why
        self.held.shrink()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.woken.heard()

    def _out_of_patience(self, owed: Debt) -> bool:
        return time.time() - owed.since > self._roads.limits.patience

    def _window(self, owed: Debt) -> int:
        seat = self._roads.sessions.seat(owed.account)
        if seat is None or seat.session is None or self.place is None or self.place.native is None:
            return 1
        return seat.session.capabilities(ChatId(self.place.native)).window

    def _mark_waiting(self, change: Debt) -> None:
        """An edit or a retraction folds into its message if that still waits here (`Performer` decides), or has to wait
        again when the attempt that is under way has failed."""
        for waiting in (*self.flying.values(), *self.held.next):
            if waiting.message != change.message:
                continue
            if change.kind == "retraction":
                waiting.retracted = change.event
            elif waiting.kind in ("message", "edit") and waiting.event < change.event:
                waiting.content, waiting.content_body = change.event, change.body
