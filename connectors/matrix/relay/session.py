"""The appservice, connected: one session of the operator's, which speaks for everybody."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace
from typing import Any

from bridge.contract import (
    Action,
    Announce,
    Authored,
    Capabilities,
    ChatId,
    Clock,
    Contact,
    ContactId,
    CursorMoved,
    Directory,
    Event,
    File,
    History,
    Leave,
    Live,
    LoggedOut,
    Media,
    Membership,
    MessageId,
    NetworkId,
    Occupant,
    OccupantChanged,
    PresenceChanged,
    Rank,
    Reason,
    Receipt,
    Refused,
    TypingChanged,
    Unavailable,
    Unconfirmed,
    Unparsable,
)
from bridge.contract.unasked import Unasked
from connectors.matrix import fields, governing, moving, older, sending
from connectors.matrix.api import Api, scope
from connectors.matrix.errors import Faulty
from connectors.matrix.events import Member, member
from connectors.matrix.finding import MatrixDirectory
from connectors.matrix.groups import Groups
from connectors.matrix.media import Repository
from connectors.matrix.relay import fence, leaving, mentions, names, speech
from connectors.matrix.relay.attendance import Attendance
from connectors.matrix.relay.bridged import Bridged
from connectors.matrix.relay.doors import Doors
from connectors.matrix.relay.fence import Fence
from connectors.matrix.relay.gaps import PACE, Gaps
from connectors.matrix.relay.inbox import Inbox, Transaction
from connectors.matrix.relay.registration import Registration
from connectors.matrix.relay.speech import Voice
from connectors.matrix.relay.upgrades import Upgrades
from connectors.matrix.signs import Signs
from connectors.matrix.timeline import Timeline

HOME = NetworkId("xmpp")
_CATCHING_UP = 20.0  # seconds that we wait for what the homeserver has kept for us, and look for what it has not
_CAN = Capabilities(
    actions=frozenset((Announce, *speech.DOINGS, *moving.DOINGS, *governing.DOINGS)),
    idempotent=True,
    echoes=True,
    history=True,
    media=True,
    personas=True,
)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a session is made of."""

    api: Api
    registration: Registration
    inbox: Inbox
    attendance: Attendance
    doors: Doors
    fence: Fence
    gaps: Gaps
    groups: Groups
    signs: Signs
    voice: Voice
    bridged: Bridged
    upgrades: Upgrades
    clock: Clock
    log: logging.Logger
    silence: float  # seconds without news, after which `check` asks whether the homeserver still reaches us
    check: Callable[[], Awaitable[None]]  # raises `Unavailable`
    summon: Callable[[str, bool], Awaitable[bool]]  # see `Workspace.summon`


