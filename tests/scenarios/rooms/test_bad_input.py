"""What apps may send to rooms that is wrong: each has a clear outcome for its sender, and nothing else is disturbed.

After each row a message passes each way.
"""

import statistics
import time
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from bridge.hub.limits import Limits
from tests.conftest import ANY_SERVER
from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import XmppClient, bare, error_of

MUC = "http://jabber.org/protocol/muc"


@dataclass(frozen=True)
class Row:
    """`xml` with {room}, {id} and {gateway} in it. `condition` of the error that comes back, and something of its text;
    empty for silence."""

    name: str
    xml: str
    condition: str = ""
    text: str = ""


def entering(nick: str = "/Romeo", room: str = "{room}", inner: str = "") -> str:
    return f"<presence to='{room}{nick}' id='{{id}}'><x xmlns='{MUC}'>{inner}</x></presence>"


def message(inner: str, kind: str = "groupchat", to: str = "{room}") -> str:
    return f"<message to='{to}' type='{kind}' id='{{id}}'>{inner}</message>"


def question(inner: str, kind: str = "get", to: str = "{room}") -> str:
    return f"<iq to='{to}' type='{kind}' id='{{id}}'>{inner}</iq>"


OUTSIDE = [
    Row("a room that does not exist", entering(room="#mantua%elsewhere@{gateway}"), "item-not-found", "no such room"),
    Row("no nick", entering(""), "jid-malformed", "under a nick"),
    Row("a presence that does not ask to enter", "<presence to='{room}/Me' id='{id}'/>", "not-acceptable", "Enter it"),
    Row("leaving without being in", "<presence to='{room}/Romeo' type='unavailable' id='{id}'/>"),
    Row("an error", "<presence to='{room}/Romeo' type='error' id='{id}'><error type='cancel'/></presence>"),
    Row("a message to a room that one is not in", message("<body>b</body>"), "not-acceptable", "Enter it first"),
    Row("a message to a room that does not exist", message("<body>b</body>", to="#mantua@{gateway}"), "not-acceptable"),
    Row("a chat message to a room", message("<body>b</body>", "chat"), "item-not-found", "Nobody"),
    Row("a chat message to an occupant", message("<body>b</body>", "chat", "{room}/Juliet"), "item-not-found"),
    Row("an error message", message("<body>b</body><error type='cancel'/>", "error")),
    Row("a question to an occupant", question("<ping xmlns='urn:xmpp:ping'/>", to="{room}/Juliet"), "not-acceptable"),
    Row(
        "a question about a room that does not exist",
        question(f"<query xmlns='{muc.INFO}'/>", to="#mantua@{gateway}"), "item-not-found", "no such room",
    ),
]  # fmt: skip

INSIDE = [
    Row("an empty body", message("<body></body>"), "bad-request", "empty"),
    Row("no body", message("<composing xmlns='http://jabber.org/protocol/chatstates'/>")),
    Row("nothing", message("")),
    Row("only white space", message("<body> \n </body>"), "not-acceptable", "empty"),
    Row("a very long id", message("<body>b</body>").replace("{id}", "i" * 2_000), "bad-request", "too long"),
    Row("an error", message("<body>b</body><error type='wait'/>", "error")),
    Row("an error of something that was never sent", message("", "error", "{room}/Juliet")),
    Row("an answer to no question", question("", "result", "{room}/Juliet")),
    Row("an error to no question", question("<error type='cancel'/>", "error", "{room}/Nobody")),
    Row("a chat message to a room", message("<body>b</body>", "chat"), "bad-request", "Write to it as to a room"),
    Row("a chat message to nobody", message("<body>b</body>", "chat", "{room}/Tybalt"), "item-not-found", "called so"),
    Row("a headline", message("<body>b</body>", "headline"), "bad-request"),
    Row(
        "an encrypted message",
        message("<body>b</body><encrypted xmlns='eu.siacs.conversations.axolotl'/>"), "not-acceptable", "encrypt",
    ),
    Row("a voice request", message("<x xmlns='jabber:x:data' type='submit'/>", ""), "feature-not-implemented"),
    Row("a room's settings", question(f"<query xmlns='{MUC}#owner'/>"), "forbidden", "Only owners"),
    Row(
        "a kick",
        question(f"<query xmlns='{MUC}#admin'><item nick='Juliet' role='none'/></query>", "set"), "forbidden",
    ),
    Row("a question to an occupant", question("<query xmlns='jabber:iq:version'/>", to="{room}/Juliet"),
        "service-unavailable"),
    Row("a question to nobody", question("<query xmlns='jabber:iq:version'/>", to="{room}/Tybalt"), "item-not-found"),
    Row("a subscription", "<presence to='{room}' type='subscribe' id='{id}'/>"),
]  # fmt: skip


