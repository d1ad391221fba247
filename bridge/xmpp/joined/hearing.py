"""What one room shows its listener, as it comes and as its archive has it, reported once each."""

import asyncio
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from xml.etree.ElementTree import Element

from bridge.contract import Action, ChatId, MessageId, MessageReceived, Person
from bridge.xmpp import parse
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.joined import naming, reading
from bridge.xmpp.joined.door import Door
from bridge.xmpp.joined.grounds import Grounds, Heard
from bridge.xmpp.joined.missed import MAM, Forgotten, RoomArchive, TooMuch, gap
from bridge.xmpp.joined.people import OurPeople, Ours, persons
from bridge.xmpp.joined.remembering import Remembering
from bridge.xmpp.joined.speaking import Speaking
from bridge.xmpp.joined.unreadable import Unreadable
from bridge.xmpp.requests import Requests

log = logging.getLogger(__name__)
_REMEMBERED = 4_000  # of our doings, what the room calls them
_CLOCKS = 300.0  # seconds by which a server's clock may differ from ours
_HISTORY = 10.0  # seconds that the history of a room without an archive may take
_OVERLAP = 2.0  # seconds of what was heard that a history has to show again
_HELD = 5_000  # messages that come while the archive is read


class Hearing:
    """Of one room. `lose` has the room entered again, for the reason it is given."""

    def __init__(
        self,
        room: ChatId,
        grounds: Grounds,
        people: OurPeople,
        door: Door,
        speaking: Speaking,
        remembering: Remembering,
        heard: Heard,
        lose: Callable[[str], None],
    ) -> None:
        self.last_word = time.monotonic()
        self.reflected: OrderedDict[str, MessageId] = OrderedDict()
        """What the room calls our doings, by key."""
        self._room = room
        self._grounds = grounds
        self._people = people
        self._door = door
        self._speaking = speaking
        self._remembering = remembering
        self._heard = heard
        self._lose = lose
        self._archive = RoomArchive(room)
        self._unreadable = Unreadable(room, grounds)
        self._subject = asyncio.Event()
        self._told: int | None = None  # messages of `held` that are of the history; None: it still comes
        self._asked = False  # for a history

    @property
    def archived(self) -> bool:
        """Whether the room has an archive (XEP-0313)."""
        return MAM in self._heard.features

    @property
    def stable(self) -> bool:
        """Whether the room gives names to what is said (XEP-0359)."""
        return "urn:xmpp:sid:0" in self._heard.features or self.archived

    def hold(self) -> None:
        """What is said from here on waits until what was missed has been read."""
        if self._heard.held is None:
            self._heard.held = []

    def wanted(self) -> int | None:
        """The seconds of the room's history that are wanted of who comes in; None: nothing of it is. It is to begin
        with what was heard last: so it is told by how long ago that is, and no clock has to agree with another."""
        self._subject.clear()
        self._told = None
        if not self._heard.at or self.archived:
            return None
        self._asked = True
        return max(math.ceil(time.time() - self._heard.at + _OVERLAP), 1)

    def spoken(self, action: Action) -> Action:
        """What our people do, about messages as people of the room call them."""
        return self._heard.naming.written(action)

    async def history(self) -> None:
        """Return when the room has told it: its subject comes behind (XEP-0045 #enter-subject)."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_HISTORY):
                await self._subject.wait()
        if self._told is None:  # COMPAT rooms that tell no subject
            self._told = len(self._heard.held or ())

    async def catch_up(self, listener: Ours) -> None:
        """What was said while we did not listen; the first time nothing is, but how far that was."""
        await self._read(listener)
        held, self._heard.held = self._heard.held or [], None
        told, self._told = self._told or 0, None
        for stanza in held[self._known(held[:told]) :]:
            self._take(stanza, history=not self.archived)

    def _known(self, history: Sequence[Element]) -> int:
        """How many of the messages at its beginning were heard before. A room that names what is said tells that
        itself; what it does not show may be missing."""
        if self.stable or not self._asked:
            return 0
        self._asked = False
        prints = [naming.fingerprint(one, reading.nick(one)) if parse.body(one) is not None else "" for one in history]
        known = self._heard.naming.known([print for print in prints if print])
        if known is None:
            self._grounds.offer(gap(self._room, self._heard.at, time.time()))
        return next((n for n in range(len(prints) + 1) if sum(map(bool, prints[:n])) == (known or 0)), 0)

    async def _read(self, listener: Ours) -> None:
        heard, requests = self._heard, self._grounds.requests[listener.network]
        if not heard.at:
            newest = await self._archive.last(requests, listener.jid) if self.archived else None
            if newest is not None:
                self._remembering.begin(newest.id, newest.at or time.time())
            else:  # What an archive has later that is empty now was said later, whatever the clocks say.
                self._remembering.begin("", time.time() - (_CLOCKS if self.archived else 0.0))
            return
        if not self.archived:
            return
        try:
            try:
                await self._since(requests, listener, heard.last, None if heard.last else heard.at)
            except Forgotten:
                begun = heard.at
                self._grounds.offer(gap(self._room, begun, time.time()))
                await self._since(requests, listener, "", begun)
        except TooMuch:
            self._grounds.offer(gap(self._room, heard.at, time.time()))
            newest = await self._archive.last(requests, listener.jid)
            if newest is not None:
                self._remembering.heard(newest.id, newest.at or time.time())

    async def _since(self, requests: Requests, listener: Ours, after: str, at: float | None) -> None:
        async for one in self._archive.since(requests, listener.jid, after, at):
            self._take(one.stanza, one.id, one.at)

    def message(self, stanza: Element) -> None:
        """A message to the listener that is no error and no private one."""
        self.last_word = time.monotonic()
        if stanza.find("{jabber:component:accept}subject") is not None and parse.body(stanza) is None:
            self._subject.set()
            self._told = len(self._heard.held or ()) if self._told is None else self._told
        result = stanza.find(f"{{{MAM}}}result")
        if result is not None:
            self._archive.result(result)
        elif stanza.get("type") == "groupchat" and self._heard.held is not None:
            self._heard.held.append(stanza)
            if len(self._heard.held) > _HELD:
                self._heard.held.clear()
                self._lose(f"More is said in the room {self._room} than can be read.")
        elif stanza.get("type") == "groupchat":
            self._take(stanza)

    def _take(self, stanza: Element, archived: str = "", at: float | None = None, *, history: bool = False) -> None:
        """A message of the room, as it comes or as its archive has it."""
        if stanza.get("type") != "groupchat":
            return
        occupants = "urn:xmpp:occupant-id:0" in self._heard.features
        one = reading.shown(
            stanza, self._room, stable=self.stable, occupants=occupants, archived=archived, at=at, history=history
        )
        if not one.stanza_id and (print := naming.fingerprint(stanza, one.nick)):
            one = replace(one, named=self._heard.naming.name(print, lasts=parse.body(stanza) is not None))
        ours = self._is_ours(one, live=not archived and not history)
        if ours and one.id and reading.KEY.fullmatch(one.id) and one.id not in self.reflected:
            self.reflected[one.id] = one.native
            self._speaking.shown(one.id, one.native)
            if len(self.reflected) > _REMEMBERED:
                self.reflected.popitem(last=False)
        try:
            event = reading.event(one, time.time(), self._persons, ours=ours)
        except Exception as error:  # what one person says is not to end what all others do
            event = None
            if not isinstance(error, StanzaError):
                log.exception("a message of a room cannot be read room=%s", self._room)
            reason = error.text if isinstance(error, StanzaError) else "The gateway has a fault with this message."
            self._unreadable.found(reason, one.contact, one.id)
        if event is not None:
            if one.named:
                event = self._heard.naming.meant(event, one.nick)
            if one.named and one.id and isinstance(event, MessageReceived):
                self._heard.naming.call(one.nick, one.id, one.native)
            self._grounds.offer(event)
        if one.stanza_id or not self.stable:
            self._remembering.heard(one.stanza_id, one.at or time.time())

    def close(self) -> None:
        self._unreadable.close()

    def _is_ours(self, one: reading.Shown, *, live: bool) -> bool:
        """Whether one of us has said it. Nobody is believed because they use a key of ours, which people of other rooms
        read, too: it is to be ours who was in the room under that nick, or with that occupant id."""
        pending = self._speaking.pending.get(one.id)
        if pending is not None and pending.who.nick == one.nick:
            return True
        if live:
            return self._people.called(one.nick) is not None
        return self._people.said(one.nick, one.occupant, one.at or time.time())

    def _persons(self) -> Mapping[str, Person]:
        return persons(self._people, self._door.others, self._room)
