"""Making a room by entering one that does not exist (XEP-0045 #createroom).

It is one's own on the network, and for those who are invited. What an app then sends as its form sets it up; an empty
one leaves it as it is (#createroom-instant), and until then nobody is kept out (#createroom-reserved).
"""

import uuid

from bridge.contract import ChatId, CreateRoom, Reason, Refused
from bridge.hub.facades import Rooms
from bridge.xmpp import localparts
from bridge.xmpp.chats import Where
from bridge.xmpp.hosted import stanzas

_LONGEST = 100  # characters of a name


def address(where: Where) -> str:
    """What stands before the @ of a room that can be made; empty for what is the name of a room on a network
    (`#cafe%example.org`), or one that we have made up."""
    found = localparts.decode(where.room.partition("@")[0]) or ""
    fits = found.isprintable() and len(found) <= _LONGEST and found.strip("#") and "%" not in found
    return found if fits and not found.startswith("!") else ""


async def make(rooms: Rooms, user: str, where: Where) -> None:
    """Raises what `Rooms.create` does."""
    called = address(where)
    wish = CreateRoom(chat=ChatId(""), key="-", name=called.strip("#"))
    made = await rooms.create(user, where.gateway.network, wish, called)
    if made is None:
        text = f"The room was made on {where.gateway.name}, and is not seen here yet. Enter it again in a moment."
        raise Refused(text, Reason.TIMEOUT)


def welcome(where: Where) -> str:
    """What whoever has made a room is to know."""
    network = where.gateway.name
    words = (
        f"You have made this room on {network}. Only people whom you invite can come in. "
        f"Its messages are not encrypted on {network}: encrypted ones could not be shown here."
    )
    return stanzas.remark(where.room, f"welcome-{uuid.uuid4().hex}", words)
