"""The picture of a hosted room, set by the card of the room (XEP-0054, as XEP-0486 #owner-publish has it)."""

import base64
import binascii
from xml.etree.ElementTree import Element

from bridge.contract import SetRoom
from bridge.hub.facades import Rooms
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.hosted.asked import RoomQuestion, answered, inside
from bridge.xmpp.hosted.house import House

_PHOTO = "{vcard-temp}PHOTO"
_DATA = "{vcard-temp}BINVAL"
_LARGEST = 1024 * 1024  # bytes


class Portraying:
    def __init__(self, house: House, rooms: Rooms) -> None:
        self._house = house
        self._rooms = rooms

    async def change(self, question: RoomQuestion) -> str:
        """Raises `StanzaError`: what the network says, or what is wrong with the picture."""
        if question.where.nick:
            raise StanzaError("service-unavailable", "Nobody can change the card of somebody else.")
        there = inside(self._house, question)
        wish = SetRoom(chat=there.room.jid, key="-", avatar=_picture(question.payload))
        await answered(self._rooms.change(question.user, wish))
        return ""


def _picture(card: Element) -> bytes:
    """Empty for a card without one. Raises `StanzaError`."""
    photo = card.find(_PHOTO)
    if photo is None or not len(photo):
        return b""
    data = "".join((photo.findtext(_DATA) or "").split())
    try:
        picture = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise StanzaError("bad-request", "The picture is not written in base64.") from None
    if not picture:
        raise StanzaError("not-acceptable", "The card names a picture, but does not hold it.")
    if len(picture) > _LARGEST:
        raise StanzaError("policy-violation", f"A picture has at most {_LARGEST:,} bytes.")
    return picture
