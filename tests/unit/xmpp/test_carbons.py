"""Carbons: when they are said, how, and that a server that refuses them holds nothing up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from xml.etree.ElementTree import Element, fromstring

import pytest

from bridge.contract import ChatId, Message, MessageId, NetworkId, Persona, Receipt, Send, Unavailable
from bridge.xmpp import carbons
from bridge.xmpp.carbons import Carbons
from bridge.xmpp.chats import Addresses, Whom
from bridge.xmpp.delivering import Delivering
from bridge.xmpp.privilege import Grant
from tests.unit.xmpp.known import ROMEO
from tests.unit.xmpp.server import Ends, Server, connected

JULIET = "juliet@far.example"
OWN = Persona("far me", NetworkId("far"), "me", "Romeo", own=True)
SAID = Send(chat=ChatId(f"{ROMEO} {JULIET}"), key="k1", persona=OWN, message=Message("a < b"), at=0.0)
FORWARDED = "{urn:xmpp:forward:0}forwarded/{jabber:client}message"


@dataclass
class Told:
    ends: Ends
    carbons: Carbons
    whom: Whom

    async def show(self) -> Receipt:
        return await asyncio.wait_for(self.carbons.show(SAID, ROMEO, self.whom), 10)

    def grant(self, version: int = 2) -> None:
        self.ends.stream.privileges.heard("example.org", Grant(version, message=True))

    def refuse(self, condition: str, server: str = "example.org", identity: str = "carbon-k1") -> bool:
        return self.carbons.bounced(
            fromstring(
                f"<message xmlns='jabber:component:accept' type='error' from='{server}' id='{identity}'><error>"
                f"<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
            )
        )


@asynccontextmanager
async def told(server: Server, telling: float = 30.0) -> AsyncIterator[Told]:
    async with connected(server) as ends:
        await asyncio.wait_for(ends.changes.get(), 5)
        made = Carbons(ends.stream, Delivering(ends.stream), telling)
        yield Told(ends, made, Addresses([ends.stream.gateway]).whom(JULIET))


def written(server: Server) -> Element:
    start = server.got.index("<message")
    return fromstring(server.got[start : server.got.rindex("</message>") + len("</message>")])


async def test_a_server_of_version_2_is_asked_to_send_it_as_the_users() -> None:
    server = Server()
    async with told(server) as t:
        t.grant()
        assert await t.show() == Receipt((MessageId("k1"),))

    wrapper = written(server)
    assert (wrapper.get("from"), wrapper.get("to")) == ("far.example", "example.org")
    said = wrapper.find("{urn:xmpp:privilege:2}privilege/" + FORWARDED)
    assert said is not None
    assert (said.get("from"), said.get("to"), said.get("id"), said.get("type")) == (ROMEO, JULIET, "k1", "chat")
    assert said.findtext("{jabber:client}body") == "a < b"
    delay = said.find("{urn:xmpp:delay}delay")
    assert delay is not None
    assert delay.get("stamp") == "1970-01-01T00:00:00Z"
    assert carbons.ours(said)


async def test_a_server_of_version_1_is_asked_to_send_the_carbon() -> None:
    server = Server()
    async with told(server) as t:
        t.grant(1)
        assert await t.show() == Receipt((MessageId("k1"),))

    outer = written(server).find("{urn:xmpp:privilege:1}privilege/" + FORWARDED)
    assert outer is not None
    assert (outer.get("from"), outer.get("to")) == (ROMEO, ROMEO)
    said = outer.find("{urn:xmpp:carbons:2}sent/" + FORWARDED)
    assert said is not None
    assert (said.get("from"), said.get("to"), said.get("id")) == (ROMEO, JULIET, "k1")


async def test_it_waits_until_the_server_has_told_what_it_grants() -> None:
    server = Server()
    async with told(server) as t:
        assert t.carbons.shown(ROMEO)
        showing = asyncio.create_task(t.show())
        t.ends.stream.privileges.heard("elsewhere.example", Grant(2, message=True))
        await t.ends.stream.fence()
        assert not showing.done()
        assert "<privilege" not in server.got

        t.grant()
        assert await showing == Receipt((MessageId("k1"),))


async def test_without_the_privilege_nothing_is_said() -> None:
    server = Server()
    async with told(server, telling=0.2) as t:
        assert await t.show() == Receipt()
        assert not t.carbons.shown(ROMEO)

    server = Server()
    async with told(server) as t:
        t.ends.stream.privileges.heard("example.org", Grant(2, frozenset({"get", "set"})))
        assert not t.carbons.shown(ROMEO)
        assert await t.show() == Receipt()
    assert "<message" not in server.got


async def test_without_a_connection_it_is_for_later() -> None:
    server = Server()
    async with told(server) as t:
        t.grant()
        assert server.writer is not None
        server.writer.close()
        assert not await asyncio.wait_for(t.ends.changes.get(), 5)

        assert t.carbons.shown(ROMEO)
        with pytest.raises(Unavailable):
            await t.show()


async def test_a_refusal_ends_it_for_all_and_holds_nothing_up() -> None:
    server = Server(deaf=True)
    async with told(server) as t:
        t.grant()
        showing = asyncio.create_task(t.show())
        await server.until(lambda: server.asked > 0)
        assert t.refuse("forbidden", server="elsewhere.example")
        assert t.carbons.shown(ROMEO)
        assert t.refuse("forbidden")
        server.answer()

        assert await showing == Receipt()
        assert not t.carbons.shown(ROMEO)
        assert await t.show() == Receipt()


async def test_other_errors_are_not_ours() -> None:
    async with told(Server()) as t:
        t.grant()
        assert not t.refuse("forbidden", identity="k1")
        assert t.refuse("item-not-found")

        assert t.carbons.shown(ROMEO)
