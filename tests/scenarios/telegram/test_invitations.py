"""The operator's bot: an invitation makes somebody on Telegram a contact; what is done with links that are not good."""

import re
from pathlib import Path

from tests.conftest import ANY_SERVER
from tests.scenarios.telegram.hosting import ACCEPTED, hosted
from tests.support import commands
from tests.support.botapi.links import LINK, follows, starts
from tests.support.gateway import TELEGRAM
from tests.support.xmpp_client import bare, body, error_of, receipt_of
from tests.support.xmpp_servers import XmppServer

REPLACE = "{urn:xmpp:message-correct:0}replace"
REACTIONS = "{urn:xmpp:reactions:0}reactions"


@ANY_SERVER
async def test_whom_one_has_invited_is_a_contact_like_any_other(server: XmppServer, tmp_path: Path) -> None:
    async with hosted(server, tmp_path, "romeo") as play:
        app, world, juliet, address = play.apps["romeo"], play.world, play.juliet, play.address()
        app.message(address, "Before any invitation")
        early = await app.expect(lambda s: s.get("type") == "error" and bare(s) == address)
        assert error_of(early)[0] == "registration-required"

        step = await commands.execute(app, TELEGRAM, "invite")
        assert step.status == "completed"
        found = LINK.search(step.text)
        assert found is not None
        assert found[1] == play.bot.username
        assert "one person and good for 7 days" in step.text
        stranger = await play.link(app)
        assert stranger != found[0]

        tapped = follows(world, juliet, found[0])
        assert await app.text_from(address) == ACCEPTED
        met = await play.told("You talk with", after=tapped)
        assert re.match(rf"You talk with {app.bare.partition('@')[0]} \({app.bare}\) on XMPP now", met.text)
        await app.befriend(address)

        art = await play.says("Art thou not Romeo?", entities=[{"type": "bold", "offset": 0, "length": 3}])
        came = await app.expect(lambda s: "not" in body(s))
        assert body(came) == "*Art* thou not Romeo?"
        id = app.message(f"{address}/any", "Neither, fair maid")
        said = await play.told("^Neither, fair maid$")
        await app.expect(lambda s: receipt_of(s) == id)
        app.message(address, "Neither, fair saint", inner=f"<replace xmlns='urn:xmpp:message-correct:0' id='{id}'/>")
        await world.until(lambda: said.text == "Neither, fair saint")
        world.edits(art, play.chat, "Art thou Romeo?")
        assert body(await app.expect(lambda s: s.find(REPLACE) is not None)) == "Art thou Romeo?"
        world.reacts(juliet, play.chat, said, "❤")
        reaction = await app.expect(lambda s: s.find(REACTIONS) is not None)
        assert [r.text for r in reaction.iter("{urn:xmpp:reactions:0}reaction")] == ["❤"]
        app.send(
            f"<message to='{address}' type='chat' id='a1'><body>Call me but love</body>"
            f"<reply xmlns='urn:xmpp:reply:0' id='{came.get('id')}'/></message>"
        )
        assert (await play.told("^Call me but love$")).reply_to is art
        app.send(
            f"<message to='{address}' type='chat' id='t1'>"
            f"<retract xmlns='urn:xmpp:message-retract:1' id='{id}'/></message>"
        )
        await world.until(lambda: said.gone)
        world.sends_file(juliet, play.chat, "document", "letter.txt", "text/plain", b"O Romeo", caption="Read this")
        assert "letter" in await app.text_from(address)
        assert await app.text_from(address) == "Read this"

        world.blocks(juliet, play.bot)
        assert "has blocked the gateway's bot" in await app.text_from(address)
        refused = app.message(address, "Wilt thou leave me so unsatisfied?")
        error = await app.expect(lambda s: s.get("id") == refused and s.get("type") == "error")
        assert error_of(error) == ("forbidden", "They have blocked the gateway's bot.")
        starts(world, juliet, play.bot)
        assert await app.text_from(address) == "can be written to again."

        nurse = world.person("Nurse")
        app.message(play.address(nurse), "Good nurse")
        error = await app.expect(lambda s: s.get("type") == "error" and bare(s) == play.address(nurse))
        assert error_of(error)[0] == "item-not-found"
        assert "Send “invite” to the gateway" in error_of(error)[1]
        app.message(TELEGRAM, "status", receipt=False)
        assert f"{play.bot.id}:{app.bare}: connected." in await app.text_from(TELEGRAM)
        assert play.bot.token not in play.gateway.log
        assert stranger.rpartition("=")[2] not in play.gateway.log


@ANY_SERVER
async def test_links_that_are_not_good_are_answered_and_do_nothing(server: XmppServer, tmp_path: Path) -> None:
    async with hosted(server, tmp_path, "romeo") as play:
        app, world, juliet = play.apps["romeo"], play.world, play.juliet
        tybalt = world.person("Tybalt")
        link = await play.link(app)
        code = link.rpartition("=")[2]
        await play.restarts()
        starts(world, juliet, play.bot)
        await play.told("bot of a gateway")
        for odd in ("nonsense", "x" * 64, code[:-1], code.swapcase(), code[:10] + "A" * 22, "ﬀ" * 20):
            before = starts(world, tybalt, play.bot, odd)
            await play.told("no invitation", tybalt, after=before)
        world.says(tybalt, play.chat_of(tybalt), "Is anybody there?")
        await play.told("bot of a gateway", tybalt)

        follows(world, juliet, link)
        assert await app.text_from(play.address()) == ACCEPTED
        again = follows(world, juliet, link)
        await play.told("already. What you write here goes to them", after=again)
        stolen = follows(world, tybalt, link)
        await play.told("followed already; each is for one person", tybalt, after=stolen)
        other = await play.link(app)
        mine = follows(world, juliet, other)
        await play.told("already", after=mine)
        follows(world, tybalt, other)  # it was not used up by that
        assert await app.text_from(play.address(tybalt)) == ACCEPTED

        stop = world.says(juliet, play.chat, "/stop")
        await play.told("with nobody", after=stop)
        assert "only be reached by a new invitation" in await app.text_from(play.address())
        once_more = follows(world, juliet, link)
        await play.told("followed already", after=once_more)
        for _ in range(20):
            app.message(TELEGRAM, "invite", receipt=False)
            await app.text_from(TELEGRAM)
        app.message(TELEGRAM, "invite", receipt=False)
        assert "20 invitations that nobody has followed" in await app.text_from(TELEGRAM)
        assert [body(s) for s in app.received if bare(s) == play.address() and body(s)].count(ACCEPTED) == 1
