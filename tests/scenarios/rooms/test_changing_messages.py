"""Corrections, retractions and reactions in a room, both ways.

A correction names the message by the id that its author gave it (XEP-0308 #rules); a retraction and a reaction name it
by the id that the room gave it (XEP-0424 #retract, XEP-0444 #id).
"""

from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from bridge.testing.states import ChatState, Said
from tests.conftest import ANY_SERVER
from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc
from tests.support.xmpp_client import bare, body, error_of

pytestmark = ANY_SERVER
REPLACE = "{urn:xmpp:message-correct:0}replace"
RETRACT, MODERATED = "{urn:xmpp:message-retract:1}retract", "{urn:xmpp:message-moderate:1}moderated"
REACTIONS, REACTION = "{urn:xmpp:reactions:0}reactions", "{urn:xmpp:reactions:0}reaction"


def send(verona: InVerona, id: str, inner: str) -> None:
    verona.app.send(f"<message to={quoteattr(verona.room)} type='groupchat' id={quoteattr(id)}>{inner}</message>")


def correction(of: str, text: str) -> str:
    return f"<body>{escape(text)}</body><replace xmlns='urn:xmpp:message-correct:0' id={quoteattr(of)}/>"


def retraction(of: str) -> str:
    return f"<retract xmlns='urn:xmpp:message-retract:1' id={quoteattr(of)}/>"


def reactions(of: str, *some: str) -> str:
    inner = "".join(f"<reaction>{one}</reaction>" for one in some)
    return f"<reactions xmlns='urn:xmpp:reactions:0' id={quoteattr(of)}>{inner}</reactions>"


def room_id(stanza: Element) -> str:
    found = stanza.find(muc.STANZA_ID)
    assert found is not None
    return found.get("id", "")


async def shown(verona: InVerona, tag: str) -> Element:
    """The next stanza in the room with such an element."""
    return await verona.app.expect(lambda s: bare(s) == verona.room and s.find(tag) is not None, what=tag)


def named(stanza: Element, tag: str) -> str:
    found = stanza.find(tag)
    assert found is not None
    return found.get("id", "")


async def heard(verona: InVerona, text: str) -> Said:
    """What Romeo has said, as it is on the room's own network."""

    def there(state: ChatState) -> bool:
        return any(said.text == text for said in state.messages)

    state = await verona.play.world.until(verona.chat, there)
    return next(said for said in state.messages if said.text == text)


async def said_by_romeo(verona: InVerona, text: str = "But soft!", id: str = "m1") -> Element:
    await verona.enter()
    muc.say(verona.app, verona.room, text, id)
    return await muc.said(verona.app, verona.room, text)


async def said_by_juliet(verona: InVerona, text: str = "Ay me!") -> tuple[str, Element]:
    await verona.enter()
    id = await verona.says("juliet", text)
    return id, await muc.said(verona.app, verona.room, text)


async def test_ones_own_correction_names_the_first_id_and_crosses(verona: InVerona) -> None:
    await said_by_romeo(verona, "first")
    for number, text in enumerate(("second", "third")):
        send(verona, f"c{number}", correction("m1", text))
        echo = await shown(verona, REPLACE)
        assert (echo.get("id"), body(echo), named(echo, REPLACE)) == (f"c{number}", text, "m1")
        assert echo.get("from") == f"{verona.room}/Romeo"

    said = await heard(verona, "third")
    assert (said.author, said.edited) == ("romeo", 2)
    assert (await verona.enter()).texts == ["third"]


async def test_anothers_correction_names_what_the_app_has(verona: InVerona) -> None:
    id, first = await said_by_juliet(verona)
    for text in ("Ay!", "O Romeo!"):
        await verona.play.world.edits("juliet", verona.chat, id, text)
        corrected = await shown(verona, REPLACE)
        assert (body(corrected), named(corrected, REPLACE)) == (text, first.get("id"))
        assert corrected.get("from") == f"{verona.room}/Juliet"

    assert (await verona.enter()).texts == ["O Romeo!"]


