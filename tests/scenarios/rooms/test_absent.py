"""Who has not entered a room hears of it: apps that ask for it of what is said (XEP-0437), and who is meant there."""

from xml.etree.ElementTree import Element

from bridge.contract import Span, SpanKind
from tests.conftest import ANY_SERVER
from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import CLIENT, bare, body

pytestmark = ANY_SERVER
RAI = "{urn:xmpp:rai:0}"


def rooms_in(stanza: Element) -> list[str]:
    return [one.text or "" for one in stanza.iter(f"{RAI}activity")]


def indicators(verona: InVerona) -> list[list[str]]:
    return [rooms_in(stanza) for stanza in verona.app.received if stanza.find(f"{RAI}rai") is not None]


def called(verona: InVerona) -> list[str]:
    return [body(stanza) for stanza in verona.app.received if "mentioned you" in body(stanza)]


async def mentions(verona: InVerona, text: str) -> None:
    span = Span(0, 5, SpanKind.MENTION, "romeo")
    await verona.play.world.says("juliet", verona.chat, text, spans=[span])


async def leave(verona: InVerona) -> None:
    verona.app.send(f"<presence type='unavailable' to='{verona.room}/Romeo'/>")
    await verona.app.expect(lambda s: muc.is_presence(s, verona.room, "unavailable") and 110 in muc.statuses(s))


async def test_one_hears_of_what_is_said_and_is_called_when_meant_once_until_one_was_there(verona: InVerona) -> None:
    app = verona.app
    info = await app.iq(MEMORY, "get", f"<query xmlns='{muc.INFO}'/>")
    assert "urn:xmpp:rai:0" in {one.get("var") for one in info.iter(f"{{{muc.INFO}}}feature")}
    await verona.says("juliet", "before")
    await verona.play.world.chat("mantua", "nurse", "romeo", name="Mantua", alias="#mantua")
    await muc.listed(app, MEMORY, f"#mantua@{MEMORY}")

    app.send(f"<presence to='{MEMORY}'><rai xmlns='urn:xmpp:rai:0'/></presence>")
    first = await app.expect(lambda s: s.tag == f"{CLIENT}message" and s.find(f"{RAI}rai") is not None)
    assert (first.get("from"), rooms_in(first)) == (MEMORY, [verona.room])

    await mentions(verona, "Romeo, where art thou?")
    told = await app.expect(lambda s: bare(s) == MEMORY and verona.room in body(s))
    assert body(told).startswith(f"Juliet has mentioned you in the room Verona ({verona.room}), which you have not")
    await mentions(verona, "Romeo, again")
    await verona.play.world.says("nurse", "mantua", "hark")
    await app.expect(lambda s: rooms_in(s) == [f"#mantua@{MEMORY}"])
    assert indicators(verona) == [[verona.room], [f"#mantua@{MEMORY}"]]

    entered = await verona.enter()
    assert entered.texts[-1].endswith("again")
    await mentions(verona, "Romeo, here")
    await app.expect(lambda s: s.get("type") == "groupchat" and body(s).endswith("here"))
    await leave(verona)
    await mentions(verona, "Romeo, gone?")

    await app.expect(lambda s: rooms_in(s) == [verona.room])
    await app.expect(lambda s: "mentioned you" in body(s), again=True)
    assert await verona.play.ask("settings mentions=off")
    assert len(called(verona)) == 2
    assert indicators(verona) == [[verona.room], [f"#mantua@{MEMORY}"], [verona.room]]
