"""Sessions: every account connected, kept connected, and read from. One supervised task each.

What an account reports is submitted to the writer without waiting for commits; more than 1,000 uncommitted events of
one account stop its reading, and that is all the back-pressure.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from bridge.contract import (
    Account,
    AccountId,
    Authored,
    BlockedChanged,
    ChatId,
    ChatMoved,
    ChatSeen,
    Connector,
    Contact,
    ContactChanged,
    ContactId,
    CursorMoved,
    DeliveryFailed,
    Event,
    Live,
    LoggedOut,
    NetworkId,
    OccupantChanged,
    OptOutChanged,
    Persona,
    PersonaBarred,
    PresenceChanged,
    RanksChanged,
    ReadUpTo,
    RoomInvited,
    Session,
    Sign,
    TypingChanged,
    Unavailable,
    Unparsable,
    UserInformed,
    Workspace,
)
from bridge.hub.facades import HOME
from bridge.hub.limits import Limits
from bridge.hub.probing import Probes
from bridge.hub.retry import Backoff

log = logging.getLogger(__name__)
_AT_ONCE = 20  # events of a session between two turns of the event loop


@dataclass(slots=True)
class Seat:
    """An account of ours, whether or not it is connected now."""

    account: AccountId
    network: NetworkId
    user: str
    me: str
    secret: Mapping[str, str] = field(repr=False)
    cursor: str | None
    caught_up: float = 0.0  # when it last had all that there was for it, to some minutes; 0: not known
    behind: float = 0.0  # it is catching up after a long outage that began then; 0: it is not
    session: Session | None = None
    error: str = ""  # why it is not connected, for people
    logged_out: bool = False
    since: float = field(default_factory=time.time)  # connected, or not, since then
    last_event: float = 0.0
    uncommitted: int = 0
    up: asyncio.Event = field(default_factory=asyncio.Event)  # connected, and not asked to pause
    live: asyncio.Event = field(default_factory=asyncio.Event)  # caught up, and that is durable
    room: asyncio.Event = field(default_factory=asyncio.Event)
    task: "asyncio.Task[None] | None" = None
    pause: asyncio.TimerHandle | None = None
    asleep: str = ""  # why it has been asked to pause, for people
    probes: Probes | None = None  # who may try while the network is in trouble; XMPP's own tells that by its stream

    def __post_init__(self) -> None:
        self.probes = None if self.network == HOME else Probes()


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told what the sessions see (the hub); all synchronous."""

    event: Callable[[Seat, Session, Event], None]  # to be journaled: calls `Sessions.committed` in the end
    live: Callable[[Seat], None]
    cursor: Callable[[Seat, Session, str], None]
    contact: Callable[[Seat, Contact], None]
    changed: Callable[[Seat], None]  # connected, disconnected, logged out
    sign: Callable[[Seat, Session, Sign], None]
    blocked: Callable[[Seat, frozenset[ContactId]], None]  # whom the account blocks, all of them
    opted: Callable[[Seat, OptOutChanged], None]
    informed: Callable[[Seat, str], None]  # what the account's user is to know


