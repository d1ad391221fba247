"""Finds connectors by the entry point group `landbridge.connectors`; a broken one does not stop the others."""

import importlib
import logging
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from bridge.contract import Connector, NetworkId

log = logging.getLogger(__name__)

_GROUP = "landbridge.connectors"
# For running from a checkout, where no package says so.
_BUILT_IN = {
    "matrix": "connectors.matrix:MatrixConnector",
    "memory": "bridge.testing.connector:MemoryConnector",
    "telegram": "connectors.telegram:TelegramConnector",
}

Factory = Callable[[NetworkId], Connector]


class ConnectorMissing(Exception):
    """There is no connector of this name, or it cannot be loaded; the text is a sentence that says which."""

    def __init__(self, text: str, *, broken: bool) -> None:
        super().__init__(text)
        self.text = text
        self.broken = broken


def names() -> list[str]:
    """Of every connector that is installed, whether it works or not."""
    return sorted(set(_BUILT_IN) | {point.name for point in entry_points(group=_GROUP)})


def load(name: str) -> Factory:
    """The maker of a connector, to be called with the network's id. Raises `ConnectorMissing`."""
    installed = {point.name: point for point in entry_points(group=_GROUP)}
    value = installed[name].value if name in installed else _BUILT_IN.get(name)
    if value is None:
        raise ConnectorMissing(f"There is no connector {name!r}; installed are: {', '.join(names())}.", broken=False)
    try:
        importlib.invalidate_caches()
        return cast(Factory, EntryPoint(name, value, _GROUP).load())
    except Exception as error:  # a border: whatever somebody's package does at import, the other networks run
        text = f"The connector {name!r} cannot be loaded: {type(error).__name__}: {error}."
        raise ConnectorMissing(text, broken=True) from error


def find(name: str, network: NetworkId) -> Connector | None:
    """The connector for a network; None, with a line in the log, when it cannot be loaded."""
    try:
        return load(name)(network)
    except ConnectorMissing as error:
        log.error("network disabled network=%s: %s", network, error.text)
        return None
