"""Links of communities, kept as they are wanted: by the configuration, by the operator and by people (`consent`).

A room is linked once its network has let the operator's account in (`Join`); until then it is tried again, and the rest
of its link works without it. What is not wanted any more is unlinked, and our people leave.
"""

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from bridge.contract import ChatId, ChatKind, ConnectorError, Join, Leave, NetworkId, Session
from bridge.hub import linking, wanted
from bridge.hub.closing import durably
from bridge.hub.intake import Outcome
from bridge.hub.judge import Ruling
from bridge.hub.linking import Resolved
from bridge.hub.overview import LinkLine, Said
from bridge.hub.sessions import Seat, Sessions
from bridge.hub.told import LinkNews
from bridge.hub.wanted import COMMAND, CONFIG, End, WantedLink
from bridge.store import links
from bridge.store.database import Database
from bridge.store.ledger import Ledger
from bridge.store.links import EndRow, LinkRow
from bridge.store.writer import Writer

log = logging.getLogger(__name__)
_AGAIN = 60.0  # seconds until rooms that could not be linked are tried again, if nothing happens before
_HIDES = "made by command, so the link of this name in the configuration is not used"
_MADE, _ENDED = "made the link", "ended the link"
_VISITS = 50  # rooms that may be linked soon
_TOGETHER = 0.2  # seconds in which what happens gathers


