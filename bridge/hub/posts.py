"""Posts: what an account is to show now, the latest of each thing, one after the other and none too often.

What is not shown in time is replaced by what came after it, and forgotten when it cannot be shown; of what is to be
kept somebody else is told.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Protocol

from bridge.contract import Action, ConnectorError, Refused

log = logging.getLogger(__name__)
_EACH = 1.0  # seconds between two of the same thing
_CHAT = 0.2  # seconds between two in the same chat
_MOST = 1_000  # things that wait for one account; more are not shown
_SECONDS = 10.0  # for the network to take one


class Put(Protocol):
    """`Signs.put`: have an account show something, by its `Post`."""

    def __call__(self, account: int, thing: Hashable, action: Action, *, keep: bool = False) -> None: ...


@dataclass(slots=True)
class _Due:
    action: Action
    kept: bool


@dataclass(slots=True)
class Post:
    """Of one account. `perform` raises the four errors; `full` is told of what there is no room for, `left` of what is
    to be kept and could not be shown now, `shown` of what was or never will be."""

    perform: Callable[[Action], Awaitable[object]]
    full: Callable[[], None]
    left: Callable[[Action], Awaitable[None]]
    shown: Callable[[Action], Awaitable[None]]
    now: Callable[[], float] = time.monotonic
    _due: dict[Hashable, _Due] = field(default_factory=dict)
    _free: dict[Hashable, float] = field(default_factory=dict)  # when something, or its chat, may be shown again
    _task: "asyncio.Task[None] | None" = None

    def put(self, thing: Hashable, action: Action, *, keep: bool = False) -> None:
        """`thing` is to be shown so, whatever was put before."""
        if thing not in self._due and len(self._due) >= _MOST:
            self.full()
            return
        self._due[thing] = _Due(action, keep)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._show(), name="signs")

    def is_due(self, thing: Hashable) -> bool:
        """Whether it is about to be shown."""
        return thing in self._due

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _show(self) -> None:
        while self._due:
            thing = min(self._due, key=self._when)
            wait = self._when(thing) - self.now()
            if wait > 0:
                await asyncio.sleep(wait)
                continue
            due = self._due.pop(thing)
            now = self.now()
            self._free = {one: at for one, at in self._free.items() if at > now}
            self._free[thing] = now + _EACH
            self._free["chat", due.action.chat] = now + _CHAT
            await self._try(thing, due)

    def _when(self, thing: Hashable) -> float:
        return max(self._free.get(thing, 0.0), self._free.get(("chat", self._due[thing].action.chat), 0.0))

    async def _try(self, thing: Hashable, due: _Due) -> None:
        try:
            waits = await self._shown(due.action)
            if due.kept and not (waits and thing in self._due):  # else what is newer waits
                await (self.left if waits else self.shown)(due.action)
        except Exception:
            log.exception("a sign broke its session")

    async def _shown(self, action: Action) -> bool:
        """Whether it can be shown later, and was not."""
        try:
            async with asyncio.timeout(_SECONDS):
                await self.perform(action)
        except Refused as error:
            log.debug("a sign is not shown reason=%s", error.text)
        except (ConnectorError, TimeoutError) as error:
            log.debug("a sign could not be shown now reason=%s", error)
            return True
        return False
