"""Several files in one message, each way with a bot of one's own; one told in two pieces, with a kill between."""

import asyncio

from tests.scenarios.telegram.conftest import OnTelegram
from tests.scenarios.test_files import described
from tests.support import files
from tests.support.botapi.albums import files_of, sends_album
from tests.support.files import OOB
from tests.support.xmpp_client import XmppClient, bare, body

REPLACE = "{urn:xmpp:message-correct:0}replace"
PICTURES = [files.png(30 + n, 20, seed=n) for n in range(4)]
NAMED = [("photo", f"{n}.png", "image/png", data) for n, data in enumerate(PICTURES)]


async def came(app: XmppClient, address: str, number: int) -> list[bytes]:
    found = []
    for _ in range(number):
        one = await app.expect(lambda s: bare(s) == address and s.find(f"{OOB}x") is not None, 40, "file")
        found.append((await files.get(one.findtext(f"{OOB}x/{OOB}url", ""))).body)
    return found


async def test_albums_each_way_changed_and_amid_a_kill(stage: OnTelegram) -> None:
    await stage.met()
    app, world, chat, juliet = stage.app, stage.world, stage.chat, stage.juliet

    said = sends_album(world, juliet, chat, NAMED[:3], "Three views")
    assert await came(app, stage.address, 3) == PICTURES[:3]
    assert await app.text_from(stage.address) == "Three views"
    world.edits(said[0], chat, "Views of Verona")
    edits = [await app.expect(lambda s: s.find(REPLACE) is not None) for _ in range(4)]
    assert body(edits[-1]) == "Views of Verona"
    assert len({edit.find(REPLACE).get("id") for edit in edits}) == 4  # type: ignore[union-attr]

    # A reply to, and a change of, what is not the first of them is about the whole.
    world.says(juliet, chat, "Is it not fair?", reply_to=said[2])
    reply = await app.expect(lambda s: "Is it not fair?" in body(s))
    assert reply.find("{urn:xmpp:reply:0}reply") is not None

    urls = [
        await files.xmpp_upload(app, f"upload.{stage.server.domain}", one, "image/png", "a.png") for one in PICTURES
    ]
    id = app.message(stage.address, "Mantua", inner="".join(described(url, f"{n}.png") for n, url in enumerate(urls)))
    await world.until(lambda: len([s for s in chat.visible if s.author is stage.bot]) == 4)
    mine = [s for s in chat.messages if s.author is stage.bot]
    assert [file.data for file in files_of(mine) if file is not None] == PICTURES
    assert [s.text for s in mine] == ["Mantua", "", "", ""]
    assert stage.api.calls["sendmediagroup"] == 1
    app.message(stage.address, "Padua", inner=f"<replace xmlns='urn:xmpp:message-correct:0' id='{id}'/>")
    await world.until(lambda: mine[0].text == "Padua")
    retract = f"<retract xmlns='urn:xmpp:message-retract:1' id='{id}'/>"
    app.send(f"<message to='{stage.address}' type='chat' id='r'>{retract}</message>")
    await world.until(lambda: all(s.gone for s in mine))

    # Two of four are told, and the gateway is killed while it waits for the others: what comes may be two messages.
    await stage.polls()
    asked = world.updates.asked
    sends_album(world, juliet, chat, NAMED[:2], "Four views", name="four")
    while world.updates.asked < asked + 1:
        await asyncio.sleep(0.02)
    await asyncio.to_thread(stage.gateway.kill)
    sends_album(world, juliet, chat, NAMED[2:], name="four")
    await asyncio.to_thread(stage.gateway.start)
    assert sorted(await came(app, stage.address, 4)) == sorted(PICTURES)
    await app.expect(lambda s: body(s) == "Four views", again=True)
    assert [body(s) for s in app.received].count("Four views") == 1
