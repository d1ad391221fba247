"""kill -9 amid traffic in rooms of three networks, and each of their servers away for a while: nothing is lost, nothing
doubled on Matrix and in the MUCs (as their own archive has it), and order is kept. On Telegram what was just under way
in a group may come twice, once for each break, and is counted.

TESTS_SEED repeats a run.
"""

import asyncio
import os
import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from tests.conftest import ANY_SERVER, COMPONENTS, FULL
from tests.support import muc
from tests.support.appservice import WithAppservice
from tests.support.botapi import BotApi
from tests.support.botapi.state import Bot
from tests.support.threeway import NETWORKS, Link, World, staged
from tests.support.xmpp_servers import XmppServer

LINKS = 5
KILLS = 20 if FULL else 5
AWAY = 60.0 if FULL else 5.0  # seconds
SHARE = 3 if FULL else 1  # messages in each link around each break, by XMPP and by Matrix; a bot may say 20 a minute
MORE = 4  # by Telegram
ROMEO, JULIET, TYBALT = "Romeo", "Juliet", "Tybalt"
NUMBERED = re.compile(r" \(\d+\)$")  # somebody's name in a MUC in which the one who was killed still has it
LINE = re.compile(r"(?:xmpp|matrix|telegram) \d+\.")


@ANY_SERVER
async def test_kills_and_outages_lose_nothing_and_double_nothing(server_kind: type[XmppServer]) -> None:
    seed = int(os.environ.get("TESTS_SEED") or random.randrange(1_000_000))
    dice = random.Random(seed)
    async with BotApi() as api:
        with server_kind(COMPONENTS, rooms=True) as server, WithAppservice(NETWORKS) as synapse:
            async with staged(server, synapse, api, make=five_links, log_level="info") as world:
                world.patience = 600.0 if FULL else 120.0
                talks = [Talk(link, random.Random(dice.random())) for link in world.links]
                breaks = Breaks(world, dice)
                await breaks.amid(talks, [breaks.kill] * KILLS)
                await breaks.amid(talks, [breaks.xmpp_away, breaks.matrix_away, breaks.telegram_away])
                repeated = [await talk.over() for talk in talks]
                breaks.count()
                messages = sum(len(side) for talk in talks for side in (talk.here, talk.there, talk.yonder))
                print(
                    f"seed {seed}: {messages} messages, {KILLS} kills; repeated on Telegram: {sum(repeated)}, "
                    f"said to be possible: {breaks.counted:.0f}"
                )
                assert max(repeated) <= breaks.number, "at most one in a group for each break"
                assert sum(repeated) <= breaks.counted
                for network in ("matrix", "telegram"):
                    assert world.gateway.metric("landbridge_dead_letters", network=network) == 0


async def five_links(world: World) -> None:
    await world.on_xmpp(ROMEO)
    await world.on_matrix(JULIET)
    world.people[TYBALT] = world.api.world.person(TYBALT)
    for _ in range(LINKS):
        await world.make()


@dataclass
class Talk:
    """One on each side speaks; who has an XMPP app or a Matrix app goes on when their server has what they said."""

    link: Link
    dice: random.Random
    here: list[str] = field(default_factory=list)
    there: list[str] = field(default_factory=list)
    yonder: list[str] = field(default_factory=list)
    on_xmpp: asyncio.Lock = field(default_factory=asyncio.Lock)  # held by whoever needs the server
    on_matrix: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def go_on(self) -> None:
        await asyncio.gather(self._romeo(), self._juliet(), self._tybalt())

    async def _romeo(self) -> None:
        for _ in range(SHARE):
            await asyncio.sleep(self.dice.uniform(0, 0.5))  # a random moment is what it is about
            text = f"xmpp {len(self.here)}."
            async with self.on_xmpp:
                self.link.on_xmpp(ROMEO, text)
                await self.link.in_muc(text)
            self.here.append(text)

    async def _juliet(self) -> None:
        for _ in range(SHARE):
            await asyncio.sleep(self.dice.uniform(0, 0.5))
            text = f"matrix {len(self.there)}."
            async with self.on_matrix:
                await self.link.on_matrix(JULIET, text)
            self.there.append(text)

    async def _tybalt(self) -> None:
        for _ in range(MORE):
            await asyncio.sleep(self.dice.uniform(0, 0.5))
            self.yonder.append(f"telegram {len(self.yonder)}.")
            self.link.on_telegram(TYBALT, self.yonder[-1])

    async def over(self) -> int:
        """Everything is everywhere; how much came twice on Telegram."""
        link = self.link
        for last in (self.here[-1], self.there[-1], self.yonder[-1]):
            await link.everywhere(last, "")
        archived, timeline = await link.archived(), await link.timeline()
        wanted = {ROMEO: self.here, JULIET: self.there, TYBALT: self.yonder}
        for where, found in (("the MUC", archived), ("Matrix", timeline)):
            for who, texts in wanted.items():
                said = [text for by, text in found if NUMBERED.sub("", by) == who and LINE.match(text)]
                assert said == texts, f"{who} in {where}: {found}"
        by_bot = [line for s in link.group.visible if isinstance(s.author, Bot) for line in LINE.findall(s.text)]
        assert [line for line in dict.fromkeys(by_bot) if line.startswith("xmpp")] == self.here
        assert [line for line in dict.fromkeys(by_bot) if line.startswith("matrix")] == self.there
        times = Counter(by_bot)
        again = sum(times.values()) - len(times)
        return again


class Breaks:
    def __init__(self, world: World, dice: random.Random) -> None:
        self.world, self.dice = world, dice
        self.number, self.counted = 0, 0.0
        self._talks: Sequence[Talk] = ()

    async def amid(self, talks: Sequence[Talk], what: Sequence[Callable[[], Awaitable[None]]]) -> None:
        """All of these, one after the other; everybody speaks before, meanwhile, and behind it."""
        self._talks = talks
        for one in what:
            speaking = asyncio.gather(*(talk.go_on() for talk in talks))
            try:
                await asyncio.sleep(self.dice.uniform(0.1, 0.8))
                self.number += 1
                await one()
                await speaking
            finally:
                speaking.cancel()

    async def kill(self) -> None:
        self.count()
        await asyncio.to_thread(self.world.gateway.kill)
        await asyncio.to_thread(self.world.gateway.start)

    async def xmpp_away(self) -> None:
        app = self.world.apps[ROMEO]
        for talk in self._talks:
            await talk.on_xmpp.acquire()
        app.lost.clear()
        app.ready.clear()
        await asyncio.to_thread(self.world.server.stop)
        await asyncio.sleep(AWAY)
        await asyncio.to_thread(self.world.server.start)
        async with asyncio.timeout(120):
            await app.ready.wait()
        for talk in self._talks:
            await muc.enter(app, talk.link.muc, ROMEO)
            talk.on_xmpp.release()

    async def matrix_away(self) -> None:
        """Killed, so that it forgets what it has not handed over."""
        for talk in self._talks:
            await talk.on_matrix.acquire()
        await asyncio.to_thread(self.world.synapse.kill)
        await asyncio.sleep(AWAY)
        await asyncio.to_thread(self.world.synapse.start)
        for talk in self._talks:
            talk.on_matrix.release()

    async def telegram_away(self) -> None:
        api = self.world.api
        await api.__aexit__(None, None, None)
        await asyncio.sleep(AWAY)
        await api.__aenter__()

    def count(self) -> None:
        """How often the gateway says that something may have come twice, in this life of its."""
        self.counted += self.world.gateway.metric("landbridge_possible_duplicates_total", network="telegram")
