"""A flood: texts that wait go together, a penalty is kept, and another group hardly notices. With a scaled clock."""

import asyncio
import random
import time
from pathlib import Path

import pytest

from bridge.contract import Confirm, Fail, Retract, Send
from bridge.hub.performing import UNKNOWN
from connectors.telegram.limits import Pace
from tests.conftest import FULL
from tests.support.botapi.limits import Limits
from tests.telegram.linked import NAMES, Linked, linked
from tests.telegram.stage import Stage, stage

SCALE = 0.2 if FULL else 0.1  # of our seconds are one of Telegram's
MESSAGES = 600 if FULL else 150
PENALTY = 15


async def test_a_flood_by_five_people_in_one_group_and_one_a_minute_in_another(tmp_path: Path) -> None:
    """Telegram is a little stricter than it says, so there are penalties, too."""
    limits = Limits(scale=SCALE, group=18, penalty=PENALTY)
    chance = random.Random(7)
    async with stage(tmp_path, Pace(second=SCALE), limits) as play:
        busy = play.world.group("Busy", play.juliet, play.bot, supergroup=True)
        calm = play.world.group("Calm", play.juliet, play.bot, supergroup=True)
        async with linked(play, busy, calm) as hub:
            flood = [f"flood {number}" for number in range(MESSAGES)]

            async def flooding() -> None:
                """600 in a minute."""
                who = NAMES[0]
                for number, text in enumerate(flood):
                    who = chance.choice(NAMES) if chance.random() < 0.3 else who
                    hub.says(who, busy, text)
                    if number % 10 == 9:
                        await asyncio.sleep(SCALE)

            writing = asyncio.create_task(flooding())
            took: list[float] = []
            while len(hub.lines(busy)) < MESSAGES:
                said = time.monotonic()
                hub.says("Peter", calm, f"calm {len(took)}")
                await play.world.until(lambda: len(hub.by_bot(calm)) > len(took), 60)
                took.append((hub.by_bot(calm)[-1].came - said) / SCALE)
                await asyncio.sleep(60 * SCALE)
            await writing
            async with asyncio.timeout(60):
                await hub.away.until(MESSAGES + len(took), Confirm)

        assert hub.lines(busy) == flood
        assert hub.lines(calm) == [f"calm {n}" for n in range(len(took))]
        print(
            f"{len(hub.by_bot(busy))} messages; the other waited for {[round(one, 1) for one in took]} s of Telegram's"
        )
        assert len(hub.by_bot(busy)) < MESSAGES * 0.6
        assert limits.exceeded > 0
        assert limits.inside == 0, "nothing inside a penalty"
        # In the short form there are few, and our own work counts ten times as much as on Telegram's clock.
        assert sorted(took)[int(len(took) * (0.95 if FULL else 0.5))] < 3, took


async def test_texts_that_went_together_can_be_changed_each(play: Stage) -> None:
    group = play.world.group("Square", play.juliet, play.bot, supergroup=True)
    async with linked(play, group) as hub:
        play.api.faults.answer(
            "sendmessage", 429, {"ok": False, "description": "Too Many Requests", "parameters": {"retry_after": 1}}
        )
        named = [hub.says("Abram", group, f"line {n}") for n in range(30)]
        await play.world.until(lambda: len(hub.lines(group)) == 30)
        await hub.away.until(30, Confirm)
        sent = play.api.calls["sendmessage"]
        first = next(said for said in hub.by_bot(group) if "line 10" in said.text)
        lines = first.text.split("\n")
        assert lines[0] == f"Abram: line {30 - len(lines)}"

        hub.edits("Abram", group, named[-2], "line 28, as it should be")
        await play.world.until(lambda: "as it should be" in first.text)
        assert first.text.split("\n")[-3:] == ["line 27", "line 28, as it should be", "line 29"]
        hub.takes_back("Abram", group, named[-3])
        await play.world.until(lambda: "line 27" not in first.text)
        assert first.text.startswith(lines[0])
        hub.reacts("Abram", group, named[-1], "👍")
        await play.world.until(lambda: first.emoji(play.bot.id) == ["👍"])
        hub.edits("Abram", group, named[-1], "line 29 " + "and more " * 600)
        await play.world.until(lambda: len(hub.by_bot(group)) > 2)
        assert any("edited: line 29 and more" in said.text for said in hub.by_bot(group))
        for one in named:
            hub.takes_back("Abram", group, one)
        await play.world.until(lambda: first.gone)
        assert sent == play.api.calls["sendmessage"] - 2


