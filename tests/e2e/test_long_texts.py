"""Texts longer than an event or a stanza may be, and changes of them, which reach all their parts."""

from collections.abc import Iterable

from tests.scenarios.test_long_texts import shown, until
from tests.support import folk
from tests.support.folk import Person
from tests.support.gateway import Gateway
from tests.support.matrix_client import Event, MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient


def text_of(events: Iterable[Event], sender: str) -> str:
    """What a Matrix app shows of everything that `sender` has said, edits and redactions applied."""
    texts: dict[str, str] = {}
    for event in events:
        content = event["content"]
        relation = content.get("m.relates_to", {})
        if event["type"] == "m.room.redaction":
            texts.pop(str(event.get("redacts") or content.get("redacts")), None)
        elif event["sender"] == sender and event["type"] == "m.room.message" and "body" in content:
            if relation.get("rel_type") == "m.replace":
                if relation["event_id"] in texts:
                    texts[relation["event_id"]] = content["m.new_content"]["body"]
            else:
                texts[event["event_id"]] = content["body"]
    return "".join(texts.values())


async def on_matrix(element: MatrixClient, sender: str, text: str) -> None:
    """Return when her app shows that."""
    await element.until(lambda e: text_of(e.events, sender) == text, 30)


async def test_from_xmpp_to_matrix(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    to = juliet.at(gateway)
    app.message(to, "begin")
    room = (await element.text("begin"))["room_id"]
    id = app.message(to, "a" * 150_000)
    await on_matrix(element, romeo.mxid, "begin" + "a" * 150_000)
    parts = len(await element.texts(room, romeo.mxid)) - 1
    for text in ("b" * 70_000, "short", "c" * 200_000):
        app.message(to, text, inner=f"<replace xmlns='urn:xmpp:message-correct:0' id='{id}'/>")
        await on_matrix(element, romeo.mxid, f"begin{text}")
    app.send(f"<message to='{to}' type='chat' id='r'><retract xmlns='urn:xmpp:message-retract:1' id='{id}'/></message>")
    await on_matrix(element, romeo.mxid, "begin")

    assert parts == 3


async def test_from_matrix_to_xmpp(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    to = juliet.at(gateway)
    app.message(to, "begin")
    room = (await element.text("begin"))["room_id"]
    await element.send(room, "begin")
    await app.text_from(to)
    target = await element.send(room, "&" * 25_000)  # five bytes each in a stanza
    await until(app, to, "&" * 25_000)
    parts = len(shown(app, to)) - 1
    for text in ("b" * 30_000, "&" * 20_000):
        new = {"msgtype": "m.text", "body": text}
        relation = {"rel_type": "m.replace", "event_id": target}
        await element.send_event(
            room, {"msgtype": "m.text", "body": "*", "m.new_content": new, "m.relates_to": relation}
        )
        await until(app, to, text)
    await element.call("PUT", f"/rooms/{room}/redact/{target}/r1", {})
    await until(app, to, "")

    assert parts > 1
