"""What users have read with apps that tell only their own server: asked for while there is something to ask."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from xml.etree.ElementTree import Element, fromstring

from bridge.contract import ChatId, ContactId, NetworkId, ReadUpTo
from bridge.hub.facades import Room
from bridge.xmpp.hosted.room import Attendee, HostedRoom
from bridge.xmpp.own_reading import OwnReading, read
from bridge.xmpp.privilege import Grant, Privileges
from tests.unit.xmpp.known import ROMEO
from tests.unit.xmpp.test_requests import FORBIDDEN, Wire, as_user

NETWORK, VERONA, MANTUA = NetworkId("matrix"), ChatId("#verona@matrix.example"), ChatId("#mantua@matrix.example")
BOTH = frozenset({"get", "set"})
PUBSUB, NODE = "http://jabber.org/protocol/pubsub", "urn:xmpp:mds:displayed:0"


def items(*some: tuple[str, str, str]) -> str:
    """Of each item: its room, what it names, and whose name that is."""
    each = "".join(
        f"<item id='{room}'><displayed xmlns='{NODE}'><stanza-id xmlns='urn:xmpp:sid:0' by='{by}' id='{id}'/>"
        "</displayed></item>"
        for room, id, by in some
    )
    return f"<iq xmlns='jabber:client' type='result'><pubsub xmlns='{PUBSUB}'><items>{each}</items></pubsub></iq>"


class Server:
    """Of Romeo's, which keeps how far he has read, or nothing of the kind."""

    def __init__(self, waits: tuple[float, ...] = (0.01, 0.05)) -> None:
        self.wire = Wire()
        self.heard: list[ReadUpTo] = []
        privileges = Privileges("matrix")
        privileges.heard("example.org", Grant(2, pubsub=BOTH))
        self.reading = OwnReading(NETWORK, privileges, self.wire.requests, self.heard.append, waits)

    async def asked(self) -> Element:
        return await asyncio.wait_for(self.wire.asked.get(), 5)

    async def answers(self, *some: tuple[str, str, str]) -> None:
        self.wire.answer(await self.asked(), inner=as_user(items(*some)))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.reading.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def a_room(jid: ChatId = VERONA) -> HostedRoom:
    room = HostedRoom(Room(jid, NETWORK, "Verona", ""))
    room.attendees[f"{ROMEO}/phone"] = Attendee(f"{ROMEO}/phone", ROMEO, ContactId("@romeo"), entering=None)
    room.faces[ROMEO] = ContactId("@romeo")
    return room


async def test_it_is_asked_until_all_is_read() -> None:
    server = Server()
    async with server.running():
        server.reading.said(a_room(), "one", "@juliet")
        server.reading.said(a_room(), "two", "@juliet")
        await server.answers((VERONA, "one", VERONA), (MANTUA, "x", MANTUA))
        await server.answers((VERONA, "two", VERONA))
        await asyncio.sleep(0.2)  # nothing more is asked
        rest = server.wire.asked.qsize()

    assert [(one.chat, one.sender.id, one.target, one.private) for one in server.heard] == [
        (VERONA, ROMEO, "one", True), (VERONA, ROMEO, "two", True)
    ]  # fmt: skip
    assert rest == 0


async def test_whose_server_keeps_nothing_is_not_asked_again() -> None:
    server = Server()
    async with server.running():
        server.reading.said(a_room(), "one", "@juliet")
        server.wire.answer(await server.asked(), "error", FORBIDDEN)
        await asyncio.sleep(0.05)
        server.reading.said(a_room(), "two", "@juliet")
        await asyncio.sleep(0.2)  # nothing is asked

    assert (server.heard, server.wire.asked.qsize()) == ([], 0)


async def test_who_speaks_has_read() -> None:
    server = Server((0.1,))
    async with server.running():
        server.reading.said(a_room(), "one", "@juliet")
        server.reading.said(a_room(MANTUA), "two", "@juliet")
        server.reading.said(a_room(), "mine", "@romeo")
        question = await server.asked()
        server.reading.said(a_room(MANTUA), "mine", "@romeo")
        server.wire.answer(question, inner=as_user(items()))
        await asyncio.sleep(0.3)  # nothing more is asked

    assert [one.get("id") for one in question.iter(f"{{{PUBSUB}}}item")] == [MANTUA]
    assert server.wire.asked.qsize() == 0


def test_names_of_others_are_nothing() -> None:
    answer = fromstring(items((VERONA, "1", MANTUA), (MANTUA, "", MANTUA), ("romeo@example.org", "3", "romeo@x")))

    assert read(answer) == {}
