"""Telegram's limits are kept, its penalties to the second, and one busy chat holds up no other. With a scaled clock."""

import asyncio
import time
from pathlib import Path

from bridge.contract import Scope, Session, Unavailable
from bridge.testing.conformance.network import outcome
from connectors.telegram.limits import Limits as Scheduler
from connectors.telegram.limits import Pace
from tests.conftest import FULL
from tests.support.botapi.limits import Limits
from tests.support.botapi.state import Chat
from tests.telegram.stage import Stage, stage

SCALE = 0.02  # of our seconds are one of Telegram's
MESSAGES = 600 if FULL else 120  # in the busy group: half an hour there, or six minutes


async def lane(play: Stage, session: Session, chat: Chat, texts: list[str], took: list[float]) -> None:
    """As the hub performs: in order, one at a time, again after the time that was asked for."""
    for number, text in enumerate(texts):
        begun = time.monotonic()
        while True:
            came = await outcome(session.perform(play.send(text, chat=chat, key=f"{chat.id}.{number}")))
            if not isinstance(came, Unavailable):
                break
            assert came.retry_after is not None
            assert came.scope is Scope.CHAT
            await asyncio.sleep(came.retry_after)
        took.append((time.monotonic() - begun) / SCALE)


async def test_a_flood_in_one_group_delays_no_other_and_nothing_is_lost(tmp_path: Path) -> None:
    limits = Limits(scale=SCALE)
    async with stage(tmp_path, Pace(second=SCALE), limits) as play:
        busy = play.world.group("Busy", play.juliet, play.bot, supergroup=True)
        calm = play.world.group("Calm", play.juliet, play.bot)
        flood, overtaken = [f"flood {n}" for n in range(MESSAGES)], []
        async with play.connected() as session:
            flooding = asyncio.create_task(lane(play, session, busy, flood, []))
            while not flooding.done():
                before = len(busy.messages)
                await lane(play, session, calm, [f"calm {len(overtaken)}"], [])
                overtaken.append(len(busy.messages) - before)
                await asyncio.wait({flooding}, timeout=60 * SCALE)  # one a minute
            await flooding

        said = [s.text for s in busy.messages if s.author is play.bot]
        assert said == flood
        assert [s.text for s in calm.messages if s.author is play.bot] == [f"calm {n}" for n in range(len(overtaken))]
        assert (limits.exceeded, limits.inside) == (0, 0)
        # A message every three seconds in the busy group, so the calm one has waited for less than that.
        assert sorted(overtaken)[int(len(overtaken) * 0.95)] <= 1, overtaken


async def test_many_chats_share_what_a_bot_may_say_in_all(tmp_path: Path) -> None:
    limits = Limits(scale=SCALE * 10)
    async with stage(tmp_path, Pace(second=SCALE * 10), limits) as play:
        people = [play.world.person(f"Guest {n}") for n in range(100)]
        chats = [play.world.starts(person, play.bot) for person in people]
        async with play.connected() as session:
            begun = time.monotonic()
            await asyncio.gather(*(lane(play, session, chat, ["Welcome!"], []) for chat in chats))
            seconds = (time.monotonic() - begun) / (SCALE * 10)

        assert all(chat.messages[-1].text == "Welcome!" for chat in chats)
        assert (limits.exceeded, limits.inside) == (0, 0)
        assert seconds >= 3, "100 at 30 a second"


async def test_nothing_is_sent_inside_a_penalty_and_other_chats_go_on(tmp_path: Path) -> None:
    limits = Limits(scale=SCALE)
    async with stage(tmp_path, Pace(second=SCALE), limits) as play:
        tybalt = play.world.starts(play.world.person("Tybalt"), play.bot)
        async with play.connected() as session:
            begun = time.monotonic()
            limits.punish(play.bot, play.chat, 60)
            first = await outcome(session.perform(play.send("too fast")))
            passed = time.monotonic() - begun
            for _ in range(20):
                again = await outcome(session.perform(play.send("too fast")))
                assert isinstance(again, Unavailable)
            await session.perform(play.send("peace", chat=tybalt))
            inside = limits.inside
            took: list[float] = []
            await lane(play, session, play.chat, ["now"], took)

        assert isinstance(first, Unavailable)
        assert first.retry_after is not None
        assert 59 * SCALE - passed <= first.retry_after <= 61 * SCALE
        assert inside == limits.inside == 1, "the one that told us"
        assert (tybalt.messages[-1].text, play.chat.messages[-1].text) == ("peace", "now")


async def test_hours_of_penalty_are_kept_to_the_second() -> None:
    now = [1_000.0]
    scheduler = Scheduler(Pace(), lambda: now[0])
    assert scheduler.penalty(-5, 13_938) == 13_938
    for passed, may in ((0.0, False), (13_936.0, False), (13_938.5, True)):
        now[0] = 1_000.0 + passed
        came: object = None
        try:
            async with scheduler.turn(-5, group=True):
                pass
        except Unavailable as error:
            came = error.retry_after
        assert (came is None) is may, passed
        assert came is None or came == 13_938.0 - passed
    async with scheduler.turn(7, group=False):
        pass
