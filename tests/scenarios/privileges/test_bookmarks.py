"""Romeo's rooms are among his bookmarks (XEP-0402), and what he does with them stays."""

import asyncio
from collections.abc import Callable
from xml.etree.ElementTree import Element, tostring

from bridge.testing.wire import Comes
from tests.scenarios.conftest import Play
from tests.scenarios.privileges.conftest import ON_EJABBERD, ON_PROSODY
from tests.support import muc
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import CLIENT, XmppClient, bare

NODE, PUBSUB = "urn:xmpp:bookmarks:1", "http://jabber.org/protocol/pubsub"
VERONA, MANTUA = f"#verona@{MEMORY}", f"#mantua@{MEMORY}"
Shown = dict[str, tuple[str | None, str | None]]


async def bookmarks(app: XmppClient) -> dict[str, Element]:
    answer = await app.iq(app.bare, "get", f"<pubsub xmlns='{PUBSUB}'><items node='{NODE}'/></pubsub>")
    return {item.get("id", ""): item[0] for item in answer.iter(f"{{{PUBSUB}}}item")}


async def until(app: XmppClient, so: Callable[[Shown], bool]) -> dict[str, Element]:
    """The bookmarks once their names, and whether they are entered, are so."""
    async with asyncio.timeout(30):
        while True:
            found = await bookmarks(app)
            if so({jid: (one.get("name"), one.get("autojoin")) for jid, one in found.items()}):
                return found
            await asyncio.sleep(0.1)


async def change(app: XmppClient, payload: str) -> None:
    answer = await app.iq(app.bare, "set", f"<pubsub xmlns='{PUBSUB}'>{payload}</pubsub>")
    assert answer.get("type") == "result", tostring(answer)


async def in_verona(play: Play) -> None:
    await play.world.chat("verona", "juliet", "romeo", name="Verona", alias="#verona")
    await play.world.chat("mantua", "juliet", name="Mantua", alias="#mantua")
    await play.log_in()


@ON_PROSODY
async def test_rooms_are_bookmarked_and_removed_when_they_are_left(play: Play) -> None:
    await in_verona(play)
    await until(play.app, lambda shown: shown == {VERONA: ("Verona", "true")})
    await play.world.do(Comes(person="romeo", chat="mantua"))
    await until(play.app, lambda shown: shown == {VERONA: ("Verona", "true"), MANTUA: ("Mantua", "true")})

    assert await play.ask(f"leave {VERONA}")
    await until(play.app, lambda shown: shown == {MANTUA: ("Mantua", "true")})
    assert [s for s in play.app.received if s.find("{jabber:x:conference}x") is not None] == []


@ON_PROSODY
async def test_what_the_user_does_with_a_bookmark_stays(play: Play) -> None:
    await in_verona(play)
    await until(play.app, lambda shown: VERONA in shown)
    mine = (
        f"<conference xmlns='{NODE}' name='Verona' autojoin='false'><nick>Montague</nick>"
        "<extensions><state xmlns='urn:other' minimized='true'/></extensions></conference>"
    )
    await change(play.app, f"<publish node='{NODE}'><item id='{VERONA}'>{mine}</item></publish>")
    await play.world.chat("verona", name="Fair Verona")
    found = await until(play.app, lambda shown: shown == {VERONA: ("Fair Verona", "false")})
    assert found[VERONA].findtext(f"{{{NODE}}}nick") == "Montague"
    state = found[VERONA].find(f"{{{NODE}}}extensions/{{urn:other}}state")
    assert state is not None
    assert state.get("minimized") == "true"

    await change(play.app, f"<retract node='{NODE}' notify='true'><item id='{VERONA}'/></retract>")
    await play.world.chat("verona", name="Verona again")
    await play.world.do(Comes(person="romeo", chat="mantua"))
    await until(play.app, lambda shown: shown == {MANTUA: ("Mantua", "true")})
    await asyncio.to_thread(play.gateway.stop)
    await asyncio.to_thread(play.gateway.start)
    await play.world.chat("mantua", name="Old Mantua")
    await until(play.app, lambda shown: shown == {MANTUA: ("Old Mantua", "true")})


@ON_PROSODY
async def test_a_logout_removes_what_is_as_we_made_it(play: Play) -> None:
    await in_verona(play)
    await play.world.do(Comes(person="romeo", chat="mantua"))
    await until(play.app, lambda shown: shown == {VERONA: ("Verona", "true"), MANTUA: ("Mantua", "true")})
    quiet = f"<conference xmlns='{NODE}' name='Mantua' autojoin='false'/>"
    await change(play.app, f"<publish node='{NODE}'><item id='{MANTUA}'>{quiet}</item></publish>")

    await play.ask("logout")
    await until(play.app, lambda shown: shown == {MANTUA: ("Mantua", "false")})


@ON_EJABBERD
async def test_without_the_privilege_rooms_are_found_and_invite(play: Play) -> None:
    """ejabberd 23.01 has no privileged IQs."""
    await in_verona(play)
    await muc.listed(play.app, MEMORY, VERONA)
    await play.world.do(Comes(person="romeo", chat="mantua"))
    await play.app.expect(
        lambda s: s.tag == f"{CLIENT}message" and bare(s) == MANTUA and s.find("{jabber:x:conference}x") is not None
    )

    assert await bookmarks(play.app) == {}
