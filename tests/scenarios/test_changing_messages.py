"""Corrections, retractions and reactions in a direct chat, both ways. All of them name a message by its id."""

from xml.etree.ElementTree import Element

from bridge.testing.states import ChatState
from tests.conftest import ANY_SERVER
from tests.scenarios.conftest import Play
from tests.support.views import REACTION, REACTIONS, REPLACE, RETRACT
from tests.support.xmpp_client import bare, body, receipt_of

pytestmark = ANY_SERVER


async def changed(play: Play, tag: str) -> Element:
    """What the next such element from Juliet says."""
    stanza = await play.app.expect(lambda s: bare(s) == play.juliet and s.find(tag) is not None, what=tag)
    found = stanza.find(tag)
    assert found is not None
    return found


async def stands(play: Play, text: str, **wanted: object) -> None:
    """Return when the message of this text is so on the other network."""

    def so(state: ChatState) -> bool:
        found = [said for said in state.visible if said.text == text]
        return bool(found) and all(getattr(found[0], name) == value for name, value in wanted.items())

    await play.world.until(play.chat, so)


async def test_what_romeo_corrects_reacts_to_and_retracts(play: Play) -> None:
    await play.met()
    first = play.app.message(play.juliet, "frist")
    await play.app.expect(lambda s: receipt_of(s) == first)
    for number, text in enumerate(("first", "first!"), 1):
        play.app.message(play.juliet, text, inner=f"<replace xmlns='urn:xmpp:message-correct:0' id='{first}'/>")
        await stands(play, text, edited=number)
    await play.world.says("juliet", play.chat, "wherefore")
    theirs = (await play.app.expect(lambda s: body(s) == "wherefore")).get("id")
    for some in (["👍"], ["👍", "🌹"], ["🌹"], []):
        inner = "".join(f"<reaction>{one}</reaction>" for one in some)
        inner = f"<reactions xmlns='urn:xmpp:reactions:0' id='{theirs}'>{inner}</reactions>"
        play.app.send(f"<message to='{play.juliet}' type='chat'>{inner}</message>")
        await stands(play, "wherefore", reactions={"romeo": some} if some else {})
    retract = f"<retract xmlns='urn:xmpp:message-retract:1' id='{first}'/><body>/me retracted</body>"
    play.app.send(f"<message to='{play.juliet}' type='chat' id='r1'>{retract}</message>")

    await play.world.until(play.chat, lambda state: state.texts == ["Art thou not Romeo?", "wherefore"])


async def test_what_juliet_corrects_reacts_to_and_retracts(play: Play) -> None:
    await play.met()
    sent = await play.world.says("juliet", play.chat, "wherefroe")
    shown = (await play.app.expect(lambda s: body(s) == "wherefroe")).get("id")
    for text in ("wherefore", "Wherefore"):
        await play.world.edits("juliet", play.chat, sent, text)
        stanza = await play.app.expect(lambda s, text=text: body(s) == text)  # type: ignore[misc]
        assert stanza.find(REPLACE).get("id") == shown  # type: ignore[union-attr]
    mine = play.app.message(play.juliet, "neither")
    await play.app.expect(lambda s: receipt_of(s) == mine)
    there = next(said.id for said in (await play.world.state(play.chat)).visible if said.text == "neither")
    for some in (["👍"], ["👍", "🌹"], []):
        await play.world.reacts("juliet", play.chat, there, *some)
        reactions = await changed(play, REACTIONS)
        assert (reactions.get("id"), [one.text for one in reactions.iter(REACTION)]) == (mine, some)
    await play.world.retracts("juliet", play.chat, sent)

    assert (await changed(play, RETRACT)).get("id") == shown
