"""Addresses: people ↔ JIDs, a bijection for whatever a network calls its people."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.contract import ChatId, ContactId, NetworkId, Refused
from bridge.xmpp import localparts
from bridge.xmpp.chats import Addresses, Gateway
from bridge.xmpp.errors import StanzaError
from connectors.matrix import ids
from tests.support.texts import CASES

MATRIX = NetworkId("matrix")


@pytest.fixture
def addresses() -> Addresses:
    return Addresses(
        [Gateway(MATRIX, "Matrix", "matrix.example.org", "s", "127.0.0.1", 5347, ids.localpart, ids.contact, "matrix")]
    )


@pytest.mark.parametrize(
    ("contact", "jid"),
    [
        ("@alice:example.org", "alice%example.org@matrix.example.org"),
        ("@Alice:example.org", "\\41lice%example.org@matrix.example.org"),
        ("@a/b:example.org:8448", "a\\2fb%example.org\\3a8448@matrix.example.org"),
        ("@o'neil:example.org", "o\\27neil%example.org@matrix.example.org"),
        ("@50%:example.org", "50%%example.org@matrix.example.org"),
        ("@a\\41:example.org", "a\\5c41%example.org@matrix.example.org"),
        ("@grün:example.org", "grün%example.org@matrix.example.org"),
    ],
)
def test_a_matrix_person_has_this_address(addresses: Addresses, contact: str, jid: str) -> None:
    assert addresses.jid(MATRIX, ContactId(contact)) == jid
    assert addresses.whom(jid).contact == contact


@CASES
@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=30))
def test_any_text_is_an_address_and_comes_back(text: str) -> None:
    local = localparts.encode(text)

    assert localparts.decode(local) == text
    assert local == local.lower()
    assert unicodedata.normalize("NFKC", local) == local
    assert not set(local) & set("\"&'/:<>@ \x7f\n")


def test_an_address_has_one_form_only() -> None:
    for other in ("\\61lice", "\\41", "Alice", "\\2", "\\c3", "a\\5czz", "\\ff\\fe", ""):
        decoded = localparts.decode(other)
        assert decoded is None or localparts.encode(decoded) == other


@pytest.mark.parametrize("text", ["", "x" * 1_100, "\ud800"])
def test_what_no_address_can_be(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        localparts.encode(text)


@pytest.mark.parametrize(
    ("jid", "condition"),
    [
        ("a b@matrix.example.org", "jid-malformed"),
        ("@matrix.example.org", "jid-malformed"),
        ("", "jid-malformed"),
        ("x" * 1_024 + "@matrix.example.org", "jid-malformed"),
        ("alice%example.org@elsewhere.example", "item-not-found"),
        ("nobody@matrix.example.org", "item-not-found"),
        ("xmpp+romeo%home.example@matrix.example.org", "item-not-found"),
        ("\\61lice%example.org@matrix.example.org", "item-not-found"),
    ],
)
def test_addresses_that_nobody_has(addresses: Addresses, jid: str, condition: str) -> None:
    with pytest.raises(StanzaError) as refused:
        addresses.whom(jid)
    assert refused.value.condition == condition


def test_a_direct_chat_is_both_addresses(addresses: Addresses) -> None:
    chat = addresses.direct_chat("romeo@home.example", MATRIX, ContactId("@alice:example.org"))
    read = addresses.read_chat(chat)

    assert chat == "romeo@home.example alice%example.org@matrix.example.org"
    assert read is not None
    assert (read[0], read[1].contact) == ("romeo@home.example", "@alice:example.org")
    assert addresses.read_chat(addresses.direct_chat("romeo@home.example", MATRIX, None)) is not None


@pytest.mark.parametrize("chat", ["", "romeo@home.example", " x", "romeo@home.example a@b", "r m/x@matrix.example.org"])
def test_what_is_no_direct_chat(addresses: Addresses, chat: str) -> None:
    assert addresses.read_chat(ChatId(chat)) is None


def test_a_person_too_long_for_an_address_is_refused(addresses: Addresses) -> None:
    with pytest.raises(Refused):
        addresses.jid(MATRIX, ContactId("@" + "ü" * 600 + ":example.org"))
    with pytest.raises(Refused):
        addresses.jid(NetworkId("other"), ContactId("x"))
