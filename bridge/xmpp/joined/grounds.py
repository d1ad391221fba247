"""What rooms elsewhere share, and what is known of how far one was heard."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from bridge.contract import Event, NetworkId
from bridge.contract.workspace import Memory
from bridge.xmpp.joined.naming import Naming
from bridge.xmpp.requests import Requests
from bridge.xmpp.stream import Stream


@dataclass(frozen=True, slots=True)
class Grounds:
    """What all rooms share."""

    streams: Mapping[NetworkId, Stream]
    requests: Mapping[NetworkId, Requests]
    offer: Callable[[Event], None]
    memory: Memory
    host: NetworkId  # whose gateway listens
    most: int  # of our people in one room
    limit: int  # bytes of a stanza


@dataclass(slots=True)
class Heard:
    """How far the room was heard."""

    last: str = ""  # the room's name of the last message
    at: float = 0.0
    naming: Naming = field(default_factory=Naming)  # where the room gives no names
    features: frozenset[str] = frozenset()
    held: list[Element] | None = field(default_factory=list)  # what comes before the archive is read; None: it is
