"""Places, descriptions of links and mentions by occupant id, between an XMPP app and a Matrix app."""

from tests.conftest import ANY_SERVER
from tests.support import folk, muc, talks
from tests.support.folk import Person
from tests.support.gateway import Gateway
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, body

pytestmark = ANY_SERVER
GEOLOC = "{http://jabber.org/protocol/geoloc}"
LINK = "https://example.org/verona"


async def test_a_place_each_way(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    to = juliet.at(gateway)
    app.message(to, "geo:45.4384,10.9917")
    bare = (await element.text("geo:45.4384,10.9917"))["content"]
    geoloc = f"<geoloc xmlns='{GEOLOC[1:-1]}'><lat>45.4</lat><lon>10.9</lon></geoloc>"
    app.message(to, "The balcony", inner=geoloc)
    described = await element.text("The balcony geo:45.4,10.9")
    here = {"msgtype": "m.location", "body": "The orchard", "geo_uri": "geo:45.5,10.8;u=20"}
    await element.send_event(described["room_id"], here)
    shown = await app.expect(lambda s: s.find(f"{GEOLOC}geoloc") is not None)
    place = shown.find(f"{GEOLOC}geoloc")

    assert (bare["msgtype"], bare["geo_uri"]) == ("m.location", "geo:45.4384,10.9917")
    assert (described["content"]["msgtype"], described["content"]["geo_uri"]) == ("m.location", "geo:45.4,10.9")
    assert body(shown) == "The orchard geo:45.5,10.8;u=20"
    assert place is not None
    assert {one.tag.removeprefix(GEOLOC): one.text for one in place} == {
        "lat": "45.5", "lon": "10.8", "accuracy": "20", "description": "The orchard",
    }  # fmt: skip


async def test_what_apps_say_of_links_each_way(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    to = juliet.at(gateway)
    inner = (
        "<rdf:Description xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:og='https://ogp.me/ns#' "
        f"rdf:about='{LINK}'><og:title>Verona</og:title><og:description>A city</og:description></rdf:Description>"
    )
    app.message(to, f"See {LINK}", inner=inner)
    event = await element.text(f"See {LINK}")
    described = [{"matched_url": LINK, "og:title": "Mantua", "og:site_name": "Cities", "og:image": "mxc://x/y"}]
    await element.send(event["room_id"], f"Or {LINK}", **{"com.beeper.linkpreviews": described})
    shown = await app.expect(lambda s: body(s) == f"Or {LINK}")
    found = shown.find("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")

    assert event["content"]["com.beeper.linkpreviews"] == [
        {"matched_url": LINK, "og:url": LINK, "og:title": "Verona", "og:description": "A city"}
    ]
    assert found is not None
    assert {one.tag.partition("}")[2]: one.text for one in found} == {"title": "Mantua", "site_name": "Cities"}


async def test_a_mention_by_occupant_id_each_way(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    talk = await talks.in_a_room(app, romeo, gateway, element, synapse)
    room, jid = talk.room, talk.jid
    entered = await muc.enter(app, jid, romeo.name)
    ids = {muc.nick(one): one.find(muc.OCCUPANT_ID) for one in (*entered.others, entered.own) if one is not None}
    hers, his = ids[juliet.name], ids[romeo.name]
    assert hers is not None
    assert his is not None

    mention = f"<mention xmlns='urn:xmpp:mentions:0' begin='6' end='9' occupantid='{hers.get('id')}'/>"
    app.send(f"<message to='{jid}' type='groupchat' id='m1'><body>Hello you</body>{mention}</message>")
    called = (await element.text("Hello you"))["content"]
    mentions = {"m.mentions": {"user_ids": [romeo.mxid]}}
    await element.send(room, f"{romeo.name}: hark", **mentions)
    heard = (await muc.said(app, jid, f"{romeo.name}: hark")).find("{urn:xmpp:mentions:0}mention")

    assert called["m.mentions"] == {"user_ids": [juliet.mxid]}
    assert heard is not None
    assert heard.get("occupantid") == his.get("id")
    assert (heard.get("begin"), heard.get("end")) == ("0", str(len(romeo.name)))
