"""What Romeo reads in another app of the network is read in his XMPP apps, and people there see when he is here."""

import asyncio
from pathlib import Path
from xml.etree.ElementTree import Element

from bridge.testing.wire import Reads, Types
from tests.scenarios.conftest import Play, staged
from tests.scenarios.privileges.conftest import ON_PROSODY
from tests.scenarios.test_signs import displayed, state_of
from tests.support import muc
from tests.support.gateway import MEMORY
from tests.support.proxy import Proxy
from tests.support.xmpp_client import CLIENT, XmppClient, body
from tests.support.xmpp_servers import XmppServer

NODE, PUBSUB = "urn:xmpp:mds:displayed:0", "http://jabber.org/protocol/pubsub"
VERONA = f"#verona@{MEMORY}"
CARBON = "{urn:xmpp:carbons:2}sent/{urn:xmpp:forward:0}forwarded/" + f"{CLIENT}message"


async def published(app: XmppClient) -> dict[str, Element]:
    """What is known of Romeo's reading at his server, by chat (XEP-0490)."""
    answer = await app.iq(app.bare, "get", f"<pubsub xmlns='{PUBSUB}'><items node='{NODE}'/></pubsub>")
    return {item.get("id", ""): item[0][0] for item in answer.iter(f"{{{PUBSUB}}}item")}


def carbon(stanza: Element) -> str:
    """The id that a marker in Romeo's name says was displayed."""
    sent = stanza.find(CARBON)
    return displayed(sent) if sent is not None else displayed(stanza)


async def test_in_a_direct_chat_it_is_a_marker_of_his_own(play: Play) -> None:
    await play.met()
    target = await play.world.says("juliet", play.chat, "Ay me!")
    heard = await play.app.expect(lambda s: body(s) == "Ay me!")
    await play.world.do(Reads(person="romeo", chat=play.chat, target=target, private=True))
    read = await play.app.expect(lambda s: carbon(s) != "")

    assert carbon(read) == heard.get("id")
    assert (await play.world.state(play.chat)).read == {}


@ON_PROSODY
async def test_in_a_room_it_is_published(play: Play) -> None:
    await play.world.chat("verona", "juliet", "romeo", name="Verona", alias="#verona")
    await play.log_in()
    await muc.listed(play.app, MEMORY, VERONA)
    await muc.enter(play.app, VERONA, "Romeo")
    for text in ("one", "two"):
        target = await play.world.says("juliet", "verona", text)
        name = (await muc.said(play.app, VERONA, text)).find(muc.STANZA_ID)
        assert name is not None
        await play.world.do(Reads(person="romeo", chat="verona", target=target, private=True))
        assert (await read_up_to(play.app, name.get("id", ""))).get("by") == VERONA

    assert [s for s in play.app.received if displayed(s)] == []


@ON_PROSODY
async def test_what_he_reads_before_his_server_has_confirmed_it_is_published_then(
    granting: XmppServer, tmp_path: Path
) -> None:
    async with Proxy(granting.component_port) as proxy, staged(granting, tmp_path, proxy.port) as play:
        await play.world.chat("verona", "juliet", "romeo", name="Verona", alias="#verona")
        await play.log_in()
        await muc.listed(play.app, MEMORY, VERONA)
        await muc.enter(play.app, VERONA, "Romeo")

        proxy.hold()
        target = await play.world.says("juliet", "verona", "one")
        name = (await muc.said(play.app, VERONA, "one")).find(muc.STANZA_ID)
        assert name is not None
        await play.world.do(Reads(person="romeo", chat="verona", target=target, private=True))
        await play.world.do(Types(person="juliet", chat="verona"))
        await play.app.expect(lambda s: state_of(s) == "composing")  # so that he has read has been looked at before
        proxy.let_go()

        await read_up_to(play.app, name.get("id", ""))


async def read_up_to(app: XmppClient, id: str) -> Element:
    """Wait until Romeo's server knows that he has read so far in Verona."""
    async with asyncio.timeout(20):
        while (found := (await published(app)).get(VERONA)) is None or found.get("id") != id:
            await asyncio.sleep(0.1)  # without notifications, nothing tells of it
    return found


@ON_PROSODY
async def test_what_his_apps_tell_only_his_own_server_is_read_on_the_network_in_private(play: Play) -> None:
    """XEP-0490, in a room; what says something of another room, or names nothing there, is nothing."""
    await play.world.chat("verona", "juliet", "romeo", name="Verona", alias="#verona")
    await play.log_in()
    await muc.listed(play.app, MEMORY, VERONA)
    await muc.enter(play.app, VERONA, "Romeo")
    target = await play.world.says("juliet", "verona", "one")
    name = (await muc.said(play.app, VERONA, "one")).find(muc.STANZA_ID)
    assert name is not None
    named = f"<stanza-id xmlns='urn:xmpp:sid:0' by='{VERONA}' id='{name.get('id')}'/>"
    item = f"<item id='{VERONA}'><displayed xmlns='{NODE}'>{named}</displayed></item>"
    publish = f"<publish node='{NODE}'>{item}</publish>"
    answer = await play.app.iq(play.app.bare, "set", f"<pubsub xmlns='{PUBSUB}'>{publish}</pubsub>")
    assert answer.get("type") == "result"
    state = await play.world.until("verona", lambda state: state.read == {"romeo": target}, 30)

    assert state.private == ["romeo"]


@ON_PROSODY
async def test_what_he_reads_here_does_not_come_back_as_his_own(play: Play) -> None:
    await play.met()
    heard = play.app.received[-1]
    mark = f"<displayed xmlns='urn:xmpp:chat-markers:0' id='{heard.get('id')}'/>"
    play.app.send(f"<message to='{play.juliet}' type='chat'>{mark}</message>")
    state = await play.world.until(play.chat, lambda state: "romeo" in state.read)
    await play.world.do(Reads(person="romeo", chat=play.chat, target=state.read["romeo"]))
    await play.world.says("juliet", play.chat, "Ay me!")
    await play.app.text_from(play.juliet)

    assert [s for s in play.app.received if carbon(s)] == []


@ON_PROSODY
async def test_people_on_the_network_see_when_romeo_is_here(play: Play) -> None:
    """Contacts that are put into his list see him (RFC 6121 #roster-syntax-items-subscription); also when the gateway
    has come later than he."""
    await play.met()
    await play.app.expect(lambda s: s.find("{jabber:iq:roster}query") is not None and "juliet" in str(s[0][0].attrib))
    play.app.send("<presence><show>away</show></presence>")
    await play.world.until_accounts(lambda state: state["romeo"].presence == "away")
    await asyncio.to_thread(play.gateway.stop)
    play.app.send("<presence/>")
    await asyncio.to_thread(play.gateway.start)
    await play.world.until_accounts(lambda state: state["romeo"].presence == "available", 60)
    play.app.send("<presence type='unavailable'/>")
    await play.world.until_accounts(lambda state: state["romeo"].presence == "unavailable")


@ON_PROSODY
async def test_people_see_that_romeo_is_here_as_soon_as_they_are_in_his_list(play: Play) -> None:
    """He need not change anything for that (RFC 6121 #presence-probe)."""
    await play.met()

    await play.world.until_accounts(lambda state: state["romeo"].presence == "available")
