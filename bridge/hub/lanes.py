"""All lanes: made when something is owed, kept a while when nothing is, fed by one reader for many at once."""

import asyncio
import logging
from collections.abc import Iterable
from functools import partial

from bridge.contract import ChatId, NetworkId
from bridge.hub.intake import Outcome
from bridge.hub.known import Known
from bridge.hub.lane import Lane
from bridge.hub.roads import Roads
from bridge.store import deliveries
from bridge.store.database import Database
from bridge.store.deliveries import Place
from bridge.store.rows import Debt

log = logging.getLogger(__name__)
_KEPT = 2_000  # idle lanes that stay in memory
# Deliveries per lane and page, by how many lanes wait for the reader: every lane soon has its first.
_PAGES = ((1_000, 2), (20, 8), (0, 64))


class Lanes:
    """Owns the lanes and their tasks. Everything here runs on the loop."""

    def __init__(self, database: Database) -> None:
        self.roads: Roads
        self._database = database
        self._lanes: dict[int, Lane] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._leaving: dict[asyncio.Task[None], Lane] = {}  # of chats that are gone, until they have landed
        self._pages: dict[int, tuple[int, int, asyncio.Future[tuple[list[Debt], bool]]]] = {}
        self._places: dict[int, asyncio.Future[Place | None]] = {}
        self._asked = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self._closed = False

    async def load(self, unsure: int) -> None:
        """Make a lane for everything that is owed, before anything more can be. `unsure`: so many rows of each lane an
        earlier process may have tried."""
        for chat in await self._database.read(deliveries.open_chats):
            self._lanes[chat] = Lane(chat, self.roads, Known(self._database, chat), unsure=unsure)

    def start(self) -> None:
        """Begin; the accounts have been started, so lanes know for whom to wait."""
        self._reader = asyncio.create_task(self._read(), name="lanes reader")
        for chat in self._lanes:
            self._run(chat)

    async def close(self, grace: float = 5.0) -> None:
        """Start nothing more, let what is under way land, end the tasks."""
        self._closed = True
        under_way = [self._tasks[chat] for chat, lane in self._lanes.items() if lane.flying and chat in self._tasks]
        under_way += self._leaving
        for lane in self._lanes.values():
            lane.end()
        if under_way:
            await asyncio.wait(under_way, timeout=grace)
        tasks = [*self._tasks.values(), *self._leaving, *([self._reader] if self._reader else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def offer(self, owed: Debt) -> None:
        """A delivery has just been journaled."""
        lane = self._lanes.get(owed.chat)
        if lane is None:
            self._forget_idle()
            lane = self._lanes[owed.chat] = Lane(owed.chat, self.roads, Known(self._database, owed.chat))
        lane.offer(owed)
        self._run(owed.chat)

    def moved(self, outcome: Outcome) -> None:
        """Chats were renamed, or turned out to be one: then what is under way in the one that is gone lands first."""
        landing: list[Lane] = []
        for chat in outcome.gone:
            lane = self._lanes.pop(chat, None)
            task = self._tasks.pop(chat, None)
            if lane is None:
                continue
            if task is not None and task is asyncio.current_task():
                lane.restart()  # it is the one that opened the chat: it finds itself gone, and ends
                continue
            lane.end()
            landing.append(lane)
            if task is not None:
                self._leave(task, lane)
        for chat in outcome.reread:
            if chat not in self._lanes:
                self._lanes[chat] = Lane(chat, self.roads, Known(self._database, chat))
            self._lanes[chat].restart(after=landing)
            self._run(chat)

    def _leave(self, task: "asyncio.Task[None]", lane: Lane) -> None:
        if not lane.flying:
            task.cancel()  # it may be waiting for something
        self._leaving[task] = lane
        task.add_done_callback(self._leaving.pop)

    def wake(self, accounts: Iterable[int]) -> None:
        """These accounts have come back: whatever rests tries at once."""
        back = set(accounts)
        for lane in self._lanes.values():
            if lane.blocked and lane.held.next and lane.held.next[0].account in back:
                lane.wake()

    def blocked(self) -> dict[int, str]:
        """Chats in which nothing moves, and why."""
        return {chat: lane.blocked for chat, lane in self._lanes.items() if lane.blocked}

    async def quiet(self, network: NetworkId, chat: ChatId) -> None:
        """Wait until what is under way in this chat now has landed."""
        for lane in [*self._lanes.values(), *self._leaving.values()]:
            if lane.place is not None and lane.place.network == network and lane.place.native == chat:
                await lane.under_way()

    def held(self) -> int:
        """Deliveries in memory."""
        return sum(len(lane.held.next) + len(lane.flying) for lane in self._lanes.values())

    async def page(self, chat: int, after: int, limit: int) -> tuple[list[Debt], bool]:
        """The next deliveries of a chat, and whether there may be more; many lanes that ask at once are answered by
        one statement."""
        waiting: asyncio.Future[tuple[list[Debt], bool]] = asyncio.get_running_loop().create_future()
        self._pages[chat] = (after, limit, waiting)
        self._asked.set()
        return await waiting

    async def place(self, chat: int) -> Place | None:
        """What and where a chat is; None when it is no more."""
        waiting = self._places.get(chat)
        if waiting is None:
            waiting = self._places[chat] = asyncio.get_running_loop().create_future()
            self._asked.set()
        return await waiting

    def _run(self, chat: int) -> None:
        if chat in self._tasks or self._closed:
            return
        task = self._tasks[chat] = asyncio.create_task(self._lanes[chat].run(), name=f"lane {chat}")
        task.add_done_callback(lambda ended: self._ended(chat, ended))

    def _ended(self, chat: int, task: "asyncio.Task[None]") -> None:
        if self._tasks.get(chat) is not task:
            return
        del self._tasks[chat]
        lane = self._lanes.get(chat)
        if task.cancelled() or lane is None:
            return
        if task.exception() is not None:
            log.error("a lane broke and begins anew chat=%d", chat, exc_info=task.exception())
            lane.restart()
            asyncio.get_running_loop().call_later(1.0, self._again, chat)
        elif lane.place is None and not lane.held.behind:
            del self._lanes[chat]
        elif lane.held.next or lane.held.behind:
            self._run(chat)

    def _again(self, chat: int) -> None:
        if chat in self._lanes:
            self._run(chat)

    def _forget_idle(self) -> None:
        if len(self._lanes) < _KEPT:
            return
        for chat in [c for c, lane in self._lanes.items() if lane.idle and c not in self._tasks][: _KEPT // 10]:
            del self._lanes[chat]

    async def _read(self) -> None:
        """The reader: one round answers everybody who has asked meanwhile."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            await self._answer_places()
            while self._pages:
                chats = list(self._pages)[:100]
                asked = {chat: self._pages.pop(chat) for chat in chats}
                waiting_lanes = len(self._pages) + len(asked)
                most = next(size for number, size in _PAGES if waiting_lanes > number)
                wanted = {chat: (chat, after, min(limit, most)) for chat, (after, limit, _) in asked.items()}
                try:
                    rows = await self._database.read(partial(deliveries.pages, wanted=wanted.values()))
                except Exception as error:
                    for _, _, waiting in asked.values():
                        if not waiting.done():
                            waiting.set_exception(error)
                    continue
                for chat, (_, _, waiting) in asked.items():
                    if not waiting.done():
                        waiting.set_result((rows[chat], len(rows[chat]) == wanted[chat][2]))

    async def _answer_places(self) -> None:
        asked, self._places = self._places, {}
        if not asked:
            return
        try:
            found = await self._database.read(lambda c: deliveries.places(c, list(asked)))
        except Exception as error:
            for waiting in asked.values():
                if not waiting.done():
                    waiting.set_exception(error)
            return
        for chat, waiting in asked.items():
            if not waiting.done():
                waiting.set_result(found.get(chat))
