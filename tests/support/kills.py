"""kill -9, again and again, while people talk through a gateway.

TESTS_SEED repeats a run.
"""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any

from tests.support import muc, talks
from tests.support.gateway import Gateway
from tests.support.talks import Talk


async def nothing() -> None:
    """What apps do by themselves after a kill, where they do nothing."""


class Killer:
    """`up` is set while the gateway runs; who speaks on XMPP waits for it."""

    def __init__(self, gateway: Gateway, kills: int) -> None:
        seed = int(os.environ.get("TESTS_SEED") or random.randrange(1_000_000))
        print(f"seed {seed}, {kills} kills")
        self.dice = random.Random(seed)
        self.up = asyncio.Event()
        self.up.set()
        self._gateway, self._kills = gateway, kills

    def own(self) -> random.Random:
        """For one who speaks."""
        return random.Random(self.dice.random())

    async def amid(
        self,
        everything: Iterable[Talk],
        messages: int,
        speaking: Iterable[Coroutine[Any, Any, None]],
        come_back: Callable[[], Awaitable[None]] = nothing,
    ) -> None:
        """Kill while `speaking` runs, which says `messages` in all on XMPP; return when it is over and has arrived."""
        some = list(everything)
        running = [asyncio.create_task(one) for one in speaking]
        try:
            for moment in sorted(self.dice.sample(range(10, messages - 10), self._kills)):
                await talks.until(lambda moment=moment: sum(len(talk.out) for talk in some) >= moment)  # type: ignore[misc]
                await asyncio.sleep(self.dice.uniform(0, 0.2))  # a random moment is what it is about
                await self.kill(some, come_back)
            await asyncio.gather(*running)
        finally:
            for one in running:
                one.cancel()
        await talks.all_arrived(some)

    async def kill(
        self, some: Sequence[Talk], come_back: Callable[[], Awaitable[None]] = nothing, *, alone: bool = False
    ) -> None:
        """Once, and start it; what was said into the void is said again. `alone`: its networks are away meanwhile."""
        self.up.clear()
        self._gateway.kill()
        for talk in self.dice.sample(some, 2):
            talk.speak()
        await talks.bounces_are_in(some)
        await asyncio.to_thread(lambda: self._gateway.start(ready=not alone))
        async with asyncio.timeout(60):
            while await muc.ping(some[0].app, self._gateway.jid):
                await asyncio.sleep(0.1)  # its component is not there yet
        await come_back()
        for talk in some:
            talk.repeat()
        self.up.set()
