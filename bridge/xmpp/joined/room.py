"""One room elsewhere: the gateway's own being in it, kept (XEP-0410), and who is told of what the room sends.

What is heard there is in `hearing.py`, what our people say in `speaking.py`, what lasts over a restart in
`remembering.py`, and who comes in and goes in `door.py`.
"""

import asyncio
import logging
import time
from contextlib import suppress
from xml.etree.ElementTree import Element

from bridge.contract import (
    Action,
    ChatId,
    ChatKind,
    ChatSeen,
    ConnectorError,
    Live,
    NetworkId,
    Person,
    Receipt,
    Retract,
    Scope,
    SetTyping,
    Unavailable,
    Unconfirmed,
)
from bridge.hub.retry import Backoff
from bridge.xmpp.content import Name
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.joined import moderating, words
from bridge.xmpp.joined.door import Door, Gone
from bridge.xmpp.joined.grounds import Grounds, Heard
from bridge.xmpp.joined.hearing import Hearing
from bridge.xmpp.joined.manners import Manners
from bridge.xmpp.joined.people import LISTENER, OurPeople, Ours, name_of
from bridge.xmpp.joined.remembering import Remembering
from bridge.xmpp.joined.speaking import Speaking

log = logging.getLogger(__name__)
_SILENCE = 600.0  # seconds without a word from the room, after which it is asked whether we are still in
_WAIT = 15.0  # seconds that something waits for a room that is just being entered
_TOLD = 30.0  # seconds after a start within which a password is told that was known before
_SETTLED = 60.0  # seconds inside, after which the next loss is the first one again


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
        self.door = Door(room, grounds.streams, grounds.requests, self._people, grounds.offer)
        self._heard = Heard()
        self._lost = asyncio.Event()
        self._woken = asyncio.Event()
        self._manners = Manners(grounds)
        self._begun = time.monotonic()
        self._entered = self._removed = False
        self._closed: str | None = None  # None: what was told last the process before knows
        self._remembering = Remembering(room, grounds, self._people, self._heard)
        self.speaking = Speaking(room, grounds.streams, self.door, self._people, grounds.most, self._remembering.kept)
        self._hearing = Hearing(
            room, grounds, self._people, self.door, self.speaking, self._remembering, self._heard, self._lose
        )

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
            self._open("")
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
        if isinstance(error, Unavailable) and error.lasting:
            self._open(error.text)
        if not self.first.done():
            self.first.set_exception(error)
            self.first.exception()  # nobody may have asked

    def _open(self, closed: str, moved: str = "") -> None:
        """Those of the rooms that are linked with it are told why nobody is heard there, and when that is over."""
        if closed != self._closed:
            self._closed = closed
            to = ChatId(moved) if moved else None
            self._grounds.offer(ChatSeen(chat=self.room, kind=ChatKind.ROOM, name=self.room, closed=closed, moved=to))

    async def _come_in(self) -> None:
        grounds = self._grounds
        stream = grounds.streams[grounds.host]
        if not stream.connected:
            raise Unavailable(stream.error or "The connection to the XMPP server is not up.", scope=Scope.CHAT)
        await self._remembering.load()
        if self.door.password:
            self._remembering.secret = True
        elif self._remembering.secret and time.monotonic() - self._begun < _TOLD:
            raise Unavailable(f"The password of the room {self.room} is not known yet.", scope=Scope.CHAT)
        listener = self._listener()
        self._hearing.hold()
        try:
            self._heard.features = await self.door.features(listener, self._heard.features)
            if self._entered and self._hearing.archived and listener.inside and await self.door.still_in(listener):
                listener.sure = True
            else:
                listener.inside = False
                self.door.forget()
                seconds = self._hearing.wanted()
                await self.door.enter(listener, None, seconds)
                self._entered = True
                if seconds is not None:
                    await self._hearing.history()
            await self._hearing.catch_up(listener)
        except StanzaError as error:
            raise words.closed(self.room, listener.jid, error, listener=True) from None
        await self._remembering.now()

    def _listener(self) -> Ours:
        known = self._people.get(LISTENER)
        if known is None:
            domain = self._grounds.streams[self._grounds.host].gateway.domain
            known = self._people.add(Ours(LISTENER, self._grounds.host, "", f"{domain}/bridge"))
        return known

    async def _stay(self) -> None:
        while not self._lost.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_SILENCE):
                    await self._lost.wait()
            listener = self._listener()
            if not self._lost.is_set() and time.monotonic() - self._hearing.last_word > _SILENCE:
                with suppress(Unavailable):
                    if not await self.door.still_in(listener):
                        listener.inside = False
                        return

    def journaled(self, at: float, number: int, last: str) -> None:
        """Everything up to there is durable."""
        self._remembering.journaled(at, number, last)

    async def close(self) -> None:
        """Nobody leaves: what is said meanwhile is read when we are back."""
        self._hearing.close()
        await self._remembering.close()

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
        elif kind == "message" and stanza.get("from") == self.room and self.door.of_itself(stanza):
            self._remembering.changed()
        elif kind == "message" and one is not None:
            self._message(one, stanza)

    def _message(self, one: Ours, stanza: Element) -> None:
        kind = stanza.get("type", "normal")
        if kind == "error":
            self.speaking.bounced(one, stanza)
        elif kind == "chat" and self._manners.private(one, stanza):
            return
        elif one.key == LISTENER:
            self._hearing.message(stanza)

    def _is_gone(self, gone: Gone) -> None:
        self._remembering.changed()
        if gone.who.key != LISTENER:
            log.info("one of ours is not in a room any more room=%s held=%s", self.room, gone.bar is not None)
            return
        where = f" It is said to go on as {gone.moved}." if gone.moved else ""
        text = f"The room {self.room} was destroyed.{where}" if gone.destroyed else f"The room {self.room} was left."
        self._removed = gone.bar is not None
        if self._removed:
            text = f"The gateway was made to leave the room {self.room}. It tries to come back after a while."
        self._lose(text, lasting=self._removed)
        if self._removed or gone.destroyed:
            self._open(text, gone.moved)

    # what we say

    async def perform(self, action: Action) -> Receipt:
        """Return when the room has shown it. Raises the four errors."""
        if isinstance(action, SetTyping):
            return self.speaking.sign(action, self.called)
        if not self.ready.is_set():
            await self._entering()
        if isinstance(action, Retract) and action.moderator:
            if action.author is None:
                requests = self._grounds.requests[self._grounds.host]
                return await moderating.by_room(action, self.room, self._listener(), self._heard.features, requests)
            action = moderating.by_author(action, self._people)
        known = self._hearing.reflected.get(action.key) if action.maybe_done else None
        if known is None:
            try:
                known = await self.speaking.say(self._hearing.spoken(action), self.called, self.ready)
            except Unconfirmed:
                if self.ready.is_set():  # whether it has arrived the archive tells
                    self._lose(f"The room {self.room} has not shown what was said in it.")
                raise
        return self.speaking.receipt(action, known)

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
        await self._remembering.forget()
