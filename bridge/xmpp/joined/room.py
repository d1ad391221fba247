"""One room elsewhere: its listener, what is heard there, and what our people say."""

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from xml.etree.ElementTree import Element

from bridge.contract import (
    Action,
    ChatId,
    ConnectorError,
    CursorMoved,
    Live,
    MessageId,
    NetworkId,
    Person,
    Receipt,
    Scope,
    SetTyping,
    Unavailable,
    Unconfirmed,
    Unparsable,
)
from bridge.hub.retry import Backoff
from bridge.xmpp import parse
from bridge.xmpp.content import Name
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.joined import reading, words
from bridge.xmpp.joined.door import Door, Gone
from bridge.xmpp.joined.grounds import Grounds, Heard
from bridge.xmpp.joined.manners import Manners
from bridge.xmpp.joined.missed import MAM, Forgotten, RoomArchive, gap, stamp
from bridge.xmpp.joined.people import LISTENER, OurPeople, Ours, name_of, persons
from bridge.xmpp.joined.speaking import Speaking

log = logging.getLogger(__name__)
_SILENCE = 600.0  # seconds without a word from the room, after which it is asked whether we are still in
_WAIT = 15.0  # seconds that something waits for a room that is just being entered
_CURSOR = 0.3  # seconds in which what was heard gathers until it is noted how far that was
_REMEMBERED = 4_000  # of our doings, what the room calls them
_CLOCKS = 300.0  # seconds by which a server's clock may differ from ours
_HISTORY = 10.0  # seconds that the history of a room without an archive may take
_SETTLED = 60.0  # seconds inside, after which the next loss is the first one again
_HELD = 5_000  # messages that come while the archive is read


