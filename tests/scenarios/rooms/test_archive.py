"""A room's archive as an app asks it (XEP-0313), with everything that is said and changed in the room."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc
from tests.support.xmpp_client import CLIENT, XmppClient, bare, body, error_of

MAM, RSM = "urn:xmpp:mam:2", "http://jabber.org/protocol/rsm"
RESULT, MESSAGE = f"{{{MAM}}}result", f"{{urn:xmpp:forward:0}}forwarded/{CLIENT}message"
TYPE = f"<field var='FORM_TYPE' type='hidden'><value>{MAM}</value></field>"


@dataclass
class Page:
    """`found` are (id, forwarded message), as they came."""

    found: list[tuple[str, Element]]
    first: str
    last: str
    complete: bool
    error: str

    @property
    def texts(self) -> list[str]:
        return [body(one) for _, one in self.found]

    @property
    def ids(self) -> list[str]:
        return [id for id, _ in self.found]


async def ask(app: XmppClient, room: str, rsm: str = "", fields: str = "", more: str = "") -> Page:
    """One query; everything that came before its answer."""
    begin = len(app.received)
    form = f"<x xmlns='jabber:x:data' type='submit'>{TYPE}{fields}</x>" if fields else ""
    answer = await app.iq(
        room, "set", f"<query xmlns='{MAM}' queryid='q'>{form}<set xmlns='{RSM}'>{rsm}</set>{more}</query>"
    )
    found = []
    for stanza in app.received[begin:]:
        result = stanza.find(RESULT)
        if result is not None and bare(stanza) == room:
            assert (result.get("queryid"), stanza.get("from")) == ("q", room)
            message = result.find(MESSAGE)
            assert message is not None
            found.append((result.get("id", ""), message))
    fin = answer.find(f"{{{MAM}}}fin")
    ends = [answer.findtext(f".//{{{RSM}}}{end}", "") for end in ("first", "last")]
    return Page(found, *ends, fin is not None and fin.get("complete") == "true", error_of(answer)[0])


def value(name: str, *values: str) -> str:
    return f"<field var='{name}'>{''.join(f'<value>{one}</value>' for one in values)}</field>"


async def test_the_archive_is_what_the_room_was_told(verona: InVerona) -> None:
    """As it was told live, by the same stanzas; paged both ways, and searched."""
    app, room = verona.app, verona.room
    await verona.enter()
    said = [await verona.says("juliet", f"line {number}") for number in range(6)]
    muc.say(app, room, "line 6", "m6")
    live = [await muc.said(app, room, f"line {number}") for number in range(7)]
    await verona.heard("line 6")
    await verona.play.world.edits("juliet", verona.chat, said[0], "line zero")
    await muc.said(app, room, "line zero")
    await verona.play.world.reacts("juliet", verona.chat, said[1], "👍")
    await app.expect(lambda s: s.find("{urn:xmpp:reactions:0}reactions") is not None)
    await verona.play.world.retracts("juliet", verona.chat, said[2])
    gone = await app.expect(lambda s: s.find("{urn:xmpp:message-retract:1}retract") is not None)

    whole = await ask(app, room)

    assert (whole.complete, whole.error) == (True, "")
    kinds = [next((c.tag for c in one if "}re" in c.tag), "") for _, one in whole.found]
    assert [kind.rpartition("}")[2] for kind in kinds] == [
        "", "", "retracted", "", "", "", "", "replace", "reactions", "retract"
    ]  # fmt: skip
    assert whole.texts[:7] == ["line zero", "line 1", "", "line 3", "line 4", "line 5", "line 6"]
    assert whole.ids[:7] == [one.find(muc.STANZA_ID).get("id") for one in live]  # type: ignore[union-attr]
    for before, (_, now) in list(zip(live, whole.found[:7], strict=True))[3:]:
        assert [now.get(name) for name in ("id", "from", "type", "to")] == [
            *(before.get(name) for name in ("id", "from", "type")), None
        ]  # fmt: skip
        same = [muc.STANZA_ID, muc.OCCUPANT_ID]
        assert [now.find(tag).attrib for tag in same] == [before.find(tag).attrib for tag in same]  # type: ignore[union-attr]
    assert whole.found[2][1].find("{urn:xmpp:message-retract:1}retracted").get("id") == gone.get("id")  # type: ignore[union-attr]
    item = whole.found[0][1].find(f"{muc.USER}x/{muc.USER}item")
    assert item is not None
    assert item.get("jid") == verona.play.juliet

    forwards: list[str] = []
    step = ""
    while True:
        page = await ask(app, room, f"<max>3</max>{step}")
        assert (page.first, page.last) == (page.ids[0], page.ids[-1])
        forwards += page.ids
        step = f"<after>{page.last}</after>"
        if page.complete:
            break
    backwards: list[str] = []
    step = "<before/>"
    while True:
        page = await ask(app, room, f"<max>3</max>{step}", more="<flip-page/>")
        backwards += page.ids
        step = f"<before>{page.first}</before>"
        if page.complete:
            break
    assert forwards == backwards[::-1] == whole.ids

    middle = value("after-id", whole.ids[3]) + value("before-id", whole.ids[6])
    assert (await ask(app, room, fields=middle)).texts == ["line 4", "line 5"]
    assert (await ask(app, room, fields=value("ids", whole.ids[5], whole.ids[4]))).texts == ["line 4", "line 5"]
    mine = await ask(app, room, fields=value("with", f"{room}/Romeo"))
    assert mine.texts == ["line 6"]
    assert (await ask(app, room, fields=value("with", "nobody@example.org"))).found == []
    assert (await ask(app, room, fields=value("start", "2038-01-01T00:00:00Z"))).complete
    assert len((await ask(app, room, fields=value("end", "2038-01-01T00:00:00Z"))).found) == len(whole.found)

    muc.leave(app, room, "Romeo")
    await app.expect(lambda s: muc.is_presence(s, room, "unavailable"))
    assert (await ask(app, room)).ids == whole.ids, "who is in the room on its network need not have entered it"


async def test_what_is_asked_wrongly_is_refused_and_nothing_else_suffers(verona: InVerona) -> None:
    app, room = verona.app, verona.room
    await verona.enter()
    await verona.says("juliet", "hello")
    await muc.said(app, room, "hello")

    for rsm, fields, condition in (
        ("<after>no such id</after>", "", "item-not-found"),
        ("<before>no such id</before>", "", "item-not-found"),
        ("", value("ids", "no such id"), "item-not-found"),
        ("", value("before-id", "no such id"), "item-not-found"),
        ("<max>many</max>", "", "bad-request"),
        ("<max>-5</max>", "", "bad-request"),
        ("", value("start", "yesterday"), "bad-request"),
        ("", value("{urn:x}text", "words"), "feature-not-implemented"),
        ("<index>2</index>", "", "feature-not-implemented"),
    ):
        page = await ask(app, room, rsm, fields)
        assert (page.error, page.found) == (condition, []), (rsm, fields)
    many = await ask(app, room, "<max>1000000000</max>")
    assert (many.texts, many.complete) == (["hello"], True)
    assert (await ask(app, room, "<max>0</max>")).found == []
    assert (await ask(app, f"{room}/Juliet")).error
    async with verona.play.on_stage("paris") as stranger:
        assert (await ask(stranger, room)).error == "item-not-found"
    answer = await app.iq(room, "get", f"<query xmlns='{muc.INFO}'/>")
    features = {one.get("var") for one in answer.iter(f"{{{muc.INFO}}}feature")}
    assert {MAM, f"{MAM}#extended", "urn:xmpp:sid:0", "urn:xmpp:message-retract:1#tombstone"} <= features
    for other in (room.partition("@")[2], verona.play.juliet):
        answer = await app.iq(other, "get", f"<query xmlns='{muc.INFO}'/>")
        assert MAM not in {one.get("var") for one in answer.iter(f"{{{muc.INFO}}}feature")}
        assert (await ask(app, other)).error == "service-unavailable"
    metadata = await app.iq(room, "get", f"<metadata xmlns='{MAM}'/>")
    assert [one.get("id") for one in metadata.iter() if one.get("timestamp")] == many.ids * 2