class Links:
    """`run` is a task of the hub. `moved`: see `Lanes`."""

    def __init__(
        self, database: Database, writer: Writer, sessions: Sessions, told: LinkNews, moved: Callable[[Outcome], None]
    ) -> None:
        self._told = told
        self._database = database
        self._writer = writer
        self._sessions = sessions
        self._moved = moved
        self._wanted: Sequence[WantedLink] | None = None  # of the configuration; None: that was noted
        self._poked = asyncio.Event()
        self._troubles: dict[tuple[str, End], str] = {}
        self._turn = asyncio.Lock()
        self._failed = False  # a link was not kept for a fault of ours
        self._configured: frozenset[str] = frozenset()  # names
        self._passwords: dict[tuple[NetworkId, str], str] = {}  # of rooms of the configuration
        self._knows: dict[tuple[NetworkId, str], tuple[Session | None, str]] = {}  # which session knows which of them
        self._visits: dict[str, float] = {}  # rooms that are in no link yet, and until when we stay
        self._held = 0.0  # seconds until rooms may be left in which we stay for a while; 0: there are none

    def configure(self, wanted: Sequence[WantedLink]) -> None:
        """The configuration has these, and no others."""
        self._wanted, self._configured = wanted, frozenset(one.name for one in wanted)
        self._passwords = {(end.network, end.chat): end.password for one in wanted for end in one.ends if end.password}
        self._poked.set()

    def poke(self) -> None:
        """An account is connected, or a room was entered."""
        self._poked.set()

    async def run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._held or (_AGAIN if self._troubles or self._failed else None)):
                    await self._poked.wait()
            await asyncio.sleep(_TOGETHER)
            self._poked.clear()
            try:
                await self._reconcile()
            except Exception:
                log.exception("keeping links failed")
                await asyncio.sleep(1.0)
                self._poked.set()

    async def lines(self) -> Sequence[LinkLine]:
        """Every room of every link, and how it is."""
        rows, there = await self._stored()
        lines = [(row, line) for row in rows for line in lines_of(row, there, self._troubles)]
        return [
            replace(line, state=f"{line.state}; {_HIDES}")
            if row.source == COMMAND and row.name in self._configured
            else line
            for row, line in lines
        ]

    async def add(self, link: WantedLink) -> Said:
        """Link rooms by the operator's word."""
        found = wanted.faults(link)
        if found:
            return Said(f"This cannot be linked: {found[0][1]}.", ok=False)
        known = {seat.network for seat in self._sessions.seats()}
        strange = next((end.network for end in link.ends if end.network not in known), None)
        if strange is not None:
            return Said(f"There is no network {strange} with an account of the operator.", ok=False)
        if not await durably(self._writer, partial(linking.begin, wanted=link, deed=linking.operators(_MADE))):
            return Said(f"There is a link {link.name} already. `landbridge link list` shows it.", ok=False)
        troubles = await self.tied(link)
        if not troubles:
            return Said(f"The link {link.name} stands.")
        return Said("\n".join([f"The link {link.name} is kept, but not all of it works yet:", *troubles]))

    async def tied(self, link: WantedLink, knows: tuple[NetworkId, ChatId] | None = None) -> Sequence[str]:
        """Link the rooms of a link that was just begun; what does not work yet, a line for each room. `knows`: the room
        in which that is answered."""
        if knows is not None:
            self._told.knows(*knows)
        await self._reconcile()
        return [f"{end}: {self._troubles[link.name, end]}" for end in link.ends if (link.name, end) in self._troubles]

    async def visit(self, end: End, seconds: float, *, known: bool = False) -> Resolved | str:
        """Come into a room that somebody may want to link; why that cannot be. It is left when it is in no link then,
        and nobody waits for it to be in one. `known`: it is linked already."""
        now = time.monotonic()
        self._visits = {chat: until for chat, until in self._visits.items() if until > now}
        seat = self._speaker(end)
        if seat is not None and seat.session is not None and seat.session.capabilities(ChatId(end.chat)).for_links:
            if end.chat not in self._visits and len(self._visits) >= _VISITS:
                return "Too many rooms are about to be linked. Try again in a quarter of an hour."
            self.stay(end.chat, seconds)
        return await self._resolve(end, known=known)

    def followed(self, gone: int, into: int) -> None:
        """A room has turned out to be another one of a link (`consent.deciding.follow`)."""
        self._moved(Outcome(Ruling.ACCEPT, gone=[gone], reread=[into]))

    def stay(self, room: str, seconds: float) -> None:
        """So long a room is not left, if it is in no link."""
        self._visits[room] = time.monotonic() + seconds
        self._poked.set()

    async def remove(self, name: str, deed: linking.Deed | None = None) -> Said:
        """`deed`: whose word it is, if not the operator's."""
        row = next((row for row in (await self._stored())[0] if row.name == name), None)
        if row is None or row.removed:
            return Said(f"There is no link {name[:60]}. `landbridge link list` shows what there is.", ok=False)
        kept = row.source == CONFIG
        before = (await self._stored())[1]
        gone = await durably(
            self._writer, partial(linking.end_by, row=row, keep=kept, deed=deed or linking.operators(_ENDED))
        )
        self._gone(gone)
        await self._told.gone(before, (await self._stored())[1])
        self._poked.set()
        text = f"The link {name} is removed."
        return Said(f"{text} It stays so until its entry in the configuration changes." if kept else text)

    async def resume(self, name: str) -> Said:
        """Let a link that was suspended be carried again."""
        row = next((row for row in (await self._stored())[0] if row.name == name and not row.removed), None)
        if row is None:
            return Said(f"There is no link {name[:60]}. `landbridge link list` shows what there is.", ok=False)
        why = await self._told.resume(row)
        return Said(why, ok=False) if why else Said(f"The link {name} is carried again.")

    async def _stored(self) -> tuple[list[LinkRow], list[EndRow]]:
        return await self._database.read(lambda c: (links.named(c), links.ends(c)))

    async def _reconcile(self) -> None:
        async with self._turn:  # two at once would undo what the other does
            await self._all()

    async def _all(self) -> None:
        before = (await self._stored())[1]
        if self._wanted is not None:
            now, self._wanted = self._wanted, None
            self._gone(await durably(self._writer, partial(linking.note, wanted=now)))
        rows, there = await self._stored()
        self._troubles = {key: text for key, text in self._troubles.items() if key[0] in {row.name for row in rows}}
        self._failed = False
        for row in rows:
            try:
                await self._keep(row, [one for one in there if one.link == row.id])
            except Exception:  # the others are kept
                log.exception("a link is not kept link=%s", row.name)
                self._failed = True
        await self._told.gone(before, (await self._stored())[1])
        await self._leave()

    async def _keep(self, row: LinkRow, there: Sequence[EndRow]) -> None:
        """One link as it is wanted."""
        asked = () if row.removed else wanted.read(row.name, row.wanted).ends
        by_typed = {(end.network, end.chat): end for end in asked}
        gone = [one.chat for one in there if (one.network, one.typed) not in by_typed]
        if gone:
            await durably(self._writer, partial(_untie, chats=gone))
            self._gone(gone)
        known = {(one.network, one.typed): one for one in there}
        missing = [
            end
            for end in asked
            if _otherwise(end, known.get((end.network, end.chat)), self._speaker(end)) or self._has_to_know(end)
        ]
        for key in [key for key in self._troubles if key[0] == row.name and key[1] not in missing]:
            del self._troubles[key]
        found = await asyncio.gather(*(self._resolve(end, known=(end.network, end.chat) in known) for end in missing))
        for end, one in zip(missing, found, strict=True):
            why = one if isinstance(one, str) else await durably(self._writer, partial(_tie, row=row, one=one))
            self._note(row, end, why)
            if not isinstance(one, str) and not why:
                log.info("a room is linked link=%s network=%s chat=%s", row.name, end.network, end.chat)
        if not row.removed:
            now = [one for one in (await self._stored())[1] if one.link == row.id]
            await self._told.standing(now, asked)

    def _note(self, row: LinkRow, end: End, why: str) -> None:
        if not why:
            self._troubles.pop((row.name, end), None)
        elif self._troubles.get((row.name, end)) != why:
            self._troubles[row.name, end] = why
            log.warning("a room is not linked link=%s network=%s chat=%s: %s", row.name, end.network, end.chat, why)

    def _has_to_know(self, end: End) -> bool:
        """Whether its account has not been told the room's password that stands in the configuration now."""
        password, seat = self._passwords.get((end.network, end.chat), ""), self._speaker(end)
        session = seat.session if seat is not None else None
        return password != "" and self._knows.get((end.network, end.chat)) != (session, password)

    def _speaker(self, end: End) -> Seat | None:
        """The operator's account there."""
        return next((s for s in self._sessions.seats() if s.network == end.network and not s.user), None)

    async def _resolve(self, end: End, *, known: bool) -> Resolved | str:
        """The room as its network calls it; or why it cannot be had, now or ever. `known`: it is linked already."""
        seat = self._speaker(end)
        if seat is None:
            return f"The operator has no account on {end.network} that could speak there; the configuration names none."
        session = seat.session
        if session is None:
            return seat.error or f"The operator's account on {end.network} is not connected yet."
        native = ChatId(end.chat)
        if Join in session.capabilities(native).actions:
            if session.capabilities(native).for_links:  # it is left only if it is known that it was to be entered
                entering = partial(_entering, end=end, scope=session.scope(native), account=seat.account)
                await durably(self._writer, entering)
            try:
                password = self._passwords.get((end.network, end.chat), "")
                joined = await session.perform(Join(chat=native, key=uuid.uuid4().hex, password=password))
                native = joined.chat or native
                self._knows[end.network, end.chat] = (session, password)
                if not known:
                    found = await session.obstacles(native)
                    if found:
                        return " ".join(found)
            except ConnectorError as error:
                return error.text
        return Resolved(end, seat.account, session.scope(native), native)

    async def _leave(self) -> None:
        """Our people leave the rooms that are in no link any more; also those of an earlier process."""
        self._held = 0.0
        for seat in self._sessions.seats():
            if not seat.user and seat.session is not None:
                await self._leave_by(seat.network, seat.account, seat.session)

    async def _leave_by(self, network: NetworkId, account: int, session: Session) -> None:
        for chat, native in await self._unwanted(network, account, session):
            if (chat, native) not in await self._unwanted(network, account, session):
                continue  # somebody has linked it meanwhile
            try:
                await session.perform(Leave(chat=ChatId(native), key=uuid.uuid4().hex))
            except ConnectorError as error:
                log.info("a room is not left yet chat=%s reason=%s", native, error.text)
                self._held = min(self._held or _AGAIN, _AGAIN)
                continue
            await durably(self._writer, partial(_left, chat=chat, account=account))
            log.info("a room is left chat=%s", native)

    async def _unwanted(self, network: NetworkId, account: int, session: Session) -> Sequence[tuple[int, str]]:
        """Rooms that our account was in for links alone, and those of links that ended into which it has brought
        people; without those that are to be linked as soon as they let us in."""
        rows, over, ended, awaited = await self._database.read(
            lambda c: (
                links.named(c), links.left_over(c, account), links.to_leave(c, account), linking.awaited(c, time.time())
            )
        )  # fmt: skip
        left = []
        for one in dict.fromkeys([*over, *ended]):
            can = session.capabilities(ChatId(one[1]))
            if Leave in can.actions and (one in over if can.for_links else one in ended and can.personas):
                left.append(one)
        kept = [wanted.read(row.name, row.wanted) for row in rows if not row.removed]
        asked = {end.chat for link in kept for end in link.ends if end.network == network}
        left = [one for one in left if one[1] not in asked]
        now = time.monotonic()
        waits = {one: _AGAIN if one[0] in awaited else self._visits.get(one[1], now) - now for one in left}
        held = [seconds + _TOGETHER for seconds in waits.values() if seconds > 0]
        self._held = min([*held, self._held]) if self._held else min(held, default=0.0)
        return [one for one in left if waits[one] <= 0]

    def _gone(self, chats: Sequence[int]) -> None:
        if chats:
            self._moved(Outcome(Ruling.ACCEPT, reread=list(chats)))


