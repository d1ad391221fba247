"""What people and programs may send that is wrong: each has a clear outcome for its sender, and nobody else suffers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from tests.conftest import ANY_SERVER, COMPONENTS
from tests.support import folk
from tests.support.commands import answer_form, execute
from tests.support.folk import Person
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.matrix_client import MatrixClient, MatrixError
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, bare, body, error_of, receipt_of
from tests.support.xmpp_servers import XmppServer

pytestmark = ANY_SERVER
LARGEST = 64_000  # characters of a body; the event around it takes the rest of 65,536 bytes


@dataclass
class Stage:
    """Romeo, logged in, and Juliet, in an open chat."""

    gateway: Gateway
    synapse: Synapse
    app: XmppClient
    element: MatrixClient
    romeo: Person
    juliet: Person
    room: str

    @property
    def to(self) -> str:
        return self.juliet.at(self.gateway)

    async def error_for(self, id: str) -> tuple[str, str]:
        """The error that a message of Romeo's got."""
        return error_of(await self.app.expect(lambda s: s.get("id") == id and s.get("type") == "error", again=True))

    async def still_works(self) -> None:
        """A message each way, on the same streams."""
        await asyncio.to_thread(lambda: self.gateway.time_until(True, 10))
        id = self.app.message(self.to, "still there?")
        await self.element.text("still there?")
        await self.app.expect(lambda s: receipt_of(s) == id, again=True)
        await self.element.send(self.room, "still here")
        await self.app.expect(lambda s: body(s) == "still here")


