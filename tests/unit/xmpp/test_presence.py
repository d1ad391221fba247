"""Subscriptions and presences: what each gets for an answer."""

import re
from xml.etree.ElementTree import Element, fromstring

import pytest

from bridge.contract import NetworkId, Unavailable
from bridge.xmpp.chats import Addresses
from bridge.xmpp.presence import Photos, Presences
from tests.unit.xmpp.known import DOMAIN, ROMEO, AvatarsByHeart, KnownByHeart

PHONE = f"{ROMEO}/phone"
JULIET = f"juliet@{DOMAIN}"
EVE = "eve@evil.example"


class Written:
    """What was sent, as (type, from, to, text)."""

    def __init__(self) -> None:
        self.stanzas: list[str] = []

    def __call__(self, network: NetworkId, stanza: str) -> None:
        self.stanzas.append(stanza)

    def take(self) -> list[tuple[str, str, str, str]]:
        stanzas, self.stanzas = self.stanzas, []
        found = [fromstring(stanza) for stanza in stanzas]
        return [(s.get("type", ""), s.get("from", ""), s.get("to", ""), "".join(s.itertext())) for s in found]


@pytest.fixture
def written() -> Written:
    return Written()


async def nobody_answers(network: NetworkId, app: str, payload: str) -> Element:
    raise Unavailable("Nobody answers.")


@pytest.fixture
def presences(addresses: Addresses, people: KnownByHeart, written: Written) -> Presences:
    return Presences(addresses, people, written, Photos(AvatarsByHeart()), lambda now: None, nobody_answers)


async def receive(presences: Presences, kind: str, to: str, sender: str = ROMEO, inner: str = "") -> None:
    of_kind = f" type='{kind}'" if kind else ""
    await presences.received(fromstring(f"<presence{of_kind} to='{to}' from='{sender}' id='p'>{inner}</presence>"))


async def test_the_gateway_grants_who_may_use_it(presences: Presences, written: Written) -> None:
    await receive(presences, "subscribe", DOMAIN)

    assert written.take() == [("subscribed", DOMAIN, ROMEO, ""), ("", DOMAIN, ROMEO, "Away.")]


async def test_a_contact_grants_who_has_an_account_and_tells_the_name(
    presences: Presences, written: Written, people: KnownByHeart
) -> None:
    people.with_account.add(ROMEO)
    people.connected.add(ROMEO)
    people.names[ROMEO, "juliet"] = "Juliet & co"
    await receive(presences, "subscribe", f"{JULIET}/any")

    assert 'xmlns="http://jabber.org/protocol/caps"' in written.stanzas[1]
    assert written.take() == [
        ("subscribed", JULIET, ROMEO, "Juliet & co"),
        ("", f"{JULIET}/landbridge", ROMEO, "Juliet & co"),
    ]


async def test_who_is_not_granted_hears_why(presences: Presences, written: Written) -> None:
    await receive(presences, "subscribe", JULIET)
    await receive(presences, "subscribe", DOMAIN, EVE)
    await receive(presences, "subscribe", f"nobody.here@{DOMAIN}")

    assert written.take() == [
        ("unsubscribed", JULIET, ROMEO, f"Log in first: send `login` to {DOMAIN}."),
        ("unsubscribed", DOMAIN, EVE, "You may not use this gateway. Its operator can allow it."),
        ("unsubscribed", f"nobody.here@{DOMAIN}", ROMEO, "Nobody on Matrix can have this address."),
    ]


async def test_nobody_is_ever_asked_for_a_subscription(
    presences: Presences, written: Written, people: KnownByHeart
) -> None:
    people.with_account.add(ROMEO)
    for kind in ("subscribe", "subscribed", "probe", "", "unsubscribe", "unsubscribed", "unavailable"):
        await receive(presences, kind, JULIET)
        await receive(presences, kind, DOMAIN)

    assert [s for s in written.take() if s[0] == "subscribe"] == []


async def test_what_users_grant_and_refuse_is_told(presences: Presences, people: KnownByHeart) -> None:
    """The gateway itself asks nobody."""
    for kind in ("subscribed", "unsubscribed"):
        await receive(presences, kind, JULIET)
        await receive(presences, kind, DOMAIN)
    assert people.let == [(ROMEO, "juliet", True), (ROMEO, "juliet", False)]


