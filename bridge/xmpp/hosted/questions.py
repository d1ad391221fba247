"""What may be asked of hosted rooms and of those who are in them (XEP-0030, XEP-0045 #disco, XEP-0410)."""

from collections.abc import Awaitable, Callable, Mapping
from xml.etree.ElementTree import Element

from bridge.contract import ConnectorError
from bridge.hub.facades import Room, Rooms
from bridge.hub.lines import Archive
from bridge.xmpp import text
from bridge.xmpp.chats import Where
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.hosted import describing, governing
from bridge.xmpp.hosted.archives import Archives
from bridge.xmpp.hosted.asked import RoomQuestion
from bridge.xmpp.hosted.house import House
from bridge.xmpp.hosted.room import LARGE, HostedRoom

_INFO = "http://jabber.org/protocol/disco#info"
_ITEMS = "http://jabber.org/protocol/disco#items"
_CARD = "{vcard-temp}vCard"
_OF_PEOPLE = ("{urn:xmpp:ping}ping", _CARD)  # what people in a room can be asked


class Questions:
    """Answers by kind and tag of the payload, as `bridge.xmpp.questions` has them."""

    def __init__(self, house: House, rooms: Rooms, archive: Archive, limit: int) -> None:
        """`limit`: bytes of a stanza."""
        self._house = house
        self._rooms = rooms
        self._answers: Mapping[tuple[str, str], Callable[[RoomQuestion], Awaitable[str]]] = {
            ("get", f"{{{_INFO}}}query"): self._info,
            ("get", f"{{{_ITEMS}}}query"): self._items,
            ("get", "{urn:xmpp:ping}ping"): self._ping,
            ("get", _CARD): self._card,
            **{asked: self._known(answer) for asked, answer in Archives(house, archive, limit).answers.items()},
            **governing.answerers(house, rooms, limit),
        }

    async def answer(self, kind: str, payload: Element, sender: str, where: Where) -> str:
        """Raises `StanzaError`."""
        question = RoomQuestion(payload, sender, sender.partition("/")[0], where)
        answer = self._answers.get((kind, payload.tag))
        if answer is not None and (not where.nick or payload.tag in _OF_PEOPLE):
            return await answer(question)
        await self._room(question)
        if where.nick:
            self._occupant(question)  # XEP-0045 #impl-service-iq: to their app, if they have one on XMPP
        raise StanzaError("service-unavailable", "This is not offered here.")

    def _known(self, answer: Callable[[RoomQuestion], Awaitable[str]]) -> Callable[[RoomQuestion], Awaitable[str]]:
        """Only for those who may know that there is such a room."""

        async def known(question: RoomQuestion) -> str:
            await self._room(question)
            return await answer(question)

        return known

    async def _info(self, question: RoomQuestion) -> str:
        if question.payload.get("node"):
            raise StanzaError("item-not-found", "There is nothing under this name here.")
        room = await self._room(question)
        there, picture = self._house.room(room.jid), self._house.pictures.shown(room.avatar)
        versions = await self._versions(question, there)
        described = describing.described(room, there, picture, versions=versions)
        return f'<query xmlns="{_INFO}">{described}</query>'

    async def _versions(self, question: RoomQuestion, there: HostedRoom | None) -> bool:
        """XEP-0463 #disco; people ask before they enter, so it is the same when nobody is in the room."""
        if there is None:
            crowd = await self._rooms.crowd(question.where.room)
            if crowd is None or crowd > LARGE:
                return False
            try:
                there = await self._house.look(question.where.room, question.user)
            except ConnectorError:
                return False  # they are invited, and no more
        return there.rolls is not None

    async def _card(self, question: RoomQuestion) -> str:
        """Of somebody in the room (XEP-0054, as MUC services pass it on), or of the room itself (XEP-0486)."""
        where, room = question.where, await self._room(question)
        if where.nick:
            self._occupant(question)
        there = self._house.room(where.room)
        seen = there.seen.get(contact) if there and (contact := there.with_nick(where.nick)) else None
        avatar = (seen.avatar if seen is not None else None) if where.nick else room.avatar
        picture = await self._house.pictures.photo(avatar)
        name = text.escape(where.nick or room.name)
        named = f"<{'NICKNAME' if where.nick else 'FN'}>{name}</{'NICKNAME' if where.nick else 'FN'}>" if name else ""
        return f'<vCard xmlns="vcard-temp">{named}{picture}</vCard>'

    async def _items(self, question: RoomQuestion) -> str:
        """XEP-0045 #disco-roomitems: who is in a room is told to those who are in it."""
        room = await self._room(question)
        there = self._house.room(room.jid)
        inside = self._house.attendee(room.jid, question.sender) is not None
        seen = list(there.seen.values()) if there is not None and inside else []
        items = "".join(f'<item jid="{text.attribute(f"{room.jid}/{one.nick}")}"/>' for one in seen[:200])
        return f'<query xmlns="{_ITEMS}">{items}</query>'

    async def _ping(self, question: RoomQuestion) -> str:
        """XEP-0410 #ping-response, and #serveroptimization: of oneself the room knows."""
        where = question.where
        if not where.nick:
            await self._room(question)
            return ""
        if where.nick == self._occupant(question):
            return ""
        raise StanzaError("service-unavailable", "Only you yourself can be asked here.")

    def _occupant(self, question: RoomQuestion) -> str:
        """The nick of whoever asks. Raises `StanzaError` if they are not in the room, or the one they ask is not."""
        where = question.where
        me = self._house.attendee(where.room, question.sender)
        room = self._house.room(where.room)
        if me is None or room is None:
            raise StanzaError("not-acceptable", "You are not in this room. Enter it first.")
        if room.with_nick(where.nick) is None:
            raise StanzaError("item-not-found", "Nobody in this room is called so.")
        return room.seen[me.me].nick

    async def _room(self, question: RoomQuestion) -> Room:
        room = await self._rooms.describe(question.where.room, question.user)
        if room is None:
            raise StanzaError("item-not-found", "There is no such room here, or you are not in it on its network.")
        return room
