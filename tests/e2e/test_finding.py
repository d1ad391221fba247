"""Finding, blocking and reporting people, and coming into rooms, through a real homeserver."""

from urllib.parse import quote

from tests.conftest import ANY_SERVER
from tests.support import folk
from tests.support.commands import execute
from tests.support.folk import Person
from tests.support.gateway import Gateway
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, bare, body
from tests.support.xmpp_servers import XmppServer

pytestmark = ANY_SERVER
ITEMS, SEARCH = "http://jabber.org/protocol/disco#items", "jabber:iq:search"


async def test_people_and_rooms_are_found_and_people_blocked(
    server: XmppServer, gateway: Gateway, synapse: Synapse, romeo: Person, app: XmppClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    juliet, nurse = folk.contact(synapse, "juliet"), folk.contact(synapse, "nurse")
    where = juliet.at(gateway)
    async with folk.on_matrix(juliet, synapse) as element:
        wish = {"preset": "public_chat", "visibility": "public", "name": f"Square of {juliet.name}"}
        room = (await element.call("POST", "/createRoom", {**wish, "room_alias_name": f"square-{juliet.name}"}))[
            "room_id"
        ]
        alias = f"#square-{juliet.name}:{synapse.server_name}"

        found = await app.iq(gateway.jid, "set", f"<query xmlns='{SEARCH}'><nick>{juliet.mxid}</nick></query>")
        assert [one.get("jid") for one in found.iter(f"{{{SEARCH}}}item")] == [where]
        rooms = await app.iq(gateway.jid, "get", f"<query xmlns='{ITEMS}' node='rooms'/>")
        named = {one.get("name"): one.get("jid") for one in rooms.iter(f"{{{ITEMS}}}item")}
        assert named[wish["name"]] == f"{alias.replace(':', '%')}@{gateway.jid}"

        link = f"https://matrix.to/#/{quote(room)}?via={synapse.server_name}"
        joined = await execute(app, gateway.jid, "join", {"room": link})
        assert joined.text.startswith(f"You are in {wish['name']} on Matrix."), joined
        await element.direct(romeo.mxid)
        chat = (await element._direct())[romeo.mxid][-1]
        await element.send(chat, "before")
        assert await app.text_from(where, 60) == "before"

        reported = await execute(app, gateway.jid, "report", {"whom": where, "reason": "She is the sun.", "room": ""})
        assert reported.text.startswith(f"The last message of {juliet.mxid} was reported."), reported
        blocked = await execute(app, gateway.jid, "block", {"whom": where, "blocked": "on"})
        assert blocked.text.startswith(f"You hear nothing of {juliet.mxid} any more."), blocked
        await element.send(chat, "unheard")
        async with folk.on_matrix(nurse, synapse) as other:
            await other.send((await other.direct(romeo.mxid)), "heard")
            assert await app.text_from(nurse.at(gateway), 60) == "heard"  # what came before it would be here
        again = await execute(app, gateway.jid, "block", {"whom": where, "blocked": "off"})
        assert again.text == f"You hear of {juliet.mxid} again."
        await element.send(chat, "after")
        assert await app.text_from(where, 60) == "after"

    assert [one for one in app.received if bare(one) == where and body(one) == "unheard"] == []
