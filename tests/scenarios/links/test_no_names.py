"""A MUC that neither names what is said (XEP-0359) nor has an archive: still nothing is lost or doubled there."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.conftest import COMPONENTS
from tests.scenarios.links.conftest import LINKED, A, Cafe, heard, opened
from tests.support import muc
from tests.support.prosody import Prosody
from tests.support.xmpp_client import XmppClient, bare, body

REPLY, REACTIONS = "{urn:xmpp:reply:0}reply", "urn:xmpp:reactions:0"


@pytest.fixture(scope="module")
def plain() -> Iterator[Prosody]:
    with Prosody(COMPONENTS) as server:
        yield server


async def test_nothing_is_lost_or_doubled_where_a_muc_gives_no_names(plain: Prosody, tmp_path: Path) -> None:
    async with opened(plain, tmp_path) as cafe:
        await cafe.linked()
        await _the_same_again(cafe)
        await _named_by_their_authors(cafe)
        await _while_nobody_listened(cafe)


def _says(app: XmppClient, room: str, text: str, id: str = "", inner: str = "") -> None:
    named = f" id='{id}'" if id else ""
    app.send(f"<message to='{room}' type='groupchat'{named}><body>{text}</body>{inner}</message>")


async def _shown(cafe: Cafe, *texts: str) -> None:
    """Return when exactly these are shown there, in this order, besides the notice that it is linked."""
    await cafe.worlds[A].until(cafe.chat, lambda state: _without(state.texts) == list(texts), 30)


def _without(texts: Sequence[str]) -> list[str]:
    return [text for text in texts if not text.startswith(LINKED)]


async def _the_same_again(cafe: Cafe) -> None:
    """Ids that were used before, none at all, and the same words twice."""
    romeo = cafe.apps["romeo"]
    _says(romeo, cafe.room, "one", "1")
    _says(romeo, cafe.room, "two", "1")
    _says(romeo, cafe.room, "two", "1")
    _says(romeo, cafe.room, "three")
    _says(romeo, cafe.room, "three")
    await _shown(cafe, "one", "two", "two", "three", "three")
    own = await heard(romeo, cafe.room, "one")
    assert own.find(muc.STANZA_ID) is None


async def _named_by_their_authors(cafe: Cafe) -> None:
    romeo, world = cafe.apps["romeo"], cafe.worlds[A]
    tybalt = await cafe.app("tybalt")
    _says(romeo, cafe.room, "what's in a name?", "r7")
    await world.until(cafe.chat, lambda state: state.visible[-1].text == "what's in a name?", 30)
    first = (await world.state(cafe.chat)).visible[-1]
    _says(tybalt, cafe.room, "a rose", "r7")  # the same id takes nothing from Romeo
    _says(romeo, cafe.room, "what is in a name?", "r8", "<replace xmlns='urn:xmpp:message-correct:0' id='r7'/>")
    await world.until(
        cafe.chat, lambda state: [said.text for said in state.visible[-2:]] == ["what is in a name?", "a rose"], 30
    )

    answer = await world.says("juliet", cafe.chat, "that which we call", reply_to=first.id)
    said = await romeo.expect(
        lambda s: bare(s) == cafe.room and body(s).endswith("that which we call"), 30, "the reply", again=True
    )
    assert said.find(REPLY).get("id") == "r7"  # type: ignore[union-attr]
    named = said.get("id", "")
    romeo.send(
        f"<message to='{cafe.room}' type='groupchat' id='r9'><reactions xmlns='{REACTIONS}' id='{named}'>"
        "<reaction>🌹</reaction></reactions></message>"
    )
    await world.until(
        cafe.chat, lambda state: any(s.id == answer and "🌹" in str(s.reactions) for s in state.visible), 30
    )
    _says(romeo, cafe.room, "by any other", "r10", f"<reply xmlns='urn:xmpp:reply:0' id='{named}'/>")
    state = await world.until(cafe.chat, lambda state: any(said.text == "by any other" for said in state.visible), 30)
    assert next(said.reply_to for said in state.visible if said.text == "by any other") == answer

    await world.edits("juliet", cafe.chat, answer, "that which we call a rose")
    edited = await romeo.expect(
        lambda s: bare(s) == cafe.room and body(s).endswith("that which we call a rose"), 30, "the edit", again=True
    )
    assert edited.find("{urn:xmpp:message-correct:0}replace").get("id") == named  # type: ignore[union-attr]
    await world.retracts("juliet", cafe.chat, answer)
    gone = await romeo.expect(
        lambda s: bare(s) == cafe.room and s.find("{urn:xmpp:message-retract:1}retract") is not None, 30, again=True
    )
    assert gone.find("{urn:xmpp:message-retract:1}retract").get("id") == named  # type: ignore[union-attr]


async def _while_nobody_listened(cafe: Cafe) -> None:
    """From the MUC's history, of which the beginning was heard before."""
    romeo, world = cafe.apps["romeo"], cafe.worlds[A]
    before = _without((await world.state(cafe.chat)).texts)
    for end in (cafe.gateway.stop, cafe.gateway.kill):
        for text in ("ay me", "ay me"):
            _says(romeo, cafe.room, text)
        await _shown(cafe, *before, "ay me", "ay me")
        await asyncio.to_thread(end)
        for text in ("ay me", "she speaks", "ay me"):
            _says(romeo, cafe.room, text)
        before += ["ay me", "ay me", "ay me", "she speaks", "ay me"]
        await asyncio.to_thread(cafe.gateway.start)
        await _shown(cafe, *before)
    assert not any("may be missing" in text for text in before)
