"""Codes asked for and confirmed, links made and ended by those who keep order in their rooms."""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bridge.contract import (
    ChatId,
    ConnectorError,
    ContactId,
    Join,
    Leave,
    Message,
    MessageId,
    NetworkId,
    Person,
    Rank,
    Send,
    Session,
    Style,
    Unavailable,
)
from bridge.hub import linking
from bridge.hub.closing import durably
from bridge.hub.consent import codes, deciding, words
from bridge.hub.keys import Keys
from bridge.hub.links import Links
from bridge.hub.sessions import Sessions
from bridge.hub.wanted import End
from bridge.store import agreements
from bridge.store.agreements import Code, Deed
from bridge.store.rows import Chat
from bridge.store.writer import Writer

log = logging.getLogger(__name__)
_SECONDS = words.MINUTES * 60.0
_TELL = 20.0  # seconds for a room to be told
_STAY = 5.0  # seconds that we stay in a room that is linked no more, so that it can be told


class No(Exception):
    """Why it is not done; a sentence."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A room with an account of the operator in it, and somebody who wants something there."""

    chat: Chat
    who: Person
    shown: bool = True  # whatever they are told, the whole room reads

    @property
    def network(self) -> NetworkId:
        return NetworkId(self.chat.network)

    @property
    def native(self) -> ChatId:
        return ChatId(self.chat.native or "")


