"""A MUC and a Matrix room are one where there is no appservice: one bot says everything, and for whom."""

import asyncio
import uuid
from typing import Any
from urllib.parse import quote

from tests.conftest import COMPONENTS
from tests.support import folk, mam, muc
from tests.support.folk import PASSWORD
from tests.support.gateway import MATRIX, Gateway
from tests.support.prosody import Prosody
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, bare, body

HOST = "conference.localhost"
PROFILE = "com.beeper.per_message_profile"


async def test_a_bot_speaks_for_everybody_and_a_crash_loses_and_doubles_nothing() -> None:
    room = f"cafe-{uuid.uuid4().hex[:8]}@{HOST}"
    with Prosody(COMPONENTS, rooms=True) as prosody, Synapse() as synapse:
        juliet, bot = folk.contact(synapse, "juliet"), folk.contact(synapse, "bridge")
        login = {
            "type": "m.login.password", "identifier": {"type": "m.id.user", "user": bot.mxid}, "password": PASSWORD
        }  # fmt: skip
        token = synapse.ask("POST", "/_matrix/client/v3/login", login)["access_token"]
        jid = prosody.add_user("romeo", PASSWORD)
        async with folk.on_matrix(juliet, synapse) as element, XmppClient(jid, PASSWORD, prosody.c2s_port) as app:
            wish = {"preset": "private_chat", "invite": [bot.mxid]}  # it comes when it is asked to
            there = str((await element.call("POST", "/createRoom", wish))["room_id"])
            await muc.enter(app, room, "Romeo")
            network: dict[str, Any] = {
                "connector": "matrix", "jid": MATRIX, "secret": COMPONENTS[MATRIX], "homeserver": synapse.url,
                "bot": bot.mxid, "bot_token": token,
            }  # fmt: skip
            links = {"cafe": {"xmpp": room, "matrix": there}}
            gateway = Gateway({"matrix": network}, prosody.component_port, {"links": links})
            with gateway:
                await muc.begun(app, room, "This room is now linked with ", 90)
                muc.say(app, room, "But soft!", "s1")
                said = await element.text("Romeo: But soft!", 60)
                assert said["sender"] == bot.mxid
                profile = said["content"][PROFILE]
                assert (profile["displayname"], profile["has_fallback"]) == ("Romeo", True)
                fallback = "<strong data-mx-profile-fallback>Romeo: </strong>"
                assert said["content"]["formatted_body"] == f"{fallback}But soft!"
                correction = "<replace xmlns='urn:xmpp:message-correct:0' id='s1'/>"
                app.send(f"<message to='{room}' type='groupchat' id='s2'><body>But hark!</body>{correction}</message>")
                edited = await element.expect(lambda e: "m.new_content" in e["content"], 60, "the edit")
                new = edited["content"]["m.new_content"]
                assert (new["body"], new[PROFILE]) == ("Romeo: But hark!", profile)

                texts = [f"what light {n}" for n in range(12)]
                for number, text in enumerate(texts):
                    await element.send(there, text)
                    muc.say(app, room, f"arise {number}", f"a{number}")
                    if number == 4:
                        gateway.kill()
                    if number == 6:
                        await asyncio.to_thread(gateway.start)
                last = await app.expect(lambda s: bare(s) == room and body(s) == texts[-1], 120, texts[-1], again=True)
                assert muc.nick(last) == juliet.name
                await element.text("Romeo: arise 11", 120)

            found = [body(stanza) for _, stanza in await mam.backwards(app, room, 200) if body(stanza)]
            shown = [text for text in await element.texts(there, bot.mxid) if "arise" in text]
            members = (await element.call("GET", f"/rooms/{quote(there)}/joined_members"))["joined"]
    assert [text for text in found if text.startswith("what light")] == texts
    assert shown == [f"Romeo: arise {n}" for n in range(12)]
    assert set(members) == {juliet.mxid, bot.mxid}
