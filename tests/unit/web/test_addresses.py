"""Which addresses count as public, and what `allow_private` lets through."""

import pytest

from bridge.web.addresses import Permitted, is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255",
        "::1", "::", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1",
        "fd12::1",
        "fec0::1", "ff02::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::", "2001::1",
        "64:ff9b::10.0.0.1", "64:ff9b:1::8.8.8.8",
        "2130706433", "0177.0.0.1", "localhost", "",
    ],
)  # fmt: skip
def test_what_is_not_on_the_open_internet_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])
def test_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


def test_a_permitted_host_is_permitted_on_every_port() -> None:
    permitted = Permitted(["Upload.Example.org", "10.0.0.1", "[fd00::1]", "fd00::2"])

    assert ("upload.example.org.", 80) in permitted
    assert ("10.0.0.1", 8080) in permitted
    assert ("fd00:0::1", 1) in permitted
    assert ("fd00::2", 1) in permitted
    assert ("10.0.0.2", 8080) not in permitted


def test_a_permitted_port_permits_no_other() -> None:
    permitted = Permitted(["upload.example.org:5280", "[::1]:8080"])

    assert ("upload.example.org", 5280) in permitted
    assert ("upload.example.org", 80) not in permitted
    assert ("::1", 8080) in permitted
    assert ("::1", 80) not in permitted


@pytest.mark.parametrize("entry", ["", ":80", "host:http", "host:99999", "host:-1"])
def test_an_entry_that_is_no_host_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=r"host"):
        Permitted([entry])
