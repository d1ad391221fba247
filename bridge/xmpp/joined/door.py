"""Coming into one room as any of our people, and going (XEP-0045 #enter, #exit, #changenick)."""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from bridge.contract import (
    Bar,
    ChatId,
    Contact,
    Event,
    NetworkId,
    Persona,
    Rank,
    Reason,
    Refused,
    Scope,
    Unavailable,
)
from bridge.xmpp import errors
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.joined import barring, ranks, reading, words, writing
from bridge.xmpp.joined.people import LISTENER, OurPeople, Ours, nicks_for
from bridge.xmpp.joined.ranks import Standing
from bridge.xmpp.requests import Requests
from bridge.xmpp.stream import Stream

log = logging.getLogger(__name__)
_ANSWER = 20.0  # seconds for a room to let somebody in
_INFO = "http://jabber.org/protocol/disco#info"
_PING = '<ping xmlns="urn:xmpp:ping"/>'
_ROOM = re.compile(r"[^\s\"&'/:<>@]{1,200}@[^\s\"&'/:<>@]{1,200}")
_USER = f"{{{writing.USER}}}"


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody of ours is not in the room any more; `bar` if those who keep order there wanted that."""

    who: Ours
    bar: Bar | None
    destroyed: bool = False
    moved: str = ""  # where a destroyed room says that it is now (XEP-0045 #destroyroom)


class Door:
    """Of one room. `others` are the nicks of everybody else there, with their occupant ids; `offer` is told whom of
    ours the room does not want."""

    def __init__(
        self,
        room: ChatId,
        streams: Mapping[NetworkId, Stream],
        requests: Mapping[NetworkId, Requests],
        people: OurPeople,
        offer: Callable[[Event], None],
    ) -> None:
        self._room = room
        self._offer = offer
        self._streams = streams
        self._requests = requests
        self._people = people
        self.password = ""  # of the room, as far as somebody knows it (XEP-0045 #enter-pw)
        self.others: dict[str, str] = {}
        self.bridges: dict[str, str] = {}  # of those who were there before us: other gateways' people, and whose
        self.standings: dict[str, Standing] = {}  # of the same, by nick
        self._ghosts: set[str] = set()
        """Of the same, who say that we have brought them: ours of a process that ended before it had noted that they
        were in. The room takes them for who comes again with their address, and nobody else gets their nick."""

    async def enter(self, one: Ours, persona: Persona | None, seconds: int | None = None) -> None:
        """Come in, or be called as `persona` is called now. Raises `Unavailable`, and `Refused` to who speaks."""
        taken = [*self.others, *(other.nick for other in self._people if other.inside and other is not one)]
        name = persona.name if persona is not None else ""
        nicks, tried = list(nicks_for(persona, taken, one.nick, self._ghosts)), set[str]()
        while nicks:
            nick = nicks.pop(0)
            if one.inside and one.nick == nick:
                one.name = name
                return
            if one.inside:
                stanza = writing.rename(self._room, nick, one.jid, self._host)
            else:
                stanza = writing.enter(self._room, nick, one.jid, seconds, self._host, self.password)
            try:
                await self._ask(one, nick, stanza)
            except StanzaError as error:
                if error.condition == "conflict":
                    log.info("a nick is taken in a room room=%s", self._room)
                    continue
                if one.inside:
                    break
                again = await self._otherwise(one, nick, error) if error.condition not in tried else ""
                if not again:
                    raise words.closed(self._room, one.jid, error, listener=one.key == LISTENER) from None
                tried.add(error.condition)
                nicks.insert(0, again)
                continue
            one.name = name
            return
        if one.inside:  # what is said is not to suffer from a nick that cannot be had
            log.info("a nick stays as it was in a room room=%s", self._room)
            one.name = name
            return
        raise Refused(f"In the room {self._room} no nick is free for {one.name or one.contact}.", Reason.NOT_ALLOWED)

    async def _otherwise(self, one: Ours, nick: str, error: StanzaError) -> str:
        """The nick with which coming in is to be tried once more; empty if it is not. Raises `Unavailable`,
        `Refused`."""
        if error.condition == "not-acceptable":
            return await self._reserved(one, nick)
        if one.key == LISTENER:
            return ""
        if error.condition == "forbidden":  # XEP-0045 #enter-banned
            self.bar(one, Bar.BANNED)
            raise words.unwanted(self._room, one.jid) from None
        listener = self._people.get(LISTENER)
        if error.condition not in words.FULL or listener is None or not await self._answers(listener):
            return ""
        # XEP-0045 #enter-maxusers: whoever of ours has said nothing for longest makes room.
        quiet = next((other for other in self._people if other.inside and other not in (one, listener)), None)
        if quiet is None:
            raise words.full(self._room, one.jid)
        self.leave(quiet)
        self._people.forget(quiet)
        return nick

    async def _answers(self, listener: Ours) -> bool:
        """Whether the room itself is there, as our own answer to a ping by way of it tells."""
        try:
            await self._requests[listener.network].ask(
                "get", f"{self._room}/{listener.nick}", _PING, sender=listener.jid
            )
        except StanzaError:
            return False
        return True

    async def _reserved(self, one: Ours, nick: str) -> str:
        """The nick that the room has in store for somebody (XEP-0045 #reservednick); empty: none but `nick`."""
        query = f'<query xmlns="{_INFO}" node="x-roomuser-item"/>'
        try:
            answer = await self._requests[one.network].ask("get", self._room, query, sender=one.jid)
        except StanzaError:
            return ""
        found = next((found.get("name", "") for found in answer.iter(f"{{{_INFO}}}identity")), "")
        return found if found != nick else ""

    async def _ask(self, one: Ours, nick: str, stanza: str) -> None:
        stream = self._streams[one.network]
        one.answer, one.wanted = asyncio.get_running_loop().create_future(), nick
        try:
            if not stream.send(stanza):
                raise Unavailable(stream.error or "The connection to the XMPP server is not up.", scope=Scope.CHAT)
            async with asyncio.timeout(_ANSWER):
                await one.answer
        except TimeoutError:
            raise Unavailable(f"The room {self._room} does not answer.", scope=Scope.CHAT) from None
        finally:
            one.answer = None

    @property
    def _host(self) -> str:
        """The gateway that listens."""
        listener = self._people.get(LISTENER)
        return listener.jid.partition("/")[0] if listener is not None else ""

    def rank(self, contact: str) -> Rank | None:
        """What somebody may do in the room, while the listener is in it (`ranks.of`)."""
        return ranks.of(contact, self._room, self.others, self.standings)

    def forget(self) -> None:
        """Who is there is told anew."""
        self.others.clear()
        self.bridges.clear()
        self._ghosts.clear()
        self.standings.clear()

    async def features(self, one: Ours, known: frozenset[str]) -> frozenset[str]:
        """What the room says that it can do (XEP-0045 #disco-roominfo); `known` where it tells only who is in. Raises
        `StanzaError` where there is no room."""
        try:
            answer = await self._requests[one.network].ask("get", self._room, f'<query xmlns="{_INFO}"/>')
        except StanzaError as error:
            if error.condition in ("item-not-found", "gone", *words.UNKNOWN):
                raise
            return known
        return frozenset(found.get("var", "") for found in answer.iter(f"{{{_INFO}}}feature"))

    def bar(self, one: Ours, bar: Bar | None, by: Contact | None = None, reason: str = "") -> None:
        """One of ours is not wanted in the room, or may come again."""
        one.out, one.told = bar is not None, time.monotonic()
        self._offer(barring.event(self._room, one, bar, by, reason))

    def of_itself(self, stanza: Element) -> bool:
        """Whether a message of the room itself tells of one of ours who is not in."""
        found = barring.of_absent(stanza, self._people)
        if found is None:
            return False
        one, bar = found
        if bar is not None or one.out:
            self.bar(one, bar, *barring.said(stanza, self._room, self.others))
        return True

    def leave(self, one: Ours) -> None:
        if one.inside:
            self._streams[one.network].send(writing.leave(self._room, one.nick, one.jid))
            self._people.left(one)
        one.inside = False

    async def still_in(self, one: Ours) -> bool:
        """XEP-0410 #performing. Raises `Unavailable` when nothing can be said about it."""
        try:
            await self._requests[one.network].ask("get", f"{self._room}/{one.nick}", _PING, sender=one.jid)
        except StanzaError as error:
            if error.condition in words.UNKNOWN:
                raise words.closed(self._room, one.jid, error, listener=True) from None
            return error.condition in words.STILL_IN
        return True

    def broken(self, network: NetworkId) -> None:
        """The stream of these people is over: nobody knows any more whether they are in."""
        for one in self._people:
            if one.network == network:
                one.sure = False
                if one.answer is not None and not one.answer.done():
                    one.answer.set_exception(Unavailable("The connection to the XMPP server broke.", scope=Scope.CHAT))

    def presence(self, one: Ours, stanza: Element) -> Gone | None:
        """A presence from the room to `one`."""
        kind, nick = stanza.get("type", ""), (stanza.get("from") or "").partition("/")[2]
        statuses = {code.get("code", "") for code in stanza.iter(f"{_USER}status")}
        if kind == "error":
            if one.answer is not None and not one.answer.done():
                one.answer.set_exception(StanzaError(errors.condition(stanza), errors.read(stanza)[1]))
            return None
        if not nick:
            return None  # the room's own: its capabilities, its picture
        mine = "110" in statuses or nick in (one.nick, one.wanted if one.answer is not None else one.nick)
        if kind == "unavailable":
            if mine and (not one.nick or nick == one.nick):
                return self._unavailable(one, stanza, {int(code) for code in statuses if code.isdecimal()})
            if one.key == LISTENER:
                self.others.pop(nick, None)
                self.bridges.pop(nick, None)
                self._ghosts.discard(nick)
                self.standings.pop(nick, None)
            return None
        if kind:
            return None
        if mine:
            self._available(one, nick, stanza)
        elif one.key == LISTENER and self._people.called(nick) is None:
            self.others[nick] = reading.occupant_id(stanza)
            self.standings[nick] = ranks.read(stanza)
            by = reading.bridged_by(stanza)
            (self._ghosts.add if by and by == self._host else self._ghosts.discard)(nick)
            if by and by != self._host and not one.inside:  # who comes later has to look for us
                self.bridges[nick] = by
        return None

    def _available(self, one: Ours, nick: str, stanza: Element) -> None:
        if "201" in {code.get("code", "") for code in stanza.iter(f"{_USER}status")}:
            # It was not there: what we have made by coming goes with us.
            one.inside, one.nick = True, nick
            self.leave(one)
            if one.answer is not None and not one.answer.done():
                one.answer.set_exception(StanzaError("item-not-found"))
            return
        one.nick, one.inside, one.sure, one.out = nick, True, True, False
        one.occupant = reading.occupant_id(stanza)
        item = stanza.find(f"{_USER}x/{_USER}item")
        one.role = item.get("role", "") if item is not None else ""
        self.others.pop(nick, None)
        self._ghosts.discard(nick)
        if one.answer is not None and not one.answer.done():
            one.answer.set_result(None)

    def _unavailable(self, one: Ours, stanza: Element, statuses: set[int]) -> Gone | None:
        if 303 in statuses:  # another nick: their presence under that comes next
            item = stanza.find(f"{_USER}x/{_USER}item")
            self._people.left(one)
            one.nick = (item.get("nick") if item is not None else None) or one.nick
            return None
        self._people.left(one)
        one.inside = False
        destroyed = stanza.find(f"{_USER}x/{_USER}destroy")
        bar = barring.done(statuses)
        if one.answer is not None and not one.answer.done():
            one.answer.set_exception(Unavailable("The room was left meanwhile.", scope=Scope.CHAT))
        if bar is not None and one.key != LISTENER:
            self.bar(one, bar, *barring.said(stanza, self._room, self.others))
        moved = (destroyed.get("jid") or "").strip().lower() if destroyed is not None else ""
        return Gone(one, bar, destroyed is not None, moved if _ROOM.fullmatch(moved) else "")
