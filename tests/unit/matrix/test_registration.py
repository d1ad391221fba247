"""The appservice's registration, and which users are whom."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge.contract import ContactId, NetworkId, Person, Refused
from connectors.matrix.relay import registration

ONE = registration.new("matrix", ["xmpp", "telegram", "tele_gram"], "example.org", "http://127.0.0.1:8480")


def person(id: str, network: str = "xmpp") -> Person:
    return Person(NetworkId(network), ContactId(id))


@pytest.mark.parametrize(
    ("who", "user"),
    [
        (person("romeo@example.org"), "@xmpp_romeo=40example.org:example.org"),
        (person("123456789", "telegram"), "@telegram_123456789:example.org"),
        (person("a_b@x", "tele_gram"), "@tele_gram_a__b=40x:example.org"),
        (person("Ünï=%/R"), "@xmpp_=c3=9cn=c3=af=3d=25=2f_r:example.org"),
    ],
)
def test_people_are_users_both_ways(who: Person, user: str) -> None:
    found = ONE.user(who)

    assert found == user
    assert ONE.person(found) == who


@pytest.mark.parametrize(
    "user",
    ["@xmpp_:example.org", "@xmpp_romeo=40x:example.com", "@xmpp_a=4:example.org", "@xmpp_A:example.org",
     "@xmpp_=61:example.org", "@xmpp_=ff:example.org", "@romeo:example.org", "@landbridge:example.org", "", "xmpp_a",
     "@irc_a:example.org"],
)  # fmt: skip
def test_nobody_else_is_a_person(user: str) -> None:
    assert ONE.person(user) is None


def test_whom_there_can_be_no_user_for_is_refused() -> None:
    for who in (person("x" * 250), person("romeo", "irc"), person("")):
        with pytest.raises(Refused):
            ONE.user(who)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "appservice.yaml"
    path.write_text(registration.written(ONE))

    assert registration.read(path) == ONE
    said = yaml.safe_load(path.read_text())
    assert said["receive_ephemeral"] is said["de.sorunome.msc2409.push_ephemeral"] is said["io.element.msc4190"] is True
    assert len({said["as_token"], said["hs_token"]}) == 2
    assert ONE.as_token not in repr(ONE)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"as_token": None}, "as_token"),
        ({"url": 5}, "url"),
        ({"org.landbridge.server": None}, "org.landbridge.server"),
        ({"org.landbridge.networks": "xmpp"}, "org.landbridge.networks"),
        ({"sender_localpart": "Land Bridge"}, "sender_localpart"),
        ({"namespaces": {"users": [{"exclusive": False, "regex": "@.*"}]}}, "namespace"),
        ({"namespaces": {"users": [{"exclusive": True, "regex": "("}]}}, "namespace"),
        ({"namespaces": {"users": [{"exclusive": True, "regex": "@xmpp_.*"}]}}, "telegram"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    path = tmp_path / "appservice.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(registration.written(ONE)), **change}))

    with pytest.raises(Refused, match=says):
        registration.read(path)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "appservice.yaml"
    for text in ("", "- a list", "{", "\t"):
        path.write_text(text)
        with pytest.raises(Refused, match=str(path)):
            registration.read(path)
    with pytest.raises(Refused, match="cannot be read"):
        registration.read(tmp_path / "none")
