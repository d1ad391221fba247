"""What addresses say of themselves, and what else is answered for them."""

import base64
import hashlib
from xml.etree.ElementTree import Element, fromstring

import pytest

from bridge.contract import ContactId, NetworkId
from bridge.hub.facades import Picture
from bridge.xmpp import capabilities
from bridge.xmpp.asked import Asked
from bridge.xmpp.chats import Addresses
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.features import answerers
from tests.support.asking import Scene
from tests.unit.xmpp.known import (
    DOMAIN,
    GATEWAY,
    ROMEO,
    Asking,
    AvatarsByHeart,
    KnownByHeart,
    ListsByHeart,
    RoomsByHeart,
)

INFO, ITEMS = "http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/disco#items"
COMMANDS = "http://jabber.org/protocol/commands"
EVE = "eve@evil.example/x"


def nobody(user: str, network: NetworkId, contact: ContactId) -> bool:
    return False


@pytest.fixture
def pictures() -> AvatarsByHeart:
    return AvatarsByHeart()


@pytest.fixture
def asking(addresses: Addresses, people: KnownByHeart, pictures: AvatarsByHeart, at_desk: Scene) -> Asking:
    rooms, lists = RoomsByHeart(), ListsByHeart()
    return Asking(
        answerers(
            addresses, Asked(people, at_desk.desk, rooms, rooms, lists, pictures, at_desk.directory, nobody), "1.2.3"
        ),
        addresses,
    )


async def test_the_gateway_says_what_it_is_and_can_do(asking: Asking) -> None:
    answer = await asking.ask("get", f"<query xmlns='{INFO}'/>")

    assert [identity.attrib for identity in answer.iter(f"{{{INFO}}}identity")] == [
        {"category": "gateway", "type": "matrix", "name": "Matrix"},
        {"category": "conference", "type": "text", "name": "Matrix"},
    ]
    features = {feature.get("var") for feature in answer.iter(f"{{{INFO}}}feature")}
    assert features == {
        "http://jabber.org/protocol/caps", INFO, ITEMS, COMMANDS, "jabber:iq:gateway", "jabber:iq:register",
        "jabber:iq:version", "jabber:iq:search",
        "http://jabber.org/protocol/rsm", "urn:xmpp:ping", "urn:xmpp:receipts", "vcard-temp", "http://jabber.org/protocol/muc",
        "urn:ietf:params:xml:ns:vcard-4.0", "urn:xmpp:rai:0",
    }  # fmt: skip


async def test_every_feature_that_is_a_question_is_answered(asking: Asking) -> None:
    questions = (
        f"<query xmlns='{INFO}'/>",
        f"<query xmlns='{ITEMS}'/>",
        "<ping xmlns='urn:xmpp:ping'/>",
        "<query xmlns='jabber:iq:gateway'/>",
        "<query xmlns='jabber:iq:register'/>",
        "<query xmlns='jabber:iq:search'/>",
        "<query xmlns='jabber:iq:version'/>",
        "<vCard xmlns='vcard-temp'/>",
        "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>",
    )

    for payload in questions:
        await asking.ask("get", payload)


@pytest.mark.parametrize(
    ("to", "identity"),
    [(f"juliet@{DOMAIN}", ("account", "registered")), (f"juliet@{DOMAIN}/landbridge", ("client", "pc"))],
)
async def test_a_contact_names_no_encryption_and_nobody(
    asking: Asking, people: KnownByHeart, to: str, identity: tuple[str, str]
) -> None:
    people.names["paris@example.org", "juliet"] = "Juliet"
    answer = await asking.ask("get", f"<query xmlns='{INFO}'/>", to)

    identities = [(one.get("category"), one.get("type"), one.get("name")) for one in answer.iter(f"{{{INFO}}}identity")]
    events = [("pubsub", "pep", None)] if "/" not in to else []
    assert identities == [(*identity, None), *events]
    features = {feature.get("var", "") for feature in answer.iter(f"{{{INFO}}}feature")}
    assert {"urn:xmpp:message-correct:0", "jabber:x:oob", "urn:xmpp:sfs:0"} <= features
    assert [feature for feature in features if "axolotl" in feature or "omemo" in feature or "publish" in feature] == []


