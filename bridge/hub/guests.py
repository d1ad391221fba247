"""Users who have no account of their own on a network: they become guests of the operator's by writing to somebody
there, by adding somebody to their contacts, or by being called by somebody, where its connector has that
(`Guests.begins`).

A guest's account is stored and connected like any. Who has logged out of it does not want to be called; who then writes
to somebody wants it again. It ends when its user opts out (`bridge.hub.opting`), since they may never have asked for
it, and is there again when they do not want that any more.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from bridge.contract import AccountId, Credentials, NetworkId, Refused
from bridge.hub.bare import is_bare
from bridge.hub.closing import durably
from bridge.hub.facades import HOME
from bridge.hub.quota import Quota
from bridge.hub.surroundings import Surroundings
from bridge.store import accounts as stored
from bridge.store.accounts import AccountRow
from bridge.store.ledger import Ledger
from bridge.store.writer import Writer

_CALLED, _HOUR = 200, 3_600.0  # users who become guests in an hour because somebody calls them
_OPTED_OUT = "You have opted out of being bridged."

Work = Callable[[AccountId], Coroutine[Any, Any, None]]


class GuestBook:
    """One per hub; `connect` connects an account, `disconnect` ends its session; `ended` is told of one that is logged
    out."""

    def __init__(self, around: Surroundings, writer: Writer, connect: Work, disconnect: Work, ended: Work) -> None:
        self._around = around
        self._writer = writer
        self._called = Quota(_CALLED, _HOUR, around.clock)
        self._connect, self._disconnect, self._ended = connect, disconnect, ended
        self._turn = asyncio.Lock()  # who is just being connected is not ended meanwhile
        self._due: deque[AccountId] = deque()
        self.connecting: set[asyncio.Task[None]] = set()
        around.workspaces.summon = self.summon
        around.people.host = lambda user, network: self.summon(network, user, False)
        around.people.choices.opt_outs.watch(self._chosen)

    def begin(self, rows: Sequence[AccountRow]) -> None:
        """Of all active accounts, end those that were not ended before a crash."""
        opted_out = self._around.people.choices.opt_outs.opted_out
        for user in {row.user for row in rows if opted_out(HOME, row.user)}:
            self._work(self._follow(user))

    def connect_due(self) -> None:
        """Connect those who have become guests; their making is committed, or was undone and they are not there."""
        while self._due:
            self._work(self._come(self._due.popleft()))

    def me(self, user: str, network: NetworkId) -> str:
        """Who `user` is as a guest; empty where they cannot be one."""
        found = self._credentials(user, network)
        return "" if found is None else found.me

    def appoint(self, ledger: Ledger, user: str, network: NetworkId) -> int | None:
        """Have `user` be a guest, if they may; their account."""
        found = self._credentials(user, network) if self._may(user) else None
        if found is None:
            return None
        sealed = self._around.secrets.seal(found.secret)
        account = stored.put_account(ledger.connection, network, user, found.me, found.name, sealed)
        ledger.directory.accounts.forget()
        self._due.append(AccountId(account))
        return account

    async def summon(self, network: NetworkId, user: str, only_ask: bool) -> bool:
        """Somebody on the network calls `user`. False if they may not be called, or do not want to be; else they have
        an account when this returns, unless it was `only_ask`ed."""
        me = self.me(user, network) if self._may(user) else ""
        if not me:
            return False
        rows = await self._around.database.read(lambda c: stored.accounts_of(c, user, network))
        known = next((row for row in rows if row.me == me), None)
        if known is not None:
            return not known.ended
        if not only_ask:
            if self._called.take(network):
                return False
            await durably(self._writer, lambda ledger: self.appoint(ledger, user, network))
            self.connect_due()
        return True

    def _work(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="a guest")
        self.connecting.add(task)
        task.add_done_callback(self.connecting.discard)

    async def _come(self, account: AccountId) -> None:
        async with self._turn:
            await self._connect(account)

    def _chosen(self, network: NetworkId, user: str, out: bool) -> None:
        """Somebody opts out, or not any more."""
        if network == HOME:
            self._work(self._follow(user))

    async def _follow(self, user: str) -> None:
        """The accounts that `user` has as a guest end, or are there again: as they want it now."""
        async with self._turn:
            out = self._around.people.choices.opt_outs.opted_out(HOME, user)
            for network in self._around.connectors:
                me = self.me(user, network)
                if me and out:
                    await self._end(user, network, me)
                elif me:
                    await self._again(user, network, me)
        self.connect_due()

    async def _end(self, user: str, network: NetworkId, me: str) -> None:
        def end(ledger: Ledger) -> list[AccountId]:
            rows = stored.accounts_of(ledger.connection, user, network)
            mine = [AccountId(row.id) for row in rows if row.me == me and not row.ended]
            for account in mine:
                stored.end_account(ledger.connection, account, _OPTED_OUT)
            ledger.directory.accounts.forget()
            return mine

        for account in await durably(self._writer, end):
            await self._disconnect(account)
            await self._ended(account)

    async def _again(self, user: str, network: NetworkId, me: str) -> None:
        def again(ledger: Ledger) -> None:
            rows = stored.accounts_of(ledger.connection, user, network)
            if any(row.me == me and row.ended and row.error == _OPTED_OUT for row in rows):
                self.appoint(ledger, user, network)

        await durably(self._writer, again)

    def _may(self, user: str) -> bool:
        """Whether somebody (bare JID) may use the gateways, and wants to be spoken for."""
        people = self._around.people
        return is_bare(user) and people.allowed(user) and not people.choices.opt_outs.opted_out(HOME, user)

    def _credentials(self, user: str, network: NetworkId) -> Credentials | None:
        connector = self._around.connectors.get(network)
        guests = None if connector is None else connector.guests
        if guests is None or not guests.begins:
            return None
        try:
            return guests.credentials(user)
        except Refused:
            return None  # whoever has too long an address, for one
