"""Several users in one Matrix room, each by an account of their own: they see one room, each message once, and act as
themselves. Nobody comes in by a homeserver of their own that says that it is the others'.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from tests.conftest import ANY_SERVER, COMPONENTS
from tests.e2e.test_signs import COMPOSING
from tests.scenarios.test_signs import displayed, state_of
from tests.support import commands, folk, muc
from tests.support.folk import Person
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.homeserver import Homeserver
from tests.support.matrix_client import Event, MatrixClient
from tests.support.synapse import Synapse
from tests.support.views import REACTION, REACTIONS, REPLACE, RETRACT
from tests.support.xmpp_client import XmppClient, bare, body, error_of
from tests.support.xmpp_servers import XmppServer

pytestmark = ANY_SERVER


@pytest.fixture
async def impostor() -> AsyncIterator[Homeserver]:
    """A homeserver of somebody's own, which says that it is the other one."""
    async with Homeserver("localhost") as server:
        yield server


@pytest.fixture
def gateway(server: XmppServer, synapse: Synapse, impostor: Homeserver) -> Iterator[Gateway]:
    settings = {"allow_private": [f"127.0.0.1:{impostor.port}"]}
    with Gateway(matrix(COMPONENTS[MATRIX], synapse.url), server.component_port, settings) as running:
        yield running


def change(app: XmppClient, room: str, id: str, inner: str) -> None:
    app.send(f"<message to='{room}' type='groupchat' id='{id}'>{inner}</message>")


async def test_two_users_of_one_homeserver_and_one_who_would_be(
    gateway: Gateway, server: XmppServer, synapse: Synapse, romeo: Person, juliet: Person, element: MatrixClient,
    impostor: Homeserver,
) -> None:  # fmt: skip
    nurse, paris = folk.user(server, synapse, "nurse"), folk.user(server, synapse, "paris")
    wish = {"preset": "public_chat", "name": "Verona", "room_alias_name": f"side-{juliet.name}"}
    room = str((await element.call("POST", "/createRoom", wish))["room_id"])
    jid = f"#side-{juliet.name}%localhost@{gateway.jid}"
    async with AsyncExitStack() as stack:
        apps: list[XmppClient] = []
        edits: list[Event] = []
        for one in (romeo, nurse):
            async with folk.on_matrix(one, synapse) as phone:
                await phone.join(room)
            app = await stack.enter_async_context(folk.on_xmpp(one, server))
            await folk.connect(one, app, gateway, synapse)
            await muc.listed(app, gateway.jid, jid)
            await muc.enter(app, jid, one.name)
            apps.append(app)

        # Each says, corrects and reacts.
        for app, one in zip(apps, (romeo, nurse), strict=True):
            muc.say(app, jid, f"I am {one.name[:5]}", f"m-{one.name}")
            for ear in apps:
                said = await muc.said(ear, jid, f"I am {one.name[:5]}")
                assert muc.nick(said) == one.name
            assert (await element.text(f"I am {one.name[:5]}"))["sender"] == one.mxid
            inner = f"<body>I am {one.name}</body><replace xmlns='urn:xmpp:message-correct:0' id='m-{one.name}'/>"
            change(app, jid, f"e-{one.name}", inner)
            edits.append(await element.text(f"* I am {one.name}"))
        target = await element.send(room, "And I am Juliet")
        for app, one in zip(apps, (romeo, nurse), strict=True):
            shown = (await muc.said(app, jid, "And I am Juliet")).find(muc.STANZA_ID)
            assert shown is not None
            name = shown
            inner = (
                f"<reactions xmlns='urn:xmpp:reactions:0' id='{shown.get('id')}'><reaction>🌹</reaction></reactions>"
            )
            change(app, jid, f"r-{one.name}", inner)
        reactions = [await element.expect(lambda e: e["type"] == "m.reaction") for _ in range(2)]
        # Each sees when the other writes, and how far the other has read.
        for speaker, listener, one in ((apps[0], apps[1], romeo), (apps[1], apps[0], nurse)):
            speaker.send(f"<message to='{jid}' type='groupchat'>{COMPOSING}</message>")
            await listener.expect(lambda s, one=one: state_of(s) == "composing" and muc.nick(s) == one.name)  # type: ignore[misc]
            mark = f"<displayed xmlns='urn:xmpp:chat-markers:0' id='{name.get('id')}'/>"
            speaker.send(f"<message to='{jid}' type='groupchat'>{mark}</message>")
            read = await listener.expect(lambda s, one=one: displayed(s) != "" and muc.nick(s) == one.name)  # type: ignore[misc]
            assert displayed(read) == name.get("id")
        # Nobody acts as another.
        inner = f"<body>I am a fool</body><replace xmlns='urn:xmpp:message-correct:0' id='m-{romeo.name}'/>"
        change(apps[1], jid, "forged", inner)
        refused = await apps[1].expect(lambda s: s.get("id") == "forged" and s.get("type") == "error")
        at = await stack.enter_async_context(folk.on_xmpp(paris, server))
        impostor.add_user(paris.name, folk.PASSWORD)
        login = await commands.log_in(at, gateway.jid, impostor.url, paris.name, folk.PASSWORD)
        await element.send(room, "Good night")
        for app in apps:
            await muc.said(app, jid, "Good night")

    assert [event["sender"] for event in edits] == [romeo.mxid, nurse.mxid]
    assert {event["sender"] for event in reactions} == {romeo.mxid, nurse.mxid}
    assert {event["content"]["m.relates_to"]["event_id"] for event in reactions} == {target}
    assert error_of(refused)[0] in ("forbidden", "item-not-found")
    assert f"This homeserver says that you are @{paris.name}:localhost, but localhost does not say" in login.text
    assert await element.texts(room, romeo.mxid) == [f"I am {romeo.name[:5]}", f"* I am {romeo.name}"]
    for app in apps:
        heard = [s for s in app.received if bare(s) == jid and s.get("type") == "groupchat"]
        texts = [body(s) for s in heard if body(s) and s.find(REPLACE) is None]
        assert texts == [f"I am {romeo.name[:5]}", f"I am {nurse.name[:5]}", "And I am Juliet", "Good night"]
        corrected = [(muc.nick(s), body(s)) for s in heard if s.find(REPLACE) is not None]
        assert sorted(corrected) == sorted((one.name, f"I am {one.name}") for one in (romeo, nurse))
        reacted = [muc.nick(s) for s in heard if s.find(REACTIONS) is not None and next(s.iter(REACTION)).text == "🌹"]
        assert sorted(reacted) == sorted([romeo.name, nurse.name])
        assert [s for s in heard if s.find(RETRACT) is not None] == []
