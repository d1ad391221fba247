"""People of XMPP without an account on Matrix talk with people there, through the operator's appservice."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from urllib.parse import quote

import aiohttp
import pytest

from tests.support import folk, muc
from tests.support.appservice import WithAppservice
from tests.support.folk import Person
from tests.support.gateway import Gateway
from tests.support.matrix_client import MatrixClient
from tests.support.prosody import Prosody
from tests.support.xmpp_client import XmppClient, bare, body, receipt_of


@pytest.fixture(scope="module")
def gateway(registered: WithAppservice, prosody: Prosody) -> Iterator[Gateway]:
    with registered.gateway(prosody.component_port) as made:
        yield made


@pytest.fixture
async def romeo(prosody: Prosody) -> AsyncIterator[tuple[Person, XmppClient]]:
    person = folk.at_home(prosody, "romeo")
    async with folk.on_xmpp(person, prosody) as app:
        yield person, app


@pytest.fixture
async def juliet(registered: WithAppservice) -> AsyncIterator[tuple[Person, MatrixClient]]:
    person = folk.contact(registered, "juliet")
    async with folk.on_matrix(person, registered) as element:
        yield person, element


async def test_a_user_writes_to_somebody_on_matrix(
    gateway: Gateway, romeo: tuple[Person, XmppClient], juliet: tuple[Person, MatrixClient]
) -> None:
    (me, app), (her, element) = romeo, juliet

    first = app.message(her.at(gateway), "But soft!")
    event = await element.text("But soft!", 60)
    await app.expect(lambda s: receipt_of(s) == first, 60, again=True)
    await element.send(event["room_id"], "Wherefore art thou?")

    assert event["sender"] == me.guest
    assert await app.text_from(her.at(gateway)) == "Wherefore art thou?"
    profile = await element.call("GET", f"/profile/{event['sender']}")
    assert profile["displayname"] == me.name


async def test_somebody_on_matrix_writes_to_a_user_and_no_crash_loses_it(
    gateway: Gateway, registered: WithAppservice, romeo: tuple[Person, XmppClient], juliet: tuple[Person, MatrixClient]
) -> None:
    (me, app), (her, element) = romeo, juliet

    room = await element.direct(me.guest)
    await element.send(room, "Good pilgrim")
    assert await app.text_from(her.at(gateway), 60) == "Good pilgrim"
    app.message(her.at(gateway), "Ay, pilgrim")  # now she is no stranger any more
    await element.text("Ay, pilgrim", 60)
    for round in range(3):
        texts = [f"saints {round}.{number}" for number in range(5)]
        for text in texts:
            await element.send(room, text)
        gateway.kill()
        await element.send(room, f"meanwhile {round}")
        await asyncio.to_thread(gateway.start)
        heard: set[str] = set()
        while heard != {*texts, f"meanwhile {round}"}:
            heard.add(body(await app.expect(lambda s: body(s).startswith(("saints", "meanwhile")), 90)) or "")
    app.message(her.at(gateway), "Have not saints lips?")

    assert (await element.text("Have not saints lips?", 60))["room_id"] == room
    assert await element.texts(room, me.guest) == ["Ay, pilgrim", "Have not saints lips?"]


async def test_a_user_adds_somebody_on_matrix_to_their_contacts(
    gateway: Gateway, romeo: tuple[Person, XmppClient], juliet: tuple[Person, MatrixClient]
) -> None:
    (_, app), (her, element) = romeo, juliet

    app.send(f"<presence to='{her.at(gateway)}' type='subscribe'/>")
    await app.expect(lambda s: bare(s) == her.at(gateway) and s.tag.endswith("presence") and not s.get("type"), 60)
    app.message(her.at(gateway), "I would I were thy bird")

    assert (await element.text("I would I were thy bird", 60))["sender"].startswith("@xmpp_")


async def test_a_room_that_our_own_user_is_in_and_that_is_not_linked_is_there_for_guests(
    gateway: Gateway, registered: WithAppservice, romeo: tuple[Person, XmppClient], juliet: tuple[Person, MatrixClient]
) -> None:
    (me, app), (her, element) = romeo, juliet
    app.message(her.at(gateway), "But soft!")
    await element.text("But soft!", 60)
    ours = registered.registered.me

    room = str((await element.call("POST", "/createRoom", {"preset": "private_chat", "name": "Hall"}))["room_id"])
    await element.call("POST", f"/rooms/{quote(room)}/invite", {"user_id": ours})
    await element.expect(lambda e: e.get("state_key") == ours and e["content"].get("membership") == "join")
    await element.call("POST", f"/rooms/{quote(room)}/invite", {"user_id": me.guest})
    invitation = await app.expect(lambda s: s.find("{jabber:x:conference}x") is not None, 60)
    jid = bare(invitation)
    await muc.enter(app, jid, seconds=60)
    await element.send(room, "Good pilgrim")
    await muc.said(app, jid, "Good pilgrim", 60)
    muc.say(app, jid, "Have not saints lips?", "m1")

    assert (await element.text("Have not saints lips?", 60))["sender"] == me.guest


async def test_who_may_not_use_the_gateway_is_not_there_for_matrix(
    gateway: Gateway, registered: WithAppservice, juliet: tuple[Person, MatrixClient]
) -> None:
    _, element = juliet
    headers = {"Authorization": f"Bearer {registered.registered.hs_token}"}
    async with aiohttp.ClientSession(headers=headers) as http:

        async def asks(user: str) -> int:
            url = f"http://127.0.0.1:{registered.ours}/_matrix/app/v1/users/{user}"
            async with http.get(url) as answer:
                return answer.status

        assert await asks("@xmpp_mercutio=40localhost:localhost") == 200
        assert await asks("@xmpp_mercutio=40elsewhere.example:localhost") == 404
        assert await asks("@mercutio:localhost") == 404
        assert await asks("@landbridge:localhost") == 200
    profile = await element.call("GET", "/profile/@xmpp_mercutio=40localhost:localhost")
    assert profile["displayname"] == "mercutio"
