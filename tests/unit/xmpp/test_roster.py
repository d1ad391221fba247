"""Contact lists: what is put into them, and what is left as the user has it."""

from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, fromstring

import pytest

from bridge.contract import ContactId
from bridge.xmpp import roster
from bridge.xmpp.chats import Addresses
from bridge.xmpp.component import COMPONENT
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.requests import Requests
from bridge.xmpp.roster import Item, Rosters
from tests.unit.xmpp.known import DOMAIN, GATEWAY, ROMEO, Asking, KnownByHeart, ListsByHeart

JULIET = f"juliet@{DOMAIN}"
NEW = Item("Juliet", ("Matrix",), "both")


@pytest.mark.parametrize(
    ("item", "before", "now"),
    [
        (None, None, NEW),
        (None, "Juliet", None),
        (None, "Jule", None),
        (Item("", (), "to"), None, Item("Juliet", (), "both")),
        (Item("Love", ("Capulets",), "none"), None, Item("Love", ("Capulets",), "both")),
        (Item("Love", (), "both"), None, None),
        (NEW, "Juliet", None),
        (Item("Jule", ("Mine",), "to"), "Jule", Item("Juliet", ("Mine",), "to")),
        (Item("Love", ("Mine",), "to"), "Jule", None),
        (Item("Jule", (), "none"), "Juliet", None),
    ],
)
def test_how_a_contact_is_to_be_listed(item: Item | None, before: str | None, now: Item | None) -> None:
    assert roster.wanted("Juliet", item, before, "Matrix") == now


def test_a_name_that_is_not_known_changes_nothing() -> None:
    assert roster.wanted("", NEW, "Juliet", "Matrix") is None


def test_a_list_with_nonsense_is_read() -> None:
    answer = fromstring(
        "<iq><query xmlns='jabber:iq:roster'><item/><item jid='a@b' subscription='nonsense'><group/><x/></item>"
        "<item jid='c@d' name='C' subscription='both'><group>one</group><group>two</group></item></query></iq>"
    )

    assert roster.read(answer)["a@b"] == Item()
    assert roster.read(answer)["c@d"] == Item("C", ("one", "two"), "both")


@dataclass
class Account:
    """An account on a server, asked by IQ."""

    items: dict[str, str] = field(default_factory=dict)  # by JID: the rest of the item
    refuses: dict[str, str] = field(default_factory=dict)  # by JID: the condition
    asked: list[str] = field(default_factory=list)
    presences: list[Element] = field(default_factory=list)
    requests: Requests = field(init=False)

    def __post_init__(self) -> None:
        self.requests = Requests(DOMAIN, self.send)

    def send(self, stanza: str) -> bool:
        element, *more = fromstring(f"<written>{stanza}</written>")
        if element.tag == "presence":
            self.presences += [element, *more]
            return True
        kind, answer = element.get("type", ""), ""
        self.asked.append(kind)
        if kind == "get":
            answer = "".join(f"<item jid='{jid}' {rest}/>" for jid, rest in self.items.items())
        else:
            item = element[0][0]
            jid = item.get("jid", "")
            if jid in self.refuses:
                kind = "error"
                answer = f"<{self.refuses[jid]} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
            else:
                self.items[jid] = " ".join(f"{k}='{v}'" for k, v in item.attrib.items() if k != "jid")
                if item.get("subscription") == "remove":
                    del self.items[jid]
        head = f"from='{element.get('to')}' to='{DOMAIN}' id='{element.get('id')}'"
        inner = f"<error>{answer}</error>" if kind == "error" else f"<query xmlns='jabber:iq:roster'>{answer}</query>"
        result = "error" if kind == "error" else "result"
        self.requests.answered(fromstring(f"<iq xmlns='{COMPONENT}' type='{result}' {head}>{inner}</iq>"))
        return True


@dataclass
class Scene:
    account: Account
    people: KnownByHeart
    lists: ListsByHeart
    rosters: Rosters


@pytest.fixture
def scene(addresses: Addresses) -> Scene:
    account, people, lists = Account(), KnownByHeart(with_account={ROMEO}, connected={ROMEO}), ListsByHeart()
    people.names = {(ROMEO, "juliet"): "Juliet", (ROMEO, "nurse"): "Nurse"}
    rosters = Rosters(GATEWAY, addresses, people, lists, account.requests, account.send)
    return Scene(account, people, lists, rosters)


