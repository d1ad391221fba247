"""The XMPP session: what is accepted when, what a bounce does, and that the streams wait for the hub."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from xml.etree.ElementTree import fromstring

import pytest

from bridge.contract import (
    ChatId,
    Confirm,
    DeliveryFailed,
    Fail,
    Live,
    Message,
    MessageId,
    NetworkId,
    Persona,
    Reason,
    Receipt,
    Refused,
    Send,
    Unavailable,
    Unconfirmed,
)
from bridge.hub.workspace import PassingMemory
from bridge.xmpp.chats import Addresses
from bridge.xmpp.hosted.house import House
from bridge.xmpp.parse import Origin
from bridge.xmpp.session import XmppSession
from bridge.xmpp.stream import Timing
from bridge.xmpp.upload import Storing
from tests.support.asking import NoHttp
from tests.unit.xmpp.known import AvatarsByHeart, RoomsByHeart, own_link
from tests.unit.xmpp.server import Ends, Server, connected

CHAT = ChatId("romeo@example.org juliet@far.example")
JULIET = Persona("far juliet", NetworkId("far"), "juliet", "Juliet")
ORIGIN = Origin("romeo@example.org/phone", "juliet@far.example", True).text()
BOUNCE = fromstring(
    "<message type='error' id='k1' from='romeo@example.org' to='juliet@far.example'><error type='cancel'>"
    "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
)


@dataclass
class Told:
    ends: Ends
    session: XmppSession


@asynccontextmanager
async def told(server: Server, first: float = 0.05) -> AsyncIterator[Told]:
    async with connected(server, timing=Timing(first=first)) as ends:
        await asyncio.wait_for(ends.changes.get(), 5)
        addresses, streams = Addresses([ends.stream.gateway]), {NetworkId("far"): ends.stream}
        house = House(
            addresses, RoomsByHeart(), lambda network, stanza: streams[network].send(stanza), own_link, AvatarsByHeart()
        )
        storage = Storing().over(streams, NoHttp())
        yield Told(ends, XmppSession(addresses, streams, house, 65_536, storage, PassingMemory(), 100))


def said(key: str = "k1") -> Send:
    return Send(chat=CHAT, key=key, persona=JULIET, message=Message("hi"))


async def test_it_is_accepted_when_the_server_has_taken_it() -> None:
    server = Server(deaf=True)
    async with told(server) as t:
        performing = asyncio.create_task(t.session.perform(said()))
        await server.until(lambda: server.asked > 0)
        assert not performing.done()

        server.answer()
        assert await asyncio.wait_for(performing, 5) == Receipt((MessageId("k1"),))


async def test_a_bounce_before_that_is_a_refusal_and_a_later_one_an_event() -> None:
    server = Server(deaf=True)
    async with told(server) as t:
        performing = asyncio.create_task(t.session.perform(said()))
        await server.until(lambda: server.asked > 0)
        t.session.bounced(CHAT, BOUNCE)
        server.answer()
        with pytest.raises(Refused) as refused:
            await asyncio.wait_for(performing, 5)
        assert refused.value.reason is Reason.NOT_FOUND

        t.session.bounced(CHAT, BOUNCE)
        events = t.session.events(None)
        assert [await anext(events), await anext(events)] == [
            Live(), DeliveryFailed(chat=CHAT, target=MessageId("k1"), reason=Reason.NOT_FOUND)
        ]  # fmt: skip


async def test_answers_need_no_keys_of_their_own() -> None:
    async with told(Server()) as t:
        target = MessageId("m1")
        answers = [
            Confirm(chat=CHAT, key="-", target=target, origin=ORIGIN),
            Fail(chat=CHAT, key="-", target=target, origin=ORIGIN, reason=Reason.FORBIDDEN, text="No."),
        ] * 5

        receipts = await asyncio.wait_for(asyncio.gather(*(t.session.perform(one) for one in answers)), 5)

        assert receipts == [Receipt()] * 10
        assert (t.ends.server.got.count("<received"), t.ends.server.got.count("<forbidden")) == (5, 5)


async def test_a_stream_that_breaks_leaves_it_open_and_none_means_later() -> None:
    server = Server(deaf=True)
    async with told(server, first=30) as t:
        performing = asyncio.create_task(t.session.perform(said()))
        await server.until(lambda: server.asked > 0)
        assert server.writer is not None
        server.writer.close()
        with pytest.raises(Unconfirmed):
            await asyncio.wait_for(performing, 5)
        with pytest.raises(Unavailable):
            await t.session.perform(said())


async def test_a_name_is_told_with_the_first_message_that_arrives() -> None:
    async with told(Server()) as t:
        for key in ("k1", "k2"):
            await asyncio.wait_for(t.session.perform(said(key)), 5)

        assert t.ends.server.got.count(">Juliet</nick>") == 1


async def test_a_chat_that_is_none_is_refused() -> None:
    async with told(Server()) as t:
        for chat in (
            "nonsense",
            "romeo@example.org juliet@elsewhere.example",
            "romeo@example.org juliet@far.example/x",
        ):
            with pytest.raises(Refused):
                await t.session.perform(Send(chat=ChatId(chat), key="k", message=Message("x")))


async def test_the_server_is_not_read_while_the_hub_is_behind() -> None:
    server = Server()
    async with told(server) as t:
        transport = t.ends.stream._component.transport  # type: ignore[union-attr]  # what a hold does is seen nowhere else
        events = t.session.events(None)
        await anext(events)
        for _ in range(2_001):
            t.session.offer(Live())
        assert not transport.is_reading()

        for _ in range(1_002):
            await anext(events)
        assert transport.is_reading()