@pytest.mark.parametrize("own", [capabilities.CONTACT, capabilities.gateway(GATEWAY)])
async def test_the_digest_in_presences_is_that_of_the_answer(asking: Asking, own: capabilities.Description) -> None:
    """XEP-0115 #ver-gen, from what a client is told."""
    said = fromstring(own.presence())
    node = f"{said.get('node')}#{said.get('ver')}"
    to = DOMAIN if own.category == "gateway" else f"juliet@{DOMAIN}/landbridge"
    [query] = await asking.ask("get", f"<query xmlns='{INFO}' node='{node}'/>", to)

    assert query.get("node") == node
    features = sorted(feature.get("var", "") for feature in query.iter(f"{{{INFO}}}feature"))
    kinds = sorted(
        f"{identity.get('category')}/{identity.get('type')}//{identity.get('name') or ''}"
        for identity in query.iter(f"{{{INFO}}}identity")
    )
    seen = "".join(f"{line}<" for line in [*kinds, *features])
    assert said.get("ver") == base64.b64encode(hashlib.sha1(seen.encode()).digest()).decode()


async def test_commands_are_found_under_their_node(asking: Asking) -> None:
    answer = await asking.ask("get", f"<query xmlns='{ITEMS}' node='{COMMANDS}'/>")

    items = [(item.get("jid"), item.get("node")) for item in answer.iter(f"{{{ITEMS}}}item")]
    assert items == [
        (DOMAIN, verb)
        for verb in (
            "help", "login", "logout", "status", "search", "contacts", "join", "leave", "create", "invite", "link",
            "unlink", "links", "settings", "block", "report", "optout",
        )
    ]  # fmt: skip
    for node, kind in ((COMMANDS, "command-list"), ("login", "command-node")):
        info = await asking.ask("get", f"<query xmlns='{INFO}' node='{node}'/>")
        [identity] = info.iter(f"{{{INFO}}}identity")
        assert (identity.get("category"), identity.get("type")) == ("automation", kind)


async def test_who_may_do_nothing_finds_no_commands_but_help_and_to_opt_out(asking: Asking) -> None:
    answer = await asking.ask("get", f"<query xmlns='{ITEMS}' node='{COMMANDS}'/>", sender=EVE)

    assert [item.get("node") for item in answer.iter(f"{{{ITEMS}}}item")] == ["help", "optout"]


@pytest.mark.parametrize(
    ("space", "to", "node"),
    [
        (INFO, DOMAIN, "nonsense"),
        (INFO, f"juliet@{DOMAIN}", COMMANDS),
        (INFO, f"juliet@{DOMAIN}", "login"),
        (ITEMS, DOMAIN, "login"),
        (ITEMS, f"juliet@{DOMAIN}", COMMANDS),
        (INFO, DOMAIN, "urn:landbridge#0000"),
    ],
)
async def test_an_unknown_node_is_not_found(asking: Asking, space: str, to: str, node: str) -> None:
    with pytest.raises(StanzaError) as refused:
        await asking.ask("get", f"<query xmlns='{space}' node='{node}'/>", to)

    assert refused.value.condition == "item-not-found"


async def test_ones_own_contacts_are_the_gateways_items(asking: Asking, people: KnownByHeart) -> None:
    people.names[ROMEO, "juliet"] = "Juliet <3"
    people.names[EVE.partition("/")[0], "nurse"] = "Nurse"

    answer = await asking.ask("get", f"<query xmlns='{ITEMS}'/>")
    assert [item.attrib for item in answer.iter(f"{{{ITEMS}}}item")] == [
        {"jid": f"juliet@{DOMAIN}", "name": "Juliet <3"}
    ]
    nothing = await asking.ask("get", f"<query xmlns='{ITEMS}'/>", sender=EVE)
    assert list(nothing.iter(f"{{{ITEMS}}}item")) == []


