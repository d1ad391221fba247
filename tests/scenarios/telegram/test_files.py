"""Files and captions each way with a bot of one's own; what is too large is a line."""

from xml.etree.ElementTree import Element

from tests.conftest import ANY_SERVER
from tests.scenarios.telegram.conftest import OnTelegram
from tests.support import files
from tests.support.botapi.uploads import file_of
from tests.support.files import OOB
from tests.support.xmpp_client import bare, body

REPLACE = "{urn:xmpp:message-correct:0}replace"


@ANY_SERVER
async def test_files_and_captions_each_way(stage: OnTelegram) -> None:
    await stage.met()
    app, world, chat, juliet = stage.app, stage.world, stage.chat, stage.juliet

    async def file() -> Element:
        return await app.expect(lambda s: bare(s) == stage.address and s.find(f"{OOB}x") is not None, 30, "file")

    picture = files.png(640, 480)
    said = world.sends_file(juliet, chat, "photo", "ignored", "image/png", picture, caption="At dawn")
    came = await file()
    url = came.findtext(f"{OOB}x/{OOB}url", "")
    assert (await files.get(url)).body == picture
    assert stage.bot.token not in url
    assert await app.text_from(stage.address) == "At dawn"

    world.edits(said, chat, "At noon")
    await app.expect(lambda s: s.find(REPLACE) is not None and body(s) == "At noon")

    world.sends_file(juliet, chat, "video", "film.mp4", "video/mp4", b"x", claims=30_000_000)
    line = await app.text_from(stage.address, 60)
    assert line.startswith("[Video: film.mp4, 30 MB]")
    assert "20 MB" in line

    mine = await files.xmpp_upload(app, f"upload.{stage.server.domain}", picture[:-1] + b"!", "image/png", "me.png")
    app.message(stage.address, mine, inner=files.share(mine))
    await world.until(lambda: any(file_of(s.content) for s in chat.messages if s.author is stage.bot))
    [sent] = [s for s in chat.messages if s.author is stage.bot and file_of(s.content)]
    held = file_of(sent.content)
    assert held is not None
    assert held.data == picture[:-1] + b"!"
    assert "photo" in sent.content

    app.send(
        f"<message to='{stage.address}' type='chat' id='c1'><active xmlns='http://jabber.org/protocol/chatstates'/></message>"
        f"<message to='{stage.address}' type='chat' id='c2'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>"
    )
    await world.until(lambda: stage.api.calls["sendchataction"] > 0)
    assert stage.bot.token not in stage.gateway.log
