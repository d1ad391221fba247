"""Replies, formatting and mentions between an XMPP app and a Matrix app, through real servers."""

from xml.etree.ElementTree import Element

from tests.conftest import ANY_SERVER
from tests.support import folk, muc
from tests.support.folk import Person
from tests.support.gateway import Gateway
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, body

pytestmark = ANY_SERVER
REPLY, MARK = "{urn:xmpp:reply:0}reply", "{urn:xmpp:fallback:0}fallback/{urn:xmpp:fallback:0}body"
HTML = "org.matrix.custom.html"


def cut(stanza: Element) -> str:
    """What an app that knows replies shows."""
    mark = stanza.find(MARK)
    return body(stanza) if mark is None else body(stanza)[int(mark.get("end", "")) :]


async def test_replies_and_formatting_each_way(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    to = juliet.at(gateway)
    first = app.message(to, "What *light* is 2*3*4?")
    asked = await element.text("What light is 2*3*4?")
    room = asked["room_id"]
    relation = {"m.relates_to": {"m.in_reply_to": {"event_id": asked["event_id"]}}}
    rich = {"format": HTML, "formatted_body": "<mx-reply>old</mx-reply>It is <b>24</b>"}
    answer = await element.send(room, f"> <{romeo.mxid}> What\n\nIt is 24", **rich, **relation)
    answered = await app.expect(lambda s: "It is" in body(s))
    reply = answered.find(REPLY)
    quoted = "> It is *24*\n"
    inner = (
        f"<reply xmlns='urn:xmpp:reply:0' to='{to}' id='{answered.get('id')}'/>"
        f"<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='{len(quoted)}'/></fallback>"
    )
    app.message(to, f"{quoted}👍 _thanks_", inner=inner)
    thanked = (await element.text("👍 thanks"))["content"]

    assert asked["content"]["formatted_body"] == "What <strong>light</strong> is 2*3*4?"
    assert reply is not None
    assert (reply.get("id"), reply.get("to")) == (first, romeo.jid)
    assert body(answered) == "> What light is 2*3*4?\nIt is *24*"
    assert cut(answered) == "It is *24*"
    assert thanked["m.relates_to"] == {"m.in_reply_to": {"event_id": answer}}
    assert thanked["formatted_body"] == "👍 <em>thanks</em>"


async def test_mentions_and_replies_each_way_in_a_room(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    wish = {"preset": "public_chat", "name": "Verona", "room_alias_name": f"talk-{juliet.name}"}
    room = str((await element.call("POST", "/createRoom", wish))["room_id"])
    jid = f"#talk-{juliet.name}%localhost@{gateway.jid}"
    async with folk.on_matrix(romeo, synapse) as matrix:
        await matrix.join(room)
    await folk.connect(romeo, app, gateway, synapse)
    await muc.listed(app, gateway.jid, jid)
    await muc.enter(app, jid)
    pill = f'<a href="https://matrix.to/#/{romeo.mxid}">{romeo.mxid}</a>: <i>hark</i>'
    mentions = {"m.mentions": {"user_ids": [romeo.mxid]}}
    called = await element.send(room, f"{romeo.mxid}: hark", format=HTML, formatted_body=pill, **mentions)
    heard = await muc.said(app, jid, f"{romeo.name}: _hark_")
    reference, named = heard.find("{urn:xmpp:reference:0}reference"), heard.find(muc.STANZA_ID)
    assert reference is not None
    assert named is not None
    inner = f"<reply xmlns='urn:xmpp:reply:0' to='{jid}/{juliet.name}' id='{named.get('id')}'/>"
    app.send(f"<message to='{jid}' type='groupchat' id='m1'><body>{juliet.name}: ay</body>{inner}</message>")
    answer = (await element.text(f"{juliet.name}: ay"))["content"]
    echo = await app.expect(lambda s: s.get("id") == "m1")

    begin, end = int(reference.get("begin", "")), int(reference.get("end", ""))
    assert body(heard)[begin:end] == romeo.name
    assert reference.get("type") == "mention"
    assert answer["m.mentions"] == {"user_ids": [juliet.mxid]}
    assert f"https://matrix.to/#/{juliet.mxid}" in answer["formatted_body"]
    assert answer["m.relates_to"] == {"m.in_reply_to": {"event_id": called}}
    assert cut(echo) == f"{juliet.name}: ay"
    assert echo.find(REPLY).get("id") == named.get("id")  # type: ignore[union-attr]
