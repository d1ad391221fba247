"""Texts that nobody should write, by the thousand: no stream breaks, nothing is lost, and what follows is not late."""

import os
import random
import time
from xml.sax.saxutils import escape, quoteattr

from tests.scenarios.conftest import Play
from tests.support import poison
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import bare, body, receipt_of

COUNT = 10_000 if os.environ.get("TESTS_FULL") else 1_500
SECONDS = 120.0


async def test_hostile_texts_from_a_network(play: Play) -> None:
    dice = poison.dice()
    await play.met()
    for number in range(1, COUNT + 1):
        await play.world.says("juliet", play.chat, poison.text(dice, number))
    await play.world.says("juliet", play.chat, "the last of them")
    await play.app.expect(lambda s: body(s) == "the last of them", SECONDS)
    begun = time.monotonic()
    await play.world.says("juliet", play.chat, "an ordinary message")
    await play.app.expect(lambda s: body(s) == "an ordinary message")
    took = time.monotonic() - begun

    came = [n for s in play.app.received if bare(s) == play.juliet and (n := poison.number_of(body(s))) > 0]
    assert came == list(range(1, COUNT + 1))
    assert took < poison.SOON
    assert_unharmed(play)


async def test_hostile_stanzas_from_an_app(play: Play) -> None:
    """Everything that a server lets through: strange children, attributes, ids, types, languages."""
    dice = poison.dice()
    await play.met()
    for number in range(1, COUNT + 1):
        play.app.send(strange(dice, play.juliet, number))
        if number % 100 == 0:  # as fast as the server takes them
            await play.app.iq(MEMORY, "get", "<ping xmlns='urn:xmpp:ping'/>", SECONDS)
    begun = time.monotonic()
    id = play.app.message(play.juliet, "an ordinary message")
    await play.app.expect(lambda s: receipt_of(s) == id, SECONDS, again=True)
    took = time.monotonic() - begun

    await play.heard("an ordinary message")
    assert took < poison.SOON
    assert_unharmed(play)


def strange(dice: random.Random, to: str, number: int) -> str:
    text = "".join(c for c in poison.text(dice, number)[:3_000] if c in "\t\n" or " " <= c < "\ufffe" or c > "\uffff")
    address = dice.choice((to, f"{to}/any", MEMORY, f"nobody{number}@{MEMORY}", f"{MEMORY}/x"))
    kind = dice.choice(("chat", "normal", "headline", "groupchat", "error", "strange", ""))
    child = dice.choice((
        f"<body>{escape(text)}</body>", f"<body xml:lang='de'>{escape(text)}</body><body>{number}</body>",
        f"<subject>{escape(text)}</subject>", "<body/>", "", "<body><x xmlns='y'>in</x></body>",
        f"<body>{number}</body><replace xmlns='urn:xmpp:message-correct:0' id={quoteattr(text[:200])}/>",
        "<retract xmlns='urn:xmpp:message-retract:1'/>", "<reactions xmlns='urn:xmpp:reactions:0' id='x'/>",
        f"<reactions xmlns='urn:xmpp:reactions:0' id='x'><reaction>{escape(text)}</reaction></reactions>",
        "<x xmlns='deep'>" + "<y>" * 200 + "</y>" * 200 + "</x>",
        f"<received xmlns='urn:xmpp:receipts' id={quoteattr(text[:100])}/>", "<composing xmlns='a' b='c'/>",
    ))  # fmt: skip
    what = dice.choice(("message",) * 8 + ("iq", "presence"))
    if what == "iq":
        kind = dice.choice(("get", "set"))
        child = child if child.startswith("<") and child.count("xmlns") == 1 else "<query xmlns='urn:strange'/>"
    if what == "presence":
        kind = dice.choice(("subscribe", "unsubscribe", "probe", "unavailable", "subscribed", ""))
        child = ""
    type = f" type='{kind}'" if kind else ""
    return f"<{what} to={quoteattr(address)} id={quoteattr(text[:60].strip() or 'x')}{type}>{child}</{what}>"


def assert_unharmed(play: Play) -> None:
    """The component was never disconnected, and nothing was a fault of ours."""
    log = play.gateway.log
    assert play.gateway.readiness()["networks"]["memory"]["connected"]
    assert "stream down" not in log
    assert "Traceback" not in log
    assert play.gateway.metric("landbridge_dead_letters", network="memory") == 0
