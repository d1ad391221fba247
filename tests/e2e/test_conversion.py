"""Direct chats on Matrix that others come into, and our own users who talk with each other, through real servers."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.e2e.test_rooms import room_of
from tests.support import folk, muc
from tests.support.folk import Person
from tests.support.gateway import Gateway
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, bare, body, error_of, receipt_of
from tests.support.xmpp_servers import XmppServer

INVITATION = "{jabber:x:conference}x"


@pytest.fixture
def nurse(server: XmppServer, synapse: Synapse) -> Person:
    return folk.user(server, synapse, "nurse")


@pytest.fixture
async def nurses(nurse: Person, server: XmppServer) -> AsyncIterator[XmppClient]:
    """The nurse's XMPP app."""
    async with folk.on_xmpp(nurse, server) as client:
        yield client


async def invited(app: XmppClient) -> str:
    """The room that the next invitation is to."""
    found = (await app.expect(lambda s: s.find(INVITATION) is not None, what="invitation")).find(INVITATION)
    assert found is not None
    return found.get("jid", "")


def saw(app: XmppClient, text: str) -> int:
    return sum(text in body(stanza) for stanza in app.received)


async def test_a_chat_that_another_of_our_users_comes_into_goes_on_as_a_room(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, nurse: Person, app: XmppClient,
    nurses: XmppClient, element: MatrixClient,
) -> None:  # fmt: skip
    await folk.connect(romeo, app, gateway, synapse)
    await folk.connect(nurse, nurses, gateway, synapse)
    app.message(juliet.at(gateway), "between us")
    room = (await element.text("between us"))["room_id"]

    await element.call("POST", f"/rooms/{room}/invite", {"user_id": nurse.mxid})
    told = await app.expect(lambda s: "is a room now" in body(s))
    jid = await invited(app)
    assert await invited(nurses) == jid
    await muc.enter(app, jid)
    entered = await muc.enter(nurses, jid)
    app.message(juliet.at(gateway), "only for you")
    alone = await element.text("only for you")
    muc.say(app, jid, "for all of you", "m1")
    for one in (app, nurses):
        await muc.said(one, jid, "for all of you")
    among = await element.text("for all of you")
    await element.send(alone["room_id"], "only for me")
    await app.expect(lambda s: body(s) == "only for me" and bare(s) == juliet.at(gateway))
    await element.send(room, "for both of you")
    for one in (app, nurses):
        await muc.said(one, jid, "for both of you")

    assert bare(told) == juliet.at(gateway)
    assert jid in body(told)
    assert entered.texts == []
    assert alone["room_id"] != room
    assert among["room_id"] == room
    assert [saw(nurses, text) for text in ("between us", "only for you", "only for me")] == [0, 0, 0]
    assert saw(app, "is a room now") == 1


async def test_our_own_users_get_from_each_other_what_matrix_has_taken_and_nothing_else(
    gateway: Gateway, synapse: Synapse, romeo: Person, nurse: Person, app: XmppClient, nurses: XmppClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    await folk.connect(nurse, nurses, gateway, synapse)

    first = app.message(nurse.at(gateway), "Good nurse")
    assert await nurses.text_from(romeo.at(gateway)) == "Good nurse"
    await app.expect(lambda s: receipt_of(s) == first, again=True)
    nurses.message(romeo.at(gateway), "Good sir")
    assert await app.text_from(nurse.at(gateway)) == "Good sir"
    async with folk.on_matrix(romeo, synapse) as phone:
        (room,) = (await phone.call("GET", "/joined_rooms"))["joined_rooms"]
        await phone.send(room, "from my phone")
        assert await nurses.text_from(romeo.at(gateway)) == "from my phone"
        algorithm = {"algorithm": "m.megolm.v1.aes-sha2"}
        await phone.call("PUT", f"/rooms/{room}/state/m.room.encryption", algorithm)
        said = await phone.texts(room)
    async with asyncio.timeout(20):
        while "encrypted" not in error_of(await _answer(app, nurse.at(gateway)))[1]:
            pass  # the gateway has not heard of it yet

    assert said == ["Good nurse", "Good sir", "from my phone"]
    assert [saw(nurses, text) for text in ("Good nurse", "from my phone")] == [1, 1]
    refused = {s.get("id") for s in app.received if error_of(s)[0]}
    assert refused
    assert not [s for s in nurses.received if body(s) == "in clear" and s.get("id") in refused]


async def _answer(app: XmppClient, to: str):  # type: ignore[no-untyped-def]
    """Write; the error or the receipt."""
    id = app.message(to, "in clear")
    return await app.expect(lambda s: s.get("id") == id or receipt_of(s) == id, again=True)


async def test_who_is_put_out_of_a_matrix_room_is_out_of_ours_and_heard_no_more(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, nurse: Person, app: XmppClient,
    nurses: XmppClient, element: MatrixClient,
) -> None:  # fmt: skip
    room = await room_of(element, alias=f"out-{juliet.name}")
    jid = f"#out-{juliet.name}%localhost@{gateway.jid}"
    for one, client in ((romeo, app), (nurse, nurses)):
        async with folk.on_matrix(one, synapse) as matrix:
            await matrix.join(room)
        await folk.connect(one, client, gateway, synapse)
        await muc.listed(client, gateway.jid, jid)
        await muc.enter(client, jid)

    await element.call("POST", f"/rooms/{room}/kick", {"user_id": romeo.mxid})
    gone = await app.expect(lambda s: muc.is_presence(s, jid, "unavailable") and 110 in muc.statuses(s), 5)
    muc.say(app, jid, "and still I speak", "m1")
    failed = await app.expect(lambda s: s.get("id") == "m1" and bool(error_of(s)[0]))
    await element.send(room, "he is gone")
    await muc.said(nurses, jid, "he is gone")

    assert muc.statuses(gone) == {110, 307}
    assert error_of(failed)[0] == "not-acceptable"
    assert saw(nurses, "and still I speak") == 0
    assert (await muc.refused(app, jid))[0] == "item-not-found"
