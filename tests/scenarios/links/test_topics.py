"""Topics of a Telegram group are rooms of links: each MUC has one of them, and the topics do not hear each other."""

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from tests.conftest import COMPONENTS
from tests.scenarios.links.conftest import ANY_HALL, HOST, LINKED, Cafe, heard
from tests.support import muc
from tests.support.botapi import BotApi, topics
from tests.support.botapi.state import Chat, Said
from tests.support.gateway import TELEGRAM, Gateway, telegram
from tests.support.xmpp_client import bare, body
from tests.support.xmpp_servers import XmppServer

REPLACE = "{urn:xmpp:message-correct:0}replace"


@ANY_HALL
async def test_two_topics_and_two_mucs(hall: XmppServer, tmp_path: Path) -> None:
    name = tmp_path.name[-20:].lower().replace("_", "-")
    duels_room, peace_room, all_room = (f"{what}-{name}@{HOST}" for what in ("duels", "peace", "all"))
    async with BotApi() as api, AsyncExitStack() as stack:
        world = api.world
        juliet, bot = world.person("Juliet", "Capulet"), world.bot("Bridge", reads_all=True)
        group = world.group("Square", juliet, bot, supergroup=True)
        duels, peace = (topics.begins(world, juliet, group, what) for what in ("Duels", "Peace"))
        links = {
            what: [{"xmpp": room}, {"telegram": group.id, "topic": group.number(topic, 0)}]
            for what, room, topic in (("duels", duels_room, duels), ("peace", peace_room, peace))
        }
        network = telegram(COMPONENTS[TELEGRAM], api.url, bot_token=bot.token)
        gateway = Gateway(network, hall.component_port, {"links": links})
        cafe = Cafe(hall, gateway, {}, stack, duels_room)
        try:
            romeo = await cafe.app("romeo")
            for other in (peace_room, all_room):
                await muc.enter(romeo, other, "romeo")
            await asyncio.to_thread(gateway.start)
            await cafe.linked(4)

            muc.say(romeo, duels_room, "Draw, if you be men", "d1")
            muc.say(romeo, peace_room, "Part, fools!", "p1")
            draw = await _arrives(api, group, duels, "romeo: Draw, if you be men")
            await _arrives(api, group, peace, "romeo: Part, fools!")
            answer = topics.says(world, juliet, duels, group, "I bite my thumb", reply_to=draw)
            topics.says(world, juliet, peace, group, "Put up your swords")
            world.says(juliet, group, "To all")
            shown = await heard(romeo, duels_room, "> romeo:\n> Draw, if you be men\nI bite my thumb")
            assert muc.nick(shown) == "Juliet Capulet"
            assert muc.nick(await heard(romeo, peace_room, "Put up your swords")) == "Juliet Capulet"
            world.edits(answer, group, "I do bite my thumb")
            await romeo.expect(lambda s: s.find(REPLACE) is not None and bare(s) == duels_room, again=True, what="edit")

            topics.closes(world, juliet, duels, group)
            closed = "“Square: Duels” is closed on Telegram."
            told = await romeo.expect(lambda s: bare(s) == duels_room and body(s).startswith(closed), again=True)
            muc.say(romeo, duels_room, "Is nobody there?", "d2")
            await muc.said(romeo, duels_room, "Is nobody there?")
            assert f"suspended: {closed}" in await cafe.links()
            topics.reopens(world, juliet, duels, group)
            await romeo.expect(lambda s: bare(s) == duels_room and "is open again" in body(s), again=True)
            muc.say(romeo, duels_room, "What, ho!", "d3")
            await _arrives(api, group, duels, "romeo: What, ho!")

            wrong = await cafe.command("link", "add", "none", f"xmpp={all_room}", f"telegram={group.id}/4711")
            assert "There is no topic 4711 in the group “Square” on Telegram." in wrong
            assert "is removed" in await cafe.command("link", "remove", "none")
            said = await cafe.command("link", "add", "all", f"xmpp={all_room}", f"telegram={group.id}/1")
            assert said.strip() == "The link all stands."
            muc.say(romeo, all_room, "Hear me", "a1")
            await _arrives(api, group, None, "romeo: Hear me")
            world.says(juliet, group, "Speak")
            assert muc.nick(await heard(romeo, all_room, "Speak")) == "Juliet Capulet"

            assert body(told).count("Telegram") == 1
            assert _texts(bot, group, duels) == ["romeo: Draw, if you be men", "romeo: What, ho!"]
            assert _texts(bot, group, peace) == ["romeo: Part, fools!"]
            assert _texts(bot, group, None) == ["romeo: Hear me"]
            theirs = [(bare(s), body(s)) for s in romeo.received if muc.nick(s) == "Juliet Capulet" and body(s)]
            assert {where for where, text in theirs if "thumb" in text} == {duels_room}
            assert [text for where, text in theirs if where == peace_room] == ["Put up your swords"]
            assert [text for where, text in theirs if where == all_room] == ["Speak"]
        finally:
            print(gateway.log[-20_000:], file=sys.stderr)  # shown for a play that fails
            await asyncio.to_thread(gateway.close)


def _texts(bot: object, group: Chat, topic: Said | None) -> list[str]:
    said = [said.text for said in topics.inside(group, topic) if said.author is bot]
    return [text for text in said if not text.startswith(LINKED)]


async def _arrives(api: BotApi, group: Chat, topic: Said | None, text: str) -> Said:
    await api.world.until(lambda: any(said.text == text for said in topics.inside(group, topic)))
    return next(said for said in topics.inside(group, topic) if said.text == text)
