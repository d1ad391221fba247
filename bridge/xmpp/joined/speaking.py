"""What our people say in one room: each comes in when they first speak, and it has arrived when the room shows it.

What is said is written in the order in which it is given, also by people of several gateways: as long as the room has
not shown what came over one stream, nothing is written to another.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from bridge.contract import (
    Action,
    ChatId,
    MessageId,
    NetworkId,
    Persona,
    React,
    Receipt,
    Scope,
    Send,
    SetTyping,
    Unavailable,
    Unconfirmed,
)
from bridge.xmpp import errors
from bridge.xmpp.content import Called
from bridge.xmpp.joined import words, writing
from bridge.xmpp.joined.door import Door
from bridge.xmpp.joined.people import LISTENER, OurPeople, Ours
from bridge.xmpp.stream import Stream

_AGAIN = (Unavailable, Unconfirmed)
_SHOWN = 30.0  # seconds for the room to show something
_TAKEN_IN = 60.0  # seconds for the hub to take in that somebody is not wanted; what it wants then is tried
_VOICE = 600.0  # seconds between two requests for a voice


@dataclass(slots=True)
class _Pending:
    who: Ours
    shown: "asyncio.Future[MessageId]"


class Speaking:
    """Of one room. `moved` makes durable that somebody of ours has come, before they say anything."""

    def __init__(
        self,
        room: ChatId,
        streams: Mapping[NetworkId, Stream],
        door: Door,
        people: OurPeople,
        most: int,
        moved: Callable[[], Awaitable[None]],
    ) -> None:
        self.pending: dict[str, _Pending] = {}  # by key
        self.address: Callable[[Persona], tuple[NetworkId, str]]
        """The gateway and the bare JID of somebody. Raises `Refused`."""
        self._room = room
        self._streams = streams
        self._door = door
        self._people = people
        self._most = most
        self._moved = moved
        self._turn = asyncio.Lock()
        self._asked: dict[str, float] = {}

    async def say(self, action: Action, called: Called, ready: asyncio.Event) -> MessageId:
        """Return what the room calls it, when it shows it. Raises `Unavailable`, `Unconfirmed`, `Refused`."""
        async with self._turn:
            who = await self._speaker(action.persona)
            others = [one.shown for one in self.pending.values() if one.who.network != who.network]
            if others:
                done, late = await asyncio.wait(others, timeout=_SHOWN)
                if late or any(one.cancelled() or isinstance(one.exception(), _AGAIN) for one in done):
                    # It will be said again, and is not to come behind this.
                    raise Unavailable(f"The room {self._room} has not shown what was said before.", scope=Scope.CHAT)
            if not ready.is_set():
                raise Unavailable(f"The room {self._room} is being entered.", scope=Scope.CHAT)
            stream = self._streams[who.network]
            await stream.ready()
            waiting = _Pending(who, asyncio.get_running_loop().create_future())
            self.pending[action.key] = waiting
            if not stream.send(writing.stanza(action, self._room, who.jid, called)):
                del self.pending[action.key]
                raise Unavailable("The connection to the XMPP server is not up.", scope=Scope.CHAT)
        try:
            async with asyncio.timeout(_SHOWN):
                return await waiting.shown
        except TimeoutError:
            raise Unconfirmed(f"The room {self._room} has not shown what was said in it.") from None
        finally:
            if self.pending.get(action.key) is waiting:
                del self.pending[action.key]

    async def _speaker(self, persona: Persona | None) -> Ours:
        """Who says it, in the room."""
        if persona is None:
            listener = self._people.get(LISTENER)
            assert listener is not None
            return listener
        one = self._people.get(persona.key)
        if one is None:
            network, bare = self.address(persona)
            one = self._people.add(Ours(persona.key, network, persona.contact, f"{bare}/bridge"))
        if one.out and time.monotonic() - one.told < _TAKEN_IN:
            raise words.unwanted(self._room, one.jid)
        if one.inside and not one.sure:
            one.inside = one.sure = await self._door.still_in(one)
        if not one.inside or one.name != persona.name:
            for gone in self._people.superfluous(self._most) if not one.inside else ():
                self._door.leave(gone)
                self._people.forget(gone)
            await self._door.enter(one, persona)
            await self._moved()
        self._people.used(one)
        return one

    def sign(self, action: SetTyping, called: Called) -> Receipt:
        """Only of those who are in: nobody comes in to show that they write."""
        one = self._people.get(action.persona.key) if action.persona is not None else None
        if one is not None and one.inside and one.sure:
            self._streams[one.network].send(writing.stanza(action, self._room, one.jid, called))
        return Receipt()

    def shown(self, key: str, native: MessageId) -> None:
        """The room has shown one of our doings."""
        waiting = self.pending.get(key)
        if waiting is not None and not waiting.shown.done():
            waiting.shown.set_result(native)

    def bounced(self, who: Ours, stanza: Element) -> None:
        """An error for something that `who` has said."""
        waiting = self.pending.get(stanza.get("id", ""))
        if waiting is None or waiting.who is not who or waiting.shown.done():
            return
        condition = errors.condition(stanza)
        reason, said = errors.read(stanza)
        if condition == "not-acceptable":  # XEP-0045 #message: who is not in may not speak
            who.inside = False
            waiting.shown.set_exception(
                Unavailable(f"The room {self._room} has to be entered again.", scope=Scope.CHAT)
            )
            return
        # For people alone: what the gateway itself has to say is not worth anybody's decision.
        asks = condition == "forbidden" and who.key != LISTENER
        if asks and time.monotonic() - self._asked.get(who.key, -_VOICE) >= _VOICE:
            self._asked[who.key] = time.monotonic()
            self._streams[who.network].send(writing.voice(self._room, who.jid))
        waiting.shown.set_exception(words.not_taken(self._room, condition, said, reason))

    def broken(self, network: NetworkId) -> None:
        """A stream is over, and what was written to it may have arrived."""
        for waiting in self.pending.values():
            if waiting.who.network == network and not waiting.shown.done():
                waiting.shown.set_exception(Unconfirmed("The connection to the XMPP server broke."))

    def receipt(self, action: Action, native: MessageId) -> Receipt:
        """`native` is what the room calls it."""
        if isinstance(action, React):
            standing = tuple((one, MessageId(f"{action.key}.{one}")) for one in action.reactions)
            return Receipt((native,), reactions=standing)
        alias = MessageId(action.key) if isinstance(action, Send) else None
        return Receipt((native,), alias=alias)
