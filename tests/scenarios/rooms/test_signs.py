"""Signs of life in a room: who writes, and who has read how far."""

from bridge.testing.wire import Reads, Types
from tests.scenarios.rooms.conftest import InVerona
from tests.scenarios.test_signs import MARKERS, displayed, state_of
from tests.support import muc
from tests.support.xmpp_client import bare, body


async def test_writing_each_way(verona: InVerona) -> None:
    await verona.enter()
    await verona.play.world.do(Types(person="juliet", chat=verona.chat))
    begun = await verona.app.expect(lambda s: bare(s) == verona.room and state_of(s) == "composing")
    await verona.play.world.do(Types(person="juliet", chat=verona.chat, typing=False))
    ended = await verona.app.expect(lambda s: bare(s) == verona.room and state_of(s) == "paused")
    for state, typing in (("composing", ["romeo"]), ("active", [])):
        inner = f"<{state} xmlns='http://jabber.org/protocol/chatstates'/>"
        verona.app.send(f"<message to='{verona.room}' type='groupchat'>{inner}</message>")
        await verona.play.world.until(verona.chat, lambda seen, typing=typing: seen.typing == typing)  # type: ignore[misc]

    assert {s.get("type") for s in (begun, ended)} == {"groupchat"}
    assert {muc.nick(s) for s in (begun, ended)} == {"Juliet"}
    assert begun.find(muc.OCCUPANT_ID) is not None


async def test_reading_each_way(verona: InVerona) -> None:
    await verona.enter()
    target = await verona.says("juliet", "Ay me!")
    heard = await muc.said(verona.app, verona.room, "Ay me!")
    name = heard.find(muc.STANZA_ID)
    assert name is not None
    assert heard.find(f"{MARKERS}markable") is not None
    inner = f"<displayed xmlns='urn:xmpp:chat-markers:0' id='{name.get('id')}'/>"
    verona.app.send(f"<message to='{verona.room}' type='groupchat'>{inner}</message>")
    await verona.play.world.until(verona.chat, lambda state: state.read == {"romeo": target})
    await verona.play.world.do(Reads(person="nurse", chat=verona.chat, target=target))
    read = await verona.app.expect(lambda s: displayed(s) != "" and muc.nick(s) == "Nurse")

    assert (displayed(read), read.get("type"), body(read)) == (name.get("id"), "groupchat", "")


async def test_who_is_not_in_the_room_neither_shows_nor_hears_anything(verona: InVerona) -> None:
    verona.app.send(
        f"<message to='{verona.room}' type='groupchat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>"
    )
    await verona.app.expect(lambda s: s.get("type") == "error")
    await verona.play.world.do(Types(person="juliet", chat=verona.chat))
    await verona.enter()
    await verona.says("juliet", "Ay me!")
    await muc.said(verona.app, verona.room, "Ay me!")

    assert [s for s in verona.app.received if state_of(s)] == []
    assert (await verona.play.world.state(verona.chat)).typing == []


async def test_being_in_a_room_is_not_being_there(verona: InVerona) -> None:
    await verona.enter()
    muc.say(verona.app, verona.room, "Peace!", "m1")
    await verona.heard("Peace!")

    assert (await verona.play.world.accounts())["romeo"].presence == ""
