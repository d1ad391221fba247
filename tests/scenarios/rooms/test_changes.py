"""What changes in a room: subject, people, and what its network refuses."""

from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import CLIENT, bare, error_of

RETRACT = "{urn:xmpp:message-retract:1}retract"
INVITATION = "{jabber:x:conference}x"


async def test_a_subject_each_way(verona: InVerona) -> None:
    await verona.enter()
    verona.app.send(f"<message to='{verona.room}' type='groupchat' id='s1'><subject>A truce</subject></message>")
    await verona.play.world.until(verona.chat, lambda state: state.subject == "A truce")
    told = await verona.app.expect(lambda s: bare(s) == verona.room and muc.is_subject(s))
    assert told.findtext(f"{CLIENT}subject") == "A truce"

    await verona.play.world.chat(verona.chat, name="Verona", subject="A wedding")
    told = await verona.app.expect(lambda s: bare(s) == verona.room and muc.is_subject(s))
    assert told.findtext(f"{CLIENT}subject") == "A wedding"
    assert (await verona.enter()).subject == "A wedding"


async def test_people_come_and_go(verona: InVerona) -> None:
    await verona.enter()
    await verona.play.world.people("tybalt")
    await verona.play.world.do(verona.comes("tybalt"))
    came = await verona.app.expect(lambda s: muc.is_presence(s, verona.room))
    await verona.says("tybalt", "What, drawn?")
    said = await muc.said(verona.app, verona.room, "What, drawn?")
    await verona.play.world.do(verona.goes("tybalt"))
    went = await verona.app.expect(lambda s: muc.is_presence(s, verona.room, "unavailable"))

    assert (muc.nick(came), muc.nick(went)) == ("Tybalt", "Tybalt")
    assert said.get("from") == f"{verona.room}/Tybalt"
    assert (await verona.enter()).nicks == ["Juliet", "Nurse"]


async def test_a_refused_message_is_taken_back_and_its_author_hears_why(verona: InVerona) -> None:
    await verona.enter()
    async with verona.play.on_stage("romeo") as other:
        await verona.enter(other)
        await verona.play.world.fault("reject", reason="policy-violation", text="No swearing.")
        muc.say(verona.app, verona.room, "A plague!", "m1")
        echo = await muc.said(other, verona.room, "A plague!")
        removed = await other.expect(lambda s: s.find(RETRACT) is not None)
        error = await verona.app.expect(lambda s: s.get("type") == "error")

        retract, shown = removed.find(RETRACT), echo.find(muc.STANZA_ID)
        assert retract is not None
        assert shown is not None
        assert retract.get("id") == shown.get("id")
        assert removed.get("from") == verona.room
        assert (error.get("id"), error_of(error)) == ("m1", ("policy-violation", "No swearing."))
        assert (await verona.enter(other)).texts == []


async def test_a_later_invitation_is_passed_on_and_entering_accepts_it(verona: InVerona) -> None:
    await verona.play.world.chat("mantua", "juliet", name="Mantua", alias="#mantua")
    await verona.play.world.do(verona.invites("juliet", "mantua", "Come!"))
    told = await verona.app.expect(lambda s: s.find(INVITATION) is not None)
    invitation = told.find(INVITATION)

    assert invitation is not None
    assert (invitation.get("jid"), invitation.get("reason")) == (f"#mantua@{MEMORY}", "Come!")
    entered = await muc.enter(verona.app, f"#mantua@{MEMORY}", "Romeo")
    assert entered.nicks == ["Juliet"]
    assert "romeo" in (await verona.play.world.state("mantua")).members


async def test_the_first_sync_says_nothing_of_rooms(verona: InVerona) -> None:
    assert [s for s in verona.app.received if "#verona" in (s.get("from") or "")] == []


async def test_join_and_leave_act_on_the_network(verona: InVerona) -> None:
    await verona.play.world.chat("mantua", "juliet", name="Mantua", alias="#mantua")

    assert await verona.play.ask("join #mantua") == (
        f"You are in Mantua on Memory. Enter it in your app as #mantua@{MEMORY}."
    )
    assert "romeo" in (await verona.play.world.state("mantua")).members
    assert await verona.play.ask("leave Mantua") == "You have left Mantua on Memory."
    assert "romeo" not in (await verona.play.world.state("mantua")).members


async def test_nobody_is_called_so_that_they_could_be_taken_for_another(verona: InVerona) -> None:
    await verona.enter()
    for id, name, shown in (
        ("anna", "Juliеt", "Juliеt (2)"),
        ("bella", "JULIET", "JULIET (3)"),
    ):  # one with a Cyrillic е
        await verona.play.world.do(verona.person(id, name))
        await verona.play.world.do(verona.comes(id))
        came = await verona.app.expect(lambda s, full=f"{verona.room}/{shown}": s.get("from") == full)  # type: ignore[misc]
        assert came.get("type") is None
    await verona.play.world.do(verona.person("long", "n" * 1_000))
    await verona.play.world.do(verona.comes("long"))
    await verona.app.expect(lambda s: s.get("from") == f"{verona.room}/{'n' * 100}")
