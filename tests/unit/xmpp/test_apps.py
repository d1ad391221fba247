"""Which apps of users are there."""

import asyncio
from collections.abc import AsyncIterator
from xml.etree.ElementTree import Element, fromstring

import pytest

from bridge.contract import NetworkId, PresenceChanged
from bridge.xmpp.apps import Apps
from bridge.xmpp.errors import StanzaError

FAR, ROMEO = NetworkId("far"), "romeo@home.example"


class Told(list[tuple[bool, bool, str]]):
    def __call__(self, now: PresenceChanged) -> None:
        assert (now.contact.id, now.towards) == (ROMEO, FAR)
        self.append((now.available, now.away, now.status))


@pytest.fixture
def told() -> Told:
    return Told()


class Phones:
    """What apps answer who are asked what they can do; and who was asked what."""

    def __init__(self) -> None:
        self.features: dict[str, list[str]] = {}  # by app
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, network: NetworkId, app: str, payload: str) -> Element:
        query = fromstring(payload)
        self.asked.append((app.partition("/")[2], query.get("node", "")))
        found = self.features.get(app.partition("/")[2])
        if found is None:
            raise StanzaError("service-unavailable", "No.")
        some = "".join(f"<feature var='{one}'/>" for one in found)
        return fromstring(f"<iq><query xmlns='http://jabber.org/protocol/disco#info'>{some}</query></iq>")


@pytest.fixture
def phones() -> Phones:
    return Phones()


@pytest.fixture
async def apps(told: Told, phones: Phones) -> AsyncIterator[Apps]:
    made = Apps(told, phones)
    yield made
    await made.close()


async def answered() -> None:
    """Everybody who was asked has answered."""
    for _ in range(5):
        await asyncio.sleep(0)


def presence(app: str, inner: str = "", kind: str = "") -> Element:
    typed = f" type='{kind}'" if kind else ""
    return fromstring(f"<presence xmlns='jabber:client' from='{app}'{typed}>{inner}</presence>")


CAPS = "<c xmlns='http://jabber.org/protocol/caps' node='urn:app' ver='{}' hash='sha-1'/>"


def shows(apps: Apps, app: str, inner: str = "", kind: str = "") -> None:
    apps.heard(presence(f"{ROMEO}/{app}", inner, kind), ROMEO, FAR)


async def test_whoever_is_at_one_app_is_there(apps: Apps, told: Told) -> None:
    shows(apps, "phone", "<show>away</show><status>walking</status>")
    shows(apps, "desk", "<priority>5</priority><status>working</status>")
    shows(apps, "desk", "", "unavailable")
    shows(apps, "phone", "", "unavailable")

    assert told == [(True, True, "walking"), (True, False, "working"), (True, True, "walking"), (False, False, "")]


async def test_the_same_to_a_hundred_contacts_is_told_once(apps: Apps, told: Told) -> None:
    for _ in range(100):
        shows(apps, "phone")

    assert told == [(True, False, "")]


async def test_who_was_never_there_does_not_go(apps: Apps, told: Told) -> None:
    shows(apps, "phone", "", "unavailable")
    apps.lost(FAR)

    assert told == []


async def test_without_a_stream_nobody_is_there(apps: Apps, told: Told) -> None:
    shows(apps, "phone")
    apps.lost(NetworkId("another"))
    apps.lost(FAR)

    assert told == [(True, False, ""), (False, False, "")]


async def test_what_servers_say_of_all_apps(apps: Apps, told: Told) -> None:
    shows(apps, "phone")
    shows(apps, "desk")
    apps.heard(presence(ROMEO, kind="unavailable"), ROMEO, FAR)

    assert told == [(True, False, ""), (False, False, "")]


async def test_nonsense(apps: Apps, told: Told) -> None:
    for number in range(1_000):
        shows(apps, f"app{number}", f"<show>{'x' * 1_000}</show><priority>many</priority>")
    shows(apps, "app0", f"<status>{'x' * 10_000}</status>")

    assert told[0] == (True, False, "")
    assert {len(status) for _, _, status in told} <= {0, 500}


async def test_whoever_has_an_app_that_knows_reactions_reads_them(apps: Apps, phones: Phones) -> None:
    phones.features = {"old": ["x"], "new": ["x", "urn:xmpp:reactions:0"]}
    assert apps.read_reactions(ROMEO, FAR)  # nothing is known
    shows(apps, "old")
    assert apps.read_reactions(ROMEO, FAR)
    await answered()
    assert not apps.read_reactions(ROMEO, FAR)
    shows(apps, "new")
    await answered()
    assert apps.read_reactions(ROMEO, FAR)
    shows(apps, "new", "", "unavailable")
    assert not apps.read_reactions(ROMEO, FAR)


async def test_apps_that_do_not_answer_may_know_them(apps: Apps, phones: Phones) -> None:
    phones.features = {"old": []}
    shows(apps, "old")
    shows(apps, "silent")
    await answered()

    assert apps.read_reactions(ROMEO, FAR)


async def test_each_version_of_an_app_is_asked_once(apps: Apps, phones: Phones) -> None:
    phones.features = {f"app{number}": [] for number in range(3)}
    for number, version in enumerate("aab"):
        shows(apps, f"app{number}", CAPS.format(version))
        shows(apps, f"app{number}", f"<show>away</show>{CAPS.format(version)}")
        await answered()

    assert phones.asked == [("app0", "urn:app#a"), ("app2", "urn:app#b")]


async def test_no_user_can_say_what_the_apps_of_another_can_do(apps: Apps, phones: Phones, told: Told) -> None:
    phones.features = {"app": []}
    other = Apps(lambda now: None, phones)
    for user in ("eve@home.example", ROMEO):
        other.heard(presence(f"{user}/app", CAPS.format("a")), user, FAR)
        await answered()
    await other.close()

    assert len(phones.asked) == 2
