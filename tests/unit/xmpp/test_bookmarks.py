"""Bookmarks: what is put among them, and what is left as the user has it."""

from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import Element, fromstring

import pytest

from bridge.contract import ChatId, ContactId
from bridge.hub.facades import Room
from bridge.xmpp import bookmarks
from bridge.xmpp.bookmarks import Bookmarks
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.privilege import PUBSUB
from bridge.xmpp.requests import Requests
from tests.support.asking import NETWORK
from tests.unit.xmpp.known import DOMAIN, GATEWAY, ROMEO, ListsByHeart, RoomsByHeart

CAFE, CLUB = ChatId(f"#cafe%example.org@{DOMAIN}"), ChatId(f"!short@{DOMAIN}")
NODE = "urn:xmpp:bookmarks:1"
MINE = (
    f"<conference xmlns='{NODE}' name='Cafe' autojoin='false'><nick>Montague</nick>"
    "<extensions><state xmlns='urn:other' minimized='true'>a &lt; b</state></extensions></conference>"
)


@dataclass
class Account:
    """An account with bookmarks on a server, asked by privilege."""

    node: dict[str, Element] | None = None
    refuses: str = ""  # to publish, with this condition
    asked: list[str] = field(default_factory=list)
    published: list[Element] = field(default_factory=list)
    requests: Requests = field(init=False)

    def __post_init__(self) -> None:
        self.requests = Requests(DOMAIN, self.send)

    def send(self, stanza: str) -> bool:
        asked = fromstring(stanza)
        pubsub = asked[0][0][0]
        what = pubsub[0].tag.rpartition("}")[2]
        self.asked.append(what)
        answer = getattr(self, f"_{what}")(pubsub)
        kind = "error" if answer.startswith("<error") else "result"
        inner = f"<iq xmlns='jabber:client' type='{kind}'>{answer}</iq>"
        forwarded = f"<forwarded xmlns='urn:xmpp:forward:0'>{inner}</forwarded>"
        head = f"type='result' from='{asked.get('to')}' to='{DOMAIN}' id='{asked.get('id')}'"
        self.requests.answered(
            fromstring(f"<iq {head}><privilege xmlns='urn:xmpp:privilege:2'>{forwarded}</privilege></iq>")
        )
        return True

    def _items(self, pubsub: Element) -> str:
        if self.node is None:
            return _error("item-not-found")
        items = "".join(
            f"<item id='{jid}'>{bookmarks.ElementTree.tostring(c, 'unicode')}</item>" for jid, c in self.node.items()
        )
        return f"<pubsub xmlns='{PUBSUB}'><items node='{NODE}'>{items}</items></pubsub>"

    def _publish(self, pubsub: Element) -> str:
        if self.refuses:
            return _error(self.refuses)
        self.published.append(pubsub)
        item = pubsub[0][0]
        self.node = {**(self.node or {}), item.get("id", ""): item[0]}
        return ""

    def _retract(self, pubsub: Element) -> str:
        if self.node is None or self.node.pop(pubsub[0][0].get("id", ""), None) is None:
            return _error("item-not-found")
        return ""

    def shown(self) -> dict[str, tuple[str | None, str | None]]:
        return {jid: (c.get("name"), c.get("autojoin")) for jid, c in (self.node or {}).items()}


def _error(condition: str) -> str:
    return f"<error type='cancel'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"


@dataclass
class Scene:
    account: Account = field(default_factory=Account)
    rooms: RoomsByHeart = field(default_factory=RoomsByHeart)
    lists: ListsByHeart = field(default_factory=ListsByHeart)

    async def keep(self) -> None:
        await Bookmarks(GATEWAY, self.rooms, self.lists, self.account.requests).keep(ROMEO)

    def enters(self, jid: ChatId, name: str, *, encrypted: bool = False) -> None:
        self.rooms.known[jid] = Room(jid, NETWORK, name, "", encrypted)
        self.rooms.members[jid] = {ROMEO: ContactId("me")}


@pytest.fixture
def scene() -> Scene:
    made = Scene()
    made.enters(CAFE, "Cafe")
    return made


async def test_a_room_is_bookmarked_for_the_user_alone(scene: Scene) -> None:
    scene.enters(CLUB, "", encrypted=True)
    await scene.keep()

    assert scene.account.shown() == {CAFE: ("Cafe", "true"), CLUB: (None, "false")}
    options = {f.get("var"): f[0].text for f in scene.account.published[0].iter("{jabber:x:data}field")}
    assert options == {
        "FORM_TYPE": f"{PUBSUB}#publish-options", "pubsub#persist_items": "true", "pubsub#access_model": "whitelist",
        "pubsub#max_items": "max", "pubsub#send_last_published_item": "never",
    }  # fmt: skip


async def test_of_many_at_once_none_is_entered_by_itself(scene: Scene) -> None:
    for number in range(60):
        scene.enters(ChatId(f"!r{number}@{DOMAIN}"), f"Room {number}")
    await scene.keep()
    assert {joins for _, joins in scene.account.shown().values()} == {"false"}

    scene.enters(CLUB, "Club")
    await scene.keep()
    assert scene.account.shown()[CLUB] == ("Club", "true")


