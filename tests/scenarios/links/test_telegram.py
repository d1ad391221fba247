"""A MUC and a Telegram group are one room: the operator's bot speaks there for all, with the name before the text."""

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from tests.conftest import COMPONENTS
from tests.scenarios.links.conftest import ANY_HALL, HOST, LINKED, Cafe, heard
from tests.support import muc
from tests.support.botapi import BotApi
from tests.support.botapi.state import Chat, Said
from tests.support.gateway import TELEGRAM, Gateway, telegram
from tests.support.xmpp_servers import XmppServer

REPLACE = "{urn:xmpp:message-correct:0}replace"


@ANY_HALL
async def test_a_group_and_a_muc(hall: XmppServer, tmp_path: Path) -> None:
    room = f"verona-{tmp_path.name[-20:].lower().replace('_', '-')}@{HOST}"
    async with BotApi() as api, AsyncExitStack() as stack:
        world = api.world
        juliet, tybalt = world.person("Juliet", "Capulet"), world.person("Tybalt")
        bot = world.bot("Bridge", reads_all=True)
        group = world.group("Verona", juliet, tybalt, bot, supergroup=True)
        links = {"verona": {"xmpp": room, "telegram": group.id}}
        network = telegram(COMPONENTS[TELEGRAM], api.url, bot_token=bot.token)
        gateway = Gateway(network, hall.component_port, {"links": links})
        cafe = Cafe(hall, gateway, {}, stack, room)
        try:
            romeo = await cafe.app("romeo")
            await asyncio.to_thread(gateway.start)
            await cafe.linked()

            muc.say(romeo, room, "What's in a name?", "t1")
            said = await _arrives(api, group, "romeo: What's in a name?")
            answer = world.says(juliet, group, "That which we call a rose", reply_to=said)
            shown = await heard(romeo, room, "> romeo:\n> What's in a name?\nThat which we call a rose")
            assert muc.nick(shown) == "Juliet Capulet"

            romeo.send(
                f"<message to='{room}' type='groupchat' id='t2'><body>What is in a name?</body>"
                f"<replace xmlns='urn:xmpp:message-correct:0' id='t1'/></message>"
            )
            await _arrives(api, group, "romeo: What is in a name?")
            world.edits(answer, group, "A rose by any other name")
            corrected = await romeo.expect(
                lambda s: s.find(REPLACE) is not None and muc.nick(s) == "Juliet Capulet", again=True, what="her edit"
            )
            assert corrected.find(REPLACE).get("id") == shown.get("id")  # type: ignore[union-attr]

            world.says(tybalt, group, "What, art thou drawn?")
            assert muc.nick(await heard(romeo, room, "What, art thou drawn?")) == "Tybalt"
            said = [s.text for s in group.visible if s.author is bot]
            assert [text for text in said if not text.startswith(LINKED)] == ["romeo: What is in a name?"]
        finally:
            print(gateway.log[-20_000:], file=sys.stderr)  # shown for a play that fails
            await asyncio.to_thread(gateway.close)


async def _arrives(api: BotApi, group: Chat, text: str) -> Said:
    await api.world.until(lambda: any(said.text == text for said in group.visible))
    return next(said for said in group.visible if said.text == text)
