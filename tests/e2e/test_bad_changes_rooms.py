"""What people on Matrix may do with messages that is wrong or odd: each has a clear outcome on XMPP, and the room goes
on. `verona` holds after each test that a message still passes each way, and that nothing was a fault of ours."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element

from tests.conftest import ANY_SERVER
from tests.e2e.test_bad_input_rooms import RETRACT, Verona
from tests.e2e.test_bad_input_rooms import verona as verona
from tests.support import muc
from tests.support.matrix_client import MatrixClient
from tests.support.views import REACTION, REACTIONS, REPLACE
from tests.support.xmpp_client import bare, body

pytestmark = ANY_SERVER
HTML = "org.matrix.custom.html"


@dataclass(frozen=True)
class Row:
    """An event of `kind`, about the Nurse's message if it `names` it, else about what the row before has made.
    `shown` is what there is of it on XMPP: the body of a message, or of an edit; empty for nothing."""

    name: str
    content: dict[str, Any]
    kind: str = "m.room.message"
    relation: str = ""
    before: bool = False
    shown: str = ""
    edit: bool = False


def poll(question: str) -> dict[str, Any]:
    start = {"question": {"m.text": question}, "answers": [{"id": "1", "m.text": "Ay"}, {"id": "2", "m.text": "Nay"}]}
    return {"m.poll": start, "m.text": question}


def new(content: dict[str, Any]) -> dict[str, Any]:
    return {**content, "m.new_content": content}


SAID = {"msgtype": "m.text", "body": "changed"}
DEEP = {**SAID, "body": "deep", "format": HTML, "formatted_body": "<b>" * 100 + "a hundred deep" + "</b>" * 100}
QUOTED = {**DEEP, "formatted_body": "<blockquote>" * 100 + "quoted a hundred deep" + "</blockquote>" * 100}
ROWS = [
    Row("a poll", poll("Wilt thou?"), "m.poll.start", shown="[Poll: Wilt thou? Answers: Ay / Nay]"),
    Row("an edited poll", new(poll("Or not?")), "m.poll.start", "m.replace", True,
        "[Poll: Or not? Answers: Ay / Nay]", True),
    Row("HTML a hundred levels deep", DEEP, shown="*a hundred deep*"),
    Row("quotations a hundred levels deep", QUOTED, shown="quoted a hundred deep"),
    Row("an edit of another's", new(SAID), relation="m.replace"),
    Row("a message", {**SAID, "body": "first"}, shown="first"),
    Row("an edit", new({**SAID, "body": "second"}), relation="m.replace", before=True, shown="second", edit=True),
    Row("an edit of an edit", new({**SAID, "body": "third"}), relation="m.replace", before=True),
    Row("a relation that is none", SAID, relation="org.example.nothing", shown="changed"),
]  # fmt: skip


def content_of(row: Row, target: str) -> dict[str, Any]:
    if not row.relation:
        return row.content
    return {**row.content, "m.relates_to": {"rel_type": row.relation, "event_id": target}}


async def test_rows(verona: Verona) -> None:
    nurses = before = await verona.nurse.send(verona.room, "the Nurse's")
    await muc.said(verona.app, verona.jid, "the Nurse's")
    for number, row in enumerate(ROWS):
        begin = len(verona.app.received)
        content = content_of(row, before if row.before else nurses)
        before = await verona.element.send_event(verona.room, content, kind=row.kind)
        await verona.element.send(verona.room, f"after {number}")
        await muc.said(verona.app, verona.jid, f"after {number}")

        came = [s for s in verona.app.received[begin:] if in_room(verona, s)][:-1]
        assert [body(s).rpartition("> ")[2] for s in came] == ([row.shown] if row.shown else []), row.name
        assert [s.find(REPLACE) is not None for s in came] == ([row.edit] if row.shown else []), row.name
        assert [s for s in came if s.find(REACTIONS) is not None or s.find(RETRACT) is not None] == [], row.name


async def test_who_redacts_what_is_no_message_takes_no_message_back(verona: Verona) -> None:
    """A topic, and an edit, whose message reads as before. Redacting the event of a topic does not change that back."""
    topic = await verona.element.call("PUT", f"/rooms/{quote(verona.room)}/state/m.room.topic/", {"topic": "A feud"})
    first = await verona.element.send(verona.room, "first")
    relation = {"rel_type": "m.replace", "event_id": first}
    edit = await verona.element.send_event(verona.room, {**new({**SAID, "body": "second"}), "m.relates_to": relation})
    await muc.said(verona.app, verona.jid, "second")
    for number, target in enumerate((topic["event_id"], edit)):
        await redact(verona.element, verona.room, target, f"t{number}")
    await verona.still_works()

    assert [s for s in verona.app.received if s.find(RETRACT) is not None] == []
    now = (await muc.enter(verona.app, verona.jid)).texts
    assert "first" in now
    assert "second" not in now


async def test_who_redacts_one_part_of_three_takes_back_the_message(verona: Verona) -> None:
    text = "".join(f"{number:07d} " for number in range(20_000))
    muc.say(verona.app, verona.jid, text, "large")
    parts: list[str] = []
    while len(parts) < 3:
        event = await verona.element.expect(lambda e: e["sender"] == verona.romeo.mxid and "body" in e["content"], 60)
        parts.append(event["event_id"])
    await redact(verona.element, verona.room, parts[1], "p")

    redacted = [
        await verona.element.expect(lambda e: e["type"] == "m.room.redaction" and e["sender"] == verona.romeo.mxid)
        for _ in parts
    ]
    await verona.still_works()

    shown = [s.find(muc.STANZA_ID) for s in verona.app.received if in_room(verona, s) and body(s)[:6].isdigit()]
    gone = [found.get("id") for s in verona.app.received if (found := s.find(RETRACT)) is not None]
    assert gone == [one.get("id") for one in shown if one is not None]
    assert {e.get("redacts") or e["content"]["redacts"] for e in redacted} == set(parts)
    assert await verona.element.texts(verona.room, verona.romeo.mxid) == ["", "", "", "still there?"]


async def test_more_reactions_than_anybody_means_are_not_all_shown(verona: Verona) -> None:
    """Nor the whole of one that is longer than the others."""
    first = await verona.element.send(verona.room, "first")
    await muc.said(verona.app, verona.jid, "first")
    for number in range(60):
        relation = {
            "rel_type": "m.annotation",
            "event_id": first,
            "key": f"{number}".ljust(400 if number == 7 else 1, "!"),
        }
        await verona.element.send_event(verona.room, {"m.relates_to": relation}, kind="m.reaction")
    await verona.still_works()

    sets = [len(list(s.iter(REACTION))) for s in verona.app.received if s.find(REACTIONS) is not None]
    assert sets == list(range(1, 51))
    assert max(len(one.text or "") for s in verona.app.received for one in s.iter(REACTION)) <= 200


def in_room(verona: Verona, stanza: Element) -> bool:
    return bare(stanza) == verona.jid and stanza.get("type") == "groupchat"


async def redact(app: MatrixClient, room: str, event: str, key: str) -> None:
    await app.call("PUT", f"/rooms/{quote(room)}/redact/{quote(event)}/{key}", {})
