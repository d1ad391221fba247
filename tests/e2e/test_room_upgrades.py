"""A Matrix room that is linked is replaced by another one: the link goes along, where both rooms say so."""

import asyncio
from urllib.parse import quote

from tests.support import muc
from tests.support.cafe import cafe
from tests.support.xmpp_client import bare, body


async def test_a_link_goes_along_into_the_room_that_replaces_one_and_into_no_other() -> None:
    async with cafe(name="Café", room_version="10") as rooms:
        app, element, gateway, room, first = rooms.app, rooms.element, rooms.gateway, rooms.room, rooms.there
        with gateway:
            await rooms.linked()
            muc.say(app, room, "But soft!", "s1")
            said = await element.text("But soft!", 90)
            assert said["room_id"] == first

            upgrade = await element.call("POST", f"/rooms/{quote(first)}/upgrade", {"new_version": "11"})
            second = str(upgrade["replacement_room"])
            await element.send(second, "Here I am")
            await app.expect(lambda s: bare(s) == room and body(s) == "Here I am", 90, again=True)
            muc.say(app, room, "It is my lady", "s2")
            there = await element.text("It is my lady", 90)
            assert (there["room_id"], there["sender"]) == (second, said["sender"])
            gateway.kill()  # and what has moved stays so
            await asyncio.to_thread(gateway.start)
            muc.say(app, room, "O, it is my love!", "s3")
            assert (await element.text("O, it is my love!", 90))["room_id"] == second
            assert not any("replaced" in (body(one) or "") for one in app.received)

            third = str((await element.call("POST", "/createRoom", {"preset": "public_chat"}))["room_id"])
            false = {"body": "", "replacement_room": third}
            await element.call("PUT", f"/rooms/{quote(second)}/state/m.room.tombstone/", false)
            told = await app.expect(lambda s: bare(s) == room and "replaced" in (body(s) or ""), 90, again=True)
            muc.say(app, room, "She speaks", "s4")
            await app.expect(lambda s: bare(s) == room and body(s) == "She speaks", 30, again=True)
        assert (body(told) or "").startswith("The Matrix room “Café” has been replaced by another one")
        assert await element.texts(third, said["sender"]) == []
        assert sum("replaced" in (body(one) or "") for one in app.received) == 1
