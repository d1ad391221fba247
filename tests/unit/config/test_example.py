"""The example has every option that the code knows, and none besides."""

import dataclasses
from pathlib import Path
from typing import Any

import yaml

from bridge.config import Http, Xmpp, load
from bridge.config.load import TOP
from bridge.contract import NetworkId
from bridge.hub.limits import Limits, MediaLimits, Retention
from bridge.registry import load as load_connector

EXAMPLE = Path(__file__).parents[3] / "config.example.yaml"
SECRETS = {"MATRIX_SECRET_EXAMPLE": "s", "TELEGRAM_SECRET_EXAMPLE": "s", "DASHBOARD_TOKEN_EXAMPLE": "t"}
OF_EVERY_NETWORK = {"connector", "jid", "secret", "server"}


def names(kind: Any) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


def test_the_example_has_every_option_and_none_besides() -> None:
    tree = yaml.safe_load(EXAMPLE.read_text())

    assert set(tree) == TOP
    assert set(tree["xmpp"]) == names(Xmpp)
    assert set(tree["http"]) == names(Http)
    assert set(tree["limits"]) == names(Limits)
    assert set(tree["retention"]) == names(Retention)
    assert set(tree["media"]) == names(MediaLimits) | {"upload_service"}
    for name, network in tree["networks"].items():
        options = load_connector(network["connector"])(NetworkId(name)).options
        assert set(network) == OF_EVERY_NETWORK | set(options)


def test_the_example_is_valid_and_shows_the_defaults() -> None:
    config = load(EXAMPLE, SECRETS)

    assert config.xmpp == Xmpp()
    assert (config.limits, config.retention) == (Limits(), Retention())
    assert (config.media, config.upload_service) == (MediaLimits(), "")
    assert (config.http.listen, config.http.public_url) == (Http().listen, f"http://{Http().listen}")
    assert config.database == f"sqlite:///{EXAMPLE.parent}/landbridge.db"
    assert not [warning for warning in config.warnings if "can read" in warning]