class RelaySession(Unasked):
    """Implements `bridge.contract.Session`."""

    def __init__(self, parts: Parts) -> None:
        self.me = Contact(parts.registration.me)
        self.directory: Directory | None = MatrixDirectory(parts.api, parts.registration.me)
        self._parts = parts
        self._repository = Repository(parts.api)

    def scope(self, chat: ChatId) -> str:
        """As that of people's own accounts on this homeserver."""
        return scope(self._parts.api.base)

    def capabilities(self, chat: ChatId) -> Capabilities:
        return _CAN

    async def events(self, cursor: str | None) -> AsyncIterator[Event]:
        """What transactions bring, and before that what none has brought. The homeserver keeps what we have not taken,
        and has been asked to send it now (`ping`): until then, or for a while, we are not live."""
        inbox, gaps, loop = self._parts.inbox, self._parts.gaps, asyncio.get_running_loop()
        inbox.begin(cursor)
        inbox.anew = False
        try:
            await self._parts.fence.put()
        except (Refused, Unconfirmed) as error:
            raise Unavailable(error.text) from error
        if cursor is not None:
            await gaps.doubt()
        live, passed, until = False, False, loop.time() + _CATCHING_UP
        try:
            while True:
                transaction = await self._next(None if live else until)
                if inbox.anew:
                    inbox.anew = False
                    await gaps.doubt()
                await gaps.settle()
                if transaction is not None:
                    async for event in self._read(transaction):
                        if live or _counts(event, first=cursor is None):
                            yield event
                    gaps.awaits()
                    yield CursorMoved(inbox.cursor(transaction))
                    passed = passed or self._parts.fence.passed(transaction.events)
                if (room := gaps.turn()) is not None:
                    async for event in self._missed(room):
                        yield event
                await gaps.remember()
                if not live and ((passed and gaps.doubtful is None) or loop.time() >= until):
                    live = True  # also where it sends in its own time: what was tried is looked for
                    yield Live()
        finally:
            await gaps.remember(ending=True)

    async def _next(self, until: float | None) -> Transaction | None:
        """None when none has come `until` then, or for a while, and the homeserver still reaches us; or soon, when
        rooms are in doubt. Raises `Unavailable`."""
        now, sweeping = asyncio.get_running_loop().time(), self._parts.gaps.doubtful is not None
        seconds = self._parts.silence if until is None else until - now
        try:
            async with asyncio.timeout(min(PACE, seconds) if sweeping else seconds):
                return await self._parts.inbox.take()
        except TimeoutError:
            if until is None and not sweeping:
                await self._parts.check()
            return None

    def journaled(self, cursor: str) -> None:
        if self._parts.inbox.journaled(cursor):
            self._parts.gaps.journaled()

    def parts(self, action: Action) -> Sequence[Action]:
        return sending.parts(action)

    async def turn(self, action: Action) -> None:
        """There is no need to wait."""

    async def perform(self, action: Action) -> Receipt:
        kind, parts = type(action), self._parts
        if isinstance(action, Announce):
            return await parts.bridged.announce(action)
        if kind in speech.DOINGS:
            return await parts.voice.perform(action)
        if isinstance(action, Leave):
            await parts.gaps.left(action.chat)
            return await leaving.leave(parts.api, parts.attendance, action)
        if (moves := moving.DOINGS.get(kind)) is not None:
            receipt = await moves(parts.api, action)
            parts.attendance.forget(action.chat)
            if receipt.chat is not None:
                await parts.gaps.entered(receipt.chat)
            return receipt
        if (governs := governing.DOINGS.get(kind)) is not None:
            return await governs(parts.api, parts.groups, action)
        raise Refused("This cannot be done on Matrix yet.", Reason.UNSUPPORTED)

    def open_media(self, media: Media, limit: int) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return self._repository.open(media, limit)

    async def publish(self, chat: ChatId, media: Media, file: File) -> str:
        return await self._repository.publish(file)

    async def occupants(self, chat: ChatId, membership: Membership = Membership.JOINED) -> Sequence[Occupant]:
        """Without those of other networks, whom we have brought there."""
        found = await self._parts.groups.occupants(chat, membership)
        return [one for one in found if not self._brought(one.contact.id)]

    async def rank(self, chat: ChatId, contact: ContactId) -> Rank | None:
        return await governing.rank(self._parts.api, self._parts.groups, chat, contact)

    async def obstacles(self, chat: ChatId) -> Sequence[str]:
        return await self._parts.bridged.obstacles(chat)

    async def history(self, chat: ChatId, before: MessageId | None, cursor: str | None) -> History:
        page = await older.page(self._parts.api, self._parts.groups, chat, before, cursor)
        said = [(event, self._parts.registration.ours(event.sender.id)) for event in page.events]
        return History([event if ours else replace(event, key=None) for event, ours in said], page.older)

    # what the homeserver brings

    async def _read(self, transaction: Transaction) -> AsyncIterator[Event]:
        """Raises `Unavailable`; whatever else is wrong with a room's news is a dead letter."""
        if transaction.wrong:
            yield Unparsable(reason="no transaction", source="the homeserver", raw=transaction.wrong)
        rooms: dict[str, list[object]] = {}
        for raw in transaction.events:
            room = fields.room_id(fields.mapping(raw).get("room_id"))
            if fence.is_one(raw):
                continue  # its room is nobody else's, and need not be known
            if room is None:
                yield Unparsable(reason="an event of no room", source="the homeserver", raw=fields.shown(raw))
            else:
                rooms.setdefault(room, []).append(raw)
        for room, happened in rooms.items():
            async for event in self._missed(room):
                yield event
            for event in await self._heard(room, happened):
                yield event
        for raw in transaction.signs:
            for event in await self._signs(fields.mapping(raw)):
                yield event

    async def _missed(self, room: str) -> AsyncIterator[Event]:
        """What has not come of a room, if it is in doubt. Raises `Unavailable`, `LoggedOut`."""
        try:
            missed = await self._parts.gaps.missed(room)
        except (Unavailable, LoggedOut):
            raise
        except Exception as error:
            self._parts.log.exception("what did not come of a room cannot be read room=%s", room)
            missed = Timeline((), type(error).__name__)
        if missed.missing:
            self._parts.attendance.forget(room)
            yield Unparsable(reason=f"a gap: {missed.missing}", source=room, raw="")
        for event in await self._heard(room, missed.events):
            yield event

    async def _heard(self, room: str, events: Sequence[object]) -> list[Event]:
        """What is new of what has happened in a room. Raises `Unavailable`, `LoggedOut`."""
        await asyncio.sleep(0)
        happened = self._parts.gaps.new(room, events)
        if not happened:
            return []
        try:
            return await self._happened(room, happened)
        except (Unavailable, LoggedOut):
            raise
        except Exception as error:
            self._parts.log.exception("news of a room cannot be read room=%s", room)
            return [Unparsable(reason=type(error).__name__, source=room, raw=fields.shown(happened))]

    async def _happened(self, room: str, happened: list[object]) -> list[Event]:
        ours = [one for raw in happened if (one := member(raw)) is not None and self._parts.registration.ours(one.user)]
        for one in ours:
            await self._invited(room, one)
        try:
            here, moved = await self._parts.groups.patience.ask(room, lambda: self._noted(room, ours))
            if here:
                await self._learn_names(room, happened)
        except Refused as refusal:
            return [Unparsable(reason=f"a gap: {refusal.text}", source=room, raw="")]
        mine = next((one for raw in reversed(happened) if (one := self._own(raw)) is not None), None)
        if here:
            came = mine is not None and mine.membership == "join"
            moved += await self._parts.upgrades.of(room, happened, came=came)
            news: Mapping[str, Any] = {"timeline": {"events": happened}}
            said = await self._parts.groups.news(room, news, "")
        elif mine is not None and mine.membership in ("leave", "ban"):
            said = await self._parts.groups.left(room, {"timeline": {"events": happened}}, "")
        else:
            return []  # that of somebody whose own session reads it
        return [*moved, *(event for one in said if (event := self._believed(one)) is not None)]

    async def _noted(self, room: str, ours: Sequence[Member]) -> tuple[bool, list[Event]]:
        """Whether we are in a room, and who is wanted there or not, after what has become of ours. Raises as
        `Attendance.here`."""
        noted = [await self._parts.attendance.note(room, one) for one in ours]
        return await self._parts.attendance.here(room), [one for one in noted if one is not None]

    async def _learn_names(self, room: str, happened: list[object]) -> None:
        """What goes wrong with the room its news tell."""
        with suppress(Unavailable, Refused):
            facts = await self._parts.groups.facts(room)
            await names.learn(self._parts.api, facts, happened, self._parts.registration.ours)

    async def _invited(self, room: str, one: Member) -> None:
        """Our own user comes into rooms when it is asked to; somebody else is called, and answers by their own session,
        which finds the invitation."""
        registration = self._parts.registration
        if one.membership != "invite" or one.by is None or registration.ours(one.by):
            return
        if one.user == registration.me:
            await self._parts.doors.asked(room, one.by)
        elif (person := registration.person(one.user)) is not None and person.network == HOME:
            await self._parts.summon(person.id, False)

    def _own(self, raw: object) -> Member | None:
        one = member(raw)
        return one if one is not None and one.user == self._parts.registration.me else None

    async def _signs(self, sign: Mapping[str, object]) -> list[Event]:
        room = fields.room_id(sign.get("room_id"))
        try:
            if room is None or not await self._parts.attendance.here(room):
                return []
        except (Refused, Faulty):
            return []  # a room that cannot be asked about: what is said there tells so
        found = self._parts.signs.of_room(room, {"ephemeral": {"events": [sign]}}, live=True)
        ours = self._parts.registration.ours
        return [one for one in found if not isinstance(one, PresenceChanged) and not ours(one.sender.id)]

    def _believed(self, event: Event) -> Event | None:
        """Keys count on what our users have said, and only what has one is theirs: who we bring is nobody new."""
        registration = self._parts.registration
        if isinstance(event, Authored):
            if not registration.ours(event.sender.id):
                return mentions.said(event if event.key is None else replace(event, key=None), registration)
            return None if event.key is None else event
        if isinstance(event, OccupantChanged) and self._brought(event.occupant.contact.id):
            return None
        return event

    def _brought(self, user: str) -> bool:
        return self._parts.registration.person(user) is not None


def _counts(event: Event, *, first: bool) -> bool:
    """What comes before we have caught up: nobody writes any more who wrote then, and what was said before we were
    there for the `first` time was said to others."""
    return not isinstance(event, TypingChanged) and not (first and isinstance(event, Authored))
