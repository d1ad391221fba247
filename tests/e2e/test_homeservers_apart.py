"""Users of different homeservers in one Matrix room: each has a room of their own on XMPP, though room and events have
the same ids, because nobody's homeserver says what others read.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from tests.conftest import ANY_SERVER, COMPONENTS
from tests.support import commands, folk, muc
from tests.support.folk import Person
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.mam import ask, backwards
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, bare, body, error_of
from tests.support.xmpp_servers import XmppServer

pytestmark = ANY_SERVER
LINES = 70  # more than a page


@pytest.fixture(scope="module")
def homeservers() -> Iterator[tuple[Synapse, Synapse]]:
    """Two that talk to each other."""
    with Synapse(federating=True) as one, Synapse(federating=True) as other:
        yield one, other


@pytest.fixture
def gateway(
    server: XmppServer, homeservers: tuple[Synapse, Synapse], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Gateway]:
    """The first homeserver is its own; it trusts the certificate of the other."""
    ours, other = homeservers
    monkeypatch.setenv("SSL_CERT_FILE", str(other.certificate))
    settings = {"allow_private": ["localhost", "127.0.0.1", "[::1]"]}
    with Gateway(matrix(COMPONENTS[MATRIX], ours.url), server.component_port, settings) as running:
        yield running


@asynccontextmanager
async def in_the_room(
    person: Person, at: Synapse, homeserver: str, alias: str, server: XmppServer, gateway: Gateway
) -> AsyncIterator[tuple[XmppClient, str]]:
    """Their app, logged in, and the address of their room."""
    async with folk.on_matrix(person, at) as phone:
        await phone.call("POST", f"/join/{alias.replace('#', '%23').replace(':', '%3A')}", {})
    async with folk.on_xmpp(person, server) as app:
        step = await commands.log_in(app, gateway.jid, homeserver, person.name, folk.PASSWORD)
        assert step.status == "completed", step
        jid = await muc.any_listed(app, gateway.jid)
        await muc.enter(app, jid, person.name)
        yield app, jid


async def test_each_reads_what_their_own_homeserver_says(
    gateway: Gateway, server: XmppServer, homeservers: tuple[Synapse, Synapse]
) -> None:
    ours, other = homeservers
    romeo, paris = folk.user(server, ours, "romeo"), folk.user(server, other, "paris")
    juliet = folk.contact(ours, "juliet")
    alias = f"#verona-{juliet.name}:{ours.server_name}"
    async with AsyncExitStack() as stack:
        element: MatrixClient = await stack.enter_async_context(folk.on_matrix(juliet, ours))
        wish = {"preset": "public_chat", "name": "Verona", "room_alias_name": f"verona-{juliet.name}"}
        room = str((await element.call("POST", "/createRoom", wish))["room_id"])
        romeos, his = await stack.enter_async_context(in_the_room(romeo, ours, ours.url, alias, server, gateway))
        parises, theirs = await stack.enter_async_context(
            in_the_room(paris, other, other.secure_url, alias, server, gateway)
        )

        # All are in one room, on Matrix.
        muc.say(romeos, his, "I am Romeo", "m1")
        await element.text("I am Romeo")
        await muc.said(romeos, his, "I am Romeo")
        assert muc.nick(await muc.said(parises, theirs, "I am Romeo")) == romeo.name
        muc.say(parises, theirs, "I am Paris", "m2")
        await element.text("I am Paris")
        await muc.said(parises, theirs, "I am Paris")
        assert muc.nick(await muc.said(romeos, his, "I am Paris")) == paris.name
        await element.send(room, "And I am Juliet")
        names = [
            (await muc.said(app, jid, "And I am Juliet")).find(muc.STANZA_ID)
            for app, jid in ((romeos, his), (parises, theirs))
        ]

        # Neither is in the other's, may go in, or is told of it.
        outside = [await muc.refused(parises, his), await muc.refused(romeos, theirs)]
        for app, jid in ((romeos, theirs), (parises, his)):
            muc.say(app, jid, "I am nobody", "m3")
            await app.expect(lambda s: s.get("id") == "m3" and s.get("type") == "error")
        lists = "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='member'/></query>"
        for app, jid in ((romeos, theirs), (parises, his)):
            pages = [(await ask(app, jid, rsm)).error for rsm in ("", "<before/>", "<max>0</max>")]
            assert pages == ["item-not-found"] * 3
            assert error_of(await app.iq(jid, "get", lists))[0] == "not-acceptable"
        rooms = [dict((await muc.items(app, gateway.jid))[0]) for app in (romeos, parises)]
        heard = [muc.lines(romeos, his), muc.lines(parises, theirs)]
        crossed = [s for s in romeos.received if bare(s) == theirs and s.get("type") != "error"]
        crossed += [s for s in parises.received if bare(s) == his and s.get("type") != "error"]
        said = await element.texts(room)

    assert his != theirs
    assert [condition for condition, _ in outside] == ["item-not-found"] * 2
    assert (his in rooms[0], theirs in rooms[0], his in rooms[1], theirs in rooms[1]) == (True, False, False, True)
    assert [text for _, text in heard[0]] == [text for _, text in heard[1]] == said
    assert said == ["I am Romeo", "I am Paris", "And I am Juliet"]
    assert names[0] is not None
    assert names[1] is not None
    assert names[0].get("id") != names[1].get("id"), "no name of one room means something in the other"
    assert crossed == []


async def test_what_was_said_on_another_homeserver_before_one_came_is_fetched_as_far_as_one_may_read(
    gateway: Gateway, server: XmppServer, homeservers: tuple[Synapse, Synapse]
) -> None:
    """None of Paris's homeserver was in the room: it has to ask Juliet's."""
    ours, other = homeservers
    paris, juliet = folk.user(server, other, "paris"), folk.contact(ours, "juliet")
    alias = f"#mantua-{juliet.name}:{ours.server_name}"
    async with folk.on_matrix(juliet, ours) as element:
        wish = {"preset": "public_chat", "name": "Mantua", "room_alias_name": f"mantua-{juliet.name}"}
        room = str((await element.call("POST", "/createRoom", wish))["room_id"])
        for number in range(LINES):
            await element.send(room, f"line {number}")
        seen = f"/rooms/{room}/state/m.room.history_visibility"
        await element.call("PUT", seen, {"history_visibility": "joined"})
        for number in range(3):
            await element.send(room, f"secret {number}")
        async with in_the_room(paris, other, other.secure_url, alias, server, gateway) as (app, jid):
            await element.send(room, "Good morrow, Paris")
            await muc.said(app, jid, "Good morrow, Paris")

            read = [body(one) for _, one in await backwards(app, jid) if body(one)]

    assert read == [*(f"line {number}" for number in range(LINES)), "Good morrow, Paris"]
