"""What people and programs on Matrix may do in rooms that is wrong, and what a homeserver refuses: each has a clear
outcome, and the room goes on."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.conftest import ANY_SERVER
from tests.e2e.test_bad_input import LARGEST, STRANGE
from tests.support import folk, muc
from tests.support.folk import Person
from tests.support.gateway import Gateway
from tests.support.matrix_client import MatrixClient, MatrixError
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, bare, body, error_of

pytestmark = ANY_SERVER
RETRACT = "{urn:xmpp:message-retract:1}retract"


@dataclass
class Verona:
    """Romeo, in Juliet's room by an XMPP app; the Nurse is in it on Matrix."""

    gateway: Gateway
    app: XmppClient
    element: MatrixClient
    nurse: MatrixClient
    romeo: Person
    room: str
    jid: str

    async def still_works(self) -> None:
        """A message each way, on the same streams."""
        await asyncio.to_thread(lambda: self.gateway.time_until(True, 10))
        muc.say(self.app, self.jid, "still there?", uuid.uuid4().hex)
        await self.element.text("still there?")
        await self.element.send(self.room, "still here")
        await muc.said(self.app, self.jid, "still here")

    async def put(self, kind: str, content: object, key: str = "", by: MatrixClient | None = None) -> bool:
        """Whether the homeserver takes this state."""
        try:
            await (by or self.element).call("PUT", f"/rooms/{self.room}/state/{kind}/{key}", content)
        except MatrixError:
            return False
        return True

    async def refusal(self, id: str) -> tuple[str, str]:
        return error_of(await self.app.expect(lambda s: s.get("id") == id and s.get("type") == "error"))


