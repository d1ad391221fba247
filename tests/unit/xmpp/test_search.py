"""Search (XEP-0055), and rooms that one is not in as nodes (XEP-0030, XEP-0059)."""

from xml.etree.ElementTree import Element

import pytest

from bridge.contract import ChatId, Contact, ContactId, Listed, NetworkId, Reason, Refused, Unavailable
from bridge.hub.found import FoundRoom, FoundRooms
from bridge.xmpp.asked import Asked
from bridge.xmpp.chats import Addresses
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.features import answerers
from tests.support.asking import Scene
from tests.unit.xmpp.known import DOMAIN, ROMEO, Asking, AvatarsByHeart, KnownByHeart, ListsByHeart, RoomsByHeart

ITEMS, INFO = "http://jabber.org/protocol/disco#items", "http://jabber.org/protocol/disco#info"
RSM = "http://jabber.org/protocol/rsm"
SEARCH = "jabber:iq:search"
EVE = "eve@evil.example/x"


@pytest.fixture
def asking(addresses: Addresses, people: KnownByHeart, at_desk: Scene) -> Asking:
    def nobody(user: str, network: NetworkId, contact: ContactId) -> bool:
        return False

    rooms, lists = RoomsByHeart(), ListsByHeart()
    asked = Asked(people, at_desk.desk, rooms, rooms, lists, AvatarsByHeart(), at_desk.directory, nobody)
    return Asking(answerers(addresses, asked, "1"), addresses)


async def refused(asking: Asking, kind: str, payload: str, sender: str = f"{ROMEO}/x") -> StanzaError:
    with pytest.raises(StanzaError) as caught:
        await asking.ask(kind, payload, sender=sender)
    return caught.value


def form(**values: str) -> str:
    fields = "".join(f"<field var='{name}'><value>{value}</value></field>" for name, value in values.items())
    return f"<query xmlns='{SEARCH}'><x xmlns='jabber:x:data' type='submit'>{fields}</x></query>"


async def test_a_search_is_asked_for_by_form_and_by_fields(asking: Asking) -> None:
    answer = await asking.ask("get", f"<query xmlns='{SEARCH}'/>")

    assert answer.find(f"{{{SEARCH}}}query/{{{SEARCH}}}nick") is not None
    assert [one.get("var") for one in answer.iter("{jabber:x:data}field")] == ["FORM_TYPE", "nick"]


@pytest.mark.parametrize("by_form", [True, False])
async def test_people_are_found_with_their_addresses(asking: Asking, at_desk: Scene, by_form: bool) -> None:
    at_desk.directory.people_found = [
        Contact(ContactId("juliet"), "Juliet <C> & co"),
        Contact(ContactId("nameless")),
        Contact(ContactId("x" * 2_000), "too long to be written to"),
    ]
    asked = form(nick="jul") if by_form else f"<query xmlns='{SEARCH}'><nick>jul</nick></query>"

    answer = await asking.ask("set", asked)

    assert at_desk.directory.asked == [("jul",)]
    if by_form:
        items = [[one.findtext("{jabber:x:data}value") for one in item] for item in answer.iter("{jabber:x:data}item")]
    else:
        items = [[one.get("jid"), one.findtext(f"{{{SEARCH}}}nick")] for one in answer.iter(f"{{{SEARCH}}}item")]
    assert items == [[f"juliet@{DOMAIN}", "Juliet <C> & co"], [f"nameless@{DOMAIN}", "nameless"]]


async def test_nobody_is_found_without_an_error(asking: Asking) -> None:
    answer = await asking.ask("set", f"<query xmlns='{SEARCH}'><first>Rosa</first><last>Line</last></query>")

    assert len(answer[0]) == 0


@pytest.mark.parametrize(
    ("payload", "condition"),
    [
        (f"<query xmlns='{SEARCH}'/>", "not-acceptable"),
        (f"<query xmlns='{SEARCH}'><nick>  </nick></query>", "not-acceptable"),
        (f"<query xmlns='{SEARCH}'><nick>{'x' * 301}</nick></query>", "not-acceptable"),
        (form(nick=""), "not-acceptable"),
        (form(colour="red"), "not-acceptable"),
        (form(nick="x", colour="red"), "not-acceptable"),
        (f"<query xmlns='{SEARCH}'><x xmlns='jabber:x:data' type='form'/></query>", "bad-request"),
    ],
)
async def test_a_search_that_is_none_is_refused(asking: Asking, at_desk: Scene, payload: str, condition: str) -> None:
    assert (await refused(asking, "set", payload)).condition == condition
    assert at_desk.directory.asked == []


