"""A connector that is installed for the length of a test, as a package would be."""

from pathlib import Path

import pytest

_MODULE = """
class Connector:
    id, name, flows = "fake", "Fake", ()
    options = {"homeserver": str, "accept_direct": bool, "rooms": list[str], "bot_token": str, "pause": float}

    def __init__(self, network):
        self.network = network
"""
_ENTRIES = """
[landbridge.connectors]
fake = fake_connector:Connector
broken = broken_connector:Connector
gone = gone_connector:Connector
"""


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    info = site / "fake_connector-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-connector\nVersion: 1\n")
    (info / "entry_points.txt").write_text(_ENTRIES)
    (site / "fake_connector.py").write_text(_MODULE)
    (site / "broken_connector.py").write_text("raise RuntimeError('its library is too old')\n")
    monkeypatch.syspath_prepend(site)
