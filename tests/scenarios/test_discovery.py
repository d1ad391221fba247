"""What apps find out about the gateway and its contacts, through the server."""

import asyncio
from xml.etree.ElementTree import Element

import pytest

from tests.scenarios.conftest import Play
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import error_of

INFO, ITEMS = "http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/disco#items"
COMMANDS = "http://jabber.org/protocol/commands"
CARD = "<vCard xmlns='vcard-temp'/>"


def identities(answer: Element) -> list[tuple[str, str]]:
    return [(i.get("category", ""), i.get("type", "")) for i in answer.iter(f"{{{INFO}}}identity")]


async def test_the_gateway_is_found_with_its_commands(play: Play) -> None:
    assert identities(await play.app.iq(MEMORY, "get", f"<query xmlns='{INFO}'/>")) == [
        ("gateway", "generic"), ("conference", "text"),
    ]  # fmt: skip

    items = await play.app.iq(MEMORY, "get", f"<query xmlns='{ITEMS}' node='{COMMANDS}'/>")
    assert [i.get("node") for i in items.iter(f"{{{ITEMS}}}item")] == [
        "help",
        "login",
        "logout",
        "status",
        "search",
        "contacts",
        "join",
        "leave",
        "create",
        "invite",
        "link",
        "unlink",
        "links",
        "settings",
        "block",
        "report",
        "optout",
    ]
    info = await play.app.iq(MEMORY, "get", f"<query xmlns='{INFO}' node='login'/>")
    assert identities(info) == [("automation", "command-node")]
    assert error_of(await play.app.iq(MEMORY, "get", f"<query xmlns='{INFO}' node='x'/>"))[0] == "item-not-found"


async def test_pings_are_answered_for_everybody(play: Play) -> None:
    for to in (MEMORY, play.juliet, f"{play.juliet}/any", f"unknown@{MEMORY}"):
        answer = await play.app.iq(to, "get", "<ping xmlns='urn:xmpp:ping'/>")
        assert (answer.get("type"), answer.get("from")) == ("result", to)


async def test_the_version_is_told(play: Play) -> None:
    answer = await play.app.iq(MEMORY, "get", "<query xmlns='jabber:iq:version'/>")
    assert answer.findtext(".//{jabber:iq:version}name") == "Landbridge"


async def test_a_card_has_the_name_for_who_knows_it(play: Play) -> None:
    assert error_of(await play.app.iq(play.juliet, "get", CARD))[0] == "item-not-found"
    await play.met()
    mine = await play.app.iq(play.juliet, "get", CARD)
    async with play.on_stage(f"paris-{play.app.bare.partition('@')[0]}"[:60]) as paris:
        his = await paris.iq(play.juliet, "get", CARD)

    assert (mine.findtext(".//{vcard-temp}FN"), mine.findtext(".//{vcard-temp}NICKNAME")) == ("Juliet", "Juliet")
    assert error_of(his)[0] == "item-not-found"
    assert "Juliet" not in "".join(his.itertext())


@pytest.mark.parametrize("node", ["eu.siacs.conversations.axolotl.devicelist", "urn:xmpp:omemo:2:devices"])
async def test_nobody_has_devices_for_encryption_and_that_is_said_at_once(play: Play, node: str) -> None:
    payload = f"<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{node}'/></pubsub>"
    async with asyncio.timeout(1):
        answer = await play.app.iq(play.juliet, "get", payload)

    assert error_of(answer)[0] == "item-not-found"
    features = {
        f.get("var", "")
        for f in (await play.app.iq(play.juliet, "get", f"<query xmlns='{INFO}'/>")).iter(f"{{{INFO}}}feature")
    }
    assert "urn:xmpp:receipts" in features
    assert [f for f in features if "axolotl" in f or "omemo" in f or "+notify" in f] == []


async def test_contacts_are_the_gateways_items(play: Play) -> None:
    await play.met()
    answer = await play.app.iq(MEMORY, "get", f"<query xmlns='{ITEMS}'/>")

    assert [i.attrib for i in answer.iter(f"{{{ITEMS}}}item")] == [
        {"jid": play.juliet, "name": "Juliet"},
        {"jid": MEMORY, "node": "rooms", "name": "Public rooms"},
        {"jid": MEMORY, "node": "spaces", "name": "Your spaces"},
    ]