async def test_a_card_has_the_name_that_the_asking_user_was_told(
    asking: Asking, people: KnownByHeart, at_desk: Scene
) -> None:
    people.names[ROMEO, "juliet"] = "Juliet & co"
    at_desk.directory.shared[ROMEO, "juliet"] = ["Verona", "<Mantua>"]
    card = "<vCard xmlns='vcard-temp'/>"

    answer = await asking.ask("get", card, f"juliet@{DOMAIN}")
    assert [(e.tag.removeprefix("{vcard-temp}"), e.text) for e in answer[0]] == [
        ("FN", "Juliet & co"), ("NICKNAME", "Juliet & co"), ("JABBERID", f"juliet@{DOMAIN}"),
        ("DESC", "juliet on Matrix. Also in: Verona, <Mantua>."),
    ]  # fmt: skip
    for user in (EVE, "paris@example.org/x"):
        with pytest.raises(StanzaError) as refused:
            await asking.ask("get", card, f"juliet@{DOMAIN}", user)
        assert refused.value.condition == "item-not-found"
        assert "Juliet" not in refused.value.text
    assert (await asking.ask("get", card)).findtext(".//{vcard-temp}FN") == "Matrix"
    with pytest.raises(StanzaError, match="your own card"):
        await asking.ask("set", card, f"juliet@{DOMAIN}")


async def test_a_picture_stands_in_cards_and_personal_events(
    asking: Asking, people: KnownByHeart, pictures: AvatarsByHeart
) -> None:
    people.names[ROMEO, "juliet"] = "Juliet"
    pictures.references["juliet"] = "her"
    pictures.pictures["her"] = Picture("0" * 40, b"picture", 3, 2)
    events = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:avatar:{}'>{}</items></pubsub>"

    async def asked(payload: str) -> Element:
        return await asking.ask("get", payload, f"juliet@{DOMAIN}")

    encoded = "cGljdHVyZQ=="
    assert (await asked("<vCard xmlns='vcard-temp'/>")).findtext(".//{vcard-temp}BINVAL") == encoded
    vcard = await asked("<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>")
    assert [e.text for e in vcard.iter() if e.text] == [
        "Juliet", "Juliet", f"data:image/png;base64,{encoded}", "xmpp:juliet@matrix.example", "juliet on Matrix.",
    ]  # fmt: skip
    [info] = (await asked(events.format("metadata", ""))).iter("{urn:xmpp:avatar:metadata}info")
    assert info.attrib == {"id": "0" * 40, "type": "image/png", "bytes": "7", "width": "3", "height": "2"}
    item = f"<item id='{'0' * 40}'/>"
    assert (await asked(events.format("data", item))).findtext(".//{urn:xmpp:avatar:data}data") == encoded
    assert (await asked(events.format("data", "<item id='other'/>"))).find(".//{urn:xmpp:avatar:data}data") is None
    with pytest.raises(StanzaError, match="Nothing is published"):
        await asking.ask("get", events.format("metadata", ""), f"juliet@{DOMAIN}", EVE)


async def test_what_nobody_published_is_not_found_at_once(asking: Asking) -> None:
    devices = "<items node='eu.siacs.conversations.axolotl.devicelist'/>"
    for payload in (devices, "<items node='http://jabber.org/protocol/nick'/>", ""):
        with pytest.raises(StanzaError) as refused:
            await asking.ask(
                "get", f"<pubsub xmlns='http://jabber.org/protocol/pubsub'>{payload}</pubsub>", f"juliet@{DOMAIN}"
            )
        assert refused.value.condition == "item-not-found"


async def test_pings_and_the_version(asking: Asking) -> None:
    for to in (DOMAIN, f"juliet@{DOMAIN}", f"juliet@{DOMAIN}/any"):
        assert len(await asking.ask("get", "<ping xmlns='urn:xmpp:ping'/>", to)) == 0
    answer = await asking.ask("get", "<query xmlns='jabber:iq:version'/>")
    assert [(e.tag.rpartition("}")[2], e.text) for e in answer[0]] == [("name", "Landbridge"), ("version", "1.2.3")]
    with pytest.raises(StanzaError):
        await asking.ask("get", "<query xmlns='jabber:iq:version'/>", f"juliet@{DOMAIN}")
