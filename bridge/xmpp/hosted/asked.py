"""What is asked of a hosted room, as its feature files see it, and what they ask the network."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar
from xml.etree.ElementTree import Element

from bridge.contract import ConnectorError, Reason, Refused
from bridge.xmpp.chats import Where
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.hosted.house import House
from bridge.xmpp.hosted.room import Attendee, HostedRoom
from bridge.xmpp.hosted.stanzas import Seen

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RoomQuestion:
    """An IQ of type get or set to a room or to somebody in it."""

    payload: Element
    sender: str  # full JID
    user: str  # its bare JID
    where: Where


@dataclass(frozen=True, slots=True)
class Inside:
    """Who asks, and the room that they are in."""

    room: HostedRoom
    one: Attendee
    me: Seen


def inside(house: House, question: RoomQuestion) -> Inside:
    """Raises `StanzaError` for somebody who has not entered."""
    room, one = question.where.room, house.attendee(question.where.room, question.sender)
    there = house.room(room)
    me = there.seen.get(one.me) if there is not None and one is not None else None
    if one is None or there is None or me is None:
        raise StanzaError("not-acceptable", "You are not in this room. Enter it first.")
    return Inside(there, one, me)


async def answered(work: Awaitable[T]) -> T:
    """What the network answers; its error is the error of the question. Raises `StanzaError`."""
    try:
        return await work
    except Refused as refusal:
        raise StanzaError(str(refusal.reason), refusal.text) from refusal
    except ConnectorError as error:
        raise StanzaError(str(Reason.TIMEOUT), error.text) from error
