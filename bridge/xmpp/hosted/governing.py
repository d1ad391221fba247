"""Every question by which a room is kept in order or set up, collected from the feature files."""

from collections.abc import Awaitable, Callable

from bridge.hub.facades import Rooms
from bridge.xmpp.hosted import moderating
from bridge.xmpp.hosted.administering import ADMIN, Administering
from bridge.xmpp.hosted.asked import RoomQuestion
from bridge.xmpp.hosted.configuring import OWNER, Configuring
from bridge.xmpp.hosted.house import House
from bridge.xmpp.hosted.portraying import Portraying

Answerer = Callable[[RoomQuestion], Awaitable[str]]


def answerers(house: House, rooms: Rooms, limit: int) -> dict[tuple[str, str], Answerer]:
    """By kind and tag of the payload. `limit`: bytes of a stanza."""
    administering, configuring = Administering(house, rooms, limit), Configuring(house, rooms)
    moderate = moderating.Moderating(house, rooms).answer
    return {
        ("set", moderating.MODERATE): moderate,
        ("set", moderating.APPLY_TO): moderate,
        ("get", f"{{{ADMIN}}}query"): administering.listed,
        ("set", f"{{{ADMIN}}}query"): administering.change,
        ("get", f"{{{OWNER}}}query"): configuring.form,
        ("set", f"{{{OWNER}}}query"): configuring.change,
        ("set", "{vcard-temp}vCard"): Portraying(house, rooms).change,
    }