def lines_of(row: LinkRow, there: Sequence[EndRow], troubles: Mapping[tuple[str, End], str]) -> list[LinkLine]:
    """The rooms of a link, and how they are."""
    linked = {(one.network, one.typed): one.closed for one in there if one.link == row.id}
    found = []
    for end in wanted.read(row.name, row.wanted).ends:
        closed = linked.get((end.network, end.chat))
        closed = row.suspended or closed if closed is not None else None
        state = "not linked yet" if closed is None else f"suspended: {closed}" if closed else "linked"
        state = "removed by command" if row.removed else troubles.get((row.name, end), state)
        found.append(LinkLine(row.name, end.network, end.chat, end.direction, state))
    return found


def _otherwise(end: End, known: EndRow | None, seat: Seat | None) -> bool:
    """Whether a room is not linked as it is wanted."""
    if known is None:
        return True
    account = known.account if seat is None else seat.account
    now = (known.direction, known.name_format, known.programs, known.account)
    return now != (end.direction, end.name_format, end.bots, account)


def _entering(ledger: Ledger, end: End, scope: str, account: int) -> None:
    """So that it is left again, also when it has never let us in and the process ends before."""
    directory = ledger.directory
    chat = directory.chat(end.network, scope, end.chat)
    if chat is None:
        chat = directory.add_chat(end.network, scope, end.chat, ChatKind.ROOM)
    directory.accounts.enter(chat.id, account, ledger.now())


def _tie(ledger: Ledger, row: LinkRow, one: Resolved) -> str:
    return linking.tie(ledger, row, one)


def _untie(ledger: Ledger, chats: Sequence[int]) -> None:
    for chat in chats:
        linking.untie(ledger, chat)


def _left(ledger: Ledger, chat: int, account: int) -> bool:
    return ledger.directory.accounts.leave(chat, account)