class Sessions:
    """Owns the seats. `quiet` tells when nothing is under way in a chat (see `_hold`)."""

    def __init__(
        self,
        connectors: Mapping[NetworkId, Connector],
        workspaces: Callable[[NetworkId, int], Workspace],
        limits: Limits,
        listener: Listener,
        quiet: Callable[[NetworkId, ChatId], Awaitable[None]],
    ) -> None:
        self._connectors = connectors
        self._workspaces = workspaces
        self._limits = limits
        self._listener = listener
        self._quiet = quiet
        self._seats: dict[int, Seat] = {}
        self._names: dict[tuple[NetworkId, str], list[Seat]] = {}
        self._users: dict[tuple[str, NetworkId], list[Seat]] = {}

    def seat(self, account: int) -> Seat | None:
        return self._seats.get(account)

    def seats(self) -> list[Seat]:
        return list(self._seats.values())

    def is_account_of(self, user: str, network: NetworkId, me: str) -> bool:
        """Whether `me` on `network` is an account of `user`."""
        return any(seat.user == user for seat in self._names.get((network, me), ()))

    def scope_of(self, user: str, network: NetworkId) -> str | None:
        """Whose word counts for an account of `user` that is connected; None if none is."""
        sessions = (seat.session for seat in self._users.get((user, network), ()))
        return next((session.scope(ChatId("")) for session in sessions if session is not None), None)

    def operator(self, network: NetworkId) -> Seat | None:
        """The operator's account on a network, which speaks there for people who have none; whether or not it is
        connected now."""
        return next(iter(self._users.get(("", network), ())), None)

    def start(self, seat: Seat) -> None:
        """Connect an account and keep it connected."""
        self._seats[seat.account] = seat
        self._names.setdefault((seat.network, seat.me), []).append(seat)
        self._users.setdefault((seat.user, seat.network), []).append(seat)
        seat.task = asyncio.create_task(self._keep(seat), name=f"account {seat.account}")

    async def stop(self, account: int) -> None:
        """Disconnect; what is owed through it waits in the journal."""
        seat = self._seats.pop(account, None)
        if seat is None:
            return
        self._names[seat.network, seat.me].remove(seat)
        self._users[seat.user, seat.network].remove(seat)
        if seat.task is not None:
            seat.task.cancel()
            await asyncio.gather(seat.task, return_exceptions=True)

    async def close(self) -> None:
        for account in list(self._seats):
            await self.stop(account)

    def sleep(self, seat: Seat, seconds: float, why: str) -> None:
        """The network wants to be left alone: all lanes of the account wait for one event."""
        seat.up.clear()
        seat.asleep = why
        if seat.pause is not None:
            seat.pause.cancel()
        seat.pause = asyncio.get_running_loop().call_later(seconds, self._wake, seat)

    def committed(self, seat: Seat) -> None:
        """One event of this account has been journaled, or turned away."""
        seat.uncommitted -= 1
        seat.room.set()

    async def settled(self, accounts: frozenset[int]) -> None:
        """Wait until all these accounts have caught up, a minute at most: what was tried and arrived is known then."""
        seats = [s for a in accounts if (s := self._seats.get(a)) and not s.logged_out and not s.live.is_set()]
        if not seats:
            return
        waits = [asyncio.ensure_future(seat.live.wait()) for seat in seats]
        try:
            await asyncio.wait(waits, timeout=self._limits.live_wait)
        finally:
            for wait in waits:
                wait.cancel()

    def log_out(self, seat: Seat, text: str) -> None:
        """The network no longer accepts the credentials. What is owed through the account stays."""
        if not seat.logged_out:
            log.warning("account logged out account=%d network=%s", seat.account, seat.network)
            self._down(seat, text)
            seat.logged_out = True
            self._listener.changed(seat)

    async def _keep(self, seat: Seat) -> None:
        backoff = Backoff(self._limits.backoff_max, self._limits.backoff_lasting)
        while not seat.logged_out:
            try:
                await self._connected(seat, backoff)
            except LoggedOut as error:
                self.log_out(seat, error.text)
                return
            except Unavailable as error:
                self._down(seat, error.text)
                pause = backoff.pause(asked=error.retry_after, lasting=error.lasting)
                log.info("account unavailable account=%d pause=%.1f reason=%s", seat.account, pause, error.text)
            except Exception:
                self._down(seat, "The connector has a fault; its operator finds it in the log.")
                pause = backoff.pause()
                log.exception("a session broke account=%d network=%s", seat.account, seat.network)
            await asyncio.sleep(pause)

    async def _connected(self, seat: Seat, backoff: Backoff) -> None:
        connector = self._connectors[seat.network]
        account = Account(seat.account, seat.network, seat.user, ContactId(seat.me), seat.secret)
        workspace = _keeping(self._workspaces(seat.network, seat.account), seat)
        async with connector.connect(account, workspace) as session:
            seat.session, seat.error, seat.since = session, "", time.time()
            long_ago = seat.cursor is not None and seat.caught_up < seat.since - self._limits.long_outage
            seat.behind = seat.caught_up if long_ago else 0.0
            seat.up.set()
            log.info("account connected account=%d network=%s", seat.account, seat.network)
            self._listener.changed(seat)
            try:
                # `aclosing`: a reader that is cancelled here must end its requests now, not when it is collected.
                async with aclosing(session.events(seat.cursor)) as events:  # type: ignore[type-var]
                    taken = 0
                    async for event in events:
                        await self._take(seat, session, event)
                        if isinstance(event, Live):
                            backoff.reset()
                        taken += 1
                        if taken % _AT_ONCE == 0:  # a session may have thousands at hand
                            await asyncio.sleep(0)
            finally:
                self._down(seat, seat.error)
        raise Unavailable("The network ended the connection.")

    async def _take(self, seat: Seat, session: Session, event: Event) -> None:
        seat.last_event = time.time()
        match event:
            case (
                Authored() | ChatMoved() | ChatSeen() | DeliveryFailed() | OccupantChanged() | PersonaBarred()
                | RanksChanged() | RoomInvited() | Unparsable()
            ):  # fmt: skip
                await self._hold(seat, session, event)
                if isinstance(event, Authored):
                    self._listener.contact(seat, event.sender)
                elif isinstance(event, ChatSeen) and event.contact is not None:
                    self._listener.contact(seat, event.contact)
                seat.uncommitted += 1
                self._listener.event(seat, session, event)
                while seat.uncommitted >= self._limits.uncommitted:
                    seat.room.clear()
                    await seat.room.wait()
            case Live():
                seat.behind = 0.0
                self._listener.live(seat)
            case CursorMoved(cursor=cursor):
                seat.cursor = cursor
                self._listener.cursor(seat, session, cursor)
            case ContactChanged(contact=contact):
                self._listener.contact(seat, contact)
            case BlockedChanged(contacts=contacts):
                self._listener.blocked(seat, contacts)
            case OptOutChanged():
                self._listener.opted(seat, event)
            case UserInformed(text=text):
                self._listener.informed(seat, text)
            case TypingChanged() | ReadUpTo() | PresenceChanged():
                self._listener.sign(seat, session, event)

    async def _hold(self, seat: Seat, session: Session, event: Event) -> None:
        """An event about what we are just sending waits for the receipt, which is journaled before it and tells what
        that is called: a bounce, and what one of our accounts says on a network that hides our keys."""
        match event:
            case DeliveryFailed(chat=chat):
                await self._quiet(seat.network, chat)
            case Authored(chat=chat, key=None) if self._names.get((seat.network, event.sender.id)):
                can = session.capabilities(chat)
                if can.sees_itself and not can.echoes and not can.personas:
                    await self._quiet(seat.network, chat)

    def _down(self, seat: Seat, text: str) -> None:
        was = seat.session is not None
        seat.session, seat.error = None, text
        seat.up.clear()
        seat.live.clear()
        if seat.pause is not None:
            seat.pause.cancel()
            seat.pause, seat.asleep = None, ""
        if was:
            seat.since = time.time()
            self._listener.changed(seat)

    def _wake(self, seat: Seat) -> None:
        seat.pause, seat.asleep = None, ""
        if seat.session is not None:
            seat.up.set()


def _keeping(workspace: Workspace, seat: Seat) -> Workspace:
    """Credentials that change are the seat's, too, once they are durable."""

    async def keep(secret: Mapping[str, str]) -> None:
        await workspace.keep(secret)
        seat.secret = secret

    return replace(workspace, keep=keep)


def persona_of(network: NetworkId, who: Contact) -> Persona:
    """Whom an account speaks for. A user of XMPP who has no name there is called by what stands before the @: to whom
    they tell the whole address is their own affair."""
    name = who.name or (who.id.partition("@")[0] if network == HOME else "")
    return Persona(key=f"{network}:{who.id}", network=network, contact=who.id, name=name, avatar=who.avatar or "")