async def test_what_is_in_step_costs_nothing(scene: Scene) -> None:
    await scene.keep()
    scene.account.asked.clear()
    await scene.keep()

    assert scene.account.asked == []


async def test_what_the_user_has_stays_but_for_a_name_of_ours(scene: Scene) -> None:
    scene.account.node = {CAFE: fromstring(MINE)}
    await scene.keep()
    assert scene.account.asked == ["items"]

    scene.enters(CAFE, "Café <of> Verona\x00")
    await scene.keep()
    now = scene.account.node[CAFE]
    assert (now.get("name"), now.get("autojoin")) == ("Café <of> Verona\ufffd", "false")
    assert now.findtext(f"{{{NODE}}}nick") == "Montague"
    state = now.find(f"{{{NODE}}}extensions/{{urn:other}}state")
    assert state is not None
    assert (state.get("minimized"), state.text) == ("true", "a < b")


async def test_a_name_of_the_users_own_stays(scene: Scene) -> None:
    await scene.keep()
    assert scene.account.node is not None
    scene.account.node[CAFE].set("name", "Our place")
    scene.enters(CAFE, "Another")
    await scene.keep()

    assert scene.account.shown() == {CAFE: ("Our place", "true")}


async def test_what_the_user_has_removed_stays_removed(scene: Scene) -> None:
    await scene.keep()
    scene.account.node = {}
    scene.enters(CAFE, "Another")
    scene.enters(CLUB, "Club")
    await scene.keep()

    assert list(scene.account.shown()) == [CLUB]


async def test_a_room_that_was_left_is_removed_and_back_when_it_is_entered_again(scene: Scene) -> None:
    scene.account.node = {"other@conference.example": fromstring(MINE)}
    await scene.keep()
    del scene.rooms.members[CAFE]
    await scene.keep()
    assert list(scene.account.shown()) == ["other@conference.example"]
    await scene.keep()

    scene.enters(CAFE, "Cafe")
    await scene.keep()
    assert CAFE in scene.account.shown()


async def test_a_refusal_is_raised_and_nothing_is_taken_for_done(scene: Scene) -> None:
    scene.account.refuses = "conflict"
    with pytest.raises(StanzaError, match="conflict"):
        await scene.keep()
    assert (ROMEO, "room") not in scene.lists.items

    scene.account.refuses = ""
    await scene.keep()
    assert CAFE in scene.account.shown()


async def test_who_has_no_account_any_more_keeps_what_they_have_made_their_own(scene: Scene) -> None:
    changed = {"named": "name", "quiet": "autojoin", "mine": ""}
    rooms = {name: ChatId(f"!{name}@{DOMAIN}") for name in changed}
    scene.account.node = {rooms["mine"]: fromstring(f"<conference xmlns='{NODE}' name='mine' autojoin='true'/>")}
    for name, jid in rooms.items():
        scene.enters(jid, name)
    scene.enters(CLUB, "", encrypted=True)
    await scene.keep()
    scene.enters(CAFE, "Café <of> Verona\x00")
    await scene.keep()
    for name, attribute in changed.items():
        if attribute:
            scene.account.node[rooms[name]].set(attribute, "false")
    await Bookmarks(GATEWAY, scene.rooms, scene.lists, scene.account.requests).part(ROMEO)

    assert set(scene.account.shown()) == set(rooms.values())
    assert scene.lists.items == {(ROMEO, "room"): {}, (ROMEO, "made"): {}}


def test_a_bookmark_with_something_in_it_is_not_as_we_made_it() -> None:
    assert not bookmarks.is_ours(fromstring(MINE), "Cafe", "false")
    assert bookmarks.is_ours(fromstring(f"<conference xmlns='{NODE}' name='Cafe' autojoin='1'/>"), "Cafe", "true")


def test_a_huge_bookmark_is_not_written_again() -> None:
    huge = fromstring(MINE.replace("Montague", "x" * 40_000))

    assert bookmarks.called(huge, "Cafe", "Bar") == ""
    assert "Bar" in bookmarks.called(fromstring(MINE), "Cafe", "Bar")


def test_nonsense_among_bookmarks_is_left_out() -> None:
    answer = fromstring(f"<iq><pubsub xmlns='{PUBSUB}'><items><item/><item id='a'><x/></item>"
                        f"<item id='b'>{MINE}</item></items></pubsub></iq>")  # fmt: skip

    assert list(bookmarks.read(answer)) == ["b"]


def test_a_room_without_a_name_has_none() -> None:
    room = Room(CAFE, NETWORK, "", "")

    assert bookmarks.bookmark(room, "true") == f'<conference xmlns="{NODE}" autojoin="true"/>'
    assert 'name="a &lt; b"' in bookmarks.bookmark(replace(room, name="a < b"), "true")
