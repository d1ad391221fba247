"""Entering a room that does not exist makes it, on its network (XEP-0045 #createroom)."""

import asyncio
import contextlib

from bridge.testing.states import ChatState
from tests.conftest import ANY_SERVER
from tests.scenarios.rooms.conftest import InVerona
from tests.scenarios.rooms.test_setting_up import OWNER, field
from tests.support import commands, muc
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import CLIENT, body, error_of

pytestmark = ANY_SERVER
MUC = "http://jabber.org/protocol/muc"
MANTUA = f"#mantua@{MEMORY}"


async def made_there(verona: InVerona) -> ChatState:
    """The one room that was made; nobody is in it if none was."""
    return await verona.play.world.state("made-1")


async def test_who_enters_a_room_that_is_none_has_made_it(verona: InVerona) -> None:
    entered = await muc.enter(verona.app, MANTUA, "Romeo")
    assert {100, 110, 201} == entered.statuses
    assert entered.own is not None
    item = entered.own.find(f".//{muc.USER}item")
    assert item is not None
    assert (item.get("affiliation"), item.get("role")) == ("owner", "moderator")
    told = await verona.app.expect(lambda s: s.get("from") == MANTUA and body(s), what="what a maker is to know")
    assert "not encrypted" in body(told)
    state = await made_there(verona)
    assert (state.name, state.members, state.rules.open) == ("mantua", ["romeo"], False)

    instant = f"<query xmlns='{OWNER}'><x xmlns='jabber:x:data' type='submit'/></query>"
    assert error_of(await verona.app.iq(MANTUA, "set", instant))[0] == ""
    named = field("muc#roomconfig_roomname", "Mantua")
    form = f"<query xmlns='{OWNER}'><x xmlns='jabber:x:data' type='submit'>{named}</x></query>"
    assert error_of(await verona.app.iq(MANTUA, "set", form))[0] == ""
    assert (await made_there(verona)).name == "Mantua"
    muc.say(verona.app, MANTUA, "Then I defy you, stars!", "stars")
    await verona.play.world.until("made-1", lambda s: s.texts == ["Then I defy you, stars!"])

    await muc.said(verona.app, MANTUA, "Then I defy you, stars!")
    muc.leave(verona.app, MANTUA, "Romeo")
    again = await muc.enter(verona.app, MANTUA, "Romeo")
    assert 201 not in again.statuses
    assert again.texts == ["Then I defy you, stars!"]


async def test_no_room_is_made_where_none_can_be(verona: InVerona) -> None:
    async with verona.play.on_stage(f"paris-{verona.app.bare[6:20]}") as paris:
        assert (await muc.refused(paris, MANTUA))[0] == "registration-required"
    for address in (f"#padua%elsewhere@{MEMORY}", f"#@{MEMORY}", f"#{'x' * 100}@{MEMORY}"):
        assert (await muc.refused(verona.app, address))[0] == "item-not-found"
    await verona.play.world.fault("reject", reason="forbidden", text="You may not make rooms.")
    assert await muc.refused(verona.app, MANTUA) == ("forbidden", "You may not make rooms.")
    await verona.play.world.mend()
    assert (await made_there(verona)).members == []


async def test_a_room_is_made_once_though_the_answer_is_lost(verona: InVerona) -> None:
    await verona.play.world.fault("lost")
    entered = await muc.enter(verona.app, MANTUA, "Romeo", seconds=60)

    assert 201 in entered.statuses
    assert (await made_there(verona)).members == ["romeo"]
    assert (await verona.play.world.state("made-2")).members == []


async def test_without_a_connection_apps_are_to_try_again_and_then_it_is_made(verona: InVerona) -> None:
    await verona.play.world.fault("down")
    await verona.play.world.until_accounts(lambda found: not found["romeo"].attached)
    verona.app.send(f"<presence to='{MANTUA}/Romeo'><x xmlns='{MUC}'/></presence>")
    refused = await verona.app.expect(lambda s: muc.is_presence(s, MANTUA, "error"), 60)
    error = refused.find(f"{CLIENT}error")
    assert error is not None
    assert (error_of(refused)[0], error.get("type")) == ("remote-server-timeout", "wait")

    await verona.play.world.mend("down")
    await verona.play.world.until_accounts(lambda found: found["romeo"].attached, 60)
    async with asyncio.timeout(60):
        while True:  # as apps do
            with contextlib.suppress(AssertionError):
                entered = await muc.enter(verona.app, MANTUA, "Romeo")
                break
            await asyncio.sleep(0.2)  # the gateway takes up an account when it is connected, which it tells no app
    assert 201 in entered.statuses


async def test_a_room_that_others_have_is_not_made(verona: InVerona) -> None:
    await muc.enter(verona.app, MANTUA, "Romeo")
    await verona.play.world.account("paris", password="open sesame", name="Paris")
    async with verona.play.on_stage(f"paris-{verona.app.bare[6:20]}") as paris:
        step = await commands.execute(paris, MEMORY, "login", {"username": "paris", "password": "open sesame"})
        assert step.status == "completed"
        assert (await muc.refused(paris, MANTUA))[0] == "item-not-found"


async def test_the_command_makes_a_room_with_people(verona: InVerona) -> None:
    given = {"name": "Friar's cell", "visibility": "public", "people": verona.play.juliet}
    step = await commands.execute(verona.app, MEMORY, "create", given)

    assert step.status == "completed", step
    room = f"#friar-s-cell@{MEMORY}"
    assert room in str(step)
    assert (await muc.enter(verona.app, room, "Romeo")).nick == "Romeo"
    state = await made_there(verona)
    assert (state.name, state.rules.open, state.invited) == ("Friar's cell", True, ["juliet"])