async def test_what_one_wrote_here_and_corrects_in_another_app_names_the_first_id(verona: InVerona) -> None:
    await said_by_romeo(verona)
    there = await heard(verona, "But soft!")
    await verona.play.world.edits("romeo", verona.chat, there.id, "But hush!")

    corrected = await shown(verona, REPLACE)
    assert (body(corrected), named(corrected, REPLACE)) == ("But hush!", "m1")
    assert corrected.get("from") == f"{verona.room}/Romeo"


async def test_nobody_corrects_or_retracts_what_another_has_said(verona: InVerona) -> None:
    _, first = await said_by_juliet(verona)
    send(verona, "c1", correction(first.get("id", ""), "Go away!"))
    send(verona, "r1", retraction(room_id(first)))

    for id in ("c1", "r1"):
        answer = await verona.app.expect(lambda s, id=id: s.get("id") == id and s.get("type") == "error")
        assert error_of(answer) == ("forbidden", "Only the author of a message can change it.")
    assert [said.text for said in (await verona.play.world.state(verona.chat)).visible] == ["Ay me!"]


async def test_ones_own_retraction_crosses_and_names_the_rooms_id(verona: InVerona) -> None:
    """In both versions of XEP-0424."""
    for number in range(2):
        first = await said_by_romeo(verona, f"line {number}", f"m{number}")
        await heard(verona, f"line {number}")
        inner = retraction(room_id(first))
        if number:
            inner = (
                f"<apply-to xmlns='urn:xmpp:fasten:0' id={quoteattr(room_id(first))}>"
                "<retract xmlns='urn:xmpp:message-retract:0'/></apply-to>"
            )
        send(verona, f"r{number}", inner)

        echo = await shown(verona, RETRACT)
        assert (echo.get("id"), named(echo, RETRACT)) == (f"r{number}", room_id(first))
        assert echo.get("from") == f"{verona.room}/Romeo"
        await verona.play.world.until(verona.chat, lambda state: not state.visible)
    assert (await verona.enter()).texts == []


async def test_anothers_retraction_names_the_rooms_id(verona: InVerona) -> None:
    id, first = await said_by_juliet(verona)
    await verona.play.world.retracts("juliet", verona.chat, id)

    retracted = await shown(verona, RETRACT)
    assert (named(retracted, RETRACT), retracted.get("from")) == (room_id(first), f"{verona.room}/Juliet")
    assert retracted.find(f".//{MODERATED}") is None
    assert retracted.find(muc.OCCUPANT_ID).attrib == first.find(muc.OCCUPANT_ID).attrib  # type: ignore[union-attr]
    assert (await verona.enter()).texts == []


async def test_what_one_wrote_here_and_retracts_in_another_app_is_named_by_the_rooms_id(verona: InVerona) -> None:
    first = await said_by_romeo(verona)
    there = await heard(verona, "But soft!")
    await verona.play.world.retracts("romeo", verona.chat, there.id)

    assert named(await shown(verona, RETRACT), RETRACT) == room_id(first)


async def test_what_a_moderator_removes_the_room_takes_back(verona: InVerona) -> None:
    """XEP-0425 #moderator-retracts-message: from the room, by whom."""
    first = await said_by_romeo(verona)
    there = await heard(verona, "But soft!")
    await verona.play.world.retracts("juliet", verona.chat, there.id)

    removed = await shown(verona, RETRACT)
    assert (named(removed, RETRACT), removed.get("from"), body(removed)) == (
        room_id(first),
        verona.room,
        "A message was removed.",
    )
    by = removed.find(f"{RETRACT}/{MODERATED}")
    assert by is not None
    assert by.get("by") == f"{verona.room}/Juliet"
    assert by.find(muc.OCCUPANT_ID) is not None
    assert (await verona.enter()).texts == []


