"""Users who have no account of their own on a network: they become guests of the operator's by writing to somebody
there, by adding somebody to their contacts, or by being called by somebody, where its connector has that
(`Guests.begins`).

A guest's account is stored and connected like any. Who has logged out of it does not want to be called; who then writes
to somebody wants it again.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from bridge.contract import AccountId, Credentials, NetworkId, Refused
from bridge.hub.closing import durably
from bridge.hub.facades import HOME
from bridge.hub.quota import Quota
from bridge.hub.surroundings import Surroundings
from bridge.store import accounts as stored
from bridge.store.ledger import Ledger
from bridge.store.writer import Writer

_CALLED, _HOUR = 200, 3_600.0  # users who become guests in an hour because somebody calls them


class GuestBook:
    """One per hub; `connect` connects an account."""

    def __init__(
        self, around: Surroundings, writer: Writer, connect: Callable[[AccountId], Coroutine[Any, Any, None]]
    ) -> None:
        self._around = around
        self._writer = writer
        self._called = Quota(_CALLED, _HOUR, around.clock)
        self._connect = connect
        self._due: deque[AccountId] = deque()
        self.connecting: set[asyncio.Task[None]] = set()
        around.workspaces.summon = self.summon
        around.people.host = lambda user, network: self.summon(network, user, False)

    def connect_due(self) -> None:
        """Connect those who have become guests; their making is committed, or was undone and they are not there."""
        while self._due:
            task = asyncio.create_task(self._connect(self._due.popleft()), name="a guest")
            self.connecting.add(task)
            task.add_done_callback(self.connecting.discard)

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

    def _may(self, user: str) -> bool:
        """Whether somebody (bare JID) may use the gateways, and wants to be spoken for."""
        people = self._around.people
        return people.allowed(user) and not people.choices.opt_outs.opted_out(HOME, user)

    def _credentials(self, user: str, network: NetworkId) -> Credentials | None:
        connector = self._around.connectors.get(network)
        guests = None if connector is None else connector.guests
        if guests is None or not guests.begins:
            return None
        try:
            return guests.credentials(user)
        except Refused:
            return None  # whoever has too long an address, for one
