"""What arrives for hosted rooms, taken in: to enter or leave, to be said, to be asked, to be given up."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from bridge.contract import Authored, ChatId, ConnectorError, ContactId, Invite, Person, Reason, Refused, SetRoom, Sign
from bridge.hub.facades import People, Rooms
from bridge.hub.lines import Archive
from bridge.xmpp import errors, mentions, parse, render, signs
from bridge.xmpp.chats import Gateway, Where, Whom
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.hosted import inviting
from bridge.xmpp.hosted.entering import Entering
from bridge.xmpp.hosted.house import House
from bridge.xmpp.hosted.questions import Questions

log = logging.getLogger(__name__)
_WISHES = 100  # subjects being changed at once
# XEP-0045 has no list; these say that nobody is there any more, as Prosody's MUC takes them.
_GONE = frozenset(
    {"gone", "internal-server-error", "item-not-found", "jid-malformed", "recipient-unavailable", "redirect",
     "remote-server-not-found", "remote-server-timeout", "service-unavailable"}
)  # fmt: skip


class Reception:
    """Owns the tasks that it begins; `close` ends them."""

    def __init__(self, house: House, rooms: Rooms, archive: Archive, people: People, limit: int) -> None:
        self._house = house
        self._rooms = rooms
        self._entering = Entering(house, rooms, archive, people, limit)
        self._questions = Questions(house, rooms, archive, limit)
        self._wishes: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        await self._entering.close()
        for task in self._wishes:
            task.cancel()
        await asyncio.gather(*self._wishes, return_exceptions=True)

    def inside(self, where: Where, sender: str) -> bool:
        return self._house.attendee(where.room, sender) is not None

    def presence(self, where: Where, stanza: Element) -> None:
        """Raises `StanzaError`."""
        self._entering.presence(where, stanza)

    def bounced(self, where: Where, stanza: Element) -> None:
        """An error for something that the room has sent to somebody."""
        if errors.condition(stanza) in _GONE:
            self._house.left(where.room, stanza.get("from", ""))

    async def question(self, kind: str, payload: Element, sender: str, where: Where) -> str:
        """The payload of the answer. Raises `StanzaError`."""
        return await self._questions.answer(kind, payload, sender, where)

    def message(self, where: Where, stanza: Element) -> Sequence[Authored | Sign]:
        """What is told by it. Raises `StanzaError`."""
        sender = stanza.get("from", "")
        one = self._house.attendee(where.room, sender)
        if one is None:
            raise StanzaError("not-acceptable", "You are not in this room. Enter it first.")
        told = signs.read(stanza, one.user, where.room)
        if where.nick:
            if told:
                return ()  # of nothing that is said there
            return self._private(where, one.user, one.me, stanza)
        if stanza.get("type") != "groupchat":
            network = where.gateway
            asked = inviting.wishes(
                stanza, where.room, network.name, lambda jid: self._house.contact(network.network, jid)
            )
            if asked:
                self._change(where, stanza, lambda: self._invite(one.user, asked))
                return ()
            if told:
                return ()
            if parse.body(stanza) is None:
                raise StanzaError("feature-not-implemented", "This cannot be done here yet.")
            raise StanzaError("bad-request", "This is a room. Write to it as to a room.")
        said = parse.room_message(
            stanza, one.user, where.gateway.name, where.room, time.time(), lambda: self._people(where)
        )
        if isinstance(said, parse.Subject):
            wish = SetRoom(chat=where.room, key="-", subject=said.text)
            self._change(where, stanza, lambda: self._rooms.change(one.user, wish))
            return ()
        return [said] if said is not None else told

    def _people(self, where: Where) -> Mapping[str, Person]:
        """Everybody who is there, by nick and by JID."""
        room, network = self._house.room(where.room), where.gateway.network
        seen = room.seen.items() if room is not None else ()
        return {
            name: Person(network, contact)
            for contact, one in seen
            for name in (one.jid, one.nick, mentions.occupant(one.id))
            if name
        }

    def _private(self, where: Where, user: str, me: ContactId, stanza: Element) -> Sequence[Authored]:
        """XEP-0045 #privatemessage: it goes into the direct chat with that person, where their answer comes from."""
        room = self._house.room(where.room)
        contact = room.with_nick(where.nick) if room is not None else None
        if room is None or contact is None:
            raise StanzaError("item-not-found", "Nobody in this room is called so.")
        jid = room.seen[contact].jid
        if contact == me:
            raise StanzaError("not-acceptable", "This is you yourself.")
        if not jid:
            raise StanzaError("service-unavailable", "They have no address here, so nobody can write to them.")
        said = parse.message(stanza, user, Whom(where.gateway, contact, jid), ChatId(f"{user} {jid}"), time.time())
        return [said] if said is not None else ()

    def invite(self, where: Where, whom: ContactId, stanza: Element) -> None:
        """XEP-0249: somebody is asked into the room. Raises `StanzaError`."""
        user = stanza.get("from", "").partition("/")[0]
        self._change(where, stanza, lambda: self._invite(user, [inviting.direct(stanza, where.room, whom)]))

    async def _invite(self, user: str, asked: Sequence[Invite]) -> None:
        for one in asked:
            await self._rooms.change(user, one)

    def _change(self, where: Where, stanza: Element, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """What is done at once, and tells only of what does not work: else the room shows it."""
        if len(self._wishes) >= _WISHES:
            raise StanzaError("resource-constraint", "Too much is being changed at once. Try again later.")
        task = asyncio.create_task(self._changing(where, stanza, work), name=f"change {where.room}")
        self._wishes.add(task)
        task.add_done_callback(self._wishes.discard)

    async def _changing(self, where: Where, stanza: Element, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except Refused as refusal:
            self._refuse(where.gateway, stanza, refusal.reason, refusal.text)
        except ConnectorError as error:
            self._refuse(where.gateway, stanza, Reason.TIMEOUT, error.text)
        except Exception:
            log.exception("a room could not be changed room=%s", where.room)
            self._refuse(where.gateway, stanza, Reason.INTERNAL, "The gateway has a fault, so nothing was changed.")

    def _refuse(self, gateway: Gateway, stanza: Element, reason: Reason, why: str) -> None:
        payload = errors.render(str(reason), why)
        to, sender = stanza.get("to", ""), stanza.get("from", "")
        self._house.write(gateway.network, render.error(stanza.get("id", ""), to, sender, payload))
