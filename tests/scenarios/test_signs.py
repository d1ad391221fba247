"""Signs of life in a direct chat: who writes, and who has read how far."""

from xml.etree.ElementTree import Element

from bridge.testing.wire import Reads, Types
from tests.conftest import ANY_SERVER
from tests.scenarios.conftest import Play
from tests.support.xmpp_client import bare, body, receipt_of

pytestmark = ANY_SERVER
STATES, MARKERS = "{http://jabber.org/protocol/chatstates}", "{urn:xmpp:chat-markers:0}"
MARKABLE = "<markable xmlns='urn:xmpp:chat-markers:0'/>"


def state_of(stanza: Element) -> str:
    return next((child.tag.removeprefix(STATES) for child in stanza if child.tag.startswith(STATES)), "")


def displayed(stanza: Element) -> str:
    found = stanza.find(f"{MARKERS}displayed")
    return "" if found is None else found.get("id", "")


def shows(play: Play, state: str) -> None:
    play.app.send(
        f"<message to='{play.juliet}' type='chat'><{state} xmlns='http://jabber.org/protocol/chatstates'/></message>"
    )


async def test_juliet_writes_and_stops(play: Play) -> None:
    await play.met()
    await play.world.do(Types(person="juliet", chat=play.chat))
    begun = await play.app.expect(lambda s: bare(s) == play.juliet and state_of(s) == "composing")
    await play.world.do(Types(person="juliet", chat=play.chat, typing=False))
    ended = await play.app.expect(lambda s: bare(s) == play.juliet and state_of(s) == "paused")

    assert [body(begun), body(ended)] == ["", ""]


async def test_what_juliet_says_ends_her_writing(play: Play) -> None:
    await play.met()
    await play.world.do(Types(person="juliet", chat=play.chat))
    await play.app.expect(lambda s: state_of(s) == "composing")
    await play.world.says("juliet", play.chat, "Ay me!")
    await play.world.do(Types(person="juliet", chat=play.chat, typing=False))
    assert await play.app.text_from(play.juliet) == "Ay me!"
    await play.world.do(Types(person="juliet", chat=play.chat))
    await play.app.expect(lambda s: state_of(s) == "composing")

    assert [state_of(s) for s in play.app.received if state_of(s)] == ["composing", "composing"]


async def test_romeo_writes_and_stops(play: Play) -> None:
    await play.met()
    shows(play, "composing")
    await play.world.until(play.chat, lambda state: state.typing == ["romeo"])
    shows(play, "paused")
    await play.world.until(play.chat, lambda state: state.typing == [])
    shows(play, "composing")
    await play.world.until(play.chat, lambda state: state.typing == ["romeo"])
    play.app.message(play.juliet, "It is my lady")
    state = await play.world.until(play.chat, lambda state: state.typing == [])

    assert state.texts[-1] == "It is my lady"


async def test_what_juliet_has_read_is_shown_to_whoever_asked(play: Play) -> None:
    await play.met()
    ids = []
    for text, inner in (("one", MARKABLE), ("two", MARKABLE), ("three", "")):
        ids.append(play.app.message(play.juliet, text, inner=inner))
        await play.app.expect(lambda s: receipt_of(s) == ids[-1])
    said = (await play.world.state(play.chat)).messages
    for text in ("one", "three", "two"):  # the last is no news
        target = next(one.id for one in said if one.text == text)
        await play.world.do(Reads(person="juliet", chat=play.chat, target=target))
        if text != "two":
            await play.app.expect(lambda s: bool(displayed(s)))
    await play.world.says("juliet", play.chat, "Good night")
    await play.app.text_from(play.juliet)

    marked = [s for s in play.app.received if displayed(s)]
    assert [displayed(s) for s in marked] == [ids[0], ids[1]]
    assert {bare(s) for s in marked} == {play.juliet}


async def test_who_does_not_ask_is_not_told(play: Play) -> None:
    await play.met()
    id = play.app.message(play.juliet, "one")
    await play.app.expect(lambda s: receipt_of(s) == id)
    target = (await play.world.state(play.chat)).messages[-1].id
    await play.world.do(Reads(person="juliet", chat=play.chat, target=target))
    await play.world.says("juliet", play.chat, "Good night")
    await play.app.text_from(play.juliet)

    assert [s for s in play.app.received if displayed(s)] == []


async def test_what_romeo_has_read_is_shown_on_the_network(play: Play) -> None:
    await play.log_in()
    await play.world.chat(play.chat, "romeo", "juliet", kind="direct")
    target = await play.world.says("juliet", play.chat, "Art thou not Romeo?")
    heard = await play.app.expect(lambda s: body(s) == "Art thou not Romeo?")
    assert heard.find(f"{MARKERS}markable") is not None
    mark = f"<displayed xmlns='urn:xmpp:chat-markers:0' id='{heard.get('id')}'/>"
    play.app.send(f"<message to='{play.juliet}' type='chat'>{mark}</message>")
    await play.world.until(play.chat, lambda state: state.read == {"romeo": target})


async def test_signs_of_somebody_who_is_not_in_the_chat_are_ignored(play: Play) -> None:
    """Nor do they come back as errors."""
    await play.met()
    async with play.on_stage("paris") as paris:
        for inner in (
            "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
            "<displayed xmlns='urn:xmpp:chat-markers:0' id='x'/>",
        ):
            paris.send(f"<message to='{play.juliet}' type='chat'>{inner}</message>")
        paris.message(play.juliet, "Marry me")
        refused = await paris.expect(lambda s: s.get("type") == "error")
        assert [s for s in paris.received if bare(s) == play.juliet] == [refused]
    shows(play, "composing")
    await play.world.until(play.chat, lambda state: state.typing == ["romeo"])
