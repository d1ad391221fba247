"""Topics of a group with one's own bot in it, as rooms of their own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import ANY_SERVER
from tests.scenarios.telegram.conftest import OnTelegram, staged
from tests.support import commands, muc
from tests.support.botapi import topics
from tests.support.gateway import TELEGRAM
from tests.support.xmpp_client import bare
from tests.support.xmpp_servers import XmppServer

THREAD = "{jabber:client}thread"
INVITATION = "{jabber:x:conference}x"


@pytest.fixture
async def roomy(server: XmppServer, tmp_path: Path) -> AsyncIterator[OnTelegram]:
    async with staged(server, tmp_path, topics="rooms") as made:
        yield made


@ANY_SERVER
async def test_every_topic_is_a_room_of_its_own(roomy: OnTelegram) -> None:
    stage, app, world = roomy, roomy.app, roomy.world
    stage.bot.reads_all = True
    await stage.log_in()
    group = world.group("Square", stage.juliet, stage.bot, supergroup=True)
    duels = topics.begins(world, stage.juliet, group, "Duels")
    whole, room = f"{group.id}@{TELEGRAM}", f"{group.id}.{group.number(duels, 0)}@{TELEGRAM}"
    await muc.listed(app, TELEGRAM, room)
    await muc.enter(app, room, "Romeo")
    await muc.enter(app, whole, "Romeo")
    topics.says(world, stage.juliet, duels, group, "I bite my thumb")
    world.says(stage.juliet, group, "To all")
    inside = await muc.said(app, room, "I bite my thumb")
    await muc.said(app, whole, "To all")
    muc.say(app, room, "At us, sir?", "m1")
    muc.say(app, whole, "Hear me", "m2")
    await stage.arrives("At us, sir?", group)
    await stage.arrives("Hear me", group)

    assert (muc.nick(inside), inside.find(THREAD)) == ("Juliet Capulet", None)
    assert [said.text for said in topics.inside(group, duels) if said.author is stage.bot] == ["At us, sir?"]
    assert [said.text for said in topics.inside(group, None) if said.author is stage.bot] == ["Hear me"]
    [(_, heard)] = muc.lines(app, whole)[:1]
    assert heard == "To all"


@ANY_SERVER
async def test_one_topic_becomes_a_room_and_a_thread_again(stage: OnTelegram) -> None:
    app, world = stage.app, stage.world
    stage.bot.reads_all = True
    await stage.log_in()
    group = world.group("Square", stage.juliet, stage.bot, supergroup=True)
    duels = topics.begins(world, stage.juliet, group, "Duels")
    number = group.number(duels, 0)
    whole, room = f"{group.id}@{TELEGRAM}", f"{group.id}.{number}@{TELEGRAM}"
    await muc.listed(app, TELEGRAM, whole)
    joined = await commands.execute(app, TELEGRAM, "join", {"room": f"{group.id}/{number}"})
    assert room in joined.text, joined
    await app.expect(lambda s: bare(s) == room and s.find(INVITATION) is not None, again=True, what="invitation")
    await muc.enter(app, room, "Romeo")
    await muc.enter(app, whole, "Romeo")
    topics.says(world, stage.juliet, duels, group, "I bite my thumb")
    await muc.said(app, room, "I bite my thumb")
    left = await commands.execute(app, TELEGRAM, "leave", {"room": room})
    assert "You have left" in left.text, left
    await app.expect(lambda s: muc.is_presence(s, room, "unavailable") and 110 in muc.statuses(s), again=True)
    topics.says(world, stage.juliet, duels, group, "At us?")
    shown = await muc.said(app, whole, "At us?")

    assert shown.find(THREAD) is not None
    assert [text for _, text in muc.lines(app, room)] == ["I bite my thumb"]
