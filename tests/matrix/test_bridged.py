"""Matrix rooms say that they are bridged, once, and whether they are already, on a real Synapse."""

from typing import Any
from urllib.parse import quote

import pytest

from bridge.contract import Announce, ChatId, NetworkId, Provenance, Reason, Refused
from bridge.testing.conformance.network import a_send, connected, reading
from connectors.matrix import events
from connectors.matrix.events import Reader
from tests.conformance.appservice import AppserviceUnderTest

ROOMS = ((NetworkId("xmpp"), "cafe@conference.example.org"), (NetworkId("telegram"), "-100"))
OTHERS = "@otherbot:localhost"


async def state(network: AppserviceUnderTest) -> dict[tuple[str, str], Any]:
    found = await network.juliet.call("GET", f"/rooms/{quote(network.room)}/state")
    return {(one["type"], one["state_key"]): (one["event_id"], one["content"]) for one in found}  # type: ignore[union-attr]


def announcing(network: AppserviceUnderTest, rooms: tuple[tuple[NetworkId, str], ...] = ROOMS) -> Announce:
    return Announce(chat=ChatId(network.room), key="k", rooms=rooms)


async def test_it_is_said_once_and_nothing_else_is_changed(network: AppserviceUnderTest) -> None:
    await network.come_in(events={"m.bridge": 0})
    before = await state(network)
    for _ in range(2):
        async with connected(network) as session, reading(session):
            await session.perform(announcing(network))
            await session.perform(announcing(network))
            now = await state(network)
            assert await session.obstacles(ChatId(network.room)) == []
    again = await state(network)
    async with connected(network) as session, reading(session):
        await session.perform(announcing(network, ()))
    gone = await state(network)

    [new] = [key for key in now if key not in before]
    assert new == ("m.bridge", f"org.landbridge://{network.synapse.registered.me[1:]}")
    assert {key: now[key] for key in before} == before
    assert again == now
    assert now[new][1]["bridgebot"] == network.synapse.registered.me
    assert now[new][1]["protocol"] == {"id": "xmpp", "displayname": "XMPP"}
    assert now[new][1]["channel"]["id"] == "cafe@conference.example.org"
    assert gone[new][1] == {}


async def test_where_that_is_not_allowed_it_is_refused_and_people_are_heard(network: AppserviceUnderTest) -> None:
    await network.come_in()
    async with connected(network) as session, reading(session):
        with pytest.raises(Refused) as refusal:
            await session.perform(announcing(network))
        await session.perform(a_send(network, "k2", "But soft"))
    async with connected(network) as session:
        await session.perform(announcing(network))  # nobody is told of it once more
    assert refusal.value.reason is Reason.FORBIDDEN


@pytest.mark.parametrize("kind", ["m.bridge", "uk.half-shot.bridge"])
async def test_another_bridge_is_named_as_long_as_its_bot_is_there(network: AppserviceUnderTest, kind: str) -> None:
    await network.come_in(events={"m.bridge": 0})
    element = network.juliet
    room = quote(network.room)
    gone = {"bridgebot": OTHERS, "protocol": {"id": "irc", "displayname": "IRC"}}
    await element.call("PUT", f"/rooms/{room}/state/{kind}/gone", gone)
    await element.call("PUT", f"/rooms/{room}/state/{kind}/nobody", {})
    async with connected(network) as session, reading(session):
        none = await session.obstacles(ChatId(network.room))
        here = {"bridgebot": element.me, "protocol": {"id": "discord\n", "displayname": "Discord"}}
        await element.call("PUT", f"/rooms/{room}/state/{kind}/here", here)
        found = await session.obstacles(ChatId(network.room))

    assert none == []
    assert found == [
        f"Another bridge is in it already: Discord, whose bot is {element.me}. Two of them would bring everything "
        "twice. Have that one leave first."
    ]


async def test_an_encrypted_room_is_named(network: AppserviceUnderTest) -> None:
    await network.come_in(events={"m.bridge": 0})
    content = {"algorithm": "m.megolm.v1.aes-sha2"}
    await network.juliet.call("PUT", f"/rooms/{quote(network.room)}/state/m.room.encryption", content)
    async with connected(network) as session, reading(session):
        found = await session.obstacles(ChatId(network.room))
    assert found == ["It is encrypted, and a link would show elsewhere what is said in it."]


def test_what_a_bridge_has_brought_is_known_by_its_mark() -> None:
    reader = Reader(me="@me:s", direct=False, names={}, network=NetworkId("matrix"), now=2e9)  # type: ignore[arg-type]
    found = []
    for mark in (True, False, "true", None):
        content = {"msgtype": "m.text", "body": "hi", **({} if mark is None else {events.BRIDGED: mark})}
        raw = {"type": "m.room.message", "event_id": "$1", "sender": "@a:s", "content": content}
        [event] = events.parse(raw, ChatId("!r:s"), reader)
        found.append(event.provenance)  # type: ignore[union-attr]
    assert found == [Provenance.COPY, Provenance.PERSON, Provenance.PERSON, Provenance.PERSON]
