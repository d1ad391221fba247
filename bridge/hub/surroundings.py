"""What a hub is built into."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bridge.contract import Connector, NetworkId
from bridge.hub.appointing import Operators
from bridge.hub.facades import Home
from bridge.hub.limits import Limits, MediaLimits, Retention
from bridge.hub.people import KnownPeople
from bridge.hub.pictures import Converter
from bridge.hub.wanted import WantedLink
from bridge.hub.workspace import Workspaces
from bridge.store.database import Database
from bridge.store.secrets import Secrets


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a hub is built into."""

    database: Database
    connectors: Mapping[NetworkId, Connector]  # with "xmpp" among them, where there is XMPP
    workspaces: Workspaces
    secrets: Secrets
    people: KnownPeople
    home: Home | None = None
    limits: Limits = field(default_factory=Limits)
    clock: Callable[[], float] = time.time
    media: MediaLimits = field(default_factory=MediaLimits)
    retention: Retention = field(default_factory=Retention)
    link: Callable[[str, str], str] | None = None  # see `Files`
    converter: Converter | None = None  # None: as it is
    operators: Operators = field(default_factory=dict)
    links: Sequence[WantedLink] = ()  # of the configuration