async def test_leaving(presences: Presences, written: Written, people: KnownByHeart) -> None:
    people.with_account.add(ROMEO)
    await receive(presences, "subscribe", JULIET)
    written.take()

    await receive(presences, "unsubscribe", JULIET)

    assert written.take() == [
        ("unsubscribed", JULIET, ROMEO, ""), ("unavailable", f"{JULIET}/landbridge", ROMEO, "")
    ]  # fmt: skip
    assert people.friendships[ROMEO] == []


async def test_a_probe_is_answered_to_who_sent_it(presences: Presences, written: Written, people: KnownByHeart) -> None:
    people.with_account.add(ROMEO)
    await receive(presences, "subscribe", JULIET)
    written.take()
    await receive(presences, "probe", JULIET, PHONE)
    people.connected.add(ROMEO)
    await receive(presences, "probe", JULIET)

    assert written.take() == [
        ("unavailable", f"{JULIET}/landbridge", PHONE, ""), ("", f"{JULIET}/landbridge", ROMEO, "")
    ]  # fmt: skip


async def test_a_probe_never_ends_a_subscription_that_there_is_or_may_be(
    presences: Presences, written: Written, people: KnownByHeart
) -> None:
    """The user's server probes only for who is in the roster: one that we have lost is made again."""
    people.with_account.add(ROMEO)
    await receive(presences, "probe", JULIET)
    assert people.friendships[ROMEO] == ["juliet"]
    people.friendships[EVE] = [None]  # may no longer use the gateway, but once did
    await receive(presences, "probe", DOMAIN, EVE)

    assert [s[:3] for s in written.take()] == [
        ("unavailable", f"{JULIET}/landbridge", ROMEO), ("unavailable", DOMAIN, EVE)
    ]  # fmt: skip


async def test_a_probe_without_right_is_unsubscribed(presences: Presences, written: Written) -> None:
    await receive(presences, "probe", DOMAIN, EVE)

    assert [s[:3] for s in written.take()] == [("unsubscribed", DOMAIN, EVE)]


async def test_a_presence_shown_to_us_is_answered_once_until_it_ends(presences: Presences, written: Written) -> None:
    for kind in ("", "", "unavailable", "unavailable", ""):
        await receive(presences, kind, DOMAIN, PHONE)
    assert [s[:3] for s in written.take()] == [("", DOMAIN, PHONE)] * 2

    await receive(presences, "", DOMAIN, f"{EVE}/x")
    assert written.take() == []


async def test_whose_server_probes_for_them_they_are_told_by_that(presences: Presences, written: Written) -> None:
    """An app that comes shows itself to all contacts, and its server asks for those that it is subscribed to."""
    await receive(presences, "subscribe", DOMAIN)
    written.take()
    await receive(presences, "", DOMAIN, PHONE)
    assert written.take() == []

    await receive(presences, "probe", DOMAIN, PHONE)
    assert [s[:3] for s in written.take()] == [("", DOMAIN, PHONE)]


async def test_errors_answers_and_our_own_people_get_nothing(presences: Presences, written: Written) -> None:
    for kind in ("error", "subscribed", "unsubscribed", "unavailable"):
        await receive(presences, kind, JULIET)
    for kind in ("", "subscribe", "unsubscribe", "probe"):
        await receive(presences, kind, DOMAIN, f"nurse@{DOMAIN}/landbridge")
        await receive(presences, kind, JULIET, DOMAIN)
        await receive(presences, kind, JULIET, "other.gateway.example")
    for to in ("nobody.here@" + DOMAIN, "a b@" + DOMAIN, "elsewhere.example", ""):
        await receive(presences, "", to)

    assert written.stanzas == []


async def test_a_contact_is_no_room(presences: Presences, written: Written) -> None:
    await receive(presences, "", f"{JULIET}/nick", PHONE, "<x xmlns='http://jabber.org/protocol/muc'/>")
    await receive(presences, "dance", JULIET, PHONE)

    assert [re.findall("<error.*?><([a-z-]+) ", stanza) for stanza in written.stanzas] == [
        ["service-unavailable"], ["bad-request"]
    ]  # fmt: skip
    assert [s[:3] for s in written.take()] == [("error", f"{JULIET}/nick", PHONE), ("error", JULIET, PHONE)]
