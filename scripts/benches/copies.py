"""What the copies cost that our other occupants get of a busy MUC: 100 of ours are in it, and it hears 10 messages a
second.

Each copy is parsed, and dropped because it is not the listener's. Measured is the processor's time from the bytes of
the stream to there, for a minute of it.
"""

import time
from typing import Any, cast
from xml.etree.ElementTree import Element

from bridge.contract import ChatId, Event, NetworkId
from bridge.hub.workspace import PassingMemory
from bridge.xmpp.component import COMPONENT, Component
from bridge.xmpp.joined.grounds import Grounds
from bridge.xmpp.joined.people import Ours
from bridge.xmpp.joined.room import JoinedRoom

OURS, RATE, SECONDS = 100, 10, 60
_ROOM, _FAR = ChatId("cafe@rooms.example"), NetworkId("far")


async def measure(run: int) -> dict[str, float]:
    events: list[Event] = []
    room = JoinedRoom(_ROOM, Grounds({}, {}, events.append, PassingMemory(), _FAR, OURS, 65_536))
    for number in range(OURS):
        room._people.add(Ours(f"far:{number}", _FAR, str(number), _jid(number), inside=True, nick=f"n{number}"))
    dropped = 0

    def received(stanza: Element) -> None:
        nonlocal dropped
        room.received(_FAR, stanza)
        dropped += 1

    stream = Component("far.example", "secret", lambda: None, received, lambda condition: None)
    cast(Any, stream).init_parser()
    stream.data_received(f"<stream:stream xmlns='{COMPONENT}' xmlns:stream='http://etherx.jabber.org/streams' id='1'>")
    said = [_copies(number) for number in range(RATE * SECONDS)]
    begun = time.process_time()
    for copies in said:
        stream.data_received(copies)
    spent = time.process_time() - begun
    assert (dropped, events) == (OURS * RATE * SECONDS, [])
    return {"CPU %, 100 of ours, 10 messages/s": 100 * spent / SECONDS}


def _jid(number: int) -> str:
    return f"{number}@far.example/bridge"


def _copies(message: int) -> bytes:
    """Of one message, as a server writes them one after the other."""
    inner = (
        "<body>But soft, what light through yonder window breaks? It is the east, and Juliet is the sun.</body>"
        f"<origin-id xmlns='urn:xmpp:sid:0' id='o{message}'/><markable xmlns='urn:xmpp:chat-markers:0'/>"
        "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='dX5JbDQIAXPTnIRn+2kEzUcRURydRkcco26au2pu3Eo='/>"
        f"<stanza-id xmlns='urn:xmpp:sid:0' by='{_ROOM}' id='s{message}'/>"
    )
    head = f"<message id='o{message}' from='{_ROOM}/romeo' type='groupchat'"
    return "".join(f"{head} to='{_jid(number)}'>{inner}</message>" for number in range(OURS)).encode()
