"""Whoever keeps order in a hosted room takes back what others have said (XEP-0425), by their own account.

What becomes of it the room shows when the network tells.
"""

from xml.etree.ElementTree import Element

from bridge.contract import ChatId, MessageId, Retract, Target
from bridge.hub.facades import Rooms
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.hosted.asked import RoomQuestion, answered, inside
from bridge.xmpp.hosted.house import House

NOW, BEFORE = "urn:xmpp:message-moderate:1", "urn:xmpp:message-moderate:0"
_FASTEN = "urn:xmpp:fasten:0"
_MODERATE, _MODERATE_0, APPLY_TO = f"{{{NOW}}}moderate", f"{{{BEFORE}}}moderate", f"{{{_FASTEN}}}apply-to"
_LONGEST = 1_000  # characters of an id or a reason
MODERATE = _MODERATE


class Moderating:
    """Answers both forms of the request."""

    def __init__(self, house: House, rooms: Rooms) -> None:
        self._house = house
        self._rooms = rooms

    async def answer(self, question: RoomQuestion) -> str:
        """Raises `StanzaError`."""
        wish = _wish(question.payload, question.where.room)
        there = inside(self._house, question)
        if not there.me.rank.keeps_order:
            raise StanzaError("forbidden", "Only those who keep order in this room can remove messages of others.")
        await answered(self._rooms.change(there.one.user, wish))
        return ""


def _wish(payload: Element, room: ChatId) -> Retract:
    """Which message, and why (XEP-0425 #moderator-retracts-message; version 0 fastened it by XEP-0422)."""
    moderate = payload if payload.tag == _MODERATE else payload.find(_MODERATE_0)
    target = payload.get("id", "")
    if moderate is None or not any(child.tag.endswith("}retract") for child in moderate):
        raise StanzaError("feature-not-implemented", "Nothing but removing a message can be done so.")
    if not 0 < len(target) <= _LONGEST:
        raise StanzaError("bad-request", "Say which message is meant.")
    reasons = (child.text or "" for child in moderate if child.tag.endswith("}reason"))
    reason = next(reasons, "")[:_LONGEST]
    return Retract(chat=room, key="-", target=Target((MessageId(target),)), moderator=True, reason=reason)