@pytest.fixture
async def verona(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> AsyncIterator[Verona]:
    alias = f"verona-{juliet.name}"
    wish = {"preset": "public_chat", "name": "Verona", "room_alias_name": alias}
    room = str((await element.call("POST", "/createRoom", wish))["room_id"])
    jid = f"#{alias}%localhost@{gateway.jid}"
    async with folk.on_matrix(romeo, synapse) as matrix:
        await matrix.join(room)
    async with folk.on_matrix(folk.contact(synapse, "nurse"), synapse) as nurse:
        await nurse.join(room)
        await folk.connect(romeo, app, gateway, synapse)
        await muc.listed(app, gateway.jid, jid)
        await muc.enter(app, jid)
        made = Verona(gateway, app, element, nurse, romeo, room, jid)
        yield made
        await made.still_works()
        assert await muc.ping(app, f"{jid}/{romeo.name}") == ""
        assert gateway.metric("landbridge_dead_letters", network="matrix") == 0
        assert "stream down" not in gateway.log
        assert "Traceback" not in gateway.log


async def test_without_the_right_nothing_is_said_or_changed(verona: Verona) -> None:
    """Neither by a user of ours, whom the room shows what then is taken back, nor by anybody on Matrix."""
    assert await verona.put("m.room.power_levels", {"events_default": 50})
    muc.say(verona.app, verona.jid, "unheard", "m1")
    shown = await muc.said(verona.app, verona.jid, "unheard")
    removed = await verona.app.expect(lambda s: s.find(RETRACT) is not None)
    condition, text = await verona.refusal("m1")
    verona.app.send(f"<message to='{verona.jid}' type='groupchat' id='s1'><subject>A truce</subject></message>")

    assert (condition, text.endswith(".")) == ("forbidden", True)
    assert removed.find(RETRACT).get("id") == shown.find(muc.STANZA_ID).get("id")  # type: ignore[union-attr]
    assert (await verona.refusal("s1"))[0] == "forbidden"
    for membership in ("ban", "leave", "join"):
        assert not await verona.put("m.room.member", {"membership": membership}, verona.romeo.mxid, verona.nurse)
    assert await verona.put("m.room.power_levels", {"events_default": 0})
    await verona.still_works()
    assert "unheard" not in await verona.element.texts(verona.room)
    assert "unheard" not in (await muc.enter(verona.app, verona.jid)).texts


async def test_the_largest_text_arrives_whole(verona: Verona) -> None:
    """Events have at most 65,536 bytes; on XMPP a text of ampersands is five times as long as it is here."""
    for letter in ("a", "&"):
        text, got = letter * LARGEST, ""
        await verona.element.send(verona.room, text)
        while len(got) < len(text):
            got += body(await verona.app.expect(lambda s: bare(s) == verona.jid and bool(body(s)), 60))
        assert got == text


async def test_a_text_too_large_for_matrix_is_carried_in_parts_or_taken_back(verona: Verona) -> None:
    text = "".join(f"{number:07d} " for number in range(20_000))
    muc.say(verona.app, verona.jid, text, "large")
    muc.say(verona.app, verona.jid, "the next", "next")
    await verona.element.text("the next", 60)

    there = "".join(await verona.element.texts(verona.room, verona.romeo.mxid)).replace(" ", "")
    if text.replace(" ", "") not in there:
        assert (await verona.refusal("large"))[1].endswith(".")
        assert there == "thenext"


async def test_strange_events_and_names_harm_nobody(verona: Verona) -> None:
    """Also what names an event of another room: it changes nothing there."""
    other = await verona.element.direct(verona.romeo.mxid)
    elsewhere = await verona.element.send(other, "elsewhere")
    await verona.app.expect(lambda s: body(s) == "elsewhere")
    new = {"msgtype": "m.text", "body": "* changed", "m.new_content": {"msgtype": "m.text", "body": "changed"}}
    relations: list[dict[str, object]] = [
        {**new, "m.relates_to": {"rel_type": "m.replace", "event_id": elsewhere}},
        {"msgtype": "m.text", "body": "reply", "m.relates_to": {"m.in_reply_to": {"event_id": elsewhere}}},
    ]
    annotation = {"m.relates_to": {"rel_type": "m.annotation", "event_id": elsewhere, "key": "x"}}
    for kind, content in (
        *(("m.room.message", one) for one in (*STRANGE, *relations)),
        *((kind, annotation) for kind in ("m.reaction", "org.example.unknown")),
    ):
        with contextlib.suppress(MatrixError):  # homeservers differ in what they take
            await verona.element.send_event(verona.room, content, kind=kind)
    member = {"membership": "join", "displayname": {"an": "object"}, "avatar_url": [1]}
    await verona.put("m.room.member", member, verona.element.me)
    await verona.element.send(verona.room, "the last")

    await verona.app.expect(lambda s: body(s) == "the last" and bare(s) == verona.jid, 30)
    assert [s for s in verona.app.received if "changed" in body(s) and bare(s) != verona.jid] == []
    assert len([s for s in verona.app.received if "control" in body(s)]) == 1


STATES = [
    ("m.room.name", {"name": {"an": "object"}}), ("m.room.name", {}), ("m.room.topic", {"topic": ["a", "list"]}),
    ("m.room.canonical_alias", {"alias": 5}), ("m.room.canonical_alias", {"alias": "#nowhere:localhost"}),
    ("m.room.join_rules", {"join_rule": "invite"}), ("m.room.avatar", {"url": {}}), ("m.room.create", {"type": 5}),
    ("m.room.power_levels", {"users": {"nobody": 100}, "users_default": "many"}),
    ("m.room.history_visibility", {"history_visibility": 7}), ("m.room.tombstone", {"replacement_room": {}}),
    ("m.room.name", {"name": "\u202e\u0000" + "x" * 5_000}), ("m.room.topic", {"topic": "y" * 20_000}),
]  # fmt: skip


async def test_a_room_whose_state_contradicts_itself_goes_on(verona: Verona) -> None:
    for number, (kind, content) in enumerate(STATES):
        await verona.put(kind, content)
        await verona.element.send(verona.room, f"after {number}")
        await muc.said(verona.app, verona.jid, f"after {number}")

    entered = await muc.enter(verona.app, verona.jid)
    assert set(entered.nicks) == {verona.element.me[1:].partition(":")[0], verona.nurse.me[1:].partition(":")[0]}
    assert len(entered.subject) <= 1_000
