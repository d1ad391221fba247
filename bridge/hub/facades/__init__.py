"""What the XMPP side may ask the hub, and the hub the XMPP side: narrow protocols, wired in `bridge.app`.

Questions are not journaled. XMPP knows JIDs and stanzas; the hub knows persons and networks; neither learns the
other's business.
"""

from bridge.contract import NetworkId
from bridge.hub.facades.avatars import Avatar, Avatars, Picture
from bridge.hub.facades.desk import Caller, Desk, Turn, Verb
from bridge.hub.facades.home import Home
from bridge.hub.facades.lists import Lists
from bridge.hub.facades.people import Hides, People, PresenceOf
from bridge.hub.facades.rooms import Entry, Removal, Room, RoomNews, RoomOccupant, Rooms, Wish

HOME = NetworkId("xmpp")
"""The network where our users are at home."""

OURS = "landbridge:"
"""A reference (`Media.reference`, on XMPP) that begins so is a file in our own store; its id follows."""

__all__ = [
    "HOME",
    "OURS",
    "Avatar",
    "Avatars",
    "Caller",
    "Desk",
    "Entry",
    "Hides",
    "Home",
    "Lists",
    "People",
    "Picture",
    "PresenceOf",
    "Removal",
    "Room",
    "RoomNews",
    "RoomOccupant",
    "Rooms",
    "Turn",
    "Verb",
    "Wish",
]
