"""What a desk is made of."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from bridge.contract import Clock, Connector, NetworkId
from bridge.hub.choices import Choices
from bridge.hub.consent.agreeing import Agreeing
from bridge.hub.desk.dialogue import Patience
from bridge.hub.desk.ports import Administration, Errands, Moving, SessionControl, Waiting
from bridge.hub.facades import Home, People
from bridge.hub.found import Finder
from bridge.hub.limits import Limits
from bridge.hub.workspace import Workspaces
from bridge.store.database import Database
from bridge.store.secrets import Secrets


@dataclass(frozen=True, slots=True)
class Office:
    """What a desk is made of."""

    database: Database
    secrets: Secrets
    sessions: SessionControl
    waiting: Waiting
    rooms: Moving
    workspaces: Workspaces
    connectors: Mapping[NetworkId, Connector]
    people: People
    finder: Finder
    errands: Errands
    home: Home
    choices: Choices
    operator: Administration
    announce: Callable[[str, NetworkId, str], Awaitable[None]]  # tells a user of a gateway something
    allowed: Callable[[str], bool]  # may this bare JID use the gateways
    admin: Callable[[str], bool]  # and run them
    clock: Clock
    patience: Patience = field(default_factory=Patience)
    limits: Limits = field(default_factory=Limits)
    say: Callable[[str, NetworkId, str], None] = lambda user, network, text: None
    """Tell a user something from the gateway of a network."""
    agreeing: Agreeing | None = None  # where no rooms can be linked
