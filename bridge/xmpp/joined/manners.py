"""What people in a room elsewhere want of one of ours alone, and what they are answered."""

import time
from xml.etree.ElementTree import Element

from bridge.contract import NetworkId
from bridge.xmpp import parse
from bridge.xmpp.joined import writing
from bridge.xmpp.joined.grounds import Grounds
from bridge.xmpp.joined.people import Ours

_INFO = "{http://jabber.org/protocol/disco#info}query"
_TOLD = 3_600.0  # seconds
_MOST = 5_000  # people of whom it is known that they were told


class Manners:
    """Of one room."""

    def __init__(self, grounds: Grounds) -> None:
        self._grounds = grounds
        self._told: dict[str, float] = {}  # who has written privately, and was told that it goes nowhere

    def private(self, one: Ours, stanza: Element) -> bool:
        """Whether it is a private message. That it goes nowhere is said once for a while: it may be a program that
        answers."""
        if parse.body(stanza) is None:
            return False
        sender = stanza.get("from", "")
        if time.monotonic() - self._told.get(sender, -_TOLD) >= _TOLD:
            self._told[sender] = time.monotonic()
            self._grounds.streams[one.network].send(writing.not_private(one.jid, sender))
        while len(self._told) > _MOST:
            self._told.pop(next(iter(self._told)))
        return True

    def question(self, network: NetworkId, one: Ours | None, stanza: Element) -> None:
        """An iq from the room or somebody in it."""
        if stanza.get("type") in ("result", "error"):
            self._grounds.requests[network].answered(stanza)
        elif one is not None and stanza.get("type") == "get" and any(c.tag == "{urn:xmpp:ping}ping" for c in stanza):
            self._grounds.streams[network].send(writing.pong(stanza.get("id", ""), one.jid, stanza.get("from", "")))
        elif one is not None and stanza.get("type") == "get" and any(c.tag == _INFO for c in stanza):
            self._grounds.streams[network].send(
                writing.described(stanza.get("id", ""), one.jid, stanza.get("from", ""))
            )
        elif stanza.get("type") in ("get", "set"):
            to, sender = stanza.get("to", ""), stanza.get("from", "")
            self._grounds.streams[network].send(writing.not_here(stanza.get("id", ""), to, sender))
