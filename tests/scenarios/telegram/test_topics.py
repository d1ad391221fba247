"""A topic of a group is a thread of the room (XEP-0201), each way, with a bot of one's own."""

from tests.conftest import ANY_SERVER
from tests.scenarios.telegram.conftest import OnTelegram
from tests.support import muc
from tests.support.botapi import topics
from tests.support.gateway import TELEGRAM

THREAD = "{jabber:client}thread"


@ANY_SERVER
async def test_what_is_said_in_a_topic_is_in_a_thread_each_way(stage: OnTelegram) -> None:
    await stage.log_in()
    app, world, juliet = stage.app, stage.world, stage.juliet
    group = world.group("Square", juliet, stage.bot, supergroup=True)
    world.promotes(juliet, group, stage.bot)
    room = f"{group.id}@{TELEGRAM}"
    await muc.listed(app, TELEGRAM, room)
    await muc.enter(app, room, "Romeo")

    duels = topics.begins(world, juliet, group, "Duels")
    topics.says(world, juliet, duels, group, "I bite my thumb")
    thread = (await muc.said(app, room, "I bite my thumb")).findtext(THREAD)
    assert thread
    world.says(juliet, group, "Not in one")
    assert (await muc.said(app, room, "Not in one")).find(THREAD) is None

    app.send(
        f"<message to='{room}' type='groupchat' id='t1'><body>Do you quarrel, sir?</body>"
        f"<thread>{thread}</thread></message>"
    )
    inside = await stage.arrives("Do you quarrel, sir?", group)
    assert inside.content.get("message_thread_id") == group.number(duels, 0)
    assert (await muc.said(app, room, "Do you quarrel, sir?")).findtext(THREAD) == thread
    muc.say(app, room, "Quarrel, sir? No, sir", "t2")
    assert "message_thread_id" not in (await stage.arrives("Quarrel, sir? No, sir", group)).content
