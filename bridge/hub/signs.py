"""Signs of life: who writes, who has read how far, who is there. From any end of a link to the others.

They never enter the journal. What comes is looked up beside the writer, the latest of each thing; what is to be shown
goes to one `Post` per account, which holds nobody else up. A sign counts only from an account that is in the chat.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bridge.contract import (
    Action,
    ChatId,
    ChatKind,
    ContactId,
    MessageReceived,
    NetworkId,
    PresenceChanged,
    ReadUpTo,
    Session,
    SetPresence,
    Sign,
    TypingChanged,
    Unavailable,
)
from bridge.hub.counters import Counters
from bridge.hub.facades import HOME
from bridge.hub.marks import Marks
from bridge.hub.people import KnownPeople
from bridge.hub.posts import Post
from bridge.hub.sessions import Seat, Sessions
from bridge.hub.speakers import Place, Speakers, hearing
from bridge.hub.typists import Typists
from bridge.store import signs as store
from bridge.store.database import Database
from bridge.store.rooms import HOSTED
from bridge.store.rows import Debt
from bridge.store.signs import End

log = logging.getLogger(__name__)
_MOST = 2_000  # signs that wait to be looked up; more are not shown
_AGAIN = (0.5, 2.0, 8.0)  # seconds after which a mark is looked up again: what it names is perhaps just coming


@dataclass(frozen=True, slots=True)
class _Came:
    """A sign, and the account that reported it."""

    sign: TypingChanged | ReadUpTo
    place: Place
    account: int
    me: str
    tries: int = 0

    @property
    def thing(self) -> Hashable:
        return self.place, type(self.sign)


class Signs:
    """`run` is a task of the hub; all else is told on the loop."""

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        counters: Counters,
        people: KnownPeople,
        pictured: Callable[[str, NetworkId, str], None],
    ) -> None:
        """`pictured` is told which picture a user shows at home, and for which network."""
        self._pictured = pictured
        self._database = database
        self._sessions = sessions
        self._appearances = people.appearances
        self._choices = people.choices
        self._choices.watch(self._chosen)
        self._there: dict[tuple[str, str], PresenceChanged] = {}  # which users at home are there, and for which network
        self._counters = counters
        speakers = Speakers(sessions, self._choices.account)
        self._typists = Typists(speakers, self.put)
        self._marks = Marks(database, speakers, self.put, self._is_due)
        self._back: dict[int, None] = {}  # accounts that are there again
        self._coming: dict[Hashable, _Came] = {}
        self._posts: dict[int, Post] = {}
        self._news = asyncio.Event()

    def offer(self, seat: Seat, session: Session, sign: Sign) -> None:
        """Something that a session has seen."""
        if isinstance(sign, PresenceChanged):
            self._present(seat, sign)
            return
        came = _Came(sign, _place(seat, session, sign), seat.account, seat.me)
        if isinstance(sign, TypingChanged):
            if sign.sender.id == seat.me and seat.network != HOME:
                return  # our user writes in another app
            if not sign.typing and came.place not in self._typists:
                self._coming.pop(came.thing, None)
                return  # it was never shown
        self._put(came)

    def said(self, seat: Seat, session: Session, event: MessageReceived, debts: Sequence[Debt]) -> None:
        """Somebody has said something, which is journaled: they do not write it any more."""
        place = _place(seat, session, event)
        self._coming.pop((place, TypingChanged), None)
        self._typists.ended(place, said=True)
        if debts:
            self._marks.said(event, debts)

    def live(self, account: int) -> None:
        """The account has caught up."""
        self._back[account] = None
        self._news.set()
        seat = self._sessions.seat(account)
        there = self._there.get((seat.user, seat.network)) if seat is not None else None
        if there is not None:
            self._show_presence(account, there)

    def put(self, account: int, thing: Hashable, action: Action, *, keep: bool = False) -> None:
        """`account` is to show something now (`Post.put`)."""
        post = self._posts.get(account)
        if post is None:
            post = self._posts[account] = Post(
                self._performer(account), lambda: self._full(account),
                partial(self._marks.waiting.left, account), partial(self._marks.waiting.shown, account),
            )  # fmt: skip
        post.put(thing, action, keep=keep)

    def _present(self, seat: Seat, sign: PresenceChanged) -> None:
        """A person on a network: its user is told. A user: their accounts show it on the network that may know."""
        if seat.network != HOME:
            if seat.user and sign.contact.id != seat.me:
                self._appearances.seen(seat.user, seat.network, sign)
            return
        who = (str(sign.contact.id), str(sign.towards))
        if sign.contact.avatar is not None and sign.towards is not None:
            self._pictured(str(sign.contact.id), sign.towards, sign.contact.avatar)
        self._there.pop(who, None)
        if sign.available:
            self._there[who] = sign
        for one in self._sessions.seats():
            if (one.user, one.network) == who:
                self._show_presence(one.account, sign)

    def _show_presence(self, account: int, sign: PresenceChanged) -> None:
        seat = self._sessions.seat(account)
        if seat is not None and not self._choices.on(seat.user, seat.network, "presence"):
            sign = PresenceChanged(contact=sign.contact, available=False)
        wish = SetPresence(chat=ChatId(""), key="-", available=sign.available, away=sign.away, status=sign.status)
        self.put(account, "presence", wish)

    def _chosen(self, user: str, network: NetworkId, contacts: frozenset[ContactId]) -> None:
        """The user may want to be seen now, or not any more."""
        there = self._there.get((user, network))
        for seat in self._sessions.seats() if there is not None else ():
            if there is not None and (seat.user, seat.network) == (user, network):
                self._show_presence(seat.account, there)

    async def run(self) -> None:
        """Look up what came; ends only by being cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._back:
                account = next(iter(self._back))
                del self._back[account]
                try:
                    await self._marks.waiting.bring(account)
                except Exception:
                    log.exception("marks that wait could not be looked up")
            while self._coming:
                came = self._coming.pop(next(iter(self._coming)))
                try:
                    await self._take(came)
                except Exception:
                    log.exception("a sign could not be looked up")

    async def close(self) -> None:
        self._typists.close()
        await asyncio.gather(*(post.close() for post in self._posts.values()))

    def _put(self, came: _Came) -> None:
        if came.thing not in self._coming and len(self._coming) >= _MOST:
            self._counters.ignored[NetworkId(came.place[0]), "too many signs"] += 1
            return
        self._coming[came.thing] = came
        self._news.set()

    async def _take(self, came: _Came) -> None:
        network, scope, native, _ = came.place
        ends = await self._database.read(lambda c: store.ends(c, network, scope, native))
        if not ends or not _may(ends[0], came):
            return
        ends = hearing(ends)
        ends = [ends[0], *(end for end in ends[1:] if not self._is_blocked(end, came.place))]
        ends = [ends[0], *filter(None, (self._allowed(came.place, ends[0], end) for end in ends[1:]))]
        if isinstance(came.sign, TypingChanged):
            if came.sign.typing:
                ends = [ends[0], *(end for end in ends[1:] if self._shows(came.place, "typing", end))]
            self._typists.changed(came.place, came.sign, ends)
            return
        quiet = frozenset(end.chat for end in ends[1:] if not self._shows(came.place, "receipts", end))
        if not await self._marks.moved(came.place, came.sign, ends, came.account, came.me, quiet):
            self._later(came)

    def _shows(self, place: Place, name: str, end: End) -> bool:
        """Whether somebody wants others at `end` to see it: a user at home, who can choose."""
        home, item = place[0] == HOME, place[2].rpartition(" ")[2]
        return not home or end.network == HOME or self._choices.on(place[3], NetworkId(end.network), name, item)

    def _is_blocked(self, end: End, place: Place) -> bool:
        """Whether `end` is the chat of a user who wants to hear nothing of somebody."""
        own = end.network == HOME and end.owner and place[0] != HOME
        return bool(own) and self._choices.blocked(end.owner, NetworkId(place[0]), ContactId(place[3]))

    def _allowed(self, place: Place, here: End, there: End) -> End | None:
        """`there`, as far as something is shown there that somebody does `here` who has opted out, or whom it is for
        has: by accounts of users' own."""
        out = self._choices.opt_outs.opted_out
        whom = (there.network, there.owner if there.network == HOME else there.contact)
        if not out(place[0], place[3]) and not out(*whom):
            return there
        if there.network != HOME:
            return replace(there, relay=None)
        if there.kind == HOSTED:
            return there if there.shows == here.chat else None
        return there if there.owner and any(seen.user == there.owner for seen in here.seen) else None

    def _later(self, came: _Came) -> None:
        if came.tries < len(_AGAIN):
            again = _Came(came.sign, came.place, came.account, came.me, came.tries + 1)
            asyncio.get_running_loop().call_later(_AGAIN[came.tries], self._come_again, again)

    def _come_again(self, came: _Came) -> None:
        """Unless something newer has come."""
        if came.thing not in self._coming:
            self._put(came)

    def _performer(self, account: int) -> Callable[[Action], Awaitable[object]]:
        async def perform(action: Action) -> object:
            seat = self._sessions.seat(account)
            if seat is None or seat.session is None or not seat.up.is_set():
                raise Unavailable("The account is not connected.")
            if type(action) not in seat.session.capabilities(action.chat).actions:
                return None
            return await seat.session.perform(action)

        return perform

    def _is_due(self, account: int, thing: Hashable) -> bool:
        return account in self._posts and self._posts[account].is_due(thing)

    def _full(self, account: int) -> None:
        seat = self._sessions.seat(account)
        if seat is not None:
            self._counters.ignored[seat.network, "too many signs"] += 1


def _place(seat: Seat, session: Session, event: TypingChanged | ReadUpTo | MessageReceived) -> Place:
    return str(seat.network), session.scope(event.chat), str(event.chat), str(event.sender.id)


def _may(here: End, came: _Came) -> bool:
    """Whether whoever reports it is in the chat, and whoever does it can be."""
    who = came.place[3]
    if here.network == HOME:
        return here.kind != ChatKind.DIRECT or here.owner == who
    present = any(seen.account == came.account for seen in here.seen)
    return present and (here.kind != ChatKind.DIRECT or who in (here.contact, came.me))