async def test_contacts_are_listed_and_their_presence_is_told(scene: Scene) -> None:
    await scene.rosters.keep(ROMEO)

    assert scene.account.items == {
        JULIET: "name='Juliet' subscription='both'", f"nurse@{DOMAIN}": "name='Nurse' subscription='both'"
    }  # fmt: skip
    *shown, asking = scene.account.presences
    assert [p.get("from") for p in shown] == [f"{JULIET}/landbridge", f"nurse@{DOMAIN}/landbridge"]
    assert (asking.get("type"), asking.get("from")) == ("probe", JULIET), "one answer tells of all apps"
    assert scene.people.friendships[ROMEO] == ["juliet", "nurse"]
    assert scene.lists.items[ROMEO, "contact"] == {"juliet": "Juliet", "nurse": "Nurse"}


async def test_what_is_in_step_costs_nothing(scene: Scene) -> None:
    await scene.rosters.keep(ROMEO)
    asked = len(scene.account.asked)
    del scene.account.items[JULIET]  # by the user
    await scene.rosters.keep(ROMEO)
    assert len(scene.account.asked) == asked

    scene.people.names[ROMEO, "juliet"] = "Juliet Capulet"
    scene.people.names[ROMEO, "nurse"] = ""
    await scene.rosters.keep(ROMEO)
    assert scene.account.asked[asked:] == ["get"]
    assert JULIET not in scene.account.items
    assert scene.lists.items[ROMEO, "contact"] == {"juliet": "Juliet Capulet", "nurse": "Nurse"}


async def test_one_that_the_server_will_not_have_is_left_out_and_tried_again(scene: Scene) -> None:
    scene.account.refuses[JULIET] = "not-acceptable"
    await scene.rosters.keep(ROMEO)
    assert list(scene.account.items) == [f"nurse@{DOMAIN}"]

    scene.account.refuses.clear()
    await scene.rosters.keep(ROMEO)
    assert JULIET in scene.account.items


async def test_a_refusal_of_everything_is_raised(scene: Scene) -> None:
    scene.account.refuses[JULIET] = "forbidden"

    with pytest.raises(StanzaError, match="forbidden"):
        await scene.rosters.keep(ROMEO)
    assert scene.account.asked == ["get", "set"]


async def test_a_contact_without_an_address_is_left_out(scene: Scene) -> None:
    scene.people.names[ROMEO, ContactId("x" * 2_000)] = "Long"
    await scene.rosters.keep(ROMEO)

    assert len(scene.account.items) == 2


async def test_changes_that_a_server_tells_are_accepted_from_accounts_only(addresses: Addresses) -> None:
    asking = Asking(roster.answerers(), addresses)
    change = f"<query xmlns='jabber:iq:roster'><item jid='{JULIET}' subscription='remove'/></query>"
    assert len(await asking.ask("set", change, sender=ROMEO)) == 0

    with pytest.raises(StanzaError, match="service-unavailable"):
        await asking.ask("set", change)


async def test_who_has_no_account_any_more_keeps_what_was_theirs(scene: Scene) -> None:
    nurse = f"nurse@{DOMAIN}"
    scene.account.items = {nurse: "name='Angelica' subscription='to'", "tybalt@example.org": "subscription='both'"}
    await scene.rosters.keep(ROMEO)
    assert JULIET in scene.account.items
    scene.account.presences.clear()
    await scene.rosters.part(ROMEO)

    assert list(scene.account.items) == [nurse, "tybalt@example.org"]
    assert [(p.get("from"), p.get("type")) for p in scene.account.presences] == [
        (f"{JULIET}/landbridge", "unavailable"), (JULIET, "unsubscribe"), (JULIET, "unsubscribed"),
        (f"{nurse}/landbridge", "unavailable"), (nurse, "unsubscribe"), (nurse, "unsubscribed"),
    ]  # fmt: skip
    assert scene.people.friendships[ROMEO] == []
    assert scene.lists.items == {(ROMEO, "contact"): {}, (ROMEO, "added"): {}}


async def test_of_several_accounts_one_takes_its_contacts_along(scene: Scene) -> None:
    await scene.rosters.keep(ROMEO)
    del scene.people.names[ROMEO, "juliet"]
    await scene.rosters.keep(ROMEO)

    assert list(scene.account.items) == [f"nurse@{DOMAIN}"]
    assert scene.people.friendships[ROMEO] == ["nurse"]


async def test_what_could_not_be_taken_out_is_still_to_be(scene: Scene) -> None:
    await scene.rosters.keep(ROMEO)
    scene.account.refuses[JULIET] = "internal-server-error"
    with pytest.raises(StanzaError, match="internal-server-error"):
        await scene.rosters.part(ROMEO)
    assert "juliet" in scene.lists.items[ROMEO, "contact"]

    scene.account.refuses[JULIET] = "item-not-found"  # its user was faster
    await scene.rosters.part(ROMEO)
    assert scene.lists.items[ROMEO, "contact"] == {}
