"""Which apps of users are there."""

from xml.etree.ElementTree import Element, fromstring

import pytest

from bridge.contract import NetworkId, PresenceChanged
from bridge.xmpp.apps import Apps

FAR, ROMEO = NetworkId("far"), "romeo@home.example"


class Told(list[tuple[bool, bool, str]]):
    def __call__(self, now: PresenceChanged) -> None:
        assert (now.contact.id, now.towards) == (ROMEO, FAR)
        self.append((now.available, now.away, now.status))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def apps(told: Told) -> Apps:
    return Apps(told)


def presence(app: str, inner: str = "", kind: str = "") -> Element:
    typed = f" type='{kind}'" if kind else ""
    return fromstring(f"<presence xmlns='jabber:client' from='{app}'{typed}>{inner}</presence>")


def shows(apps: Apps, app: str, inner: str = "", kind: str = "") -> None:
    apps.heard(presence(f"{ROMEO}/{app}", inner, kind), ROMEO, FAR)


def test_whoever_is_at_one_app_is_there(apps: Apps, told: Told) -> None:
    shows(apps, "phone", "<show>away</show><status>walking</status>")
    shows(apps, "desk", "<priority>5</priority><status>working</status>")
    shows(apps, "desk", "", "unavailable")
    shows(apps, "phone", "", "unavailable")

    assert told == [(True, True, "walking"), (True, False, "working"), (True, True, "walking"), (False, False, "")]


def test_the_same_to_a_hundred_contacts_is_told_once(apps: Apps, told: Told) -> None:
    for _ in range(100):
        shows(apps, "phone")

    assert told == [(True, False, "")]


def test_who_was_never_there_does_not_go(apps: Apps, told: Told) -> None:
    shows(apps, "phone", "", "unavailable")
    apps.lost(FAR)

    assert told == []


def test_without_a_stream_nobody_is_there(apps: Apps, told: Told) -> None:
    shows(apps, "phone")
    apps.lost(NetworkId("another"))
    apps.lost(FAR)

    assert told == [(True, False, ""), (False, False, "")]


def test_what_servers_say_of_all_apps(apps: Apps, told: Told) -> None:
    shows(apps, "phone")
    shows(apps, "desk")
    apps.heard(presence(ROMEO, kind="unavailable"), ROMEO, FAR)

    assert told == [(True, False, ""), (False, False, "")]


def test_nonsense(apps: Apps, told: Told) -> None:
    for number in range(1_000):
        shows(apps, f"app{number}", f"<show>{'x' * 1_000}</show><priority>many</priority>")
    shows(apps, "app0", f"<status>{'x' * 10_000}</status>")

    assert told[0] == (True, False, "")
    assert {len(status) for _, _, status in told} <= {0, 500}
