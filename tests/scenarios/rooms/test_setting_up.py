"""A room's form (XEP-0045 #roomconfig): who may read it, what it does, and what it says to nonsense."""

from xml.etree.ElementTree import Element

from bridge.contract import Past, Rank
from bridge.testing.wire import Ranks
from tests.conftest import ANY_SERVER
from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc
from tests.support.xmpp_client import error_of

pytestmark = ANY_SERVER
OWNER = "http://jabber.org/protocol/muc#owner"
CONFIG = "http://jabber.org/protocol/muc#roomconfig"
FIELD, VALUE = "{jabber:x:data}field", "{jabber:x:data}value"


def field(name: str, *values: str) -> str:
    return f"<field var='{name}'>{''.join(f'<value>{value}</value>' for value in values)}</field>"


async def submit(verona: InVerona, *fields: str, kind: str = "submit") -> tuple[str, str]:
    form = f"<x xmlns='jabber:x:data' type='{kind}'>{field('FORM_TYPE', CONFIG)}{''.join(fields)}</x>"
    return error_of(await verona.app.iq(verona.room, "set", f"<query xmlns='{OWNER}'>{form}</query>"))


async def asked(verona: InVerona) -> Element:
    return await verona.app.iq(verona.room, "get", f"<query xmlns='{OWNER}'/>")


async def features(verona: InVerona) -> set[str]:
    answer = await verona.app.iq(verona.room, "get", f"<query xmlns='{muc.INFO}'/>")
    return {one.get("var", "") for one in answer.iter(f"{{{muc.INFO}}}feature")}


async def owned(verona: InVerona) -> None:
    entered = await verona.enter()
    await verona.play.world.do(Ranks(person="romeo", chat=verona.chat, rank="owner"))
    await verona.app.expect(lambda s: s.get("from") == f"{verona.room}/{entered.nick}", what="one's own presence")


async def test_an_owner_sets_it_up_and_everybody_is_told(verona: InVerona) -> None:
    await owned(verona)
    form = {one.get("var"): one.findtext(VALUE) for one in (await asked(verona)).iter(FIELD)}
    assert form == {
        "FORM_TYPE": CONFIG, "muc#roomconfig_roomname": "Verona", "muc#roomconfig_roomdesc": "A feud",
        "muc#roomconfig_membersonly": "0", "muc#roomconfig_moderatedroom": "0", "muc#roomconfig_changesubject": "1",
        "muc#roomconfig_allowinvites": "1", "{urn:landbridge}past": "members", "muc#roomconfig_persistentroom": "1",
        "muc#roomconfig_whois": "anyone",
    }  # fmt: skip
    assert {"muc_open", "muc_unmoderated", "muc_hidden", "muc_persistent"} <= await features(verona)

    given = {
        "muc#roomconfig_roomname": "Fair Verona", "muc#roomconfig_roomdesc": "Two households",
        "muc#roomconfig_membersonly": "1", "muc#roomconfig_moderatedroom": "true",
        "muc#roomconfig_changesubject": "0", "{urn:landbridge}past": "joined", "muc#roomconfig_persistentroom": "1",
    }  # fmt: skip
    assert await submit(verona, *(field(*one) for one in given.items())) == ("", "")

    await verona.app.expect(lambda s: muc.is_subject(s) and s.findtext("{jabber:client}subject") == "Two households")
    changed = await verona.app.expect(lambda s: 104 in muc.statuses(s), what="status 104")
    assert (changed.get("from"), changed.get("type")) == (verona.room, "groupchat")
    state = await verona.play.world.state(verona.chat)
    rules = state.rules
    assert (state.name, state.subject) == ("Fair Verona", "Two households")
    assert (rules.open, rules.moderated, rules.subject, rules.invites, rules.past) == (
        False, True, Rank.MODERATOR, Rank.MEMBER, Past.JOINED,
    )  # fmt: skip
    assert {"muc_membersonly", "muc_moderated"} <= await features(verona)
    nurse = await verona.app.expect(lambda s: s.get("from") == f"{verona.room}/Nurse")
    assert nurse.find(f".//{muc.USER}item").get("role") == "visitor"  # type: ignore[union-attr]