class JoinedRoom:
    """`run` keeps us in until cancelled; `received` is told of every stanza from the room."""

    def __init__(self, room: ChatId, grounds: Grounds) -> None:
        self.room = room
        self.trouble: ConnectorError | None = Unavailable(f"The room {room} is being entered.", scope=Scope.CHAT)
        self.ready = asyncio.Event()
        self.first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the room was entered, or could not be."""
        self._grounds = grounds
        self._people = OurPeople()
        self.door = Door(room, grounds.streams, grounds.requests, self._people)
        self._archive = RoomArchive(room)
        self._heard = Heard()
        self._lost = asyncio.Event()
        self._woken = asyncio.Event()
        self._subject = asyncio.Event()
        self._manners = Manners(grounds)
        self._loaded = self._entered = self._removed = False
        self._noting: asyncio.TimerHandle | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._durable = ("", 0.0)  # how far what was heard is in the journal
        self._last_word = time.monotonic()
        self._reflected: OrderedDict[str, MessageId] = OrderedDict()
        self.speaking = Speaking(room, grounds.streams, self.door, self._people, grounds.most, self._keep)

    @property
    def stable(self) -> bool:
        """Whether the room gives names to what is said (XEP-0359)."""
        return "urn:xmpp:sid:0" in self._heard.features or MAM in self._heard.features

    # being there

    async def run(self) -> None:
        backoff = Backoff()
        while True:
            self._lost.clear()
            try:
                await self._come_in()
            except ConnectorError as error:
                self._is_closed(error)
                await self._pause(backoff, lasting=isinstance(error, Unavailable) and error.lasting)
                continue
            except Exception:  # a link is not to be dead until a restart
                log.exception("coming into a room failed room=%s", self.room)
                fault = f"The gateway has a fault with the room {self.room}; its log says more. It tries again."
                self._is_closed(Unavailable(fault, scope=Scope.CHAT))
                await self._pause(backoff, lasting=False)
                continue
            came = time.monotonic()
            self.trouble = None
            self.ready.set()
            if not self.first.done():
                self.first.set_result(None)
            log.info("in a room room=%s", self.room)
            self._grounds.offer(Live())
            self._woken.clear()
            self._removed = False
            await self._stay()
            self.ready.clear()
            self.trouble = self.trouble or Unavailable(f"The room {self.room} was lost.", scope=Scope.CHAT)
            if time.monotonic() - came >= _SETTLED:
                backoff.reset()
            if self._removed:  # coming back at once, for ever, is what those who keep order do not want
                await self._pause(backoff, lasting=True)

    async def _pause(self, backoff: Backoff, *, lasting: bool) -> None:
        """Until it is to be tried again; at once when somebody wants that."""
        with suppress(TimeoutError):
            async with asyncio.timeout(backoff.pause(lasting=lasting)):
                await self._woken.wait()
        self._woken.clear()

    def _is_closed(self, error: ConnectorError) -> None:
        log.info("not in a room room=%s reason=%s", self.room, error.text)
        self.trouble = error
        if not self.first.done():
            self.first.set_exception(error)
            self.first.exception()  # nobody may have asked

    async def _come_in(self) -> None:
        grounds = self._grounds
        stream = grounds.streams[grounds.host]
        if not stream.connected:
            raise Unavailable(stream.error or "The connection to the XMPP server is not up.", scope=Scope.CHAT)
        if not self._loaded:
            await self._load()
        listener = self._listener()
        if self._heard.held is None:
            self._heard.held = []
        try:
            self._heard.features = await self.door.features(listener, self._heard.features)
            archived = MAM in self._heard.features
            if self._entered and archived and listener.inside and await self.door.still_in(listener):
                listener.sure = True
            else:
                listener.inside = False
                self.door.forget()
                since = stamp(self._heard.at - 1) if self._heard.at and not archived else None
                self._subject.clear()
                await self.door.enter(listener, None, since)
                self._entered = True
                if since is not None:  # XEP-0045 #enter-subject: behind the history
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_HISTORY):
                            await self._subject.wait()
            await self._catch_up(listener)
        except StanzaError as error:
            raise words.closed(self.room, listener.jid, error, listener=True) from None
        held, self._heard.held = self._heard.held or [], None
        for stanza in held:
            self._take(stanza, history=not archived)
        await self._keep_now()

    def _listener(self) -> Ours:
        known = self._people.get(LISTENER)
        if known is None:
            domain = self._grounds.streams[self._grounds.host].gateway.domain
            known = self._people.add(Ours(LISTENER, self._grounds.host, "", f"{domain}/bridge"))
        return known

    async def _catch_up(self, listener: Ours) -> None:
        """What was said while we did not listen; the first time nothing is, but how far that was."""
        heard, requests = self._heard, self._grounds.requests[listener.network]
        archived = MAM in heard.features
        if not heard.at:
            newest = await self._archive.last(requests, listener.jid) if archived else None
            # What an archive has later that is empty now was said later, whatever the clocks say.
            found = (
                (newest.id, newest.at or time.time())
                if newest is not None
                else ("", time.time() - (_CLOCKS if archived else 0.0))
            )
            heard.last, heard.at = self._durable = found
            return
        if not archived:
            return
        try:
            async for one in self._archive.since(requests, listener.jid, heard.last, None if heard.last else heard.at):
                self._take(one.stanza, one.id, one.at)
        except Forgotten:
            begun = heard.at
            self._grounds.offer(gap(self.room, begun, time.time()))
            async for one in self._archive.since(requests, listener.jid, "", begun):
                self._take(one.stanza, one.id, one.at)

    async def _stay(self) -> None:
        while not self._lost.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_SILENCE):
                    await self._lost.wait()
            listener = self._listener()
            if not self._lost.is_set() and time.monotonic() - self._last_word > _SILENCE:
                with suppress(Unavailable):
                    if not await self.door.still_in(listener):
                        listener.inside = False
                        return

    # what is remembered over a restart

    async def _load(self) -> None:
        found = await self._grounds.memory.get(self._memory_key)
        if found:
            kept = json.loads(found)
            self._heard.last, self._heard.at = self._durable = kept["last"], min(kept["at"], time.time())
            ours = kept["ours"]
            self._people.read(json.loads(ours) if isinstance(ours, str) else ours)  # a text: as it was written first
        self._loaded = True

    @property
    def _memory_key(self) -> str:
        return f"room {self.room}"

    def _keep(self) -> None:
        """Who of us is in has changed."""
        self._note(self._heard.last, self._heard.at)

    async def _keep_now(self) -> None:
        last, at = self._durable
        kept = {"last": last, "at": at, "ours": self._people.written()}
        await self._grounds.memory.put(self._memory_key, json.dumps(kept, ensure_ascii=False))

    def _note(self, last: str, at: float) -> None:
        self._heard.last, self._heard.at = last, max(min(at, time.time()), self._heard.at)
        if self._noting is None:
            self._noting = asyncio.get_running_loop().call_later(_CURSOR, self._report)

    def _report(self) -> None:
        self._noting = None
        self._grounds.offer(CursorMoved(f"{self.room} {self._heard.at:.3f} {self._heard.last}"))

    def journaled(self, at: float, last: str) -> None:
        """Everything up to there is durable."""
        self._durable = (last, at)
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._kept())

    async def _kept(self) -> None:
        try:
            await self._keep_now()
        except Exception:  # it is kept with what is heard next
            log.exception("what was heard in a room is not kept room=%s", self.room)

    async def close(self) -> None:
        """Nobody leaves: what is said meanwhile is read when we are back."""
        if self._noting is not None:
            self._noting.cancel()
        if self._keeping is not None:
            await asyncio.gather(self._keeping, return_exceptions=True)

    # what comes

    def changed(self, network: NetworkId, connected: bool) -> None:
        """A stream is there, or over."""
        self._woken.set()
        if connected:
            return
        self.door.broken(network)
        self.speaking.broken(network)
        if network == self._grounds.host:
            self._lose(f"The connection to the XMPP server is over, so the room {self.room} was left.")

    def again(self) -> None:
        """Somebody wants to know whether it can be entered now."""
        if not self.ready.is_set() and self.first.done():
            self.first = asyncio.get_running_loop().create_future()
            self._woken.set()

    def _lose(self, text: str, *, lasting: bool = False) -> None:
        self.ready.clear()
        self.trouble = Unavailable(text, scope=Scope.CHAT, lasting=lasting)
        self._lost.set()

    def received(self, network: NetworkId, stanza: Element) -> None:
        """A stanza from the room or somebody in it."""
        one = self._people.by_jid(stanza.get("to", ""))
        kind = stanza.tag.rpartition("}")[2]
        if kind == "iq":
            self._manners.question(network, one, stanza)
        elif kind == "presence" and one is not None:
            gone = self.door.presence(one, stanza)
            if gone is not None:
                self._is_gone(gone)
        elif kind == "message" and one is not None:
            self._message(one, stanza)

    def _message(self, one: Ours, stanza: Element) -> None:
        kind = stanza.get("type", "normal")
        if kind == "error":
            self.speaking.bounced(one, stanza)
        elif kind == "chat" and parse.body(stanza) is not None:
            self._manners.not_private(one, stanza.get("from", ""))
        elif one.key == LISTENER:
            self._last_word = time.monotonic()
            if stanza.find("{jabber:component:accept}subject") is not None:
                self._subject.set()
            result = stanza.find(f"{{{MAM}}}result")
            if result is not None:
                self._archive.result(result)
            elif kind == "groupchat" and self._heard.held is not None:
                self._heard.held.append(stanza)
                if len(self._heard.held) > _HELD:
                    self._heard.held.clear()
                    self._lose(f"More is said in the room {self.room} than can be read.")
            elif kind == "groupchat":
                self._take(stanza)

    def _is_gone(self, gone: Gone) -> None:
        self._keep()
        if gone.who.key != LISTENER:
            log.info("one of ours is not in a room any more room=%s held=%s", self.room, gone.held is not None)
            return
        where = f" It has moved to {gone.moved}." if gone.moved else ""
        text = f"The room {self.room} was destroyed.{where}" if gone.destroyed else f"The room {self.room} was left."
        self._removed = gone.held is not None
        if self._removed:
            text = f"The gateway was made to leave the room {self.room}. It tries to come back after a while."
        self._lose(text, lasting=self._removed)

    def _take(self, stanza: Element, archived: str = "", at: float | None = None, *, history: bool = False) -> None:
        """A message of the room, as it comes or as its archive has it."""
        if stanza.get("type") != "groupchat":
            return
        occupants = "urn:xmpp:occupant-id:0" in self._heard.features
        one = reading.shown(
            stanza, self.room, stable=self.stable, occupants=occupants, archived=archived, at=at, history=history
        )
        pending = self.speaking.pending.get(one.id)
        speaks = pending is not None and pending.who.nick == one.nick
        ours = bool(archived) or self._people.called(one.nick) is not None or speaks
        if ours and one.id and reading.KEY.fullmatch(one.id) and one.id not in self._reflected:
            self._reflected[one.id] = one.native
            self.speaking.shown(one.id, one.native)
            if len(self._reflected) > _REMEMBERED:
                self._reflected.popitem(last=False)
        try:
            event = reading.event(one, time.time(), self._persons, ours=ours)
        except Exception as error:  # what one person says is not to end what all others do
            event = None
            if not isinstance(error, StanzaError):
                log.exception("a message of a room cannot be read room=%s", self.room)
            reason = error.text if isinstance(error, StanzaError) else "The gateway has a fault with this message."
            self._grounds.offer(
                Unparsable(reason=reason[:500], source=one.contact[:500], raw=one.id[:500], chat=self.room)
            )
        if event is not None:
            self._grounds.offer(event)
        if one.stanza_id or not self.stable:
            self._note(one.stanza_id, one.at or time.time())

    def _persons(self) -> Mapping[str, Person]:
        return persons(self._people, self.door.others, self.room)

    # what we say

    async def perform(self, action: Action) -> Receipt:
        """Return when the room has shown it. Raises the four errors."""
        if isinstance(action, SetTyping):
            return self.speaking.sign(action, self.called)
        if not self.ready.is_set():
            await self._entering()
        known = self._reflected.get(action.key) if action.maybe_done else None
        if known is None:
            try:
                known = await self.speaking.say(action, self.called, self.ready)
            except Unconfirmed:
                if self.ready.is_set():  # whether it has arrived the archive tells
                    self._lose(f"The room {self.room} has not shown what was said in it.")
                raise
        return self.speaking.receipt(action, known, stable=self.stable)

    async def _entering(self) -> None:
        trouble = self.trouble
        if not (isinstance(trouble, Unavailable) and trouble.lasting):
            with suppress(TimeoutError):
                async with asyncio.timeout(_WAIT):
                    await self.ready.wait()
        if not self.ready.is_set():
            raise self.trouble or Unavailable(f"The room {self.room} is being entered.", scope=Scope.CHAT)

    def called(self, person: Person) -> Name:
        """People as they are called in the room."""
        return name_of(person, self._people, self.door.others, self.room)

    async def leave(self) -> None:
        """All of us, for good."""
        for one in self._people:
            self.door.leave(one)
        await self.close()
        await self._grounds.memory.put(self._memory_key, "")
