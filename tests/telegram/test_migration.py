"""A group becomes a supergroup amid traffic: nothing is lost, and what was said before is good for quotations."""

import asyncio

import pytest

from bridge.contract import Confirm, Fail, Send
from tests.telegram.linked import linked
from tests.telegram.stage import Stage


@pytest.mark.parametrize("told", ["by an error", "by an update"])
async def test_a_group_becomes_a_supergroup_while_messages_are_under_way(play: Stage, told: str) -> None:
    world = play.world
    group = world.group("Verona", play.juliet, play.bot)
    async with linked(play, group) as hub:
        world.says(play.juliet, group, "Before")
        if told == "by an error":
            # The bot's news is behind: it asks for the old group, and is told where that is.
            world.updates.interrupt()
        flood = [f"line {n}" for n in range(60)]
        named = [hub.says(("Abram", "Peter")[n % 2], group, text) for n, text in enumerate(flood)]
        await world.until(lambda: len(hub.by_bot(group)) >= 7)
        new = world.migrates(play.juliet, group)
        answer = world.says(play.juliet, new, "After")
        await hub.away.until(60, Confirm)
        async with asyncio.timeout(20):
            while not any(one.message.text.endswith("After") for one in hub.away.actions(Send)):
                await asyncio.sleep(0.02)

        old = hub.lines(group)
        assert [*old, *hub.lines(new)] == flood, "in order, each once"
        assert 7 <= len(old) < 60
        assert {one.chat for one in hub.away.actions(Send)} == {str(group.id)}

        # Numbers begin anew: what was said before can be quoted, and neither edited nor taken for another's.
        hub.says("Abram", group, "A quotation", reply_to=named[0])
        await world.until(lambda: any("A quotation" in said.text for said in hub.by_bot(new)))
        [quoting] = [said for said in hub.by_bot(new) if "A quotation" in said.text]
        assert "line 0" in quoting.text
        assert quoting.reply_to is None
        hub.edits("Abram", group, named[0], "changed")
        await hub.away.until(1, Fail)
        assert "changed" not in str([said.text for said in (*group.messages, *new.messages)])
        world.says(play.juliet, new, "An answer", reply_to=answer)
        async with asyncio.timeout(20):
            while not any("An answer" in one.message.text for one in hub.away.actions(Send)):
                await asyncio.sleep(0.02)
