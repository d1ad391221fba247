"""Whoever keeps order in a room does it by means of XEP-0045; what comes of it all see, on both sides."""

from xml.etree.ElementTree import Element

from bridge.testing.wire import Goes, Ranks
from tests.conftest import ANY_SERVER
from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import error_of

pytestmark = ANY_SERVER
ADMIN = "http://jabber.org/protocol/muc#admin"


async def wish(verona: InVerona, *items: str, kind: str = "set") -> tuple[str, str]:
    """Condition and text of the error; empty if it was done."""
    return error_of(await asked(verona, *items, kind=kind))


async def asked(verona: InVerona, *items: str, kind: str = "set") -> Element:
    return await verona.app.iq(verona.room, kind, f"<query xmlns='{ADMIN}'>{''.join(items)}</query>")


async def rank(verona: InVerona, person: str, rank: str) -> None:
    await verona.play.world.do(Ranks(person=person, chat=verona.chat, rank=rank))


async def shown(verona: InVerona, nick: str, kind: str | None = None) -> tuple[str, str, set[int], str, str]:
    """The next presence of somebody: affiliation, role, statuses, who did it and why."""
    full = f"{verona.room}/{nick}"
    stanza = await verona.app.expect(
        lambda s: s.get("from") == full and muc.is_presence(s, verona.room, kind), what=f"presence of {nick}"
    )
    item = stanza.find(f".//{muc.USER}item")
    assert item is not None
    actor = item.find(f"{muc.USER}actor")
    return (
        item.get("affiliation", ""), item.get("role", ""), muc.statuses(stanza),
        "" if actor is None else actor.get("nick", ""), item.findtext(f"{muc.USER}reason", ""),
    )  # fmt: skip


async def romeo_owns_it(verona: InVerona) -> None:
    await rank(verona, "romeo", "owner")
    await rank(verona, "juliet", "member")


async def test_an_owner_removes_appoints_and_bans(verona: InVerona) -> None:
    await romeo_owns_it(verona)
    await verona.enter()

    assert await wish(verona, "<item nick='Nurse' role='none'><reason>Anon</reason></item>") == ("", "")
    assert await shown(verona, "Nurse", "unavailable") == ("none", "none", {307}, "Romeo", "Anon")
    assert await wish(verona, "<item nick='Juliet' affiliation='admin'/>") == ("", "")
    assert await shown(verona, "Juliet") == ("admin", "moderator", set(), "", "")
    assert await wish(verona, f"<item jid='juliet@{MEMORY}' affiliation='member'/>") == ("", "")
    assert await shown(verona, "Juliet") == ("member", "participant", set(), "", "")
    for role, seen in (("moderator", "moderator"), ("participant", "participant"), ("visitor", "visitor")):
        assert await wish(verona, f"<item nick='Juliet' role='{role}'/>") == ("", "")
        assert (await shown(verona, "Juliet"))[1] == seen
    assert await wish(verona, "<item nick='Juliet' affiliation='outcast'><reason>Ban</reason></item>") == ("", "")
    assert await shown(verona, "Juliet", "unavailable") == ("outcast", "none", {301}, "Romeo", "Ban")

    state = await verona.play.world.state(verona.chat)
    assert (state.members, state.banned) == (["romeo"], ["juliet"])
    [outcast] = (await asked(verona, "<item affiliation='outcast'/>", kind="get")).iter(f"{{{ADMIN}}}item")
    assert outcast.attrib == {"affiliation": "outcast", "jid": f"juliet@{MEMORY}"}
    assert await wish(verona, f"<item jid='juliet@{MEMORY}' affiliation='none'/>") == ("", "")
    assert (await verona.play.world.state(verona.chat)).banned == []
    assert await wish(verona, f"<item jid='juliet@{MEMORY}' affiliation='member'/>") == ("", "")
    assert (await verona.play.world.state(verona.chat)).invited == ["juliet"]
    [owner, *_] = (await asked(verona, "<item affiliation='owner'/>", kind="get")).iter(f"{{{ADMIN}}}item")
    assert owner.attrib == {"affiliation": "owner", "jid": verona.app.jid.partition("/")[0], "nick": "Romeo"}
    [moderator] = (await asked(verona, "<item role='moderator'/>", kind="get")).iter(f"{{{ADMIN}}}item")
    assert (moderator.get("nick"), moderator.get("role")) == ("Romeo", "moderator")
    members = (await asked(verona, "<item affiliation='member'/>", kind="get")).iter(f"{{{ADMIN}}}item")
    assert [one.get("jid") for one in members] == [f"juliet@{MEMORY}"]


