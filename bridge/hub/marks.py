"""Who has read how far: shown forwards only, to authors who want to know (`Authored.marks`), and in rooms to all.

That our user has read in another app is shown in theirs at home, unless it is what we have said ourselves.
"""

import uuid
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from bridge.contract import ChatId, MarkRead, MessageId, MessageReceived, Persona, ReadUpTo, Target
from bridge.hub import codec, keys
from bridge.hub.copies import called
from bridge.hub.facades import HOME
from bridge.hub.posts import Put
from bridge.hub.speakers import Place, Speakers
from bridge.hub.waiting import WaitingMarks, thing
from bridge.store import signs as store
from bridge.store.database import Database
from bridge.store.deliveries import copies_of
from bridge.store.rooms import HOSTED
from bridge.store.rows import Debt
from bridge.store.signs import End

_CHATS, _RECENT = 2_000, 20  # chats whose last messages are remembered, and how many of each
_PLACES = 20_000  # of which it is remembered how far somebody has read


class _Recent(Struct, frozen=True):
    """A message that was just journaled."""

    event: int
    author: tuple[str, str]  # network and contact
    own_id: MessageId
    marks: bool


@dataclass(slots=True)
class Marks:
    """How far whoever has read where."""

    database: Database
    speakers: Speakers
    put: Put
    is_due: Callable[[int, Hashable], bool]  # see `WaitingMarks`
    waiting: WaitingMarks = field(init=False)
    _recent: "OrderedDict[int, deque[_Recent]]" = field(default_factory=OrderedDict)  # by chat
    _read: "OrderedDict[Hashable, int]" = field(default_factory=OrderedDict)  # by who and where

    def __post_init__(self) -> None:
        self.waiting = WaitingMarks(self.database, self.put, self.is_due)

    def said(self, event: MessageReceived, debts: Sequence[Debt]) -> None:
        """A message was journaled."""
        one = _Recent(debts[0].event, (debts[0].network, debts[0].author), event.id, event.marks)
        for chat in {debts[0].source, *(debt.chat for debt in debts)}:
            if chat not in self._recent:
                self._recent[chat] = deque(maxlen=_RECENT)
            self._recent[chat].append(one)
            self._recent.move_to_end(chat)
        while len(self._recent) > _CHATS:
            self._recent.popitem(last=False)

    async def moved(
        self, place: Place, sign: ReadUpTo, ends: Sequence[End], reporter: int, me: str, quiet: frozenset[int]
    ) -> bool:
        """Somebody has read; `me` is the account that reports it. In chats that are in `quiet` only their own apps are
        to know. False if what they read is not known there yet."""
        here = ends[0]
        at = await self._position(ends, sign.target)
        if at is None:
            return False
        own = here.network != HOME and sign.sender.id == me
        known = True
        for end in ends[1:]:
            if own:
                known = await self._mark_own(here, end, at, reporter) and known
            # What a user has read in private, their own account may know.
            if (not sign.private or here.network == HOME) and not (own and end.kind != HOSTED):
                hidden = sign.private or end.chat in quiet
                known = await self._mark(end, at, place, sign, quiet=hidden) and known
        return known

    async def _position(self, ends: Sequence[End], target: MessageId) -> int | None:
        """Where in the journal the event is that it names."""
        here, key = ends[0], keys.split(target)[0]
        at = await self.database.read(lambda c: store.position(c, here.chat, target, key))
        said = None if at is None else await self.database.read(lambda c: store.written(c, at))
        foreign = said is not None and said.chat not in {end.chat for end in ends}
        return None if foreign else at

    async def _mark(self, end: End, at: int, place: Place, sign: ReadUpTo, *, quiet: bool) -> bool:
        for account, persona in self.speakers.of(end, place, sign.sender, MarkRead):
            if quiet and persona is not None:
                continue
            if persona is not None and end.network == HOME and end.kind != HOSTED:
                target = await self._wanted(end, at)
                if target is None:
                    continue
            else:
                target = await self._called(end, at)
                if target is None:
                    return False
            if self._forwards((end.chat, account, place[3]), at):
                action = MarkRead(
                    chat=ChatId(end.native), key=uuid.uuid4().hex, persona=persona, target=target, private=quiet
                )
                own = persona is None
                self.put(account, thing(end.native) if own else ("read", end.native, place[3]), action, keep=own)
        return True

    async def _mark_own(self, here: End, end: End, at: int, reporter: int) -> bool:
        user = next((seen.user for seen in here.seen if seen.account == reporter), "")
        home = self.speakers.home(end, MarkRead)
        if not user or home is None or (end.owner and end.owner != user):
            return True
        if at <= self._read.get((here.chat, reporter, user), 0) or at <= self._read.get((end.chat, user), 0):
            return True
        message = at if end.kind == HOSTED else self._from_others(end.chat, at, user)
        target = await self._called(end, message)
        if target is None:
            return False
        if self._forwards((end.chat, user), at):
            persona = Persona(key=f"{HOME}:{user}", network=HOME, contact=user, own=True)
            action = MarkRead(chat=ChatId(end.native), key=uuid.uuid4().hex, persona=persona, target=target)
            self.put(home, ("own", end.native, user), action)
        return True

    async def _wanted(self, end: End, at: int) -> Target | None:
        """The last message before `at` of which its author wants to know that it was read."""
        for one in reversed(self._recent.get(end.chat, ())):
            if one.event <= at and one.marks and one.author == (HOME, end.owner):
                return Target((one.own_id,))
        said = await self.database.read(lambda c: store.written(c, at))
        if said is None or (said.chat, said.author) != (end.chat, end.owner):
            return None
        event = codec.decode("message", said.body)
        wanted = isinstance(event, MessageReceived) and event.marks
        return Target((event.id,)) if isinstance(event, MessageReceived) and wanted else None

    async def _called(self, end: End, at: int) -> Target | None:
        """What the last part of a message is called there."""
        found = called((await self.database.read(lambda c: copies_of(c, end.chat, [at])))[at])
        return None if found is None else Target(found.ids[-1:])

    def _from_others(self, chat: int, at: int, user: str) -> int:
        """The last message before `at` that `user` has not written themselves."""
        recent = reversed(self._recent.get(chat, ()))
        return next((one.event for one in recent if one.event <= at and one.author != (HOME, user)), at)

    def _forwards(self, who: Hashable, at: int) -> bool:
        if at <= self._read.get(who, 0):
            return False
        self._read[who] = at
        self._read.move_to_end(who)
        if len(self._read) > _PLACES:
            self._read.popitem(last=False)
        return True
