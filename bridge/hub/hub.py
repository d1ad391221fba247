"""The hub: puts journal, lanes and sessions together and starts and stops them in the right order."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from bridge.contract import (
    AccountId,
    ChatSeen,
    ContactId,
    Event,
    MessageReceived,
    NetworkId,
    OccupantChanged,
    Session,
)
from bridge.hub import appointing, intake
from bridge.hub.answers import Answers
from bridge.hub.archive import RoomArchive
from bridge.hub.arriving import Arrivals
from bridge.hub.avatars import KnownAvatars
from bridge.hub.backlogs import Backlogs
from bridge.hub.breaker import Breaker
from bridge.hub.closing import Write, durably
from bridge.hub.consent.commands import RoomCommands
from bridge.hub.counters import Counters
from bridge.hub.echoes import Echoes
from bridge.hub.ends import Endings
from bridge.hub.facades import HOME
from bridge.hub.files import Files
from bridge.hub.guests import GuestBook
from bridge.hub.informing import informed
from bridge.hub.intake import Context, Outcome
from bridge.hub.judge import Ruling
from bridge.hub.keys import Keys
from bridge.hub.kinds import KINDS
from bridge.hub.known import MOST_OWED
from bridge.hub.landing import Landing
from bridge.hub.lanes import Lanes
from bridge.hub.letters import Letters
from bridge.hub.linking import Linking
from bridge.hub.links import Links
from bridge.hub.lists import KnownLists
from bridge.hub.merging import Merger
from bridge.hub.notices import Notices
from bridge.hub.opener import Opener
from bridge.hub.opted import opted
from bridge.hub.own_pictures import OwnPictures
from bridge.hub.performing import Performer
from bridge.hub.pictures import Converter
from bridge.hub.quota import Quotas
from bridge.hub.roads import Roads
from bridge.hub.rooms import HostedRooms
from bridge.hub.sessions import Listener, Seat, Sessions
from bridge.hub.signs import Signs
from bridge.hub.surroundings import Surroundings as Surroundings
from bridge.hub.told import LinkNews
from bridge.hub.withholding import Withholding
from bridge.store import accounts as stored
from bridge.store.accounts import AccountRow
from bridge.store.ledger import Ledger
from bridge.store.rows import Debt
from bridge.store.writer import Telling, Writer

log = logging.getLogger(__name__)
_AT_ONCE = 50  # news of one event between two turns of the event loop
_PATIENCE = 5.0  # seconds at the end with a database that cannot be written

intake.KINDS.update(KINDS)


class Hub:
    """`start`, then it runs by itself; `stop` drains."""

    def __init__(self, around: Surroundings) -> None:
        self.counters = Counters()
        self.writer = Writer(around.database, Ledger(around.clock))
        self.linking = Linking(self.writer)
        self._around = around
        self._keys = Keys(around.secrets.derive("keys").encode(), around.database.install)
        self.lanes = Lanes(around.database)
        self._echoes = Echoes()
        self.sessions = Sessions(
            around.connectors, around.workspaces.of, around.limits,
            Listener(
                lambda *reported: self._arrivals.reported(*reported), self._live, self._cursor,
                lambda seat, contact: around.people.seen.saw(seat.account, seat.user, seat.network, contact),
                self._changed, lambda *s: self.signs.offer(*s), self._blocked,
                partial(opted, self.writer, around.people.choices.opt_outs), partial(informed, self.say),
            ),
            self.lanes.quiet,
        )  # fmt: skip
        self._names = {HOME: "XMPP"} | {network: connector.name for network, connector in around.connectors.items()}
        told = LinkNews(self.writer, self.sessions, self._keys, self._names, self.lanes.offer)
        self.links = Links(around.database, self.writer, self.sessions, told, self.lanes.moved)
        self.converter = around.converter or Converter()
        self.quotas = Quotas.of(around.limits, around.clock)
        self.rooms = HostedRooms(
            around.database, self.writer, self.sessions, self._keys, around.home, self.converter.small, self.quotas
        )
        self.own_pictures = OwnPictures(around.database, self.sessions, self.converter, around.people.choices)
        self.signs = Signs(around.database, self.sessions, self.counters, around.people, self.own_pictures.shown)
        self.files = Files(
            around.database, self.writer, self.sessions, around.workspaces.data / "media", around.media,
            self.converter, around.link,
        )  # fmt: skip
        self.archive = RoomArchive.over(
            around.database, self.writer, self.sessions, self.files, around.retention,
            lambda: self._context, self.rooms.told,
        )  # fmt: skip
        self.avatars = KnownAvatars(around.database, self.sessions, self.converter, around.workspaces.data / "avatars")
        self.lists = KnownLists(around.database, self.sessions)
        around.people.named = self.lists.changed
        self.letters = Letters(around.secrets.derive("letters").encode())
        self._guests = GuestBook(around, self.writer, self.connect, self.disconnect, self.rooms.ended)
        self._context = Context(
            self._keys, around.home, 0, self._names, around.people.choices.of, self.quotas.openings.take,
            around.people.choices.opt_outs.opted_out, self._guests.me, self._guests.appoint, Breaker(around.clock),
        )  # fmt: skip
        self.commands = RoomCommands.of(around, self.writer, self.sessions, self.links, self._keys, self._names)
        self._notices: Notices | None = None
        self._backlogs = Backlogs(self.writer, self.sessions, self._keys, around.limits, 0)
        self._tasks: list[asyncio.Task[None]] = []
        self._ending: set[asyncio.Task[None]] = set()
        self._answers = Answers()
        self._arrivals: Arrivals

    async def start(self) -> None:
        """Begin where the last process ended: lanes first, then the accounts."""
        around = self._around
        self._tasks.append(asyncio.create_task(self.writer.run(), name="writer"))
        # The first write waits until a process before us has ended; only then can all that it wrote be read.
        at_home = HOME in around.connectors
        home_account = await durably(self.writer, lambda ledger: appointing.home(ledger) if at_home else 0)
        self._context = replace(self._context, home_account=home_account)
        self._backlogs = Backlogs(self.writer, self.sessions, self._keys, around.limits, home_account)
        await durably(self.writer, appointing.appointments(around.operators, around.secrets))
        await around.people.load()
        await self.avatars.load()
        self._tasks.append(asyncio.create_task(around.people.seen.run(), name="people"))
        self._notices = Notices(
            around.database, self.writer, self._keys, around.limits, around.home, home_account, self._names,
            self.lanes.offer, self.lanes.blocked,
        )  # fmt: skip
        endings = Endings(self.writer, self._keys, self.counters, self.lanes.offer, self._notices.poke)
        opener = Opener(self.writer, self._keys, self._names, self.lanes.moved)
        performer = Performer(
            Landing(self.writer, self._keys, self.lanes.offer), opener, self.sessions, endings.delivered,
            endings.repeated, self._echoes.submitted, self.files.published,
            Withholding(around.people.choices.opt_outs.opted_out, self.sessions),
        )  # fmt: skip
        merger = Merger(around.database, performer)
        self.lanes.roads = Roads(
            self.sessions, performer, merger, endings, around.limits, self.lanes.page, self.lanes.place
        )
        self._arrivals = Arrivals(
            self._context, self.writer, self.sessions, self._echoes, self.letters, self._answers, self._accepted
        )
        rows = await around.database.read(stored.active_accounts)
        await self.lanes.load(MOST_OWED)
        for row in rows:
            if row.network in around.connectors:
                self.sessions.start(self._seat(row))
        self._guests.begin(rows)
        self.lanes.start()
        self.links.configure(around.links)
        for name, work in (
            ("notices", self._notices), ("backlogs", self._backlogs), ("files", self.files), ("avatars", self.avatars),
            ("signs", self.signs), ("own pictures", self.own_pictures), ("archive", self.archive),
            ("links", self.links),
        ):  # fmt: skip
            self._tasks.append(asyncio.create_task(work.run(), name=name))

    async def stop(self) -> None:
        """Drain: lanes land what is under way, sessions end, everything submitted is committed if it can be."""
        await self.commands.close()
        await self.signs.close()
        await self.lanes.close()
        await self.files.close()
        await self.rooms.close()
        await self.sessions.close()
        await self._drained()
        await self._answers.close()
        for task in [*self._tasks, *self._ending, *self._guests.connecting]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._ending, return_exceptions=True)
        self._tasks.clear()

    async def _drained(self) -> None:
        written = asyncio.gather(self.writer.drained(), self._around.people.seen.drained())
        while not written.done():
            await asyncio.wait({written}, timeout=_PATIENCE)
            if self.writer.trouble and not written.done():
                log.warning("the database cannot be written: what nobody was told is accepted is not kept")
                written.cancel()
                await asyncio.gather(written, return_exceptions=True)

    async def connect(self, account: AccountId) -> None:
        """Connect an account with the credentials that are stored now."""
        await self.disconnect(account)
        row = await self._around.database.read(lambda c: stored.account(c, account))
        await durably(self.writer, lambda ledger: ledger.directory.accounts.forget())
        if row is not None and row.active:
            self.sessions.start(self._seat(row))
            self.lanes.wake([account])

    async def disconnect(self, account: AccountId) -> None:
        """End the account's session; what it reported is durable when this returns."""
        await self.sessions.stop(account)
        await self.writer.drained()

    def say(self, user: str, network: NetworkId, text: str) -> None:
        """Tell a user something once, from the gateway of `network`; also after a crash."""
        if self._notices is not None:
            self._notices.say(user, network, text)

    def owed_again(self, chat: int) -> None:
        """A delivery of `chat` that was over is open again, in the database."""
        self.lanes.moved(Outcome(Ruling.ACCEPT, reread=[chat]))

    async def again(self, account: int, event: Event, journaled: Callable[[Ledger], None]) -> Outcome:
        """See `Arrivals.again`."""
        return await self._arrivals.again(account, event, journaled)

    def _accepted(self, seat: Seat, event: Event, outcome: Outcome) -> Telling:
        """Tell whom it concerns."""
        self._guests.connect_due()
        if outcome.command and isinstance(event, MessageReceived):
            self.commands.given(seat.network, event)
        if outcome.ruling is Ruling.ACCEPT:
            self.counters.messages_in[seat.network] += 1
            if isinstance(event, MessageReceived) and seat.session is not None:
                self.signs.said(seat, seat.session, event, outcome.debts)
        elif outcome.ruling in (Ruling.IGNORE, Ruling.REFUSE):
            self.counters.ignored[seat.network, outcome.why] += 1
        if outcome.gone or outcome.reread:
            self.lanes.moved(outcome)
        for number, news in enumerate(outcome.news, 1):
            self.rooms.told(news)
            if number % _AT_ONCE == 0:  # thousands may be of another rank at once
                yield
        for debt in outcome.debts:
            self.lanes.offer(debt)
        for chat in outcome.unread:
            if self._notices is not None:
                self._notices.unread(chat, seat.network)
        if outcome.why == "bounced" and self._notices is not None:
            self.counters.failed[seat.network, "bounce"] += 1
            self._notices.poke()
        if outcome.answer is not None:
            self._answers.give(seat, outcome.answer)
        if isinstance(event, ChatSeen) or (isinstance(event, OccupantChanged) and event.occupant.contact.id == seat.me):
            outcome.listed.append((seat.user, seat.network))
        for user, network in outcome.listed:
            self.lists.changed(user, network)

    def _live(self, seat: Seat) -> None:
        def then(ended: tuple[list[Debt], list[int]]) -> None:
            debts, away = ended
            if away:
                self.lanes.moved(Outcome(Ruling.ACCEPT, reread=away))
            for debt in debts:
                self.lanes.offer(debt)
            if seat.session is not None:
                seat.caught_up = time.time()
                seat.live.set()
                self.signs.live(seat.account)
                self.own_pictures.live(seat.account)
                self.lanes.wake([seat.account])
                if not seat.user:
                    self.links.poke()
                if seat.user:
                    self.lists.changed(seat.user, seat.network)

        self.writer.submit(
            Write(
                self._backlogs.ended(seat),
                then,
                lambda error: log.error("a backlog could not be ended error=%s", type(error).__name__),
            )
        )

    def _cursor(self, seat: Seat, session: Session, cursor: str) -> None:
        self.writer.submit(
            Write(
                lambda ledger: ledger.move_cursor(seat.account, cursor),
                lambda done: session.journaled(cursor),
                lambda error: log.error("a cursor could not be written error=%s", type(error).__name__),
            )
        )

    def _blocked(self, seat: Seat, contacts: frozenset[ContactId]) -> None:
        choices = self._around.people.choices
        self.writer.submit(
            Write(
                lambda ledger: ledger.directory.accounts.block(seat.account, contacts),
                lambda done: choices.now_blocked(seat.account, seat.user, seat.network, contacts),
                lambda error: log.error("whom an account blocks is not written error=%s", type(error).__name__),
            )
        )

    def _changed(self, seat: Seat) -> None:
        if seat.user:
            self._around.people.account_changed(seat.account, seat.network, seat.user, seat.session is not None)
        if seat.logged_out:
            self.writer.submit(
                Write(
                    lambda ledger: _end(ledger, seat),
                    lambda done: self._logged_out(seat),
                    lambda error: log.error("a log-out could not be written error=%s", type(error).__name__),
                )
            )

    def _logged_out(self, seat: Seat) -> None:
        ending = asyncio.create_task(self.rooms.ended(seat.account), name=f"rooms of account {seat.account}")
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        if self._notices is not None and seat.user:
            self._notices.say(seat.user, seat.network, seat.error)

    def _seat(self, row: AccountRow) -> Seat:
        secret = self._around.secrets.open(row.secret) if row.secret else {}
        return Seat(AccountId(row.id), NetworkId(row.network), row.user, row.me, secret, row.cursor, row.caught_up)


def _end(ledger: Ledger, seat: Seat) -> None:
    stored.end_account(ledger.connection, seat.account, seat.error, stored.REVOKED)
    ledger.directory.accounts.forget()
