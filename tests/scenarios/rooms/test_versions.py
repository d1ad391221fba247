"""Affiliations with versions (XEP-0463): who knows a version is told what is new, whoever else everything."""

from xml.etree.ElementTree import Element
from xml.sax.saxutils import quoteattr

from bridge.testing.wire import Goes, Invites, Ranks
from tests.conftest import ANY_SERVER
from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import CLIENT, bare

pytestmark = ANY_SERVER
VERSIONS = "urn:xmpp:muc:affiliations:1"
ITALY = f"#italy@{MEMORY}"


def versions(stanza: Element) -> tuple[str, str]:
    found = stanza.find(f".//{{{VERSIONS}}}mav")
    return (found.get("since", ""), found.get("until", "")) if found is not None else ("", "")


def people(stanza: Element) -> dict[str, str]:
    items = stanza.iter(f"{muc.USER}item")
    return {item.get("jid", "").partition("@")[0]: item.get("affiliation", "") for item in items}


async def enter(verona: InVerona, since: str | None, room: str = "") -> tuple[list[Element], str]:
    """The room, anew; the messages before all presences, and the version of one's own presence."""
    room = room or verona.room
    muc.leave(verona.app, room, "Romeo")
    known = f" since={quoteattr(since)}" if since is not None else ""
    begin = len(verona.app.received)
    entered = await muc.enter(verona.app, room, "Romeo", f"<mav xmlns='{VERSIONS}'{known}/>")
    heard = [one for one in verona.app.received[begin:] if bare(one) == room and one.get("type") != "unavailable"]
    first = next(number for number, one in enumerate(heard) if one.tag == f"{CLIENT}presence")
    assert entered.own is not None
    return heard[:first], versions(entered.own)[1]


async def heard(verona: InVerona) -> tuple[dict[str, str], tuple[str, str]]:
    """The next message or presence that tells of a change."""
    stanza = await verona.app.expect(
        lambda s: bare(s) == verona.room and all(versions(s)), what="a change of affiliations"
    )
    return people(stanza), versions(stanza)


async def announced(verona: InVerona, room: str) -> bool:
    answer = await verona.app.iq(room, "get", f"<query xmlns='{muc.INFO}'/>")
    return any(one.get("var") == VERSIONS for one in answer.iter(f"{{{muc.INFO}}}feature"))


async def test_who_knows_a_version_is_told_what_is_new(verona: InVerona) -> None:
    world, me = verona.play.world, verona.app.jid.partition("@")[0]
    await world.people("tybalt", "paris")
    await world.do(Goes(person="tybalt", chat=verona.chat, ban=True))
    await world.do(Ranks(person="romeo", chat=verona.chat, rank="admin"))
    [whole], first = await enter(verona, None)
    assert people(whole) == {me: "admin", "juliet": "owner", "nurse": "member", "tybalt": "outcast"}
    assert versions(whole) == ("", first)
    assert await announced(verona, verona.room)
    muc.leave(verona.app, verona.room, "Romeo")
    assert await announced(verona, verona.room)  # also when nobody is in it
    assert await enter(verona, first) == ([], first)
    for nonsense in ("", "nonsense", "x" * 2_000, "\"'<&"):
        [again], version = await enter(verona, nonsense)
        assert (people(again), versions(again), version) == (people(whole), ("", first), first)

    # Each change is told with the versions around it, of who is there and of who is not.
    async with verona.play.on_stage("romeo") as other:
        await verona.enter(other)  # somebody is in the room, so what is new is known
        known = first
        for change, told in (
            (Invites(person="juliet", chat=verona.chat, whom="paris"), {"paris": "member"}),
            (Goes(person="tybalt", chat=verona.chat, by="juliet"), None),  # who is banned cannot go
            (Ranks(person="nurse", chat=verona.chat, rank="admin"), {"nurse": "admin"}),
            (Goes(person="paris", chat=verona.chat, ban=True, by="juliet"), {"paris": "outcast"}),
        ):  # fmt: skip
            await world.do(change)
            if told is not None:
                now, (since, until) = await heard(verona)
                assert (now, since) == (told, known)
                known = until
        muc.leave(verona.app, verona.room, "Romeo")
        await world.do(Goes(person="nurse", chat=verona.chat))
        await other.expect(lambda s: muc.is_presence(s, verona.room, "unavailable") and muc.nick(s) == "Nurse")
        [new], version = await enter(verona, known)
        assert (people(new), versions(new)) == ({"nurse": "none"}, (known, version))
        [new], version = await enter(verona, first)
        assert (people(new), versions(new)) == ({"nurse": "none", "paris": "outcast"}, (first, version))

    # Who does not keep order may not know who is banned, and is told the rest.
    await world.do(Ranks(person="romeo", chat=verona.chat, rank="member"))
    await verona.app.expect(lambda s: muc.is_presence(s, verona.room) and people(s) == {me: "member"})
    [whole], version = await enter(verona, None)
    assert (people(whole), versions(whole)) == ({me: "member", "juliet": "owner"}, ("", version))


async def test_a_large_room_has_no_versions(verona: InVerona) -> None:
    """Not everybody is shown there, so changes are not told of all."""
    names = [f"p{number}" for number in range(300)]
    await verona.play.world.chat("italy", "juliet", *names, "romeo", name="Italy", alias="#italy")
    await muc.listed(verona.app, MEMORY, ITALY)
    assert await enter(verona, "nonsense", ITALY) == ([], "")
    assert not await announced(verona, ITALY)
    muc.leave(verona.app, ITALY, "Romeo")
    assert not await announced(verona, ITALY)
