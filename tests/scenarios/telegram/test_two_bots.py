"""Two users with a bot each in the same groups: a supergroup is one room for both, since Telegram tells both the same;
a basic group, where each bot has numbers of its own, is a room for each. One person who writes to both is a contact of
each, by their own bot."""

from tests.conftest import ANY_SERVER
from tests.scenarios.telegram.conftest import PASSWORD, OnTelegram
from tests.support import muc
from tests.support.gateway import TELEGRAM
from tests.support.xmpp_client import XmppClient, bare, body


@ANY_SERVER
async def test_two_bots_in_the_same_groups(stage: OnTelegram) -> None:
    world, juliet, app = stage.world, stage.juliet, stage.app
    other_bot = world.bot("Benvolio", reads_all=True)
    stage.bot.reads_all = True
    jid = stage.server.add_user(f"{app.bare.partition('@')[0][:20]}-b", PASSWORD)
    async with XmppClient(jid, PASSWORD, stage.server.c2s_port) as other:
        await stage.log_in()
        await stage.log_in(other, other_bot)
        square = world.group("Square", juliet, stage.bot, other_bot, supergroup=True)
        room = f"{square.id}@{TELEGRAM}"
        for one in (app, other):
            await muc.listed(one, TELEGRAM, room)
            await muc.enter(one, room, "me")
        world.says(juliet, square, "A word with one of you")
        for one in (app, other):
            await muc.said(one, room, "A word with one of you")
        muc.say(app, room, "With me, sir?", "m1")
        await muc.said(other, room, "With me, sir?")
        await stage.arrives("With me, sir?", square)
        muc.say(other, room, "Or with me?", "m2")
        await muc.said(app, room, "Or with me?")
        await world.until(lambda: [s.author for s in square.visible if s.text == "Or with me?"] == [other_bot])

        cellar = world.group("Cellar", juliet, stage.bot, other_bot)
        rooms: dict[str, XmppClient] = {}
        for one in (app, other):
            while not (found := [j for j, name in (await muc.items(one, TELEGRAM))[0] if name == "Cellar"]):
                await stage.polls()
            await muc.enter(one, found[0], "me")
            rooms[found[0]] = one
        assert len(rooms) == 2
        world.says(juliet, cellar, "Down here")
        for where, one in rooms.items():
            await muc.said(one, where, "Down here")

        for bot, one in ((stage.bot, app), (other_bot, other)):
            world.starts(juliet, bot)
            assert await one.text_from(stage.address) == "has opened the chat with your bot."
            one.message(stage.address, f"By {bot.first_name}")
            await world.until(
                lambda bot=bot: (
                    [s.text for s in world.state.private(bot, juliet).visible if s.author is bot]  # type: ignore[misc]
                    == [f"By {bot.first_name}"]
                )
            )
        heard = [body(s) for s in app.received if bare(s) == room and muc.nick(s) and body(s)]
        assert heard == ["A word with one of you", "With me, sir?", "Or with me?"], "each once"
