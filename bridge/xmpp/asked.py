"""The hub, as the XMPP side asks it."""

from dataclasses import dataclass, field

from bridge.hub.facades import Avatars, Desk, Hides, Lists, People, Rooms
from bridge.hub.found import Finder
from bridge.hub.lines import Archive
from bridge.xmpp.hosted.movements import Joins
from bridge.xmpp.upload import Storing


@dataclass(frozen=True, slots=True)
class Asked:
    """Its facades, and where files go."""

    people: People
    desk: Desk
    rooms: Rooms
    archive: Archive
    lists: Lists
    avatars: Avatars
    finder: Finder
    hides: Hides
    joins: Joins = field(default_factory=Joins)
    storing: Storing = field(default_factory=Storing)
    most_in_rooms: int = 100  # of our people in one room elsewhere