async def test_where_everybody_can_read_what_is_said_people_are_warned(verona: InVerona) -> None:
    """XEP-0045 #enter-logging, #roomconfig-notify; and only there."""
    await owned(verona)
    for past, status in (("members", 0), ("anybody", 170), ("joined", 171), ("anybody", 170)):
        begin = len(verona.app.received)
        assert await submit(verona, field("{urn:landbridge}past", past)) == ("", "")
        if status:
            await verona.app.expect(lambda s: status in muc.statuses(s), what=f"status {status}")  # noqa: B023
        told = [one for one in verona.app.received[begin:] if muc.statuses(one) & {170, 171}]
        assert [muc.statuses(one) for one in told] == ([{status}] if status else [])
        assert (await verona.enter()).statuses == {100, 110, *([170] if status == 170 else [])}


async def test_nonsense_is_refused_in_words_and_changes_nothing(verona: InVerona) -> None:
    assert error_of(await asked(verona))[0] == "not-acceptable"
    await verona.enter()
    for answer in (error_of(await asked(verona)), await submit(verona, field("muc#roomconfig_roomname", "Mine"))):
        assert answer == ("forbidden", "Only owners and administrators of this room can set it up.")
    await owned(verona)

    table = {
        field("muc#roomconfig_roomnmae", "X"): "not-acceptable",
        field("muc#roomconfig_roomname", "X", "Y"): "not-acceptable",
        field("muc#roomconfig_roomname", "X") + field("muc#roomconfig_roomname", "Y"): "not-acceptable",
        field("muc#roomconfig_roomname", "X") + field("muc#roomconfig_membersonly", "maybe"): "not-acceptable",
        field("muc#roomconfig_roomname", "x" * 1_001): "not-acceptable",
        field("muc#roomconfig_persistentroom", "0"): "not-acceptable",
        field("muc#roomconfig_whois", "moderators"): "not-acceptable",
        field("{urn:landbridge}past", "never"): "not-acceptable",
        field("FORM_TYPE", "http://jabber.org/protocol/muc#register"): "bad-request",
        field("x", "y") * 101: "bad-request",
        "": "",  # an instant room: as it is (XEP-0045 #createroom-instant)
    }
    assert {fields: (await submit(verona, fields))[0] for fields in table} == table
    assert (await submit(verona, field("muc#roomconfig_roomname", "X"), kind="form"))[0] == "bad-request"
    assert await submit(verona, kind="cancel") == ("", "")
    for payload, condition in (("", "bad-request"), ("<destroy/>", "not-allowed")):
        answer = await verona.app.iq(verona.room, "set", f"<query xmlns='{OWNER}'>{payload}</query>")
        assert error_of(answer)[0] == condition
    state = await verona.play.world.state(verona.chat)
    assert (state.name, state.subject, state.rules.open) == ("Verona", "A feud", True)


async def test_the_answer_is_the_networks(verona: InVerona) -> None:
    await owned(verona)
    await verona.play.world.fault("reject", chat=verona.chat, reason="forbidden", text="The room's server says no.")

    assert await submit(verona, field("muc#roomconfig_roomname", "X")) == ("forbidden", "The room's server says no.")


CARD = "<vCard xmlns='vcard-temp'>{}</vCard>"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


async def test_an_owner_gives_the_room_a_picture_and_takes_it_away(verona: InVerona) -> None:
    await owned(verona)
    photo = f"<PHOTO><TYPE>image/png</TYPE><BINVAL>{PNG}</BINVAL></PHOTO>"
    assert error_of(await verona.app.iq(verona.room, "set", CARD.format(photo))) == ("", "")

    await verona.app.expect(lambda s: 104 in muc.statuses(s), what="status 104")
    card = await verona.app.iq(verona.room, "get", CARD.format(""))
    assert (card.findtext(".//{vcard-temp}BINVAL") or "").startswith("iVBOR")
    assert (await verona.play.world.state(verona.chat)).picture.startswith(b"\x89PNG")
    assert error_of(await verona.app.iq(verona.room, "set", CARD.format(""))) == ("", "")
    assert (await verona.play.world.state(verona.chat)).picture == b""


async def test_a_picture_that_is_none_or_of_somebody_without_right_is_refused(verona: InVerona) -> None:
    photo = "<PHOTO><TYPE>image/png</TYPE><BINVAL>{}</BINVAL></PHOTO>"
    assert error_of(await verona.app.iq(verona.room, "set", CARD.format(photo.format(PNG))))[0] == "not-acceptable"
    await verona.enter()
    table = {PNG: "forbidden", "§": "bad-request", "": "not-acceptable", "bm8gcGljdHVyZQ==": "not-acceptable"}
    found = {
        data: error_of(await verona.app.iq(verona.room, "set", CARD.format(photo.format(data))))[0] for data in table
    }
    assert found == table
    assert (await verona.play.world.state(verona.chat)).picture == b""
