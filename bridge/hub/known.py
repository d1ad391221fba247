"""What a lane remembers of its chat: what messages are called there, also when that is not committed yet."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from bridge.store import deliveries
from bridge.store.database import Database
from bridge.store.rows import Copy

_KEPT = 256
MOST_OWED = 256


class Known:
    """Copies by message, the newest 256 messages; and how many closings are still uncommitted."""

    def __init__(self, database: Database, chat: int) -> None:
        self.owed = 0
        self._database = database
        self._chat = chat
        self._copies: OrderedDict[int, dict[str, Copy]] = OrderedDict()
        self._whole: set[int] = set()  # messages of which everything stored is in `_copies`
        self._settled = asyncio.Event()

    def add(self, copies: Iterable[Copy]) -> None:
        for copy in copies:
            self._copies.setdefault(copy.message, {})[copy.native] = copy
            self._copies.move_to_end(copy.message)
        self._forget()

    def learn(self, message: int, copies: Sequence[Copy]) -> None:
        """All that is stored about `message`, read with its delivery."""
        self._copies[message] = {copy.native: copy for copy in copies} | self._copies.get(message, {})
        self._whole.add(message)
        self._forget()

    def unlearn(self) -> None:
        """What was read may be out of date: an echo has told more meanwhile."""
        self._whole.clear()
        if not self.owed:
            self._copies.clear()

    async def of(self, message: int) -> Sequence[Copy]:
        """What `message` is called here: what is stored, and above it what is only in memory yet."""
        fresh = self._copies.get(message)
        if fresh is not None and (message in self._whole or any(copy.part == 0 for copy in fresh.values())):
            return list(fresh.values())
        stored = await self._database.read(lambda c: deliveries.copies_of(c, self._chat, [message]))
        return list(({c.native: c for c in stored[message]} | self._copies.get(message, {})).values())

    def settle(self) -> None:
        """A closing is durable."""
        self.owed -= 1
        self._settled.set()

    def _forget(self) -> None:
        while len(self._copies) > _KEPT + MOST_OWED:  # what goes is older than every uncommitted closing
            self._whole.discard(self._copies.popitem(last=False)[0])

    async def reactions(self, message: int, network: str, person: str) -> list[tuple[str, str]]:
        """What stands for a person on `message` here: (emoji, native id) pairs."""
        await self.settled()  # the last set may not be committed yet
        return await self._database.read(lambda c: deliveries.reactions_of(c, self._chat, message, network, person))

    async def settled(self) -> None:
        """Wait until every closing is durable."""
        while self.owed:
            self._settled.clear()
            await self._settled.wait()

    async def room(self) -> None:
        """Wait until fewer than 256 closings are uncommitted: after a crash no more than that were done unrecorded."""
        while self.owed >= MOST_OWED:
            self._settled.clear()
            await self._settled.wait()
