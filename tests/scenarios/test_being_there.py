"""Who is there: a person on the network for Romeo, and Romeo for people on the network."""

from xml.etree.ElementTree import Element

from bridge.testing.states import AccountState
from bridge.testing.wire import Appears
from tests.conftest import ANY_SERVER
from tests.scenarios.conftest import PASSWORD, Play
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import CLIENT, XmppClient, bare

pytestmark = ANY_SERVER
IDLE = "{urn:xmpp:idle:1}idle"


def is_presence(stanza: Element, who: str) -> bool:
    return stanza.tag == f"{CLIENT}presence" and bare(stanza) == who


def child(stanza: Element, name: str) -> str:
    return stanza.findtext(f"{CLIENT}{name}", "")


def shown(state: dict[str, AccountState]) -> str:
    return state["romeo"].presence


async def test_how_juliet_is(play: Play) -> None:
    await play.met()
    await play.app.befriend(play.juliet)
    await play.world.do(Appears(person="juliet", away=True, status="on the balcony", idle=1_700_000_000.0))
    away = await play.app.expect(lambda s: is_presence(s, play.juliet) and child(s, "show") == "away")
    await play.world.do(Appears(person="juliet", available=False))
    gone = await play.app.expect(lambda s: is_presence(s, play.juliet) and s.get("type") == "unavailable")
    await play.world.do(Appears(person="juliet"))
    back = await play.app.expect(lambda s: is_presence(s, play.juliet) and s.get("type") is None)
    idle = away.find(IDLE)

    assert idle is not None
    assert (child(away, "status"), idle.get("since")) == ("on the balcony", "2023-11-14T22:13:20Z")
    assert child(gone, "status") == ""
    assert (child(back, "show"), back.find(IDLE)) == ("", None)


async def test_who_has_not_asked_for_it_is_not_told(play: Play) -> None:
    await play.met()
    await play.world.do(Appears(person="juliet", away=True))
    await play.world.says("juliet", play.chat, "Ay me!")
    await play.app.text_from(play.juliet)

    assert [s for s in play.app.received if is_presence(s, play.juliet)] == []


async def test_how_romeo_is(play: Play) -> None:
    """As far as he shows it to the gateway or to a contact."""
    await play.met()
    assert shown(await play.world.accounts()) == ""
    async with XmppClient(play.app.bare, PASSWORD, play.server.c2s_port, resource="phone") as phone:
        phone.send(f"<presence to='{play.juliet}'/>")
        await play.world.until_accounts(lambda state: shown(state) == "available")
        phone.send(f"<presence to='{play.juliet}'><show>xa</show></presence>")
        await play.world.until_accounts(lambda state: shown(state) == "away")
        play.app.send(f"<presence to='{MEMORY}'/>")
        await play.world.until_accounts(lambda state: shown(state) == "available")
        play.app.send(f"<presence to='{MEMORY}' type='unavailable'/>")
        await play.world.until_accounts(lambda state: shown(state) == "away")
    await play.world.until_accounts(lambda state: shown(state) == "unavailable")


async def test_somebody_else_is_not_romeo(play: Play) -> None:
    await play.met()
    async with play.on_stage("paris") as paris:
        paris.send(f"<presence to='{MEMORY}'/>")
        await play.ask("help", paris)
    assert shown(await play.world.accounts()) == ""
