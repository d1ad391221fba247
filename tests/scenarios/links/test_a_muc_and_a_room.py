"""A MUC and a room of another network are one room: people of each are occupants of the other, by the configuration."""

import asyncio
from pathlib import Path
from xml.etree.ElementTree import Element

from bridge.testing import wire
from tests.scenarios.links.conftest import A, Cafe, heard, opened
from tests.support import mam, muc
from tests.support.prosody import Prosody
from tests.support.xmpp_client import CLIENT, bare, body
from tests.support.xmpp_servers import XmppServer

REPLY, RETRACT, REACTIONS = "{urn:xmpp:reply:0}reply", "{urn:xmpp:message-retract:1}retract", "urn:xmpp:reactions:0"
ADMIN, FASTENED = "http://jabber.org/protocol/muc#admin", "{urn:xmpp:fasten:0}apply-to"
REPLACE = "{urn:xmpp:message-correct:0}replace"
CHATSTATES = "http://jabber.org/protocol/chatstates"
_SID = "urn:xmpp:sid:0"


async def test_everything_that_is_said_crosses(hall: XmppServer, tmp_path: Path) -> None:
    async with opened(hall, tmp_path) as cafe:
        await cafe.linked()
        await _from_the_muc(cafe)
        await _into_the_muc(cafe)
        await _names(cafe)
        await _who_writes(cafe)
        await _taken_away(cafe, moderates=isinstance(hall, Prosody))
        await _what_is_wrong(cafe)
        await _removed(cafe)


async def _from_the_muc(cafe: Cafe) -> None:
    """Texts, corrections, reactions, replies, and what is taken back."""
    romeo, world = cafe.apps["romeo"], cafe.worlds[A]
    muc.say(romeo, cafe.room, "Is the day so young?", "r1")
    await cafe.shown(A, "Is the day so young?")
    [first] = [said for said in (await world.state(cafe.chat)).visible if said.name == "romeo"]
    assert "@" not in first.author.rpartition("/")[2]  # who is behind a nick is nobody's business
    own = await heard(romeo, cafe.room, "Is the day so young?")
    sid = own.find(muc.STANZA_ID).get("id")  # type: ignore[union-attr]

    romeo.send(
        f"<message to='{cafe.room}' type='groupchat' id='r2'><body>Is the day so old?</body>"
        f"<replace xmlns='urn:xmpp:message-correct:0' id='r1'/></message>"
    )
    await cafe.shown(A, "Is the day so old?")

    romeo.send(
        f"<message to='{cafe.room}' type='groupchat' id='r3'><reactions xmlns='{REACTIONS}' id='{sid}'>"
        "<reaction>☀</reaction></reactions><store xmlns='urn:xmpp:hints'/></message>"
    )
    await world.until(cafe.chat, lambda state: any("☀" in str(said.reactions) for said in state.visible))

    answer = await world.says("juliet", cafe.chat, "But new struck nine", reply_to=first.id)
    replied = await heard(
        romeo, cafe.room, "> Is the day so old?\nBut new struck nine".replace("> Is", "> romeo:\n> Is")
    )
    assert replied.find(REPLY).get("id") == sid  # type: ignore[union-attr]
    romeo.send(
        f"<message to='{cafe.room}' type='groupchat' id='r4'><body>Ay me</body>"
        f"<reply xmlns='urn:xmpp:reply:0' id='{replied.find(muc.STANZA_ID).get('id')}'/></message>"  # type: ignore[union-attr]
    )
    state = await world.until(cafe.chat, lambda state: any(said.text == "Ay me" for said in state.visible))
    assert next(said.reply_to for said in state.visible if said.text == "Ay me") == answer

    romeo.send(
        f"<message to='{cafe.room}' type='groupchat' id='r5'><retract xmlns='urn:xmpp:message-retract:1' id='{sid}'/>"
        "<body>retracted</body></message>"
    )
    await world.until(cafe.chat, lambda state: all(said.id != first.id for said in state.visible))


async def _who_writes(cafe: Cafe) -> None:
    """Both ways, and what is shown is not shown back."""
    romeo, world = cafe.apps["romeo"], cafe.worlds[A]
    for state, typing in (("composing", ["relay"]), ("active", [])):
        romeo.send(
            f"<message to='{cafe.room}' type='groupchat'><{state} xmlns='{CHATSTATES}'/>"
            "<no-store xmlns='urn:xmpp:hints'/></message>"
        )
        await world.until(cafe.chat, lambda seen, typing=typing: seen.typing == typing)  # type: ignore[misc]
    await world.do(wire.Types(person="juliet", chat=cafe.chat))
    await romeo.expect(lambda s: muc.nick(s) == "Juliet" and s.find(f"{{{CHATSTATES}}}composing") is not None)
    await world.says("juliet", cafe.chat, "it is the lark")
    await heard(romeo, cafe.room, "it is the lark")
    assert (await world.state(cafe.chat)).typing == []


async def _into_the_muc(cafe: Cafe) -> None:
    romeo, world = cafe.apps["romeo"], cafe.worlds[A]
    id = await world.says("juliet", cafe.chat, "Good morrow")
    said = await heard(romeo, cafe.room, "Good morrow")
    assert muc.nick(said) == "Juliet"

    await world.edits("juliet", cafe.chat, id, "Good morrow, cousin")
    edit = await heard(romeo, cafe.room, "Good morrow, cousin")
    assert edit.find(REPLACE).get("id") == said.get("id")  # type: ignore[union-attr]

    await world.reacts("nurse", cafe.chat, id, "❤")
    reacted = await romeo.expect(
        lambda s: bare(s) == cafe.room and muc.nick(s) == "Nurse" and s.find(f"{{{REACTIONS}}}reactions") is not None
    )
    sid = said.find(muc.STANZA_ID).get("id")  # type: ignore[union-attr]
    assert reacted.find(f"{{{REACTIONS}}}reactions").get("id") == sid  # type: ignore[union-attr]

    await world.retracts("juliet", cafe.chat, id)
    gone = await romeo.expect(
        lambda s: bare(s) == cafe.room and s.find(RETRACT) is not None and muc.nick(s) == "Juliet"
    )
    assert gone.find(RETRACT).get("id") == sid  # type: ignore[union-attr]


