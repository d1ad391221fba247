"""Coming into a hosted room, in the order of XEP-0045 #order: the others, oneself, what was said, the subject."""

import asyncio
import logging
import time
from itertools import accumulate
from xml.etree.ElementTree import Element

from bridge.contract import ConnectorError, ContactId, Reason, Refused
from bridge.hub.facades import People, Rooms
from bridge.hub.lines import Archive, ArchiveQuery
from bridge.xmpp import errors, render
from bridge.xmpp.chats import Where
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.hosted import making, stanzas, wording
from bridge.xmpp.hosted.house import House
from bridge.xmpp.hosted.room import Attendee, HostedRoom
from bridge.xmpp.hosted.turns import Turns
from bridge.xmpp.hosted.wishes import Wish, wish

log = logging.getLogger(__name__)

_SESSIONS = 100  # of one user in one room


class Entering:
    """Answers presences to rooms. Owns the tasks of those who enter; `close` ends them."""

    def __init__(self, house: House, rooms: Rooms, archive: Archive, people: People, limit: int) -> None:
        """`limit`: bytes of a stanza."""
        self._house = house
        self._rooms = rooms
        self._archive = archive
        self._people = people
        self._limit = limit
        self._turns = Turns()
        self._coming: dict[tuple[str, str], asyncio.Task[None]] = {}  # by room and full JID
        self._tasks: set[asyncio.Task[None]] = set()  # also of those who have turned round

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def presence(self, where: Where, stanza: Element) -> None:
        """One presence of somebody's to a room. Raises `StanzaError`."""
        jid = stanza.get("from", "")
        task = self._coming.get((where.room, jid))
        if stanza.get("type") in ("unavailable", "error"):
            if task is not None:
                del self._coming[where.room, jid]
                task.cancel()
            self._house.left(where.room, jid)
            return
        wanted = wish(stanza, time.time())
        present = self._house.attendee(where.room, jid)
        if wanted is not None:
            self._begin(where, stanza, wanted)
        elif present is None and task is None:
            raise StanzaError("not-acceptable", "You are not in this room. Enter it first.")
        elif present is not None:
            self._keep_nick(where, present)

    def _begin(self, where: Where, stanza: Element, wanted: Wish) -> None:
        jid = stanza.get("from", "")
        user, key = jid.partition("/")[0], (where.room, jid)
        if not where.nick:
            raise StanzaError("jid-malformed", "Say how you want to be called: enter the room under a nick.")
        if not self._people.allowed(user):
            raise StanzaError("forbidden", "You may not use this gateway. Its operator can allow it.")
        if key in self._coming:
            return  # it will be let in soon
        there = self._house.room(where.room)
        inside = sum(1 for one in there.attendees.values() if one.user == user) if there is not None else 0
        if inside >= _SESSIONS:
            raise StanzaError("resource-constraint", "You are in this room with too many apps. Leave with one of them.")
        self._turns.ask(user)
        task = asyncio.create_task(self._enter(where, stanza, wanted), name=f"enter {where.room}")
        self._coming[key] = task
        self._tasks.add(task)
        task.add_done_callback(lambda task: self._over(key, task))

    def _over(self, key: tuple[str, str], task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._coming.get(key) is task:
            del self._coming[key]

    async def _enter(self, where: Where, stanza: Element, wanted: Wish) -> None:
        jid = stanza.get("from", "")
        user = jid.partition("/")[0]
        try:
            async with self._turns.turn(user):
                await self._let_in(where, jid, wanted)
        except Refused as refusal:
            reason, why = refusal.reason, refusal.text
            if reason is Reason.NOT_FOUND and not await self._people.accounts(user, where.gateway.network):
                reason = Reason.NOT_LOGGED_IN
                why = f"You are not logged in to {where.gateway.name}. Send `login` to {where.gateway.domain}."
            self._refuse(where, stanza, reason, why)
        except ConnectorError as error:
            answer = errors.of(error)
            self._refuse(where, stanza, answer.condition, answer.text)
        except Exception:
            log.exception("somebody could not be let in room=%s", where.room)
            self._refuse(where, stanza, Reason.INTERNAL, "The gateway has a fault, so you are not in the room.")

    async def _let_in(self, where: Where, jid: str, wanted: Wish) -> None:
        user = jid.partition("/")[0]
        room, me, made = await self._opened(where, user)
        one = room.attendees[jid] = Attendee(jid, user, me, versed=wanted.version is not None)
        try:
            await self._rooms.attend(room.jid, jid)
            query = ArchiveQuery(most=wanted.most, last=True, heard=wanted.since, stored=True, standing=True)
            lines = (await self._archive.page(room.jid, user, query)).lines
        except BaseException:
            if room.attendees.get(jid) is one:  # they may have left, and come again
                self._house.forget(room, jid)
            raise
        if room.attendees.get(jid) is not one:
            return  # they are out again
        history = [part for line in lines for part in wording.history(self._house, room, line, self._limit)]
        if wanted.characters is not None:
            history = _latest(history, wanted.characters)
        one.read = frozenset(line.key for line in lines)
        waiting, one.entering = one.entering or [], None
        said = [stanza for key, stanza in waiting if key not in one.read]
        others = [
            stanzas.present(room.jid, seen)
            for contact, seen in room.seen.items()
            if contact != me and room.shows(contact)
        ]
        subject = stanzas.subject(room.jid, room.room.subject)
        extra = [making.welcome(where)] if made else []
        # XEP-0463 #self: before any presence.
        standing = ""
        if room.rolls is not None and wanted.version is not None:
            standing = room.rolls.answer(room, me, user, wanted.version, self._limit)
        everything = [standing, *others, _yourself(room, one, where.nick, made=made), *history, subject, *extra, *said]
        self._house.tell(room, "".join(everything), [jid])

    async def _opened(self, where: Where, user: str) -> tuple[HostedRoom, ContactId, bool]:
        """The room, who `user` is in it, and whether it was made for them."""
        try:
            return *await self._house.opened(where.room, user), False
        except Refused as refusal:
            if refusal.reason is not Reason.NOT_FOUND or not making.address(where):
                raise
            if not await self._people.accounts(user, where.gateway.network):
                raise
        await making.make(self._rooms, user, where)
        return *await self._house.opened(where.room, user), True

    def _keep_nick(self, where: Where, one: Attendee) -> None:
        """XEP-0045 #changenick: what people are called here they are called on their network."""
        room = self._house.room(where.room)
        seen = room.seen.get(one.me) if room is not None else None
        if room is not None and seen is not None and where.nick != seen.nick:
            self._house.tell(room, _yourself(room, one, where.nick), [one.jid])

    def _refuse(self, where: Where, stanza: Element, condition: str, why: str) -> None:
        payload = f'<x xmlns="{stanzas.MUC}"/>{errors.render(condition, why)}'
        to, sender = stanza.get("to", ""), stanza.get("from", "")
        self._house.write(where.gateway.network, render.error(stanza.get("id", ""), to, sender, payload, "presence"))


def _latest(history: list[str], characters: int) -> list[str]:
    """XEP-0045 #enter-managehistory: `maxchars` counts whole stanzas."""
    sums = list(accumulate(len(one) for one in reversed(history)))
    fitting = sum(1 for total in sums if total <= characters)
    return history[len(history) - fitting :]


def _yourself(room: HostedRoom, one: Attendee, wanted: str, *, made: bool = False) -> str:
    """100: the others' addresses are shown; 110: this is you; 170: everybody can read what is said (XEP-0045
    #enter-logging); 201: you have made the room; 210: you are called otherwise than you wished."""
    seen = room.seen[one.me]
    more = {170: room.room.public, 201: made, 210: seen.nick != wanted}
    statuses = [100, 110, *(status for status, true in more.items() if true)]
    mav = room.rolls.until(orderly=seen.rank.keeps_order) if room.rolls is not None else ""
    return stanzas.yourself(room.jid, seen, one.jid, statuses, mav)
