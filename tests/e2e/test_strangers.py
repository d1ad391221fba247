"""Who is called on Matrix without having an account there decides who may talk with them; and nobody calls so many that
others have to wait.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import ANY_SERVER, FULL
from tests.support import folk
from tests.support.appservice import WithAppservice
from tests.support.folk import PASSWORD, Person
from tests.support.gateway import Gateway
from tests.support.matrix_client import MatrixClient
from tests.support.xmpp_client import XmppClient, bare, body, error_of
from tests.support.xmpp_servers import XmppServer

INVITATIONS = 150 if FULL else 30  # a thousand without making so many rooms: unit/matrix/test_doors.py
NICK = "{http://jabber.org/protocol/nick}nick"


@pytest.fixture(scope="module")
def gateway(registered: WithAppservice, server: XmppServer) -> Iterator[Gateway]:
    with registered.gateway(server.component_port) as made:
        yield made


@pytest.fixture
async def romeo(server: XmppServer) -> AsyncIterator[tuple[Person, XmppClient]]:
    person = folk.at_home(server, "romeo")
    async with folk.on_xmpp(person, server) as app:
        yield person, app


@pytest.fixture
async def juliet(registered: WithAppservice) -> AsyncIterator[tuple[Person, MatrixClient]]:
    person = folk.contact(registered, "juliet")
    async with folk.on_matrix(person, registered) as element:
        yield person, element


def said_by(app: XmppClient, jid: str) -> list[str]:
    return [body(one) or "" for one in app.received if bare(one) == jid and body(one) and one.get("type") != "error"]


async def asked(app: XmppClient, jid: str) -> Any:
    """The subscription request of somebody."""
    return await app.expect(lambda s: bare(s) == jid and s.get("type") == "subscribe", 60, "a subscription request")


async def settled(app: XmppClient, gateway: Gateway, kind: str) -> None:
    """The gateway has taken in the presences before this one, which it answers."""
    app.send(f"<presence to='{gateway.jid}' type='{kind}'/>")
    await app.expect(lambda s: bare(s) == gateway.jid and s.tag.endswith("presence"), 60, "the gateway's presence")


async def told(element: MatrixClient, room: str, text: str) -> Any:
    """A word of the gateway in a direct chat."""

    def says(event: Any) -> bool:
        return event["room_id"] == room and text in str(event["content"].get("body"))

    return await element.expect(says, 60, text)


async def test_a_stranger_says_one_thing_until_they_are_answered(
    gateway: Gateway, romeo: tuple[Person, XmppClient], juliet: tuple[Person, MatrixClient]
) -> None:
    (me, app), (her, element) = romeo, juliet

    room = await element.direct(me.guest)
    request = await asked(app, her.at(gateway))
    assert request.findtext(NICK) == her.name
    assert f"{her.mxid} on Matrix wants to talk with you." in "".join(request.itertext())
    for text in ("Good pilgrim", "Good pilgrim!"):
        await element.send(room, text)
    notice = await told(element, room, "has not answered yet")
    assert (notice["sender"], notice["content"]["msgtype"]) == (me.guest, "m.notice")
    assert await app.text_from(her.at(gateway), 60) == "Good pilgrim"
    app.message(her.at(gateway), "Have not saints lips?")
    await element.text("Have not saints lips?", 60)
    await element.send(room, "Ay, pilgrim")
    assert await app.text_from(her.at(gateway), 60) == "Ay, pilgrim"

    assert said_by(app, her.at(gateway)) == ["Good pilgrim", "Ay, pilgrim"]
    notices = [one for one in await element.timeline(room) if one["content"].get("msgtype") == "m.notice"]
    assert len(notices) == 1


async def test_a_stranger_is_let_in_or_turned_away_by_the_subscription(
    gateway: Gateway, romeo: tuple[Person, XmppClient], juliet: tuple[Person, MatrixClient]
) -> None:
    (me, app), (her, element) = romeo, juliet
    jid = her.at(gateway)

    room = await element.direct(me.guest)
    await asked(app, jid)
    app.send(f"<presence to='{jid}' type='subscribed'/>")
    await settled(app, gateway, "subscribe")
    for text in ("one", "two", "three"):
        await element.send(room, text)
        assert await app.text_from(jid, 60) == text
    app.send(f"<presence to='{jid}' type='unsubscribed'/>")
    await settled(app, gateway, "unsubscribe")
    await element.send(room, "four")
    await told(element, room, "does not want to be reached")

    # Going and coming back by another door asks nobody again, and invitations do not go back and forth.
    await element.call("POST", f"/rooms/{quote(room)}/leave", {})
    again = await element.direct(me.guest)

    def comes(event: Any) -> bool:
        mine = event["room_id"] == again and event.get("state_key") == me.guest
        return mine and event["content"].get("membership") == "join"

    await element.expect(comes, 60, "his coming")
    app.message(jid, "So be it")
    await element.text("So be it", 60)
    await element.send(again, "five")
    assert await app.text_from(jid, 60) == "five"
    assert said_by(app, jid)[:3] == ["one", "two", "three"]
    assert len([s for s in app.received if bare(s) == jid and s.get("type") == "subscribe"]) == 1
    assert len(element.invited) <= 1, "into the chat that she has left, if he wrote before he heard of the other"


@ANY_SERVER
async def test_who_has_left_is_invited_once_an_hour_however_much_is_written(
    gateway: Gateway, registered: WithAppservice, romeo: tuple[Person, XmppClient]
) -> None:
    _, app = romeo
    her = folk.contact(registered, "rosaline")
    async with MatrixClient(registered.url, her.name, PASSWORD, joins=False) as element:
        jid = her.at(gateway)
        first = app.message(jid, "But soft!")
        await until_invited(element, 1)
        [room] = element.invited
        await app.expect(lambda s: s.get("id") is not None and first in _named(s), 60, "the receipt")

        async def write() -> str:
            """What is refused, or nothing."""
            sent = app.message(jid, "It is the east")
            answer = await app.expect(lambda s: sent in (s.get("id"), *_named(s)), 60, "an answer")
            return error_of(answer)[1] if answer.get("type") == "error" else ""

        await element.call("POST", f"/rooms/{quote(room)}/leave", {})
        async with asyncio.timeout(60):
            while len(element.invited) < 2:  # our side hears in its own time that she has gone
                assert await write() == ""
        await element.call("POST", f"/rooms/{quote(room)}/leave", {})
        async with asyncio.timeout(60):
            while not (refusal := await write()):
                pass
        assert "has left this Matrix chat and was invited to come back" in refusal
        for _ in range(5):
            assert await write() == refusal
        assert element.invited == [room, room], "once to begin with, and once again"


def _named(stanza: Any) -> list[str]:
    """What a receipt confirms."""
    return [one.get("id", "") for one in stanza.iter("{urn:xmpp:receipts}received")]


async def until_invited(element: MatrixClient, number: int) -> None:
    async with asyncio.timeout(60):
        while len(element.invited) < number:
            await asyncio.sleep(0.1)  # the client tells of nothing but what happens in rooms


@ANY_SERVER
async def test_who_invites_very_many_times_is_declined_and_others_are_heard(
    gateway: Gateway, registered: WithAppservice, romeo: tuple[Person, XmppClient], juliet: tuple[Person, MatrixClient]
) -> None:
    """Into direct chats with a guest, into rooms as a guest, and our own user into rooms: a third each."""
    (me, app), (her, element) = romeo, juliet
    app.message(her.at(gateway), "But soft!")
    room = (await element.text("But soft!", 60))["room_id"]
    eve = folk.contact(registered, "eve")
    async with folk.on_matrix(eve, registered) as spam:
        kinds: list[dict[str, Any]] = [
            {"invite": [me.guest], "is_direct": True, "preset": "trusted_private_chat"},
            {"invite": [me.guest], "name": "Buy"},
            {"invite": [registered.registered.me], "name": "Buy"},
        ]
        few, since = asyncio.Semaphore(4), time.monotonic()

        async def ask(number: int) -> str:
            async with few:
                return str((await spam.call("POST", "/createRoom", kinds[number % 3]))["room_id"])

        flood = asyncio.create_task(_all([ask(number) for number in range(INVITATIONS)]))
        talked = 0
        while not flood.done():  # whoever else talks is heard meanwhile
            await element.send(room, f"Ay me {talked}")
            assert await app.text_from(her.at(gateway), 60) == f"Ay me {talked}"
            talked += 1
        rooms = await flood

        async def members() -> dict[str, int]:
            found: dict[str, int] = {}
            for number, one in enumerate(rooms):
                whom = registered.registered.me if number % 3 == 2 else me.guest
                state = await spam.call("GET", f"/rooms/{quote(one)}/state/m.room.member/{quote(whom)}")
                key = f"{'guest' if number % 3 < 2 else 'ours'} {state['membership']}"
                found[key] = found.get(key, 0) + 1
            return found

        ours, most = INVITATIONS // 3, 10 * (1 + int((time.monotonic() - since) // 60))
        async with asyncio.timeout(600 if FULL else 120):
            while (found := await members()).get(
                "guest leave", 0
            ) < INVITATIONS - ours - most or "ours invite" in found:
                await asyncio.sleep(1)  # the homeserver tells eve, and she asks
        assert 10 <= found.get("ours join", 0) <= most, found
        assert found.get("guest join", 0) <= most, found
        assert talked > 0
        assert len(said_by(app, her.at(gateway))) == talked
    assert len([s for s in app.received if s.find("{jabber:x:conference}x") is not None]) <= most


async def _all(work: list[Any]) -> list[str]:
    return list(await asyncio.gather(*work))
