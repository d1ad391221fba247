"""Topics are threads: what is said in one is in it on the other network, too, and the other way."""

from bridge.contract import Confirm, Fail, Message, MessageReceived, Send
from tests.support.botapi import topics
from tests.telegram.linked import linked
from tests.telegram.stage import Stage


async def test_what_is_said_in_a_topic_is_in_a_thread_each_way(play: Stage) -> None:
    world, juliet = play.world, play.juliet
    group = world.group("Square", juliet, play.bot, supergroup=True)
    async with linked(play, group) as hub:

        async def came(text: str) -> Message:
            await hub.away.until(1, Send)
            async with hub.away.changed:
                await hub.away.changed.wait_for(
                    lambda: any(one.message.text.endswith(text) for one in hub.away.actions(Send))
                )
            return next(one.message for one in hub.away.actions(Send) if one.message.text.endswith(text))

        duels = topics.begins(world, juliet, group, "Duels")
        world.says(juliet, group, "Not in one")
        first = topics.says(world, juliet, duels, group, "I bite my thumb")
        topics.says(world, juliet, duels, group, "At you, sir", reply_to=first)
        began, said, outside = await came("[Topic: Duels]"), await came("I bite my thumb"), await came("Not in one")
        answer = await came("At you, sir")
        assert began.thread is outside.thread is None
        assert said.thread is not None
        assert (answer.thread, said.reply_to) == (said.thread, None)
        assert answer.reply_to is not None

        hub.says("Abram", group, "Do you quarrel, sir?", thread=said.thread)
        hub.says("Abram", group, "No thread of yours", thread="made-up-by-an-app")
        await hub.away.until(2, Confirm)
        inside, other = hub.by_bot(group)
        assert inside.content.get("message_thread_id") == group.number(duels, 0)
        assert "message_thread_id" not in other.content

        topics.closes(world, juliet, duels, group)
        await came("has closed the topic.")
        hub.says("Abram", group, "Quarrel, sir?", thread=said.thread)
        [failed] = await hub.away.until(1, Fail)
        assert failed.text == "This topic is closed."


async def test_a_topic_that_began_before_the_bot_came_is_named_once(play: Stage) -> None:
    group = play.world.group("Square", play.juliet, supergroup=True)
    play.world.says(play.juliet, group, "In the general topic, which is number 1")
    duels = topics.begins(play.world, play.juliet, group, "Duels")
    play.world.comes(play.juliet, group, play.bot)
    async with play.live() as (_, reader):
        topics.says(play.world, play.juliet, duels, group, "one")
        topics.says(play.world, play.juliet, duels, group, "two")
        await reader.until(lambda r: "two" in r.texts)
    told = [e for e in reader.of(MessageReceived) if e.chat == str(group.id)]
    async with play.live() as (_, reader):
        topics.says(play.world, play.juliet, duels, group, "three")
        await reader.until(lambda r: "three" in r.texts)
    again = next(e for e in reader.of(MessageReceived) if "Topic" in e.message.text)

    assert [e.message.text for e in told] == ["[Topic: Duels]", "one", "two"]
    assert {e.message.thread for e in told[1:]} == {told[0].id}
    assert again.id == told[0].id, "so the hub knows that it has it"


async def test_a_thread_on_what_is_no_topic_is_an_answer_to_that(play: Stage) -> None:
    """Elsewhere a thread can begin with any message."""
    group = play.world.group("Square", play.juliet, play.bot, supergroup=True)
    first = play.world.says(play.juliet, group, "I bite my thumb")
    async with play.connected() as session:
        await session.perform(play.send("At us?", chat=group, thread=play.id(first, group)))
    [said] = [one for one in group.messages if one.author is play.bot]

    assert said.text == "At us?"
    assert said.reply_to is first
