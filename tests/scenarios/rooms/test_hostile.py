"""Texts and names in a room that nobody should write: no stream breaks, nothing is lost, what follows is not late."""

import os
import time
from xml.sax.saxutils import escape, quoteattr

from tests.conftest import ANY_SERVER
from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc, poison
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import bare, body

pytestmark = ANY_SERVER
COUNT = 10_000 if os.environ.get("TESTS_FULL") else 400
PEOPLE = COUNT // 10
SECONDS = 240.0


async def test_hostile_people_say_hostile_things(verona: InVerona) -> None:
    """Each comes under a strange name, speaks and goes."""
    chance = poison.dice()
    await verona.enter()
    for number in range(1, COUNT + 1):
        who = f"p{number % PEOPLE}"
        if number <= PEOPLE:
            await verona.play.world.do(verona.person(who, poison.name(chance)))
            await verona.play.world.do(verona.comes(who))
        await verona.says(who, poison.text(chance, number))
        if number > COUNT - PEOPLE:
            await verona.play.world.do(verona.goes(who))
    await verona.says("juliet", "the last of them")
    await muc.said(verona.app, verona.room, "the last of them", SECONDS)
    begun = time.monotonic()
    await verona.says("juliet", "an ordinary message")
    await muc.said(verona.app, verona.room, "an ordinary message")
    took = time.monotonic() - begun

    came = [n for s in verona.app.received if bare(s) == verona.room and (n := poison.number_of(body(s))) > 0]
    assert came == list(range(1, COUNT + 1))
    assert took < poison.SOON
    assert_unharmed(verona)
    assert (await verona.enter()).nicks == ["Juliet", "Nurse"]


async def test_hostile_stanzas_to_a_room(verona: InVerona) -> None:
    chance = poison.dice()
    await verona.enter()
    for number in range(1, COUNT + 1):
        text = "".join(
            c for c in poison.text(chance, number)[:3_000] if c in "\t\n" or " " <= c < "\ufffe" or c > "\uffff"
        )
        to = verona.room + chance.choice(("", "", "", "/Juliet", "/Romeo", "/nobody"))
        kind = chance.choice(("groupchat", "groupchat", "chat", "normal", "error", "strange"))
        inner = chance.choice((
            f"<body>{escape(text)}</body>", "<body/>", "", "<subject>A feud</subject>", "<retract xmlns='strange'/>",
            f"<body>{number}</body><replace xmlns='urn:xmpp:message-correct:0' id={quoteattr(text[:200])}/>",
            f"<reactions xmlns='urn:xmpp:reactions:0' id='x'><reaction>{escape(text)}</reaction></reactions>",
            "<x xmlns='http://jabber.org/protocol/muc#user'><invite/></x>",
            "<x xmlns='y'>" + "<z>" * 50 + "</z>" * 50 + "</x>",
        ))  # fmt: skip
        id = quoteattr(text[:60].strip() or "x")
        verona.app.send(f"<message to={quoteattr(to)} id={id} type='{kind}'>{inner}</message>")
        if number % 100 == 0:  # as fast as the server takes them
            await verona.app.iq(MEMORY, "get", "<ping xmlns='urn:xmpp:ping'/>", SECONDS)
    begun = time.monotonic()
    muc.say(verona.app, verona.room, "an ordinary message", "ordinary")
    await verona.heard("an ordinary message")
    took = time.monotonic() - begun
    await muc.said(verona.app, verona.room, "an ordinary message", SECONDS)

    assert took < poison.SOON
    assert_unharmed(verona)


def assert_unharmed(verona: InVerona) -> None:
    """The component was never disconnected, and nothing was a fault of ours."""
    log = verona.play.gateway.log
    assert verona.play.gateway.readiness()["networks"]["memory"]["connected"]
    assert "stream down" not in log
    assert "Traceback" not in log
    assert verona.play.gateway.metric("landbridge_dead_letters", network="memory") == 0
