"""A MUC and a Matrix room are one, through the operator's appservice: people of each are there under their names."""

import asyncio
import sys
from typing import Any
from urllib.parse import quote

from tests.support import mam, muc
from tests.support.appservice import WithAppservice
from tests.support.cafe import cafe
from tests.support.gateway import Gateway
from tests.support.matrix_client import Event, MatrixClient
from tests.support.xmpp_client import bare, body

CHATSTATES = "http://jabber.org/protocol/chatstates"


async def test_people_of_a_muc_are_matrix_users_and_a_crash_loses_and_doubles_nothing() -> None:
    async with cafe(power_level_content_override={"events": {"m.bridge": 0}}) as rooms:
        app, element, gateway, room, there = rooms.app, rooms.element, rooms.gateway, rooms.room, rooms.there
        juliet, synapse = rooms.juliet, rooms.synapse
        before = await _state(element, there)
        with gateway:
            await rooms.linked()
            muc.say(app, room, "But soft!", "s1")
            said = await element.text("But soft!", 60)
            assert said["sender"].startswith("@xmpp_")
            member = f"/rooms/{quote(there)}/state/m.room.member/{quote(said['sender'], safe='')}"
            assert (await element.call("GET", member))["displayname"] == "Romeo"

            app.send(f"<message to='{room}' type='groupchat'><composing xmlns='{CHATSTATES}'/></message>")
            await element.until(lambda e: said["sender"] in e.typing.get(there, ()), 60)

            texts = [f"what light {n}" for n in range(24)]
            for number, text in enumerate(texts):
                await element.send(there, text)
                muc.say(app, room, f"arise {number}", f"a{number}")
                if number in (7, 15):
                    gateway.kill()
                if number in (10, 18):
                    await asyncio.to_thread(gateway.start)
            last = await app.expect(lambda s: bare(s) == room and body(s) == texts[-1], 120, texts[-1], again=True)
            assert muc.nick(last) == juliet.name
            await element.until(lambda e: any(x["content"].get("body") == "arise 23" for x in e.events), 120)

            found = [body(stanza) for _, stanza in await mam.backwards(app, room, 200) if body(stanza)]
            shown = await element.texts(there, said["sender"])
            notices = await element.texts(there, synapse.registered.me)
            after = await _state(element, there)
            await _ends_while_the_homeserver_is_down(gateway, synapse)
            # Our people leave, though that ended with a crash, too: whom we have brought, then our own user.
            for user in (said["sender"], synapse.registered.me):
                await element.expect(lambda e, user=user: _leaves(e, user), 120, f"{user} who leaves")
            members = f"/rooms/{quote(there)}/joined_members"
            assert list((await element.call("GET", members))["joined"]) == [juliet.mxid]
    assert [text for text in found if text.startswith("what light")] == texts
    assert shown == ["But soft!", *(f"arise {n}" for n in range(24))]
    # Nothing about the room was changed, but that it says that it is linked; over two crashes once.
    [new] = [key for key in after if key not in before]
    assert new[0] == "m.bridge"
    assert after[new][1]["channel"]["id"] == room
    assert {key: after[key] for key in before} == before
    assert notices == [
        f"This room is now linked with {room} on XMPP: what is said in one of them is shown in the others, under its "
        "author's name."
    ]


async def _ends_while_the_homeserver_is_down(gateway: Gateway, synapse: WithAppservice) -> None:
    await asyncio.to_thread(synapse.stop)
    command = [sys.executable, "-m", "bridge", "link", "remove", "cafe", "-c", str(gateway.config)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert b"is removed" in (await process.communicate())[0]
    gateway.kill()
    await asyncio.to_thread(synapse.start)
    await asyncio.to_thread(gateway.start)


def _leaves(event: Event, user: str) -> bool:
    return event.get("state_key") == user and event["content"].get("membership") == "leave"


async def _state(element: MatrixClient, room: str) -> dict[tuple[str, str], tuple[str, Any]]:
    """What is said of the room, without who is in it."""
    found: Any = await element.call("GET", f"/rooms/{quote(room)}/state")
    return {
        (one["type"], one["state_key"]): (one["event_id"], one["content"])
        for one in found if one["type"] != "m.room.member"
    }  # fmt: skip
