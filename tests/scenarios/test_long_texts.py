"""A text longer than a stanza may be comes in parts, whole and in order."""

import pytest

from tests.scenarios.conftest import Play
from tests.support.xmpp_client import XmppClient, bare, body

REPLACE, RETRACT = "{urn:xmpp:message-correct:0}replace", "{urn:xmpp:message-retract:1}retract"


@pytest.mark.parametrize("letter", ["a", "&", "😀"])
async def test_a_text_longer_than_a_stanza_comes_in_parts(play: Play, letter: str) -> None:
    await play.met()
    text = letter * 60_000
    await play.world.says("juliet", play.chat, text)
    got = ""
    while len(got) < len(text):
        got += await play.app.text_from(play.juliet)

    assert got == text


async def test_what_xml_cannot_hold_is_replaced_and_harms_nobody(play: Play) -> None:
    await play.met()
    await play.world.says("juliet", play.chat, "a\0b\x08c\x0bd\ufffee")

    assert await play.app.text_from(play.juliet) == "a\ufffdb\ufffdc\ufffdd\ufffde"
    assert play.gateway.readiness()["networks"]["memory"]["connected"]


def shown(app: XmppClient, jid: str) -> list[str]:
    """What an app shows of everything that was said, edits and retractions (XEP-0308, XEP-0424) applied."""
    texts: dict[str, str] = {}
    for stanza in [s for s in app.received if bare(s) == jid and body(s)]:
        replaced, retracted = stanza.find(REPLACE), stanza.find(RETRACT)
        if retracted is not None:
            texts.pop(retracted.get("id", ""), None)
        else:
            texts[stanza.get("id", "") if replaced is None else replaced.get("id", "")] = body(stanza)
    return list(texts.values())


async def until(app: XmppClient, jid: str, text: str) -> None:
    """Return when what is shown, after the first message, is `text`."""
    await app.expect(lambda _: "".join(shown(app, jid)[1:]) == text, what=f"{len(text)} letters", again=True)


async def test_changes_of_a_long_text_reach_all_its_parts(play: Play) -> None:
    await play.met()
    target = await play.world.says("juliet", play.chat, "a" * 200_000)
    await until(play.app, play.juliet, "a" * 200_000)
    parts = len(shown(play.app, play.juliet)) - 1
    for text in ("b" * 100_000, "short", "c" * 300_000):
        await play.world.edits("juliet", play.chat, target, text)
        await until(play.app, play.juliet, text)
    await play.world.retracts("juliet", play.chat, target)
    await until(play.app, play.juliet, "")

    assert parts > 2


async def test_changes_of_a_long_text_reach_all_its_parts_on_the_network(play: Play) -> None:
    await play.met()
    id = play.app.message(play.juliet, "a" * 10_000)
    await play.world.until(play.chat, lambda state: "".join(state.texts[1:]) == "a" * 10_000)
    parts = len((await play.world.state(play.chat)).texts) - 1
    for text in ("b" * 5_000, "short", "c" * 15_000):
        play.app.message(play.juliet, text, inner=f"<replace xmlns='urn:xmpp:message-correct:0' id='{id}'/>")
        await play.world.until(play.chat, lambda state, text=text: "".join(state.texts[1:]) == text)  # type: ignore[misc]
    retract = f"<retract xmlns='urn:xmpp:message-retract:1' id='{id}'/>"
    play.app.send(f"<message to='{play.juliet}' type='chat' id='r'>{retract}</message>")
    await play.world.until(play.chat, lambda state: state.texts[1:] == [])

    assert parts > 2
