"""Late is not live: what comes after a long outage goes to a hosted room's archive, and its people get one line.

An account that was out of touch for so long reports until `Live` what its network kept for it (`Source.behind`); rooms
that could not be reached for so long are owed what was said meanwhile. Both is told by our own clock: other servers'
may be wrong. What is put away is counted in the transaction that does so, and the line is owed in the one that ends the
backlog, so a crash doubles neither. Direct chats get every message, with its time, and so does the other network: what
people on XMPP wrote while it was away waits for it as long as patience lasts.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

from bridge.hub.closing import durably, owe
from bridge.hub.codec import Notice
from bridge.hub.facades import HOME
from bridge.hub.keys import Keys
from bridge.hub.limits import Limits
from bridge.hub.sessions import Seat, Sessions
from bridge.store import accounts, backlogs
from bridge.store.backlogs import Backlog
from bridge.store.ledger import Ledger
from bridge.store.rows import Debt
from bridge.store.writer import Writer

log = logging.getLogger(__name__)
_EVERY = 600.0  # seconds after which it is noted again who is in touch


class Backlogs:
    """`run` is a task of the hub; `ended` is what it writes when an account is `Live`."""

    def __init__(self, writer: Writer, sessions: Sessions, keys: Keys, limits: Limits, home_account: int) -> None:
        self._writer = writer
        self._sessions = sessions
        self._keys = keys
        self._long = limits.long_outage
        self._home_account = home_account

    async def run(self) -> None:
        """Note who is in touch with their networks: after a crash that tells how long they were not."""
        while True:
            await asyncio.sleep(min(_EVERY, self._long / 10))
            try:
                await self._note()
            except Exception:
                log.exception("it could not be noted who is in touch")

    def ended(self, seat: Seat) -> Callable[[Ledger], tuple[list[Debt], list[int]]]:
        """For one transaction: this account has caught up. What is owed because of it, and the rooms that are owed
        less."""
        now = time.time()
        live = {seat.account} if seat.network != HOME else self._live()

        def end(ledger: Ledger) -> tuple[list[Debt], list[int]]:
            accounts.set_caught_up(ledger.connection, [seat.account], now)
            away = []
            if seat.network == HOME:
                ledger.owed.flush()
                away = backlogs.put_away(ledger.connection, now - self._long)
            return [self._line(ledger, one) for one in backlogs.take(ledger.connection, live)], away

        return end

    async def _note(self) -> None:
        now, live = time.time(), self._live()
        await durably(self._writer, lambda ledger: accounts.set_caught_up(ledger.connection, list(live), now))
        for account in live:
            seat = self._sessions.seat(account)
            if seat is not None and seat.live.is_set():
                seat.caught_up = now

    def _live(self) -> set[int]:
        return {seat.account for seat in self._sessions.seats() if seat.live.is_set()}

    def _line(self, ledger: Ledger, backlog: Backlog) -> Debt:
        said = Notice(text=_text(backlog))
        return owe(ledger, self._keys, said, chat=backlog.chat, account=self._home_account, message=None)


def _text(backlog: Backlog) -> str:
    begin, end = (datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M") for at in (backlog.first, backlog.last))
    what, when = f"{backlog.number} messages were", f"from {begin} to {end} UTC"
    if backlog.number == 1:
        what, when = "A message was", f"on {end} UTC"
    return (
        f"{what} written while this room was cut off, {when}. To read what was missed, leave the room and enter it "
        "again: it is in the room's history."
    )
