"""Whoever keeps order in a hosted room takes back what others have said (XEP-0425), by their own account.

What becomes of it the room shows when the network tells.
"""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from bridge.contract import ChatId, ConnectorError, MessageId, Rank, Reason, Refused, Retract, Target
from bridge.hub.facades import Rooms
from bridge.xmpp.chats import Where
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.hosted.house import House

NOW, BEFORE = "urn:xmpp:message-moderate:1", "urn:xmpp:message-moderate:0"
_FASTEN = "urn:xmpp:fasten:0"
_MODERATE, _MODERATE_0, APPLY_TO = f"{{{NOW}}}moderate", f"{{{BEFORE}}}moderate", f"{{{_FASTEN}}}apply-to"
_LONGEST = 1_000  # characters of an id or a reason
MODERATE = _MODERATE


@dataclass(frozen=True, slots=True)
class RoomQuestion:
    """An IQ of type get or set to a room or to somebody in it."""

    payload: Element
    sender: str  # full JID
    user: str  # its bare JID
    where: Where


class Moderating:
    """Answers both forms of the request."""

    def __init__(self, house: House, rooms: Rooms) -> None:
        self._house = house
        self._rooms = rooms

    async def answer(self, question: RoomQuestion) -> str:
        """Raises `StanzaError`."""
        room, sender = question.where.room, question.sender
        wish = _wish(question.payload, room)
        one, there = self._house.attendee(room, sender), self._house.room(room)
        if one is None or there is None:
            raise StanzaError("not-acceptable", "You are not in this room. Enter it first.")
        me = there.seen.get(one.me)
        if me is None or me.rank is Rank.MEMBER:
            raise StanzaError("forbidden", "Only those who keep order in this room can remove messages of others.")
        try:
            await self._rooms.change(one.user, wish)
        except Refused as refusal:
            raise StanzaError(str(refusal.reason), refusal.text) from refusal
        except ConnectorError as error:
            raise StanzaError(str(Reason.TIMEOUT), error.text) from error
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
