"""Who is banned or removed in a Matrix room as somebody whom we have brought is not shown there any more."""

import asyncio
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.conftest import COMPONENTS
from tests.support import folk, muc
from tests.support.appservice import WithAppservice
from tests.support.folk import PASSWORD
from tests.support.gateway import MATRIX, Gateway
from tests.support.prosody import Prosody
from tests.support.xmpp_client import XmppClient, bare, body

HOST = "conference.localhost"


async def test_a_ban_in_a_matrix_room_holds_over_a_restart_and_is_told_once(tmp_path: Path) -> None:
    room, alias = f"cafe-{uuid.uuid4().hex[:8]}@{HOST}", f"cafe-{uuid.uuid4().hex[:8]}"
    with Prosody(COMPONENTS, rooms=True) as prosody, WithAppservice() as synapse:
        juliet = folk.contact(synapse, "juliet")
        romeo, tybalt = prosody.add_user("romeo", PASSWORD), prosody.add_user("tybalt", PASSWORD)
        async with (
            folk.on_matrix(juliet, synapse) as element,
            XmppClient(romeo, PASSWORD, prosody.c2s_port) as app,
            XmppClient(tybalt, PASSWORD, prosody.c2s_port) as other,
        ):
            wish = {"preset": "public_chat", "room_alias_name": alias}
            there = str((await element.call("POST", "/createRoom", wish))["room_id"])
            for client, nick in ((app, "Romeo"), (other, "Tybalt")):
                await muc.enter(client, room, nick)
            network: dict[str, Any] = {
                "connector": "matrix", "jid": MATRIX, "secret": COMPONENTS[MATRIX], "homeserver": synapse.url,
                "appservice": str(synapse.file),
            }  # fmt: skip
            links = {"cafe": {"xmpp": room, "matrix": f"#{alias}:localhost"}}
            settings = {"http": {"listen": f"127.0.0.1:{synapse.ours}"}, "links": links}
            gateway = Gateway({"matrix": network}, prosody.component_port, settings)
            gateway.http = synapse.ours

            async def says(client: XmppClient, nick: str, text: str) -> None:
                muc.say(client, room, text, uuid.uuid4().hex)
                await app.expect(lambda s: bare(s) == room and body(s) == text, 60, text, again=True)

            def notices() -> list[str]:
                """What the gateway has said in the MUC."""
                said = [body(s) for s in app.received if bare(s) == room and muc.nick(s) == "bridge" and body(s)]
                return [text for text in said if not text.startswith("This room is now linked with ")]

            async def order(what: str, user: str) -> None:
                await element.call("POST", f"/rooms/{quote(there)}/{what}", {"user_id": user, "reason": "brawls"})

            with gateway:
                await muc.begun(app, room, "This room is now linked with ", 90)
                people = {}
                for client, nick in ((app, "Romeo"), (other, "Tybalt")):
                    await says(client, nick, f"{nick} is here")
                    people[nick] = (await element.text(f"{nick} is here", 60))["sender"]
                await order("ban", people["Tybalt"])
                await order("kick", people["Romeo"])
                await element.send(there, "peace!")  # behind both: the gateway has them when this is in the MUC
                await app.expect(lambda s: bare(s) == room and body(s) == "peace!", 60, "peace!", again=True)
                for text in ("more", "and more"):
                    await says(other, "Tybalt", f"Tybalt: {text}")
                    await says(app, "Romeo", f"Romeo: {text}")
                for begin in ("“Tybalt” is banned from", "Those who keep order in"):
                    await muc.begun(app, room, begin)
                gateway.kill()
                await asyncio.to_thread(gateway.start)
                await says(other, "Tybalt", "Tybalt: still")
                await says(app, "Romeo", "Romeo: still")
                await order("unban", people["Tybalt"])
                await order("invite", people["Romeo"])
                await element.send(there, "again!")
                await app.expect(lambda s: bare(s) == room and body(s) == "again!", 60, "again!", again=True)
                await says(other, "Tybalt", "Tybalt: back")
                await says(app, "Romeo", "Romeo: back")
                await element.text("Romeo: back", 60)
                said = notices()
            shown = {nick: await element.texts(there, user) for nick, user in people.items()}
    assert shown == {"Tybalt": ["Tybalt is here", "Tybalt: back"], "Romeo": ["Romeo is here", "Romeo: back"]}
    assert [text.partition(" ")[0] for text in said] == ["“Tybalt”", "Those"], said
    assert "(brawls)" in said[0]
