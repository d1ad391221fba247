"""A room's archive as an app asks it (XEP-0313), with everything that is said and changed in the room."""

from bridge.testing.wire import Comes
from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc
from tests.support.gateway import MEMORY
from tests.support.mam import MAM, ask, backwards, value
from tests.support.xmpp_client import body


async def test_the_archive_is_what_the_room_was_told(verona: InVerona) -> None:
    """As it was told live, by the same stanzas; paged both ways, and searched."""
    app, room = verona.app, verona.room
    await verona.enter()
    said = [await verona.says("juliet", f"line {number}") for number in range(6)]
    live = [await muc.said(app, room, f"line {number}") for number in range(6)]
    muc.say(app, room, "line 6", "m6")  # behind what is shown: what is only on its way there may come after it
    live.append(await muc.said(app, room, "line 6"))
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


async def test_what_was_said_before_is_there_for_whoever_may_read_it(verona: InVerona) -> None:
    """Romeo comes into two rooms; the one shows him what was said before, the other does not."""
    app, world = verona.app, verona.play.world
    rooms = {}
    for name, shared in (("mantua", True), ("venice", False)):
        await world.chat(name, "juliet", "nurse", name=name, alias=f"#{name}", shared=shared)
        said = [await world.says("juliet", name, f"{name} {number}") for number in range(120)]
        await world.edits("juliet", name, said[0], f"{name} zero")
        await world.reacts("nurse", name, said[1], "👍")
        await world.retracts("juliet", name, said[2])
        await world.do(Comes(person="romeo", chat=name))
        rooms[name] = f"#{name}@{MEMORY}"
        await muc.listed(app, MEMORY, rooms[name])
        await muc.enter(app, rooms[name], "Romeo")
        await world.says("nurse", name, f"welcome to {name}")
        await muc.said(app, rooms[name], f"welcome to {name}")

    mantua = await backwards(app, rooms["mantua"])
    changing = ("{urn:xmpp:message-correct:0}replace", "{urn:xmpp:message-retract:1}retract")
    texts = [body(one) for _, one in mantua if body(one) and all(one.find(tag) is None for tag in changing)]
    whole = [f"mantua {number}" for number in range(3, 120)]
    assert texts == ["mantua zero", "mantua 1", *whole, "welcome to mantua"]
    assert len({id for id, _ in mantua}) == len(mantua)
    kinds = {child.tag.rpartition("}")[2] for _, one in mantua for child in one}
    assert {"replace", "reactions"} <= kinds
    last = await ask(app, rooms["mantua"], f"<after>{mantua[-1][0]}</after>")
    assert (last.found, last.complete) == ([], True), "who pages on from what they know gets nothing old"
    forwards = await ask(app, rooms["mantua"], "<max>200</max>")
    assert forwards.ids == [id for id, _ in mantua]
    venice = await backwards(app, rooms["venice"])
    assert [body(one) for _, one in venice] == ["welcome to venice"]