async def test_texts_that_went_together_are_all_gone_where_their_message_is_removed(play: Stage) -> None:
    group = play.world.group("Square", play.juliet, play.bot, supergroup=True)
    group.members[play.bot.id] = "administrator"
    async with linked(play, group) as hub:
        play.api.faults.answer(
            "sendmessage", 429, {"ok": False, "description": "Too Many Requests", "parameters": {"retry_after": 1}}
        )
        for number in range(30):
            hub.says("Abram", group, f"line {number}")
        await hub.away.until(30, Confirm)
        whole = next(said for said in hub.by_bot(group) if "line 20" in said.text)
        many = len(whole.text.split("\n"))
        play.world.says(play.juliet, group, "/delete", reply_to=whole)
        play.world.says(play.juliet, group, "That is all.")
        await hub.away.until(1, Send)

    gone = hub.away.actions(Retract)
    assert many > 20
    assert (len({one.target.ids for one in gone}), {one.moderator for one in gone}) == (many, {True})
    assert whole.gone


async def test_what_waits_is_edited_once(play: Stage) -> None:
    group = play.world.group("Square", play.juliet, play.bot, supergroup=True)
    async with linked(play, group) as hub:
        said = hub.says("Abram", group, "one")
        await play.world.until(lambda: len(hub.by_bot(group)) == 1)
        await hub.away.until(1, Confirm)
        [shown] = hub.by_bot(group)
        play.api.faults.answer(
            "editmessagetext", 429, {"ok": False, "description": "Too Many Requests", "parameters": {"retry_after": 1}}
        )
        for number in range(2, 30):
            hub.edits("Abram", group, said, str(number))
        await play.world.until(lambda: shown.text == "Abram: 29")
        await hub.away.until(29, Confirm)

    assert play.api.calls["editmessagetext"] <= 3


@pytest.mark.parametrize("arrived", [True, False])
async def test_what_was_tried_together_is_repeated_together(play: Stage, arrived: bool) -> None:
    """The answer is lost: at most one message comes twice."""
    group = play.world.group("Square", play.juliet, play.bot, supergroup=True)
    async with linked(play, group) as hub:
        play.api.faults.answer(
            "sendmessage", 429, {"ok": False, "description": "Too Many Requests", "parameters": {"retry_after": 1}}
        )
        flood = [f"line {n}" for n in range(30)]
        for text in flood:
            hub.says("Abram", group, text)
        (play.api.faults.lose if arrived else play.api.faults.drop)("sendmessage")
        await hub.away.until(30, Confirm)

    texts = [said.text for said in hub.by_bot(group)]
    lines = hub.lines(group)
    assert list(dict.fromkeys(lines)) == flood
    assert len(texts) - len(set(texts)) == arrived


async def ended(hub: Linked, number: int) -> None:
    """So many have their answer."""
    async with asyncio.timeout(30), hub.away.changed:
        await hub.away.changed.wait_for(lambda: len(hub.away.actions(Confirm)) + len(hub.away.actions(Fail)) >= number)


async def test_where_nothing_is_to_come_twice_what_was_tried_together_does_not(play: Stage) -> None:
    play.options["on_unknown"] = "drop"
    group = play.world.group("Square", play.juliet, play.bot, supergroup=True)
    async with linked(play, group) as hub:
        play.api.faults.answer(
            "sendmessage", 429, {"ok": False, "description": "Too Many Requests", "parameters": {"retry_after": 1}}
        )
        flood = [f"line {n}" for n in range(30)]
        for text in flood:
            hub.says("Abram", group, text)
        play.api.faults.lose("sendmessage")
        await ended(hub, 30)

        assert hub.lines(group) == flood, "all has arrived, and nothing twice"
        failed = [one.text for one in hub.away.actions(Fail)]
        assert len(failed) > 1
        assert set(failed) == {UNKNOWN}


async def test_taking_back_one_leaves_the_others_where_another_has_become_too_long(play: Stage) -> None:
    group = play.world.group("Square", play.juliet, play.bot, supergroup=True)
    async with linked(play, group) as hub:
        play.api.faults.answer(
            "sendmessage", 429, {"ok": False, "description": "Too Many Requests", "parameters": {"retry_after": 1}}
        )
        named = [hub.says("Abram", group, f"line {n}") for n in range(30)]
        await ended(hub, 30)
        whole = next(said for said in hub.by_bot(group) if "line 10" in said.text)
        hub.edits("Abram", group, named[-2], "line 28 " + "and more " * 450)
        await ended(hub, 31)
        own = next(said for said in hub.by_bot(group) if "and more" in said.text)
        hub.takes_back("Abram", group, named[-3])
        await ended(hub, 32)
        assert whole.text.split("\n")[-3:] == ["line 26", "line 28", "line 29"]
        hub.takes_back("Abram", group, named[-2])
        await ended(hub, 33)
        assert whole.text.split("\n")[-2:] == ["line 26", "line 29"]
        assert own.gone
        for one in [*named[:-3], named[-1]]:
            hub.takes_back("Abram", group, one)
        await ended(hub, 61)

        assert whole.gone
        assert hub.away.actions(Fail) == [], "that another was taken back at once is no fault"