@pytest.fixture
async def stage(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> AsyncIterator[Stage]:
    await folk.connect(romeo, app, gateway, synapse)
    room = await element.direct(romeo.mxid)
    await element.send(room, "begin")
    await app.text_from(juliet.at(gateway))
    made = Stage(gateway, synapse, app, element, romeo, juliet, room)
    yield made
    await made.still_works()
    assert gateway.metric("landbridge_dead_letters", network="matrix") == 0


async def test_a_contact_that_does_not_exist(stage: Stage) -> None:
    for address in ("nobody-at-all%localhost", "x%nowhere.invalid", "no-server-part", "%", "a%b%c"):
        condition, text = await stage.error_for(stage.app.message(f"{address}@{stage.gateway.jid}", "hello?"))
        assert condition in ("item-not-found", "jid-malformed", "remote-server-not-found"), address
        assert text.endswith("."), address


async def test_somebody_who_is_not_logged_in(stage: Stage, server: XmppServer) -> None:
    """Also to a contact that is known through another user's account: that somebody knows her opens no door."""
    other = folk.user(server, stage.synapse, "paris")
    async with folk.on_xmpp(other, server) as client:
        id = client.message(stage.to, "hello?")
        condition, text = error_of(await client.expect(lambda s: s.get("id") == id and s.get("type") == "error"))
        vcard = await client.iq(stage.to, "get", "<vCard xmlns='vcard-temp'/>")

    assert condition == "registration-required"
    assert "login" in text
    assert stage.juliet.name not in "".join(vcard.itertext())
    assert "hello?" not in await stage.element.texts(stage.room)


async def test_a_contact_of_somebody_else_is_a_stranger_like_any_other(stage: Stage, server: XmppServer) -> None:
    other = folk.user(server, stage.synapse, "paris")
    async with folk.on_xmpp(other, server) as client:
        await folk.connect(other, client, stage.gateway, stage.synapse)
        client.message(stage.to, "hello from Paris")
        event = await stage.element.text("hello from Paris")

    assert event["sender"] == other.mxid
    assert event["room_id"] != stage.room


async def test_the_same_id_twice(stage: Stage) -> None:
    """The same text is a repeat, another text another message: clients choose ids, and choose them again."""
    stage.app.message(stage.to, "one", id="chosen")
    await stage.element.text("one")
    stage.app.message(stage.to, "one", id="chosen")
    stage.app.message(stage.to, "two", id="chosen")
    await stage.element.text("two")

    assert await stage.element.texts(stage.room, stage.romeo.mxid) == ["one", "two"]
    receipts = [await stage.app.expect(lambda s: receipt_of(s) == "chosen") for _ in range(3)]
    assert len(receipts) == 3


EMPTY = [
    "<message to='{to}' type='chat' id='e1'><body></body></message>",
    "<message to='{to}' type='chat' id='e2'/>",
    "<message to='{to}' id='e3'><active xmlns='http://jabber.org/protocol/chatstates'/></message>",
    "<message to='{to}' type='chat' id='e4'><received xmlns='urn:xmpp:receipts' id='x'/></message>",
    "<message to='{to}' type='headline' id='e5'><body>news</body></message>",
    "<message to='{to}' type='groupchat' id='e6'><body>all</body></message>",
    "<message to='{to}' type='error' id='e7'><body>b</body><error type='cancel'/></message>",
    "<message to='{to}' type='error' id='e8'/>",
    "<presence to='{to}' type='error' id='e9'/>",
    "<iq to='{to}' type='error' id='e10'/>",
    "<iq to='{to}' type='result' id='e11'/>",
]


async def test_what_says_nothing_is_not_carried_and_errors_are_not_answered(stage: Stage) -> None:
    for xml in EMPTY:
        stage.app.send(xml.format(to=stage.to))
    await stage.app.iq(stage.to, "get", "<ping xmlns='urn:xmpp:ping'/>")
    await stage.still_works()

    answered = {s.get("id") for s in stage.app.received if s.get("type") == "error"}
    assert not answered & {"e7", "e8", "e9", "e10", "e11"}
    texts = await stage.element.texts(stage.room, stage.romeo.mxid)
    assert [text for text in texts if text in ("", "news", "b")] == []


async def test_questions_to_a_contact_are_answered(stage: Stage) -> None:
    """IQs to a contact's bare and full JID, known and unknown ones: always an answer, never silence."""
    for to in (stage.to, f"{stage.to}/any", f"nobody%localhost@{stage.gateway.jid}/x", stage.gateway.jid):
        for payload in ("<query xmlns='jabber:iq:nothing'/>", "<query xmlns='http://jabber.org/protocol/disco#info'/>"):
            answer = await stage.app.iq(to, "get", payload)
            assert answer.get("from") == to
        answer = await stage.app.iq(to, "set", "<strange xmlns='urn:strange'/>")
        assert answer.get("type") == "error"


async def test_an_address_that_is_none_is_the_servers_to_refuse_and_harms_nobody(stage: Stage) -> None:
    stage.app.send(f"<message to='a b\\@{stage.gateway.jid}' type='chat' id='bad'><body>x</body></message>")
    stage.app.send(f"<message to='{'x' * 1000}@{stage.gateway.jid}' type='chat' id='long'><body>x</body></message>")

    assert (await stage.error_for("long"))[0]


async def test_the_largest_text_that_matrix_takes_arrives_whole(stage: Stage) -> None:
    """Events have at most 65,536 bytes; on XMPP a text of ampersands is five times as long as it is here."""
    for letter in ("a", "&"):
        text = letter * LARGEST
        await stage.element.send(stage.room, text)
        got = ""
        while len(got) < len(text):
            got += body(await stage.app.expect(lambda s: bare(s) == stage.to and bool(body(s)), 60))
        assert got == text


async def test_a_text_too_large_for_matrix_is_carried_in_parts_or_refused_with_a_reason(stage: Stage) -> None:
    text = "".join(f"{number:07d} " for number in range(20_000))
    id = stage.app.message(stage.to, text)

    answer = await stage.app.expect(
        lambda s: receipt_of(s) == id or (s.get("id") == id and s.get("type") == "error"), 60, again=True
    )

    if receipt_of(answer):
        assert "".join(await stage.element.texts(stage.room, stage.romeo.mxid)).replace(" ", "") == text.replace(
            " ", ""
        )
    else:
        assert error_of(answer)[1].endswith(".")


STRANGE = [
    {}, {"msgtype": "m.text"}, {"body": "no kind"}, {"msgtype": "m.text", "body": {"a": 1}},
    {"msgtype": 5, "body": "x"},
    {"msgtype": "m.text", "body": "x", "format": "org.matrix.custom.html", "formatted_body": {"a": []}},
    {"msgtype": "m.text", "body": "deep", "format": "org.matrix.custom.html", "formatted_body": "<b>" * 5_000 + "deep"},
    {"msgtype": "m.text", "body": "r", "m.relates_to": "x"},
    {"msgtype": "m.text", "body": "r", "m.relates_to": {"rel_type": 1}},
    {"msgtype": "m.text", "body": "\u0000\u0001\u0008 control \ufffe"},
    {"msgtype": "m.unknown.kind", "body": "unknown"},
    {"msgtype": "m.image", "body": "picture.png", "url": 5}, {"msgtype": "m.location", "body": "here"},
]  # fmt: skip


async def test_strange_events_harm_nobody(stage: Stage) -> None:
    for content in STRANGE:
        with contextlib.suppress(MatrixError):  # homeservers differ in what they take
            await stage.element.send_event(stage.room, content)
    await stage.element.send_event(stage.room, {"x": 1}, kind="org.example.unknown")
    await stage.element.send(stage.room, "the last")

    await stage.app.expect(lambda s: body(s) == "the last", 30)
    control = [body(s) for s in stage.app.received if "control" in body(s)]
    assert len(control) == 1


async def test_a_display_name_that_is_none_harms_nobody(stage: Stage) -> None:
    member = {"membership": "join", "displayname": {"an": "object"}, "avatar_url": [1]}
    with contextlib.suppress(MatrixError):
        await stage.element.call("PUT", f"/rooms/{stage.room}/state/m.room.member/{stage.juliet.mxid}", member)
    await stage.element.send(stage.room, "a rose by any other name")

    await stage.app.expect(lambda s: body(s) == "a rose by any other name")


async def test_an_event_of_another_room_changes_nothing(stage: Stage) -> None:
    """An edit and a reply that name an event which is not in this room, as far as a homeserver lets them through."""
    other = await stage.element.direct(stage.romeo.mxid)
    elsewhere = await stage.element.send(other, "elsewhere")
    relation = {"rel_type": "m.replace", "event_id": elsewhere}
    edit = {"msgtype": "m.text", "body": "* changed", "m.new_content": {"msgtype": "m.text", "body": "changed"}}
    with contextlib.suppress(MatrixError):
        await stage.element.send_event(stage.room, {**edit, "m.relates_to": relation})
    reply = {"msgtype": "m.text", "body": "reply", "m.relates_to": {"m.in_reply_to": {"event_id": elsewhere}}}
    await stage.element.send_event(stage.room, reply)

    await stage.app.expect(lambda s: body(s).endswith("reply"))


@pytest.fixture
async def endless() -> AsyncIterator[str]:
    """A host whose every answer begins and never ends."""

    talking: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talking.add(task)
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                writer.write(b"1\r\n \r\n")
                await writer.drain()
                await asyncio.sleep(0.01)  # the pace of an answer, not a wait for something
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    for task in talking:
        task.cancel()
    await asyncio.gather(*talking, return_exceptions=True)


@pytest.fixture
def with_endless(server: XmppServer, synapse: Synapse, endless: str) -> Iterator[Gateway]:
    settings = {"allow_private": [endless]}
    with Gateway(matrix(COMPONENTS[MATRIX], synapse.url), server.component_port, settings) as running:
        yield running


async def test_a_homeserver_whose_answers_never_end_is_given_up(
    with_endless: Gateway, endless: str, app: XmppClient, romeo: Person
) -> None:
    given = {"homeserver": f"http://{endless}", "username": romeo.name, "password": "x"}
    step = await execute(app, with_endless.jid, "login", {"flow": "password"}, given, seconds=60)
    if not step.fields:  # it takes a while
        step = await answer_form(app, with_endless.jid, "login", step.session, {}, 60)

    assert "Check the homeserver's address." in step.text
    assert with_endless.ask("/livez")[0] == 200
    assert "logged in to Matrix as" not in step.text


@pytest.mark.parametrize(
    "homeserver", ["http://127.0.0.1:1", "localhost", "http://[::1]:8008", "169.254.169.254", "10.0.0.1"]
)
async def test_no_private_address_that_a_user_types_is_contacted(
    gateway: Gateway, app: XmppClient, romeo: Person, homeserver: str
) -> None:
    given = {"homeserver": homeserver, "username": romeo.name, "password": "x"}

    step = await execute(app, gateway.jid, "login", {"flow": "password"}, given, seconds=60)

    assert "private network" in step.text or "no homeserver's address" in step.text