class Agreeing:
    """Every wish raises `No`, or a connector's error."""

    def __init__(
        self, writer: Writer, sessions: Sessions, links: Links, keys: Keys, secret: bytes,
        names: Mapping[NetworkId, str], clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        """`secret`: codes are hashed with it."""
        self._writer = writer
        self._sessions = sessions
        self._links = links
        self._keys = keys
        self._secret = secret
        self._clock = clock
        self.names = names

    async def spot(self, network: NetworkId, native: ChatId, who: Person) -> Spot:
        """Where something was said. Raises `No`."""
        session = self._session(network)
        scope = session.scope(native)
        chat = await durably(self._writer, lambda ledger: ledger.directory.chat(network, scope, native))
        if chat is None:
            raise No(words.NOT_LINKED)
        return Spot(chat, who)

    async def visit(self, typed: End, who: Person, *, known: bool = False) -> Spot:
        """A room that somebody names, who is not heard in it: we come in, or are there. Raises `No`."""
        if Join not in self._session(typed.network).capabilities(ChatId(typed.chat)).actions:
            raise No(words.no_room(words.typed(typed, self.names)))
        found = await self._links.visit(typed, _SECONDS, known=known)
        if isinstance(found, str):
            raise No(found)
        return Spot(await durably(self._writer, lambda ledger: linking.known(ledger, found)), who, shown=False)

    async def rank(self, spot: Spot) -> Rank | None:
        return await self._session(spot.network).rank(spot.native, spot.who.id)

    async def seen(self, network: NetworkId, room: str, person: ContactId) -> Rank | None:
        """What somebody may do in a room that we are in; None: they are not in it, or it cannot be asked now."""
        try:
            return await self._session(network).rank(ChatId(room), person)
        except ConnectorError:
            return None

    async def ask(self, spot: Spot, other: End | None = None) -> str:
        """A code for the room, to be confirmed in the `other`, or whichever."""
        await self._allowed(spot)
        named = await self._named(other) if other is not None else None
        code = codes.fresh()
        kept = Code(
            spot.chat.id, codes.hashed(code, self._secret), spot.who.network, spot.who.id, self._clock() + _SECONDS,
            shown=spot.shown, other=named.id if named is not None else None,
        )  # fmt: skip
        _agreed(
            await durably(self._writer, partial(deciding.ask, code=kept, deed=self._deed(spot, "asked for a code")))
        )
        return words.asked(code, other=words.called(named, self.names) if named else "")

    async def confirm(self, spot: Spot, typed: str) -> str:
        """Somebody who keeps order in a room agrees to what was asked for in another, or has the last word."""
        hashed = codes.hashed(typed, self._secret)
        try:
            return await self._confirm(spot, typed, hashed)
        except (No, ConnectorError):
            if spot.shown:  # whoever is in the room has read it, and may keep order in another one
                await durably(self._writer, lambda ledger: agreements.shown(ledger.connection, hashed))
            raise

    async def _confirm(self, spot: Spot, typed: str, hashed: str) -> str:
        await self._allowed(spot)
        now = self._clock()
        code = await durably(self._writer, lambda ledger: agreements.find(ledger.connection, hashed, now))
        if code is None:
            raise No(words.NO_CODE)
        if spot.chat.id == code.chat:
            if not code.agreed:
                raise No(words.TO_CONFIRM)
            if (spot.who.network, spot.who.id) != (code.network, code.person):
                raise No(words.NOT_ASKER)
            return await self._link(code, spot)
        if code.other not in (None, spot.chat.id):
            raise No(words.ELSEWHERE)
        # Who reads a code along, here or where it was asked for, may be quicker with a room of their own.
        read = code.shown or (spot.shown and code.other is None)
        last_word = read and (code.other is None or bool(code.agreed))
        agreed = replace(
            code, other=spot.chat.id, agreed_network=spot.who.network, agreed=spot.who.id, shown=last_word
        )  # fmt: skip
        if not last_word:
            return await self._link(agreed, spot)
        _agreed(
            await durably(
                self._writer, partial(deciding.confirm, code=agreed, deed=self._deed(spot, "confirmed a code"))
            )
        )
        asking = await self._chat(code.chat)
        await self.tell(asking, words.last_word(words.called(spot.chat, self.names), typed.strip()[:40]))
        return words.LAST_WORD

    async def end(self, spot: Spot) -> str:
        """The link of a room is over, by the word of somebody who keeps order there."""
        await self._allowed(spot)
        name, rooms = await self._linked(spot)
        if not name:
            raise No(words.NOT_LINKED)
        for room in rooms:
            self._links.stay(ChatId(room.native or ""), _STAY)
        said = await self._links.remove(name, self._deed(spot, "ended the link", name))
        if not said.ok:
            raise No(said.text)
        text = words.ended(words.called(spot.chat, self.names))
        await asyncio.gather(*(self.tell(room, text) for room in rooms if room.id != spot.chat.id))
        return said.text

    async def follow(self, spot: Spot) -> str:
        """A room of the link that was ended goes on where it is said to."""
        await self._allowed(spot)
        _, rooms = await self._linked(spot)
        old = next((room for room in rooms if room.closed and room.moved), None)
        if old is None:
            raise No(words.NOTHING_MOVED)
        network = NetworkId(old.network)
        new = await self.visit(End(network, ChatId(old.moved)), spot.who)
        deed = self._deed(spot, "followed a room into")
        _agreed(await durably(self._writer, partial(deciding.follow, chat=old.id, into=new.chat.id, deed=deed)))
        self._links.followed(gone=new.chat.id, into=old.id)
        try:
            await self._session(network).perform(Leave(chat=ChatId(old.native or ""), key=uuid.uuid4().hex))
        except ConnectorError as error:
            log.info("a room that was ended is not left reason=%s", error.text)
        text = words.followed(words.called(old, self.names), words.called(new.chat, self.names))
        others = [replace(old, native=new.native), *(room for room in rooms if room.id not in (old.id, spot.chat.id))]
        await asyncio.gather(*(self.tell(room, text) for room in others))
        return text

    async def status(self, spot: Spot) -> str:
        name, rooms = await self._linked(spot)
        others = [words.called(room, self.names) for room in rooms if room.id != spot.chat.id]
        if not name or not others:
            return words.NOT_LINKED
        lines = [one for one in await self._links.lines() if one.name == name and one.state != "linked"]
        return words.stands(others, [f"{one.chat} on {one.network}: {one.state}" for one in lines])

    async def tell(self, room: Chat, text: str, thread: MessageId | None = None) -> None:
        """Say something in a room, once, if it can be said now."""
        session = next((s.session for s in self._sessions.seats() if s.network == room.network and not s.user), None)
        if session is None or room.native is None:
            log.info("a room is not told network=%s", room.network)
            return
        said = Send(
            chat=ChatId(room.native), key=self._keys.of_word(), message=Message(text, style=Style.NOTICE, thread=thread)
        )
        try:
            async with asyncio.timeout(_TELL):
                for part in session.parts(said):
                    await session.perform(part)
        except (ConnectorError, TimeoutError) as error:
            log.info("a room is not told network=%s reason=%s", room.network, type(error).__name__)

    # what is kept

    async def _link(self, code: Code, spot: Spot) -> str:
        """Both have agreed: if both still keep order, it is linked."""
        assert code.other is not None
        here, there = await self._chat(code.chat), await self._chat(code.other)
        asker = Spot(here, Person(NetworkId(code.network), ContactId(code.person)))
        confirmer = Spot(there, Person(NetworkId(code.agreed_network), ContactId(code.agreed)))
        for one, gone, lower in (
            (asker, words.ASKER_AWAY, words.ASKER_LOWER), (confirmer, words.AGREED_AWAY, words.AGREED_LOWER)
        ):  # fmt: skip
            rank = await self.rank(one)
            if rank is None:  # they may come again
                raise No(gone)
            if rank not in words.KEEP_ORDER:
                await durably(self._writer, lambda ledger: agreements.drop(ledger.connection, code.chat))
                raise No(lower)
        ends = tuple(End(NetworkId(one.network), one.native or "") for one in (here, there))
        deeds = (self._deed(asker, "asked for the link"), self._deed(confirmer, "agreed to the link"))
        link = await durably(self._writer, partial(deciding.make, code=code, ends=ends, deeds=deeds))
        if isinstance(link, str):
            raise No(link)
        log.info("a link is made by those who keep order link=%s", link.name)
        troubles = await self._links.tied(link, (spot.network, spot.native) if spot.shown else None)
        other = there if spot.chat.id == here.id else here  # its people are told by `bridge.hub.told`
        return words.linked([words.called(other, self.names)], troubles)

    # who may

    async def _allowed(self, spot: Spot) -> None:
        if await self.rank(spot) not in words.KEEP_ORDER:
            raise No(words.NOT_YOU)

    async def _named(self, typed: End) -> Chat:
        """The room that somebody wants their own to be linked with."""
        session = self._session(typed.network)
        found = await self._links.visit(typed, _SECONDS)
        if isinstance(found, str):
            raise No(f"{words.typed(typed, self.names)}: {found}")
        chat = await durably(
            self._writer, lambda ledger: ledger.directory.chat(typed.network, found.scope, found.native)
        )  # fmt: skip
        if chat is None and Join in session.capabilities(ChatId(found.native)).actions:
            chat = await durably(self._writer, lambda ledger: linking.known(ledger, found))
        if chat is None:
            raise No(words.not_in(words.typed(typed, self.names)))
        return chat

    def _session(self, network: NetworkId) -> Session:
        seat = self._sessions.operator(network)
        if seat is None:
            raise No(f"The gateway has no account on {network} that could be in a room there.")
        if seat.session is None:
            raise Unavailable(seat.error or "The gateway is not connected there now.")
        return seat.session

    async def _chat(self, identity: int) -> Chat:
        chat = await durably(self._writer, lambda ledger: ledger.directory.chat_by_id(identity))
        if chat is None:
            raise No(words.NO_CODE)
        return chat

    async def _linked(self, spot: Spot) -> tuple[str, Sequence[Chat]]:
        """The name of a room's link, and its rooms."""

        return await durably(self._writer, partial(deciding.linked, chat=spot.chat.id))

    def _deed(self, spot: Spot, did: str, link: str = "") -> Deed:
        return Deed(self._clock(), spot.who.network, spot.who.id, did, link, spot.native)


def _agreed(why: str) -> None:
    """Raises `No` if there is something against it."""
    if why:
        raise No(why)