async def test_who_may_not_is_told_so_and_nothing_happens(verona: InVerona) -> None:
    """The answer of the network, where it is asked; else what XEP-0045 forbids."""
    assert (await wish(verona, "<item nick='Juliet' role='none'/>"))[0] == "not-acceptable"
    await verona.enter()

    assert await wish(verona, "<item nick='Nurse' role='none'/>") == (
        "forbidden", "You are not allowed to remove people in this room.",
    )  # fmt: skip
    assert (await wish(verona, "<item nick='Nurse' affiliation='owner'/>"))[0] == "forbidden"
    assert (await wish(verona, "<item affiliation='outcast'/>", kind="get"))[0] == "forbidden"
    await rank(verona, "romeo", "admin")
    await shown(verona, "Romeo")
    table = {
        "<item nick='Romeo' role='none'/>": "conflict",
        "<item nick='Romeo' affiliation='outcast'/>": "conflict",
        "<item nick='Juliet' affiliation='outcast'/>": "not-allowed",  # an owner
        "<item nick='Juliet' role='none'/>": "not-allowed",
        "<item nick='Nobody' role='none'/>": "item-not-found",
        "<item jid='paris@elsewhere.example' affiliation='outcast'/>": "item-not-found",
        "<item jid='' affiliation='outcast'/>": "bad-request",
        "<item role='none'/>": "bad-request",
        "<item nick='Nurse'/>": "bad-request",
        "<item nick='Nurse' role='none' affiliation='outcast'/>": "bad-request",
        "<item nick='Nurse' role='king'/>": "bad-request",
        "<item nick='Nurse' affiliation='visitor'/>": "bad-request",
        f"<item nick='Nurse' jid='juliet@{MEMORY}' role='none'/>": "bad-request",
        f"<item jid='mercutio@{MEMORY}' role='visitor'/>": "item-not-found",
        f"<item jid='mercutio@{MEMORY}' affiliation='none'/>": "item-not-found",  # the network's own words
        "<item nick='Nurse' affiliation='owner'/>": "item-not-found",  # more than one may oneself
        "": "bad-request",
        "<item nick='Nurse' role='none'/>" * 51: "bad-request",
        "<item nick='Nurse' role='none'/><item nick='Nobody' role='none'/>": "item-not-found",  # nothing is done
    }
    found = {item: (await wish(verona, item))[0] for item in table}
    assert found == table
    assert (await verona.play.world.state(verona.chat)).members == ["juliet", "nurse", "romeo"]
    assert (await wish(verona, "<item affiliation='owner'/><item affiliation='admin'/>", kind="get"))[
        0
    ] == "bad-request"


async def test_the_only_owner_stays_one(verona: InVerona) -> None:
    await romeo_owns_it(verona)
    await verona.enter()

    assert (await wish(verona, "<item nick='Romeo' affiliation='member'/>"))[0] == "conflict"


async def test_who_is_removed_there_is_out_here_and_hears_why(verona: InVerona) -> None:
    await verona.enter()
    await verona.play.world.do(Goes(person="nurse", chat=verona.chat, by="juliet", reason="late"))
    assert await shown(verona, "Nurse", "unavailable") == ("none", "none", {307}, "Juliet", "late")
    await verona.play.world.do(Goes(person="romeo", chat=verona.chat, by="juliet", ban=True, reason="the feud"))

    assert await shown(verona, "Romeo", "unavailable") == ("outcast", "none", {110, 301}, "Juliet", "the feud")
    assert (await muc.refused(verona.app, verona.room, "Romeo"))[0] == "item-not-found"


async def test_what_people_may_do_there_is_what_they_are_here(verona: InVerona) -> None:
    entered = await verona.enter()
    assert [one.find(f".//{muc.USER}item").get("affiliation") for one in entered.others] == ["owner", "member"]  # type: ignore[union-attr]
    for rank_there, here in (
        ("admin", ("admin", "moderator")), ("moderator", ("member", "moderator")),
        ("visitor", ("member", "visitor")), ("owner", ("owner", "moderator")),
    ):  # fmt: skip
        await rank(verona, "nurse", rank_there)
        assert (await shown(verona, "Nurse"))[:2] == here
    await rank(verona, "romeo", "moderator")
    assert (await shown(verona, "Romeo"))[:3] == ("member", "moderator", {110})
