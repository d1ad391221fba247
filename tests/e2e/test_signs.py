"""Signs of life between an XMPP app and a Matrix app, through real servers."""

from tests.conftest import ANY_SERVER
from tests.scenarios.test_signs import MARKABLE, MARKERS, displayed, state_of
from tests.support import folk, muc, talks
from tests.support.folk import Person
from tests.support.gateway import Gateway
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import CLIENT, XmppClient, bare, body

pytestmark = ANY_SERVER
COMPOSING = "<composing xmlns='http://jabber.org/protocol/chatstates'/>"


async def test_writing_and_reading_each_way_in_a_direct_chat(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    to = juliet.at(gateway)
    first = app.message(to, "But soft!", inner=MARKABLE)
    event = await element.text("But soft!")
    room = event["room_id"]

    await element.reads(room, event["event_id"])
    read = await app.expect(lambda s: displayed(s) != "")
    await element.types(room, True)
    begun = await app.expect(lambda s: state_of(s) == "composing")
    await element.send(room, "Ay me!")
    heard = await app.expect(lambda s: body(s) == "Ay me!")
    app.send(f"<message to='{to}' type='chat'>{COMPOSING}</message>")
    await element.until(lambda e: romeo.mxid in e.typing.get(room, ()))
    mark = f"<displayed xmlns='urn:xmpp:chat-markers:0' id='{heard.get('id')}'/>"
    app.send(f"<message to='{to}' type='chat'>{mark}</message>")
    latest = (await element.timeline(room))[-1]["event_id"]
    await element.until(lambda e: e.read.get((room, romeo.mxid)) == latest)
    app.message(to, "Speak again")
    await element.text("Speak again")
    await element.until(lambda e: romeo.mxid not in e.typing.get(room, ()))

    assert (displayed(read), bare(read), bare(begun)) == (first, to, to)
    assert heard.find(f"{MARKERS}markable") is not None


async def test_writing_and_reading_each_way_in_a_room(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    talk = await talks.in_a_room(app, romeo, gateway, element, synapse)
    room, jid = talk.room, talk.jid

    target = await element.send(room, "Ay me!")
    heard = await muc.said(app, jid, "Ay me!")
    name = heard.find(muc.STANZA_ID)
    assert name is not None
    app.send(f"<message to='{jid}' type='groupchat'>{COMPOSING}</message>")
    await element.until(lambda e: romeo.mxid in e.typing.get(room, ()))
    mark = f"<displayed xmlns='urn:xmpp:chat-markers:0' id='{name.get('id')}'/>"
    app.send(f"<message to='{jid}' type='groupchat'>{mark}</message>")
    await element.until(lambda e: e.read.get((room, romeo.mxid)) == target)
    muc.say(app, jid, "Speak again", "m1")
    echo = (await muc.said(app, jid, "Speak again")).find(muc.STANZA_ID)
    said = await element.text("Speak again")
    await element.types(room, True)
    begun = await app.expect(lambda s: state_of(s) == "composing")
    await element.reads(room, said["event_id"])
    read = await app.expect(lambda s: displayed(s) != "" and muc.nick(s) == juliet.name)

    assert echo is not None
    assert displayed(read) == echo.get("id")
    assert (muc.nick(begun), begun.get("type")) == (juliet.name, "groupchat")


async def test_what_one_reads_in_private_nobody_else_hears_of(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    to = juliet.at(gateway)
    app.message(to, "one", inner=MARKABLE)
    event = await element.text("one")
    second = app.message(to, "two", inner=MARKABLE)
    later = await element.text("two")

    await element.reads(event["room_id"], event["event_id"], "m.read.private")
    await element.reads(event["room_id"], later["event_id"])
    await app.expect(lambda s: displayed(s) != "")

    assert [displayed(s) for s in app.received if displayed(s)] == [second]


async def test_who_is_there_each_way(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    to = juliet.at(gateway)
    app.message(to, "But soft!")
    await element.text("But soft!")
    await app.befriend(to)
    await element.appears("unavailable", "on the balcony")
    away = await app.expect(lambda s: bare(s) == to and s.findtext(f"{CLIENT}show") == "away")
    app.send(f"<presence to='{to}'/>")
    await element.until(lambda e: e.people.get(romeo.mxid, {}).get("presence") == "online")
    app.send(f"<presence to='{to}'><show>away</show></presence>")
    await element.until(lambda e: e.people.get(romeo.mxid, {}).get("presence") == "unavailable")
    app.send(f"<presence to='{to}' type='unavailable'/>")
    await element.until(lambda e: e.people.get(romeo.mxid, {}).get("presence") == "offline")

    assert away.findtext(f"{CLIENT}status") == "on the balcony"
