"""A room of thousands: who comes in is told of those who keep order and who speak, and not of everybody."""

from bridge.testing.wire import Comes, Goes
from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import XmppClient, bare

ITALY = f"#italy@{MEMORY}"
PEOPLE = 5_000


def presences(app: XmppClient) -> list[str]:
    """Who was told to be in the room, or not to be, in order."""
    return [muc.nick(s) for s in app.received if bare(s) == ITALY and s.tag.endswith("}presence")]


async def test_a_room_of_thousands_is_entered_without_a_storm(verona: InVerona) -> None:
    world = verona.play.world
    people = [f"p{number}" for number in range(PEOPLE - 2)]
    await world.chat("italy", "juliet", *people, "romeo", name="Italy", alias="#italy")
    await muc.listed(verona.app, MEMORY, ITALY)
    entered = await muc.enter(verona.app, ITALY, "Romeo")

    assert entered.nicks == ["Juliet"]  # its owner
    answer = await verona.app.iq(ITALY, "get", f"<query xmlns='{muc.INFO}'/>")
    fields = {one.get("var"): one.findtext("{jabber:x:data}value") for one in answer.iter("{jabber:x:data}field")}
    assert fields["muc#roominfo_occupants"] == str(PEOPLE)

    await world.people("p17", "p18")
    await world.says("p17", "italy", "Ho!")
    await muc.said(verona.app, ITALY, "Ho!")
    assert presences(verona.app) == ["Juliet", "Romeo", "p17"]
    await world.says("p17", "italy", "Ho again!")
    await muc.said(verona.app, ITALY, "Ho again!")
    for person in ("p18", "p17"):
        await world.do(Goes(person=person, chat="italy"))
    await world.do(Comes(person="p18", chat="italy"))
    gone = await verona.app.expect(lambda s: muc.is_presence(s, ITALY, "unavailable"))
    assert muc.nick(gone) == "p17"
    await world.says("p18", "italy", "Here!")
    await muc.said(verona.app, ITALY, "Here!")
    assert presences(verona.app) == ["Juliet", "Romeo", "p17", "p17", "P18"]

    async with verona.play.on_stage("romeo") as other:
        again = await muc.enter(other, ITALY, "Romeo")
        assert sorted(again.nicks) == ["Juliet", "P18"]
