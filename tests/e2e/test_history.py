"""What was said in Matrix rooms before one came in, read page by page with an XMPP app."""

from contextlib import AsyncExitStack
from xml.etree.ElementTree import Element

from tests.e2e.test_rooms import room_of
from tests.support import folk, muc
from tests.support.folk import Person
from tests.support.gateway import Gateway
from tests.support.mam import ask, backwards
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, body
from tests.support.xmpp_servers import XmppServer

LINES = 130


async def test_one_reads_as_far_back_as_matrix_lets_one(
    gateway: Gateway, server: XmppServer, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient,
    element: MatrixClient,
) -> None:  # fmt: skip
    """Two rooms: one shows newcomers what was said before, the other does not. And two readers, one after the other."""
    rooms = {}
    for visible in ("shared", "joined"):
        state = {"type": "m.room.history_visibility", "state_key": "", "content": {"history_visibility": visible}}
        rooms[visible] = await room_of(element, alias=f"{visible}-{juliet.name}", initial_state=[state])
    lines = [await element.send(rooms["shared"], f"line {number}") for number in range(LINES)]
    for number in range(3):
        await element.send(rooms["joined"], f"secret {number}")
    await _changes(element, rooms["shared"], lines)
    nurse = folk.user(server, synapse, "nurse")
    async with AsyncExitStack() as stack:
        readers = [(romeo, app), (nurse, await stack.enter_async_context(folk.on_xmpp(nurse, server)))]
        seen = []
        for one, reading in readers:
            async with folk.on_matrix(one, synapse) as matrix:
                for room in rooms.values():
                    await matrix.join(room)
            await folk.connect(one, reading, gateway, synapse)
            jids = {visible: f"#{visible}-{juliet.name}%localhost@{gateway.jid}" for visible in rooms}
            for visible, jid in jids.items():
                await muc.listed(reading, gateway.jid, jid)
                assert (await muc.enter(reading, jid, one.name)).texts == []
                await element.send(rooms[visible], f"hello {one.name}")
                await muc.said(reading, jid, f"hello {one.name}")

            found = await backwards(reading, jids["shared"])
            assert _read(found)[: LINES - 1] == ["line zero", "line 1", *(f"line {n}" for n in range(3, LINES))]
            assert _read(found)[-1] == f"hello {one.name}"
            assert [id for id, _ in found] == [*dict.fromkeys(id for id, _ in found)]
            tags = {child.tag.rpartition("}")[2] for _, message in found for child in message}
            assert {"replace", "reactions"} <= tags
            assert "line 2" not in _read(found)
            nothing = await ask(reading, jids["shared"], f"<after>{found[-1][0]}</after>")
            assert (nothing.found, nothing.complete) == ([], True)
            assert (await ask(reading, jids["shared"], "<max>200</max>")).ids == [id for id, _ in found]
            seen.append([id for id, message in found if body(message).startswith("line")])

            hidden = await backwards(reading, jids["joined"])
            assert not [text for text in _read(hidden) if "secret" in text]
            assert _read(hidden)[-1] == f"hello {one.name}"
    assert seen[0] == seen[1], "the same line has the same id for both"


def _read(found: list[tuple[str, Element]]) -> list[str]:
    """What was said, without what changed it."""
    return [body(one) for _, one in found if body(one) and one.find("{urn:xmpp:message-correct:0}replace") is None]


async def _changes(element: MatrixClient, room: str, lines: list[str]) -> None:
    new = {"msgtype": "m.text", "body": "line zero"}
    edit = {"msgtype": "m.text", "body": "* line zero", "m.new_content": new}
    await element.send_event(room, {**edit, "m.relates_to": {"rel_type": "m.replace", "event_id": lines[0]}})
    thumb = {"m.relates_to": {"rel_type": "m.annotation", "event_id": lines[1], "key": "👍"}}
    await element.send_event(room, thumb, kind="m.reaction")
    await element.call("PUT", f"/rooms/{room}/redact/{lines[2]}/gone-{lines[2][1:9]}", {})
