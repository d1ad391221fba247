"""Connectors are found by their entry point; a broken one is a line in the log."""

import logging

import pytest

from bridge import registry
from bridge.contract import NetworkId


def test_an_installed_connector_is_made_for_its_network() -> None:
    found = registry.find("fake", NetworkId("mine"))

    assert found is not None
    assert found.name == "Fake"
    assert vars(found)["network"] == "mine"


def test_a_broken_connector_disables_its_network_only(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)

    assert registry.find("broken", NetworkId("old")) is None
    assert "network disabled network=old" in caplog.text
    assert "its library is too old" in caplog.text


def test_the_names_of_all_connectors_are_known() -> None:
    assert {"broken", "fake", "gone", "matrix"} <= set(registry.names())