async def canary(verona: InVerona, app: XmppClient, number: int) -> None:
    """A message each way, on the same streams."""
    muc.say(app, verona.room, f"out {number}", f"out-{number}")
    await verona.heard(f"out {number}")
    await verona.says("juliet", f"back {number}")
    await muc.said(app, verona.room, f"back {number}")


async def test_rows(verona: InVerona) -> None:
    """As the table says, outside the room and in it, while another app of Romeo's is in the room."""
    async with verona.play.on_stage("romeo") as other:
        await verona.enter(other)
        for number, row in enumerate(OUTSIDE):
            await outcome(verona, row, f"outside-{number}")
            await canary(verona, other, number)
        await verona.enter()
        for number, row in enumerate(INSIDE, len(OUTSIDE)):
            await outcome(verona, row, f"inside-{number}")
            await canary(verona, other, number)
            assert await muc.ping(verona.app, f"{verona.room}/Romeo") == "", row.name

        quiet = {f"outside-{n}" for n, row in enumerate(OUTSIDE) if not row.condition}
        quiet |= {f"inside-{n}" for n, row in enumerate(INSIDE, len(OUTSIDE)) if not row.condition}
        answered = {s.get("id", "") for s in verona.app.received if s.get("type") == "error"}
        assert not answered & quiet
    texts = (await verona.play.world.state(verona.chat)).texts
    assert [text for text in texts if text.partition(" ")[0] not in ("out", "back")] == []
    assert "stream down" not in verona.play.gateway.log
    assert "Traceback" not in verona.play.gateway.log


async def outcome(verona: InVerona, row: Row, id: str) -> None:
    verona.app.send(row.xml.format(room=verona.room, id=id, gateway=MEMORY))
    if not row.condition:
        return

    def answers(stanza: Element) -> bool:
        return stanza.get("type") == "error" and stanza.get("id") in (id, "i" * 2_000)

    answer = await verona.app.expect(answers, what=f"answer to {row.name}")
    condition, text = error_of(answer)
    assert condition == row.condition, (row.name, text)
    assert row.text in text, row.name
    assert text.endswith("."), (row.name, text)


async def test_an_address_that_is_none_is_the_servers_to_refuse_and_harms_nobody(verona: InVerona) -> None:
    """RFC 7622 #resourcepart: at most 1,023 bytes."""
    await verona.enter()
    for number, to in enumerate((f"{verona.room}/{'n' * 1_100}", f"{'#' * 1_100}@{MEMORY}/me")):
        verona.app.send(entering(room=to, nick="").format(id=f"p{number}"))
        verona.app.send(message("<body>b</body>", to=to).format(id=f"m{number}"))
    for id in ("p0", "m0", "p1", "m1"):
        answer = await verona.app.expect(lambda s, id=id: s.get("id") == id and s.get("type") == "error", again=True)
        assert error_of(answer)[0]
    await canary(verona, verona.app, 1)


async def test_who_is_not_logged_in_is_told_to(verona: InVerona) -> None:
    async with verona.play.on_stage(f"paris-{verona.app.bare[6:20]}") as paris:
        for room in (verona.room, f"#mantua@{MEMORY}"):
            condition, text = await muc.refused(paris, room)
            assert (condition, "Send `login` to memory.localhost." in text) == ("registration-required", True)
        muc.say(paris, verona.room, "let me in", "p1")
        answer = await paris.expect(lambda s: s.get("id") == "p1")

        assert error_of(answer)[0] == "not-acceptable"
        await verona.enter()
        await canary(verona, verona.app, 1)
        assert [s for s in paris.received if bare(s) == verona.room and s.get("type") != "error"] == []


