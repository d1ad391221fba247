"""Somebody on Telegram answers what a bot has said before the bot has been told what that is called."""

import asyncio

from bridge.contract import React, Retract, Send
from tests.telegram.linked import linked
from tests.telegram.stage import Stage


async def test_what_answers_a_message_whose_number_is_not_known_yet_still_answers_it(play: Stage) -> None:
    world, juliet = play.world, play.juliet
    group, other = (world.group(title, juliet, play.bot, supergroup=True) for title in ("Square", "Orchard"))
    world.promotes(juliet, group, play.bot)
    async with linked(play, group, other) as hub:
        answered = play.api.faults.hold("sendMessage")
        asked = hub.says("Abram", group, "Do you quarrel, sir?")
        await world.until(lambda: bool(hub.by_bot(group)))
        [copy] = hub.by_bot(group)
        first = world.says(juliet, other, "Elsewhere nobody waits")
        await hub.away.until(1, Send)
        world.says(juliet, group, "Quarrel, sir? No, sir", reply_to=copy)
        world.reacts(juliet, group, copy, "👍")
        world.says(juliet, group, "/delete", reply_to=copy)
        for _ in range(2_000):  # as far as it goes without the number
            await asyncio.sleep(0)
        answered.set()
        elsewhere, reply = await hub.away.until(2, Send)
        [reaction] = await hub.away.until(1, React)
        [gone] = await hub.away.until(1, Retract)

    assert elsewhere.message.text == first.text
    assert reply.message.text == "Quarrel, sir? No, sir"
    assert reply.message.reply_to == asked
    assert reaction.reactions == ("👍",)
    assert {reaction.target.ids, gone.target.ids} == {(asked,)}


async def test_an_answer_that_never_comes_holds_up_nobody_for_long(play: Stage) -> None:
    group = play.world.group("Square", play.juliet, play.bot, supergroup=True)
    async with linked(play, group) as hub:
        answered = play.api.faults.hold("sendMessage")
        hub.says("Abram", group, "Do you quarrel, sir?")
        await play.world.until(lambda: bool(hub.by_bot(group)))
        [copy] = hub.by_bot(group)
        play.world.says(play.juliet, group, "Quarrel, sir? No, sir", reply_to=copy)
        [reply] = await hub.away.until(1, Send)
        for number in range(10):
            play.world.says(play.juliet, group, f"If you do, sir, I am for you {number}", reply_to=copy)
        async with asyncio.timeout(20):  # for each of them anew would be fifty
            await hub.away.until(11, Send)
        answered.set()

    assert reply.message.text.endswith("Quarrel, sir? No, sir")
