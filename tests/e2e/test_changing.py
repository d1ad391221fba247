"""Edits, retractions and reactions between an XMPP app and a Matrix app, through real servers."""

import asyncio
from typing import Any
from urllib.parse import quote

from tests.conftest import ANY_SERVER
from tests.support import folk, muc
from tests.support.folk import Person
from tests.support.gateway import Gateway
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, bare, body, error_of, receipt_of

pytestmark = ANY_SERVER
REPLACE, RETRACT = "{urn:xmpp:message-correct:0}replace", "{urn:xmpp:message-retract:1}retract"
REACTIONS, REACTION = "{urn:xmpp:reactions:0}reactions", "{urn:xmpp:reactions:0}reaction"


def relates(target: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"m.relates_to": {"rel_type": kind, "event_id": target, **more}}


def does(app: XmppClient, to: str, inner: str, id: str) -> None:
    app.send(f"<message to='{to}' type='chat' id='{id}'>{inner}</message>")


def a_set(target: str, *emoji: str) -> str:
    some = "".join(f"<reaction>{one}</reaction>" for one in emoji)
    return f"<reactions xmlns='urn:xmpp:reactions:0' id='{target}'>{some}</reactions>"


async def reacted(app: XmppClient, target: str, *wanted: str) -> None:
    """Return when this is the set of reactions to the message. After a crash the one before may come again."""
    await app.expect(
        lambda s: (
            any(one.get("id") == target for one in s.iter(REACTIONS))
            and [one.text for one in s.iter(REACTION)] == list(wanted)
        ),
        what=f"set of {wanted}",
    )


async def test_what_a_matrix_app_changes_an_xmpp_app_sees(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    room = await element.direct(romeo.mxid)
    target = await element.send(room, "Romoe")
    shown = (await app.expect(lambda s: body(s) == "Romoe")).get("id", "")
    for text in ("Romeo", "Romeo!"):
        new = {"msgtype": "m.text", "body": text}
        await element.send(room, f"* {text}", **{"m.new_content": new}, **relates(target, "m.replace"))
        edit = await app.expect(lambda s: s.find(REPLACE) is not None)
        assert (edit.find(REPLACE).get("id"), body(edit)) == (shown, text)  # type: ignore[union-attr]
    first = await element.send_event(room, relates(target, "m.annotation", key="👍"), kind="m.reaction")
    await element.send_event(room, relates(target, "m.annotation", key="🎉"), kind="m.reaction")
    await reacted(app, shown, "👍")
    await reacted(app, shown, "👍", "🎉")
    await asyncio.to_thread(gateway.kill)
    await asyncio.to_thread(gateway.start)
    await element.call("PUT", f"/rooms/{quote(room)}/redact/{quote(first)}/1", {})
    await reacted(app, shown, "🎉")
    await element.call("PUT", f"/rooms/{quote(room)}/redact/{quote(target)}/2", {})
    gone = await app.expect(lambda s: s.find(RETRACT) is not None and bare(s) == juliet.at(gateway))

    assert gone.find(RETRACT).get("id") == shown  # type: ignore[union-attr]


async def test_an_edit_that_is_taken_back_on_matrix_gives_the_text_of_before(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    room = await element.direct(romeo.mxid)
    target = await element.send(room, "one")
    shown = (await app.expect(lambda s: body(s) == "one")).get("id", "")
    edits = []
    for text in ("two", "three"):
        new = {"m.new_content": {"msgtype": "m.text", "body": text}}
        edits.append(await element.send(room, f"* {text}", **new, **relates(target, "m.replace")))
        await app.expect(lambda s, text=text: body(s) == text)  # type: ignore[misc]
    for number, (edit, text) in enumerate(zip(edits[::-1], ("two", "one"), strict=True)):
        await element.call("PUT", f"/rooms/{quote(room)}/redact/{quote(edit)}/{number}", {})
        again = await app.expect(lambda s, text=text: body(s) == text)  # type: ignore[misc]
        assert again.find(REPLACE).get("id") == shown  # type: ignore[union-attr]

    assert [body(s) for s in app.received if bare(s) == juliet.at(gateway) and body(s)] == [
        "one", "two", "three", "two", "one",
    ]  # fmt: skip
    assert not [s for s in app.received if s.find(RETRACT) is not None]


async def test_what_an_xmpp_app_changes_a_matrix_app_sees(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    to = juliet.at(gateway)
    first = app.message(to, "frist")
    said = await element.text("frist")
    room, target = said["room_id"], said["event_id"]
    for number, text in enumerate(("first", "first!")):
        does(app, to, f"<body>{text}</body><replace xmlns='urn:xmpp:message-correct:0' id='{first}'/>", f"e{number}")
        edit = (await element.text(f"* {text}"))["content"]
        assert (edit["m.relates_to"]["event_id"], edit["m.new_content"]["body"]) == (target, text)
    await element.send(room, "Ay me!")
    theirs = (await app.expect(lambda s: body(s) == "Ay me!")).get("id", "")
    does(app, to, a_set(theirs, "👍", "🎉"), "r1")
    made = [await element.expect(lambda e: e["type"] == "m.reaction") for _ in range(2)]
    await app.expect(lambda s: receipt_of(s) == first, again=True)
    does(app, to, a_set(theirs, "🎉"), "r2")
    undone = await element.expect(lambda e: e["type"] == "m.room.redaction")
    does(app, to, f"<retract xmlns='urn:xmpp:message-retract:1' id='{first}'/><body>/me retracted</body>", "r3")
    gone = await element.expect(lambda e: e["type"] == "m.room.redaction")

    assert [one["content"]["m.relates_to"]["key"] for one in made] == ["👍", "🎉"]
    assert redacted(undone) == made[0]["event_id"]
    assert redacted(gone) == target


async def test_a_moderator_with_an_xmpp_app_removes_on_matrix(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    powers = {"power_level_content_override": {"users": {romeo.mxid: 50}}}
    wish = {"preset": "public_chat", "name": "Verona", "room_alias_name": f"order-{juliet.name}", **powers}
    room = str((await element.call("POST", "/createRoom", wish))["room_id"])
    jid = f"#order-{juliet.name}%localhost@{gateway.jid}"
    async with folk.on_matrix(romeo, synapse) as phone:
        await phone.join(room)
    await folk.connect(romeo, app, gateway, synapse)
    await muc.listed(app, gateway.jid, jid)
    entered = await muc.enter(app, jid)
    target = await element.send(room, "spam")
    named = (await muc.said(app, jid, "spam")).find(muc.STANZA_ID)
    assert named is not None

    retract = "<retract xmlns='urn:xmpp:message-retract:1'/><reason>No spam.</reason>"
    wish_iq = f"<moderate xmlns='urn:xmpp:message-moderate:1' id='{named.get('id')}'>{retract}</moderate>"
    answer = await app.iq(jid, "set", wish_iq)
    assert error_of(answer) == ("", "")
    event = await element.expect(lambda e: e["type"] == "m.room.redaction")
    removed = (await app.expect(lambda s: s.find(RETRACT) is not None, again=True)).find(RETRACT)

    assert (redacted(event), event["sender"], event["content"]["reason"]) == (target, romeo.mxid, "No spam.")
    assert removed is not None
    by = removed.find("{urn:xmpp:message-moderate:1}moderated")
    assert by is not None
    assert (removed.get("id"), by.get("by")) == (named.get("id"), f"{jid}/{entered.nick}")


def redacted(event: dict[str, Any]) -> str:
    return str(event.get("redacts") or event["content"]["redacts"])
