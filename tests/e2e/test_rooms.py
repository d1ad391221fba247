"""Matrix rooms as rooms on XMPP, through real servers."""

import os
from contextlib import AsyncExitStack
from urllib.parse import quote

from tests.conftest import ANY_SERVER
from tests.support import folk, muc
from tests.support.folk import Person
from tests.support.gateway import Gateway
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, bare, body, error_of
from tests.support.xmpp_servers import XmppServer

MESSAGES = 200 if os.environ.get("TESTS_FULL") else 50  # of a burst, each way


async def room_of(element: MatrixClient, *people: Person, name: str = "Verona", alias: str = "", **more: object) -> str:
    """A new room that all these people are in; its id."""
    wish = {"preset": "public_chat", "name": name, **({"room_alias_name": alias} if alias else {}), **more}
    return str((await element.call("POST", "/createRoom", wish))["room_id"])


async def test_a_message_each_way_in_a_room_of_two_users(
    gateway: Gateway, server: XmppServer, synapse: Synapse, romeo: Person, juliet: Person, element: MatrixClient
) -> None:
    nurse = folk.user(server, synapse, "nurse")
    room = await room_of(element, alias=f"verona-{juliet.name}", topic="A feud")
    jid = f"#verona-{juliet.name}%localhost@{gateway.jid}"
    async with AsyncExitStack() as stack:
        apps: list[XmppClient] = []
        for one in (romeo, nurse):
            async with folk.on_matrix(one, synapse) as matrix:
                await matrix.join(room)
            app = await stack.enter_async_context(folk.on_xmpp(one, server))
            await folk.connect(one, app, gateway, synapse)
            await muc.listed(app, gateway.jid, jid)
            apps.append(app)

        entered = [await muc.enter(app, jid) for app in apps]
        muc.say(apps[0], jid, "But soft!", "m1")
        for app in apps:
            assert (await muc.said(app, jid, "But soft!")).get("id") == "m1"
        event = await element.text("But soft!")
        await element.send(room, "Ay me!")
        for app in apps:
            await muc.said(app, jid, "Ay me!")

        assert [one.subject for one in entered] == ["A feud"] * 2
        assert [one.nick for one in entered] == [romeo.name, nurse.name]
        assert set(entered[0].nicks) == {juliet.name, nurse.name}
        ranks = {muc.nick(one): one.find(f".//{muc.USER}item").get("affiliation") for one in entered[0].others}  # type: ignore[union-attr]
        assert ranks == {juliet.name: "owner", nurse.name: "member"}
        assert (event["sender"], event["room_id"]) == (romeo.mxid, room)
        later = await muc.enter(apps[1], jid, nurse.name)
        assert later.texts == ["But soft!", "Ay me!"]


async def test_a_burst_each_way_keeps_its_order(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    room = await room_of(element, alias=f"burst-{juliet.name}")
    jid = f"#burst-{juliet.name}%localhost@{gateway.jid}"
    async with folk.on_matrix(romeo, synapse) as matrix:
        await matrix.join(room)
    await folk.connect(romeo, app, gateway, synapse)
    await muc.listed(app, gateway.jid, jid)
    await muc.enter(app, jid)

    for number in range(MESSAGES):
        muc.say(app, jid, f"x{number}", f"id{number}")
    for number in range(MESSAGES):
        await element.send(room, f"m{number}")
    await element.text(f"x{MESSAGES - 1}", 120)
    await muc.said(app, jid, f"m{MESSAGES - 1}", 120)

    assert await element.texts(room, romeo.mxid) == [f"x{number}" for number in range(MESSAGES)]
    seen = [body(s) for s in app.received if s.get("type") == "groupchat" and body(s)]
    assert [text for text in seen if text[0] == "m"] == [f"m{number}" for number in range(MESSAGES)]
    assert [text for text in seen if text[0] == "x"] == [f"x{number}" for number in range(MESSAGES)]


async def test_an_app_invites_somebody_on_matrix(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    """Into a room that only who is invited can enter."""
    async with folk.on_matrix(romeo, synapse) as phone:
        wish = {"preset": "private_chat", "name": "Secret", "room_alias_name": f"secret-{juliet.name}"}
        room = str((await phone.call("POST", "/createRoom", wish))["room_id"])
    jid = f"#secret-{juliet.name}%localhost@{gateway.jid}"
    await folk.connect(romeo, app, gateway, synapse)
    await muc.listed(app, gateway.jid, jid)
    await muc.enter(app, jid)

    for number in range(2):
        invite = f"<invite to='{juliet.at(gateway)}'><reason>Come</reason></invite>"
        app.send(
            f"<message to='{jid}' id='i{number}'><x xmlns='http://jabber.org/protocol/muc#user'>{invite}</x></message>"
        )
        if not number:
            came = await app.expect(lambda s: muc.is_presence(s, jid) and muc.nick(s) == juliet.name)
    again = await app.expect(lambda s: s.get("id") == "i1")

    assert came is not None
    assert element.invited == [room]
    assert error_of(again)[0] == "forbidden"


@ANY_SERVER
async def test_one_is_whispered_to_meant_and_taken_for_nobody_else(
    gateway: Gateway, server: XmppServer, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient
) -> None:
    """What is written to one person of a room is theirs alone; who is called as another is not shown as them; who is
    not in the room hears once that they are meant there."""
    nurse = folk.contact(synapse, "nurse")
    async with folk.on_matrix(juliet, synapse) as element, folk.on_matrix(nurse, synapse) as other:
        room = await room_of(element, alias=f"whisper-{juliet.name}")
        jid = f"#whisper-{juliet.name}%localhost@{gateway.jid}"
        async with folk.on_matrix(romeo, synapse) as matrix:
            await matrix.join(room)
        await other.join(room)
        await folk.connect(romeo, app, gateway, synapse)
        await muc.listed(app, gateway.jid, jid)

        meant = {"m.mentions": {"user_ids": [romeo.mxid]}}
        said_to_him = [f"{romeo.name}, hark", f"{romeo.name}, hear"]
        for text in said_to_him:
            await element.send(room, text, **meant)
        told = await app.expect(lambda s: bare(s) == gateway.jid and jid in body(s))
        assert "mentioned you" in body(told)
        texts = [*(await muc.enter(app, jid)).texts]
        if texts == said_to_him[:1]:  # the second was just on its way
            texts.append(body(await muc.said(app, jid, said_to_him[1])))
        assert texts == said_to_him
        assert [body(s) for s in app.received if "mentioned you" in body(s)] == [body(told)]

        private = "<x xmlns='http://jabber.org/protocol/muc#user'/>"
        app.message(f"{jid}/{juliet.name}", "But soft!", inner=private)
        event = await element.text("But soft!")
        assert (event["sender"], event["room_id"] != room) == (romeo.mxid, True)
        await element.send(event["room_id"], "Who's there?")
        assert await app.text_from(juliet.at(gateway)) == "Who's there?"
        assert "But soft!" not in await other.texts(room)

        await other.call("PUT", f"/profile/{quote(nurse.mxid)}/displayname", {"displayname": juliet.name})
        renamed = await app.expect(lambda s: muc.is_presence(s, jid) and muc.nick(s).startswith(juliet.name))
        await other.send(room, "I am she.")
        said = await muc.said(app, jid, "I am she.")
        assert muc.nick(said) == muc.nick(renamed) != juliet.name
        again = await muc.enter(app, jid, romeo.name)
        assert sorted(again.nicks) == sorted([juliet.name, muc.nick(said)])