@ANY_SERVER
async def test_who_has_no_right_is_told_and_the_room_takes_it_back(verona: InVerona) -> None:
    await verona.enter()
    await verona.play.world.fault("reject", chat=verona.chat, reason="forbidden", text="You may not speak here.")
    muc.say(verona.app, verona.room, "unheard", "m1")
    shown = await muc.said(verona.app, verona.room, "unheard")
    removed = await verona.app.expect(lambda s: s.find("{urn:xmpp:message-retract:1}retract") is not None)
    answer = await verona.app.expect(lambda s: s.get("id") == "m1" and s.get("type") == "error")

    assert error_of(answer) == ("forbidden", "You may not speak here.")
    assert removed.find("{urn:xmpp:message-retract:1}retract").get("id") == shown.find(muc.STANZA_ID).get("id")  # type: ignore[union-attr]
    await canary(verona, verona.app, 1)
    assert "unheard" not in (await verona.enter()).texts


@ANY_SERVER
async def test_the_same_id_twice(verona: InVerona) -> None:
    """The same text is a repeat, another text another message: apps choose ids, and choose them again."""
    await verona.enter()
    for text in ("one", "one", "two"):
        muc.say(verona.app, verona.room, text, "chosen")
    await muc.said(verona.app, verona.room, "two")
    await verona.heard("two")
    await canary(verona, verona.app, 1)

    assert (await verona.play.world.state(verona.chat)).texts == ["one", "two", "out 1", "back 1"]
    assert [text for _, text in muc.lines(verona.app, verona.room)] == ["one", "two", "out 1", "back 1"]


@ANY_SERVER
async def test_names_and_members_that_contradict_themselves(verona: InVerona) -> None:
    """Somebody who left twice, never came, is known by no name, or bears Romeo's."""
    await verona.enter()
    await verona.play.world.people("tybalt")
    await verona.play.world.do(verona.person("tybalt", "Romeo"))
    for _ in range(2):
        await verona.play.world.do(verona.goes("tybalt"))
    for _ in range(2):
        await verona.play.world.do(verona.comes("tybalt"))
    came = await verona.app.expect(lambda s: muc.is_presence(s, verona.room) and muc.nick(s).startswith("Romeo ("))
    await verona.play.world.do(verona.person("stranger", ""))
    await verona.says("stranger", "by nobody who is here")
    said = await muc.said(verona.app, verona.room, "by nobody who is here")
    await canary(verona, verona.app, 1)

    assert (muc.nick(came), muc.nick(said)) == ("Romeo (2)", "stranger")
    assert [s for s in verona.app.received if muc.is_presence(s, verona.room, "unavailable")] == []


@ANY_SERVER
async def test_two_thousand_joins_of_one_app_are_answered_and_harm_nobody_else(verona: InVerona) -> None:
    """To rooms that are not there: so many are made, more are refused, and the rest are told to wait."""
    took: list[float] = []
    async with verona.play.on_stage("romeo") as flood:
        await verona.enter()
        for number in range(2_000):
            flood.send(entering(room=f"#r{number}@{MEMORY}", inner="").replace("{id}", f"j{number}"))
            if number % 100 == 0:
                begun = time.monotonic()
                await canary(verona, verona.app, number)
                took.append(time.monotonic() - begun)
        answered: set[str] = set()

        def all_answered(stanza: Element) -> bool:
            if stanza.get("type") == "error" or 110 in muc.statuses(stanza):
                answered.add(bare(stanza))
            return len(answered) == 2_000

        await flood.expect(all_answered, 60)
        await canary(verona, verona.app, 2_000)
        answers = {s.get("id"): error_of(s) for s in flood.received if s.get("type") == "error"}

    print(f"a message each way meanwhile: {statistics.median(took):.3f} s, at most {max(took):.3f} s")
    assert len(answers) == 2_000 - Limits().openings
    assert set(answers.values()) == {
        (
            "policy-violation",
            "You have made very many rooms and chats in the last hour. Wait a while before you make another one.",
        ),
        ("resource-constraint", "You are entering rooms too often. Try again in a minute."),
    }
