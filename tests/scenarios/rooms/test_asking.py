"""What may be asked of a room, of those in it, and of the gateway about rooms."""

from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import error_of

RSM = "{http://jabber.org/protocol/rsm}"


async def test_ones_own_ping_tells_whether_one_is_in(verona: InVerona) -> None:
    me = f"{verona.room}/Romeo"
    assert await muc.ping(verona.app, me) == "not-acceptable"
    await verona.enter()

    assert await muc.ping(verona.app, me) == ""
    assert await muc.ping(verona.app, f"{verona.room}/Juliet") == "service-unavailable"
    assert await muc.ping(verona.app, f"{verona.room}/Mercutio") == "item-not-found"
    async with verona.play.on_stage("romeo") as other:
        assert await muc.ping(other, me) == "not-acceptable"


async def test_a_room_says_what_it_is(verona: InVerona) -> None:
    await verona.enter()
    answer = await verona.app.iq(verona.room, "get", f"<query xmlns='{muc.INFO}'/>")

    identity = answer.find(f".//{{{muc.INFO}}}identity")
    assert identity is not None
    assert identity.attrib == {"category": "conference", "type": "text", "name": "Verona"}
    features = {one.get("var") for one in answer.iter(f"{{{muc.INFO}}}feature")}
    assert {"http://jabber.org/protocol/muc", "urn:xmpp:occupant-id:0", "urn:xmpp:sid:0", "vcard-temp"} <= features
    card = await verona.app.iq(verona.room, "get", "<vCard xmlns='vcard-temp'/>")
    assert card.findtext(".//{vcard-temp}FN") == "Verona"
    fields = {field.get("var"): field.findtext("{jabber:x:data}value") for field in answer.iter("{jabber:x:data}field")}
    assert fields == {
        "FORM_TYPE": "http://jabber.org/protocol/muc#roominfo", "muc#roominfo_subject": "A feud",
        "muc#roomconfig_roomname": "Verona", "muc#roominfo_occupants": "3", "muc#roominfo_description": "A feud",
        "muc#roominfo_subjectmod": "1", "muc#roominfo_contactjid": f"juliet@{MEMORY}",
    }  # fmt: skip


async def test_a_stranger_learns_nothing(verona: InVerona) -> None:
    async with verona.play.on_stage(f"paris-{verona.app.bare[6:20]}") as paris:
        for payload in (
            f"<query xmlns='{muc.INFO}'/>",
            f"<query xmlns='{muc.ITEMS}'/>",
            "<vCard xmlns='vcard-temp'/>",
            "<ping xmlns='urn:xmpp:ping'/>",
        ):
            assert error_of(await paris.iq(verona.room, "get", payload))[0] == "item-not-found"
        assert (await muc.items(paris, MEMORY))[0] == []


async def test_an_occupant_has_a_card_and_nothing_else(verona: InVerona) -> None:
    juliet, card = f"{verona.room}/Juliet", "<vCard xmlns='vcard-temp'/>"
    assert error_of(await verona.app.iq(juliet, "get", card))[0] == "not-acceptable"
    await verona.enter()

    assert (await verona.app.iq(juliet, "get", card)).findtext(".//{vcard-temp}NICKNAME") == "Juliet"
    assert error_of(await verona.app.iq(f"{verona.room}/Paris", "get", card))[0] == "item-not-found"
    for kind, payload in (("set", card), ("get", "<query xmlns='jabber:iq:version'/>")):
        assert error_of(await verona.app.iq(juliet, kind, payload))[0] == "service-unavailable"


async def test_many_rooms_are_listed_page_by_page(verona: InVerona) -> None:
    for number in range(5):
        await verona.play.world.chat(f"r{number}", "romeo", name=f"Room {number}", alias=f"#r{number}")
    await muc.listed(verona.app, MEMORY, f"#r4@{MEMORY}")
    rooms, after = [], ""
    while True:
        page = f"<set xmlns='http://jabber.org/protocol/rsm'><max>2</max><after>{after}</after></set>"
        some, answer = await muc.items(verona.app, MEMORY, page)
        rooms += some
        after = answer.findtext(f".//{RSM}last", "")
        if not some:
            break

    branches = [(MEMORY, "Public rooms"), (MEMORY, "Your spaces")]
    assert rooms == [*((f"#r{n}@{MEMORY}", f"Room {n}") for n in range(5)), (verona.room, "Verona"), *branches]
    assert answer.findtext(f".//{RSM}count") == "8"
