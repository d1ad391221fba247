"""Who may use the gateways."""

import pytest

from bridge.hub.permission import matches, may_use


@pytest.mark.parametrize(
    ("jid", "pattern", "fits"),
    [
        ("romeo@example.org", "*", True),
        ("romeo@example.org", "*@example.org", True),
        ("romeo@example.org", "romeo@example.org", True),
        ("Romeo@EXAMPLE.org", "romeo@example.org", True),
        ("romeo@example.org", " Romeo@Example.org ", True),
        ("romeo@example.org/phone", "romeo@example.org", True),
        ("example.org", "example.org", True),
        ("juliet@example.org", "romeo@example.org", False),
        ("eve@example.org.evil.example", "*@example.org", False),
        ("eve@chat.example.org", "*@example.org", False),
        ("eve@evil.example/x@example.org", "*@example.org", False),
        ("eve@notexample.org", "*@example.org", False),
        ("example.org", "*@example.org", False),
        ("@example.org", "*@example.org", False),
        ("romeo@example.org", "*@*", False),
        ("romeo@example.org", "r*@example.org", False),
        ("romeo@example.org", "example.org", False),
        ("romeo@example.org", "", False),
        ("", "*", False),
        ("", "", False),
    ],
)
def test_a_pattern_fits_whole_jids_and_whole_domains(jid: str, pattern: str, fits: bool) -> None:
    assert matches(jid, [pattern]) is fits


def test_admins_may_use_what_they_run() -> None:
    assert may_use("admin@example.org", ["romeo@example.org"], ["admin@example.org"])
    assert not may_use("eve@example.org", ["romeo@example.org"], ["admin@example.org"])


def test_nobody_fits_no_patterns() -> None:
    assert not matches("romeo@example.org", [])
