"""What people type becomes an address of ours, as the network writes its people."""

from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import pytest

from bridge.contract import NetworkId
from bridge.xmpp.chats import Addresses, Gateway
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.gateway_prompt import PROMPT, GatewayPrompt
from connectors.matrix import ids
from tests.unit.xmpp.known import DOMAIN, GATEWAY, Asking

MATRIX = Gateway(
    NetworkId("matrix"), "Matrix", DOMAIN, "s", "127.0.0.1", 1, ids.localpart, ids.contact, "matrix"
)  # fmt: skip
PLAIN = Gateway(
    NetworkId("plain"), "Plain", "plain.example", "s", "127.0.0.1", 1, GATEWAY.localpart, GATEWAY.contact, "generic"
)  # fmt: skip


@pytest.fixture
def asking() -> Asking:
    addresses = Addresses([MATRIX, PLAIN])
    return Asking(GatewayPrompt(addresses).answerers(), addresses)


async def translated(asking: Asking, typed: str, to: str = DOMAIN) -> str | None:
    asked = f"<query xmlns='{PROMPT}'><prompt>{escape(typed)}</prompt></query>"
    return (await asking.ask("set", asked, to)).findtext(f".//{{{PROMPT}}}jid")


async def test_it_says_what_to_type(asking: Asking) -> None:
    answer = await asking.ask("get", f"<query xmlns='{PROMPT}'/>")

    query: Element = answer[0]
    assert query.findtext(f"{{{PROMPT}}}prompt") == "Address on Matrix"
    assert query.findtext(f"{{{PROMPT}}}desc") == "Type the address of somebody on Matrix, as people write it there."


@pytest.mark.parametrize(
    ("typed", "jid"),
    [
        ("@alice:example.org", f"alice%example.org@{DOMAIN}"),
        ("alice:example.org", f"alice%example.org@{DOMAIN}"),
        ("  @alice:example.org\n", f"alice%example.org@{DOMAIN}"),
        ("alice%example.org", f"alice%example.org@{DOMAIN}"),
        (f"alice%example.org@{DOMAIN}", f"alice%example.org@{DOMAIN}"),
        (f"alice%example.org@{DOMAIN.upper()}/phone", f"alice%example.org@{DOMAIN}"),
        ("@Alice:example.org:8448", f"\\41lice%example.org\\3a8448@{DOMAIN}"),
        ("@o'neil:example.org", f"o\\27neil%example.org@{DOMAIN}"),
    ],
)
async def test_an_address_of_the_network_is_translated(asking: Asking, typed: str, jid: str) -> None:
    assert await translated(asking, typed) == jid


async def test_another_network_writes_its_people_otherwise(asking: Asking) -> None:
    assert await translated(asking, "juliet", "plain.example") == "juliet@plain.example"


@pytest.mark.parametrize(
    "typed",
    [
        "alice", "@alice", "alice@example.org", "#room:example.org", "@:example.org", "@alice:", "@a b:example.org",
        "juliet@plain.example", "xmpp+romeo%home.example", f"@xmpp+romeo:{DOMAIN}", DOMAIN, "@" + "a" * 300 + ":y",
        "x" * 100_000, "<&>", "@alice:example.org/../x",
    ],
)  # fmt: skip
async def test_what_is_nobodys_address_is_said_so(asking: Asking, typed: str) -> None:
    with pytest.raises(StanzaError) as refused:
        await translated(asking, typed)

    assert refused.value.condition == "item-not-found"
    assert refused.value.text.endswith(".")
    assert len(refused.value.text) < 300


@pytest.mark.parametrize("content", ["", "<prompt/>", "<prompt>  </prompt>", "<other>@alice:example.org</other>"])
async def test_nothing_typed_is_no_question(asking: Asking, content: str) -> None:
    with pytest.raises(StanzaError) as refused:
        await asking.ask("set", f"<query xmlns='{PROMPT}'>{content}</query>")

    assert refused.value.condition == "bad-request"


@pytest.mark.parametrize("kind", ["get", "set"])
async def test_people_translate_nothing(asking: Asking, kind: str) -> None:
    with pytest.raises(StanzaError) as refused:
        await asking.ask(kind, f"<query xmlns='{PROMPT}'/>", f"alice%example.org@{DOMAIN}")

    assert refused.value.condition == "service-unavailable"