async def test_who_may_not_search_is_told_so(asking: Asking, at_desk: Scene) -> None:
    for kind in ("get", "set"):
        assert (await refused(asking, kind, form(nick="x"), EVE)).condition == "forbidden"
    at_desk.directory.refuses = Refused("You are not logged in.", Reason.NOT_LOGGED_IN)
    assert (await refused(asking, "set", form(nick="x"))).condition == "registration-required"
    at_desk.directory.refuses = Unavailable("The homeserver is away.")
    assert (await refused(asking, "set", form(nick="x"))).condition == "remote-server-timeout"


def listed(answer: Element) -> list[tuple[str | None, str | None, str | None]]:
    return [(one.get("jid"), one.get("node"), one.get("name")) for one in answer.iter(f"{{{ITEMS}}}item")]


@pytest.mark.parametrize(
    ("node", "asked"),
    [
        ("rooms", ("", "")), ("rooms/elsewhere.example", ("", "elsewhere.example")), ("spaces", ("spaces",)),
        ("space/!x:y", ("!x:y",)),
    ],
)  # fmt: skip
async def test_rooms_and_spaces_are_nodes(asking: Asking, at_desk: Scene, node: str, asked: tuple[str, ...]) -> None:
    at_desk.directory.rooms_found = FoundRooms(
        [
            FoundRoom(Listed(ChatId("!1:y"), "Verona & co"), ChatId(f"#verona@{DOMAIN}")),
            FoundRoom(Listed(ChatId("!2:y"), "no address"), None),
            FoundRoom(Listed(ChatId("!s:y'\"<"), "Houses", space=True), None),
        ],
        "the next",
    )

    answer = await asking.ask("get", f"<query xmlns='{ITEMS}' node='{node}'/>")

    assert at_desk.directory.asked == [asked]
    assert listed(answer) == [
        (f"#verona@{DOMAIN}", None, "Verona & co"), (DOMAIN, "space/!s:y'\"<", "Houses"),
    ]  # fmt: skip
    assert answer.findtext(f".//{{{RSM}}}last") == "the next"
    info = await asking.ask("get", f"<query xmlns='{INFO}' node='{node}'/>")
    [identity] = info.iter(f"{{{INFO}}}identity")
    assert (identity.get("category"), identity.get("type")) == ("hierarchy", "branch")


async def test_the_next_page_begins_where_the_last_ended(asking: Asking, at_desk: Scene) -> None:
    asked = f"<set xmlns='{RSM}'><max>{{}}</max><after>the next</after></set>"

    answer = await asking.ask("get", f"<query xmlns='{ITEMS}' node='rooms'>{asked.format(10)}</query>")
    assert answer.find(f".//{{{RSM}}}last") is None
    assert answer.find(f".//{{{RSM}}}set") is not None
    await asking.ask("get", f"<query xmlns='{ITEMS}' node='rooms'>{asked.format(0)}</query>")

    assert len(at_desk.directory.asked) == 1


@pytest.mark.parametrize(
    ("node", "inside", "condition"),
    [
        ("rooms", "<max>-1</max>", "bad-request"),
        ("rooms", "<max>99999999999</max>", "bad-request"),
        ("rooms", "<before/>", "feature-not-implemented"),
        ("rooms", "<index>3</index>", "feature-not-implemented"),
        ("roomsx", "", "item-not-found"),
        ("space", "", "item-not-found"),
        ("space/" + "x" * 1_000, "", "item-not-found"),
    ],
)
async def test_pages_that_there_are_not(asking: Asking, at_desk: Scene, node: str, inside: str, condition: str) -> None:
    payload = f"<query xmlns='{ITEMS}' node='{node}'><set xmlns='{RSM}'>{inside}</set></query>"

    assert (await refused(asking, "get", payload)).condition == condition
    assert at_desk.directory.asked == []


async def test_others_see_no_rooms(asking: Asking, at_desk: Scene) -> None:
    assert (await refused(asking, "get", f"<query xmlns='{ITEMS}' node='rooms'/>", EVE)).condition == "item-not-found"
    assert at_desk.directory.asked == []


async def test_who_is_logged_in_finds_the_branches(asking: Asking, people: KnownByHeart) -> None:
    query = f"<query xmlns='{ITEMS}'/>"
    assert listed(await asking.ask("get", query)) == []
    people.with_account.add(ROMEO)

    assert listed(await asking.ask("get", query)) == [
        (DOMAIN, "rooms", "Public rooms"), (DOMAIN, "spaces", "Your spaces"),
    ]  # fmt: skip
