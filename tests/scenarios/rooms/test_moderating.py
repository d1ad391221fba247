"""Whoever keeps order in a room takes back what others have said, on either side (XEP-0425)."""

from xml.etree.ElementTree import Element

from bridge.testing.wire import Comes, Goes
from tests.conftest import ANY_SERVER
from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc
from tests.support.xmpp_client import body, error_of

pytestmark = ANY_SERVER
RETRACT, MODERATED = "{urn:xmpp:message-retract:1}retract", "{urn:xmpp:message-moderate:1}moderated"
BEFORE = ("{urn:xmpp:fasten:0}apply-to", "{urn:xmpp:message-moderate:0}moderated")
NOW_IQ = (
    "<moderate xmlns='urn:xmpp:message-moderate:1' id='{id}'><retract xmlns='urn:xmpp:message-retract:1'/>"
    "<reason>spam</reason></moderate>"
)
BEFORE_IQ = (
    "<apply-to xmlns='urn:xmpp:fasten:0' id='{id}'><moderate xmlns='urn:xmpp:message-moderate:0'>"
    "<retract xmlns='urn:xmpp:message-retract:0'/><reason>spam</reason></moderate></apply-to>"
)


def named(stanza: Element) -> str:
    found = stanza.find(muc.STANZA_ID)
    assert found is not None
    return found.get("id", "")


async def romeo_owns_it(verona: InVerona) -> None:
    """The first in a room of the memory network is its owner."""
    for person in ("juliet", "nurse"):
        await verona.play.world.do(Goes(person=person, chat=verona.chat))
        await verona.play.world.do(Comes(person=person, chat=verona.chat))


async def test_a_moderator_there_is_shown_as_one_here_and_nobody_else_may(verona: InVerona) -> None:
    await verona.enter()
    target = await verona.says("nurse", "spam")
    shown = await muc.said(verona.app, verona.room, "spam")
    refused = await verona.app.iq(verona.room, "set", NOW_IQ.format(id=named(shown)))
    assert error_of(refused)[0] == "forbidden"
    assert (await verona.play.world.state(verona.chat)).texts == ["spam"]
    await verona.play.world.retracts("juliet", verona.chat, target)

    removed = await verona.app.expect(lambda s: s.find(RETRACT) is not None)
    now, before = removed.find(RETRACT), removed.find(BEFORE[0])
    assert now is not None
    assert before is not None
    by, by_before = now.find(MODERATED), before.find(BEFORE[1])
    assert by is not None
    assert by_before is not None
    assert (now.get("id"), before.get("id")) == (named(shown), named(shown))
    assert (by.get("by"), by_before.get("by")) == (f"{verona.room}/Juliet", f"{verona.room}/Juliet")
    assert (removed.get("from"), body(removed)) == (verona.room, "A message was removed.")
    assert (await verona.enter()).texts == []


async def test_a_moderator_here_removes_there(verona: InVerona) -> None:
    await romeo_owns_it(verona)
    entered = await verona.enter()
    await verona.says("nurse", "spam 1")
    first = named(await muc.said(verona.app, verona.room, "spam 1"))
    await verona.says("nurse", "spam 2")
    second = named(await muc.said(verona.app, verona.room, "spam 2"))

    answers = [
        await verona.app.iq(verona.room, "set", wish.format(id=id))
        for wish, id in ((NOW_IQ, first), (BEFORE_IQ, second), (NOW_IQ, "never-given"))
    ]

    await verona.play.world.until(verona.chat, lambda state: state.texts == [])
    removed = [await verona.app.expect(lambda s: s.find(RETRACT) is not None) for _ in range(2)]
    assert [error_of(one)[0] for one in answers] == ["", "", "item-not-found"]
    for stanza, id in zip(removed, (first, second), strict=True):
        retract = stanza.find(RETRACT)
        assert retract is not None
        by = retract.find(MODERATED)
        assert by is not None
        assert (retract.get("id"), by.get("by")) == (id, f"{verona.room}/{entered.nick}")
        assert retract.findtext("{urn:xmpp:message-retract:1}reason") == "spam"