async def _names(cafe: Cafe) -> None:
    """Nobody of ours is called as somebody there is, or so that they could be taken for them."""
    world, romeo = cafe.worlds[A], cafe.apps["romeo"]
    mercutio = await cafe.app("mercutio")
    await world.people("mercutio")
    await world.says("mercutio", cafe.chat, "A plague o' both your houses")
    said = await heard(romeo, cafe.room, "A plague o' both your houses")
    assert muc.nick(said) == "Mercutio (2)"
    await world.says("mercutio", cafe.chat, "Ask for me tomorrow")
    assert muc.nick(await heard(mercutio, cafe.room, "Ask for me tomorrow")) == "Mercutio (2)"


async def _taken_away(cafe: Cafe, *, moderates: bool) -> None:
    """By who keeps order elsewhere: one of ours takes back what they said; the room removes what its people said, if
    the gateway may keep order there, and else who wanted it is told why not."""
    romeo, world = cafe.apps["romeo"], cafe.worlds[A]
    id = await world.says("juliet", cafe.chat, "Wherefore art thou?")
    said = await heard(romeo, cafe.room, "Wherefore art thou?")
    sid = said.find(muc.STANZA_ID).get("id")  # type: ignore[union-attr]
    await world.retracts("nurse", cafe.chat, id)
    gone = await romeo.expect(
        lambda s: bare(s) == cafe.room and (found := s.find(RETRACT)) is not None and found.get("id") == sid,
        30, "what Juliet takes back", again=True,
    )  # fmt: skip
    assert muc.nick(gone) == "Juliet"

    for number, text in enumerate(("By a name", "I know not how")):
        muc.say(romeo, cafe.room, text, f"t{number}")
    await cafe.shown(A, "By a name", "I know not how")
    there = {said.text: said.id for said in (await world.state(cafe.chat)).visible}
    await world.retracts("nurse", cafe.chat, there["By a name"])
    await world.until(
        cafe.chat,
        lambda state: any("may not remove what people of the room" in said.text for said in state.visible), 30,
    )  # fmt: skip
    if not moderates:  # COMPAT ejabberd 23.01: it has no XEP-0425
        return
    made = f"<query xmlns='{ADMIN}'><item nick='bridge' role='moderator'/></query>"
    assert (await romeo.iq(cafe.room, "set", made)).get("type") == "result"
    await romeo.expect(
        lambda s: muc.is_presence(s, cafe.room) and muc.nick(s) == "bridge" and _role(s) == "moderator", 30, again=True
    )
    own = await heard(romeo, cafe.room, "I know not how")
    await world.retracts("nurse", cafe.chat, there["I know not how"])
    removed = await romeo.expect(
        lambda s: s.get("from") == cafe.room and s.find(FASTENED) is not None, 30, "removed by the room", again=True
    )
    assert removed.find(FASTENED).get("id") == own.find(muc.STANZA_ID).get("id")  # type: ignore[union-attr]


def _role(presence: Element) -> str:
    return next((item.get("role", "") for item in presence.iter(f"{muc.USER}item")), "")


async def _what_is_wrong(cafe: Cafe) -> None:
    """What cannot be carried is answered, or said to be so."""
    romeo = cafe.apps["romeo"]
    romeo.send(f"<message to='{cafe.room}/Nurse' type='chat' id='p1'><body>A word with you</body></message>")
    told = await romeo.expect(
        lambda s: s.get("type") == "chat" and s.get("from") == f"{cafe.room}/Nurse", what="answer"
    )
    assert body(told) == "Private messages are not brought to other networks here. Write to me in the room."

    romeo.send(
        f"<message to='{cafe.room}' type='groupchat' id='e1'><body>I sent you an OMEMO message</body>"
        "<encryption xmlns='urn:xmpp:eme:0' namespace='eu.siacs.conversations.axolotl'/></message>"
    )
    await cafe.shown(A, "[An encrypted message, which cannot be brought here.]")


async def _removed(cafe: Cafe) -> None:
    """Who is put out of the MUC is not heard there any more, and the others are."""
    romeo, world = cafe.apps["romeo"], cafe.worlds[A]
    answer = await romeo.iq(
        cafe.room, "set",
        "<query xmlns='http://jabber.org/protocol/muc#admin'><item nick='Nurse' role='none'/></query>",
    )  # fmt: skip
    assert answer.get("type") == "result"
    await romeo.expect(lambda s: muc.is_presence(s, cafe.room, "unavailable") and muc.nick(s) == "Nurse", again=True)
    await world.says("nurse", cafe.chat, "Peter!")
    await world.says("juliet", cafe.chat, "Anon, good nurse")
    await heard(romeo, cafe.room, "Anon, good nurse")

    assert "Peter!" not in [text for _, text in await cafe.archive()]
    assert len([s for s in romeo.received if s.tag == f"{CLIENT}message" and body(s) == "Good morrow"]) == 1
    await asyncio.to_thread(cafe.gateway.stop)
    assert (await mam.ask(romeo, cafe.room, "<max>1</max><before/>")).texts == ["Anon, good nurse"]
