"""All hosted rooms while somebody is in them: who has entered which, and what they hear."""

import asyncio
import logging
from collections.abc import Callable, Iterator

from bridge.contract import ChatId, ConnectorError, Contact, ContactId, NetworkId, Refused
from bridge.hub.facades import Avatars, Entry, Hides, RoomNews, RoomOccupant, Rooms
from bridge.xmpp.chats import Addresses, Gateway
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.hosted import changes, rolls, stanzas
from bridge.xmpp.hosted.activity import Activity
from bridge.xmpp.hosted.movements import Movements
from bridge.xmpp.hosted.pictures import RoomPictures
from bridge.xmpp.hosted.room import Attendee, HostedRoom
from bridge.xmpp.hosted.stanzas import Out, Seen

log = logging.getLogger(__name__)
_AT_ONCE = 100  # people of a room between two turns of the event loop


class House:
    """Owns the rooms. Nothing here waits but `load` and `opened`."""

    def __init__(
        self,
        addresses: Addresses,
        rooms: Rooms,
        write: Callable[[NetworkId, str], object],
        link: Callable[[str, str], str],
        pictures: Avatars,
    ) -> None:
        """`link`: see `bridge.xmpp.files.addressed`."""
        self.link = link
        self.said: Callable[[HostedRoom, str, str], None] = lambda room, id, author: None
        """Told of what is said in a room that somebody is in: what the room calls it, and whom its network calls so
        who has said it."""
        self._addresses = addresses
        self._rooms = rooms
        self.write = write
        self._open: dict[ChatId, HostedRoom] = {}
        self._meanwhile: dict[ChatId, list[RoomNews]] = {}  # what changes while a room is read
        self._pings = 0
        self.pictures = RoomPictures(pictures)
        self.movements = Movements(self.tell)
        self.activity = Activity(addresses, rooms, self._inside, write)
        self.hides: Hides = lambda user, network, contact: False

    def room(self, jid: ChatId) -> HostedRoom | None:
        """The room, if somebody is in it."""
        return self._open.get(jid)

    def attendee(self, room: ChatId, jid: str) -> Attendee | None:
        """Who has entered under this full JID."""
        there = self._open.get(room)
        found = there.attendees.get(jid) if there is not None else None
        return found if found is not None and found.entering is None else None

    async def load(self, network: NetworkId) -> None:
        """Whoever was in a room when the last process ended still is, until their server says no."""
        for jid, who in await self._rooms.attendance(network):
            user = who.partition("/")[0]
            try:
                room, me = await self.opened(jid, user)
            except ConnectorError as error:
                log.info("somebody is not in a room any more room=%s reason=%s", jid, error.text)
                self._rooms.part(jid, who)
            else:
                room.attendees[who] = Attendee(who, user, me, entering=None)

    def ask_all(self, gateway: Gateway) -> None:
        """Ping everybody: while we were away nobody could tell us that they went."""
        for room in self._of(gateway):
            self._pings += 1
            self.tell(room, stanzas.ping(room.jid, f"attending-{self._pings}"), room.inside)

    def goodbye(self, gateway: Gateway) -> None:
        """XEP-0045 #service-shutdown-kick: clients come back by themselves."""
        for room in list(self._of(gateway)):
            for jid in list(room.attendees):
                self.let_out(room, jid, (110, 332))

    def left(self, jid: ChatId, who: str) -> None:
        """Somebody has left on XMPP; the network's room they do not leave."""
        room = self._open.get(jid)
        if room is not None and who in room.attendees:
            self.let_out(room, who, (110,))

    def let_out(self, room: HostedRoom, who: str, statuses: tuple[int, ...], out: Out | None = None) -> None:
        """`who` has entered, and is told that they are out now; `out` if on the network, too."""
        one = room.attendees[who]
        self.forget(room, who)
        nick = room.nicks.get(one.me)
        seen = room.seen.get(one.me)  # none where another account has told first that they are gone
        if seen is None and nick is not None:
            seen = self.seen(room, one.me, RoomOccupant(one.me, nick, present=False))
        if seen is not None:
            here = room.rolls if out is None else None  # whoever is no member any more is told no version
            mav = here.until(orderly=seen.rank.keeps_order) if here is not None else ""
            self.tell(room, stanzas.gone(room.jid, seen, statuses, out=out, mav=mav), [who])

    def forget(self, room: HostedRoom, who: str) -> None:
        """`who` is not in the room; a room with nobody in it is not kept."""
        room.attendees.pop(who, None)
        self._rooms.part(room.jid, who)
        self.activity.left(room.room.network, room.jid, who.partition("/")[0])
        if not room.attendees:
            self._open.pop(room.jid, None)

    def changed(self, news: RoomNews) -> None:
        if news.jid in self._meanwhile:
            self._meanwhile[news.jid].append(news)
        room = self._open.get(news.jid)
        if room is not None:
            changes.apply(self, room, news)

    async def opened(self, jid: ChatId, user: str) -> tuple[HostedRoom, ContactId]:
        """The room, and who `user` is in it; who calls this puts somebody in before anything else. Raises what
        `Rooms.enter` does."""
        news = self._meanwhile.setdefault(jid, [])
        try:
            known = jid in self._open  # then it hears of everybody
            entry = await self._rooms.enter(jid, user, known=known)
            made = None if known else await self._made(entry, news)
            while jid not in self._open and (made is None or self._meanwhile.get(jid) is not news):
                # Meanwhile others were in, and are out again: what they heard this room has not.
                news = self._meanwhile.setdefault(jid, [])
                entry = await self._rooms.enter(jid, user)
                made = await self._made(entry, news)
        finally:
            if self._meanwhile.get(jid) is news:
                del self._meanwhile[jid]
        if jid in self._open:
            room = self._open[jid]
            self._learn(room, entry, user)
        else:
            assert made is not None
            room = self._open[jid] = made
            self.pictures.opened(room)
            self._learn(room, entry, user)
            room.rolls = rolls.begin(room, self._rooms)
        return room, entry.me

    async def look(self, jid: ChatId, user: str) -> HostedRoom:
        """The room as `user`, who is in it on its network, may see it; nobody has to have entered. Raises what
        `Rooms.look` does."""
        there = self._open.get(jid)
        if there is not None:
            return there
        entry = await self._rooms.look(jid, user)
        room = await self._made(entry, [])
        self._learn(room, entry, user)
        room.rolls = rolls.begin(room, self._rooms)
        return self._open.get(jid, room)

    async def _made(self, entry: Entry, news: list[RoomNews]) -> HostedRoom:
        """The room as it is told, and then as the `news` say; there may be tens of thousands in it."""
        network = entry.room.network
        room = HostedRoom(entry.room, address=lambda contact: self._address(network, contact))
        room.outside = dict(entry.outside) if entry.outside is not None else None
        for number, occupant in enumerate(entry.occupants):
            changes.moved(self, room, occupant)
            if number % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
        number = 0
        while number < len(news):  # more come while others have their turn
            changes.apply(self, room, news[number])
            number += 1
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
        return room

    def seen(self, room: HostedRoom, contact: ContactId, occupant: RoomOccupant) -> Seen:
        """How somebody is shown."""
        jid = self._address(room.room.network, contact)
        avatar = occupant.avatar
        photo = self.pictures.known(avatar)
        id = self._rooms.occupant_id(room.jid, contact)
        return Seen(occupant.nick, id, jid, occupant.rank, avatar, photo, occupant.titles)

    def _address(self, network: NetworkId, contact: ContactId) -> str:
        try:
            return self._addresses.jid(network, contact)
        except Refused:
            return ""  # nobody can write to them

    def contact(self, network: NetworkId, jid: str) -> ContactId | None:
        """Whom of a network a bare JID means."""
        try:
            whom = self._addresses.whom(jid)
        except StanzaError:
            return None
        return whom.contact if whom.gateway.network == network else None

    def occupant_id(self, room: ChatId, contact: ContactId) -> str:
        return self._rooms.occupant_id(room, contact)

    def tell(self, room: HostedRoom, stanza: str, to: list[str]) -> None:
        if to:
            self.write(room.room.network, stanzas.filled(stanza, to))

    def _inside(self, jid: ChatId, user: str) -> bool:
        room = self._open.get(jid)
        return room is not None and room.attends(user)

    def _learn(self, room: HostedRoom, entry: Entry, user: str) -> None:
        """Who is not known yet; about the others we have heard what is newer."""
        for occupant in entry.occupants:
            if occupant.contact not in room.nicks:
                changes.moved(self, room, occupant)
        room.faces[user] = entry.me
        if entry.me not in room.seen:
            nick = room.nicks.get(entry.me) or self._addresses.nick(Contact(entry.me), 1)
            changes.moved(self, room, RoomOccupant(entry.me, nick))

    def _of(self, gateway: Gateway) -> Iterator[HostedRoom]:
        return (room for room in list(self._open.values()) if room.room.network == gateway.network)