async def test_a_long_message_is_retracted_in_all_its_parts(verona: InVerona) -> None:
    await verona.enter()
    text = "".join(f"{number:07d} " for number in range(20_000))
    id = await verona.says("juliet", text)
    parts: list[Element] = []
    while sum(len(body(part)) for part in parts) < len(text):
        parts.append(await verona.app.expect(lambda s: bare(s) == verona.room and bool(body(s))))
    await verona.play.world.retracts("juliet", verona.chat, id)

    assert len(parts) > 1
    assert [named(await shown(verona, RETRACT), RETRACT) for _ in parts] == [room_id(part) for part in parts]


async def test_ones_reactions_cross_and_name_the_rooms_id(verona: InVerona) -> None:
    """To what one wrote oneself and to what another did: the whole set each time."""
    own, (_, anothers) = await said_by_romeo(verona), await said_by_juliet(verona)
    await heard(verona, "But soft!")
    for first in (own, anothers):
        for number, some in enumerate((["👍"], ["👍", "🌹"], [])):
            id = f"x{number} {body(first)}"
            send(verona, id, reactions(room_id(first), *some))
            echo = await shown(verona, REACTIONS)
            assert (echo.get("id"), named(echo, REACTIONS)) == (id, room_id(first))
            assert [one.text for one in echo.iter(REACTION)] == some
            await there_are(verona, body(first), {"romeo": some} if some else {})


async def there_are(verona: InVerona, text: str, wanted: dict[str, list[str]]) -> None:
    """Return when these are the reactions on the room's own network."""

    def so(state: ChatState) -> bool:
        return next(said for said in state.visible if said.text == text).reactions == wanted

    await verona.play.world.until(verona.chat, so)


async def test_anothers_reactions_name_the_rooms_id(verona: InVerona) -> None:
    own, (there, anothers) = await said_by_romeo(verona), await said_by_juliet(verona)
    for id, first in (((await heard(verona, "But soft!")).id, own), (there, anothers)):
        for some in (["👍", "🌹"], []):
            await verona.play.world.reacts("nurse", verona.chat, id, *some)
            reacted = await shown(verona, REACTIONS)
            assert (named(reacted, REACTIONS), reacted.get("from")) == (room_id(first), f"{verona.room}/Nurse")
            assert [one.text for one in reacted.iter(REACTION)] == some


async def test_what_nobody_knows_cannot_be_changed(verona: InVerona) -> None:
    await verona.enter()
    send(verona, "c1", correction("never", "x"))
    send(verona, "r1", retraction("never"))
    send(verona, "x1", reactions("never", "👍"))

    for id in ("c1", "r1", "x1"):
        answer = await verona.app.expect(lambda s, id=id: s.get("id") == id and s.get("type") == "error")
        assert error_of(answer)[0] == "item-not-found"


async def test_too_many_reactions_and_forged_names_disturb_nobody(verona: InVerona) -> None:
    """A thousand reactions are refused; the names that only the room gives are its own."""
    _, first = await said_by_juliet(verona)
    send(verona, "x1", reactions(room_id(first), *(str(number) for number in range(1_000))))
    send(verona, "x2", reactions(room_id(first), "👍" * 1_000))
    errors = [await verona.app.expect(lambda s: s.get("type") == "error") for _ in range(2)]
    forged = f"<stanza-id xmlns='urn:xmpp:sid:0' by={quoteattr(verona.room)} id='forged'/>"
    send(verona, "m2", f"<body>hi</body>{forged}<occupant-id xmlns='urn:xmpp:occupant-id:0' id='forged'/>")
    echo = await muc.said(verona.app, verona.room, "hi")
    await heard(verona, "hi")

    assert {one.get("id"): error_of(one)[0] for one in errors} == {"x1": "not-acceptable", "x2": "not-acceptable"}
    ids = [one.get("id") for tag in (muc.STANZA_ID, muc.OCCUPANT_ID) for one in echo.iter(tag)]
    assert len(ids) == 2
    assert "forged" not in ids
