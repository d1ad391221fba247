"""What the desk may do with the running hub: its `SessionControl` and `Waiting`."""

import time
from collections.abc import Sequence

from bridge.contract import AccountId, NetworkId
from bridge.hub.hub import Hub
from bridge.store import accounts, deliveries
from bridge.store.database import Database


class Control:
    """The hub, as the desk sees it."""

    def __init__(self, hub: Hub, database: Database) -> None:
        self._hub = hub
        self._database = database

    async def start(self, account: AccountId) -> None:
        await self._hub.connect(account)

    async def stop(self, account: AccountId) -> None:
        await self._hub.disconnect(account)

    async def ended(self, account: AccountId) -> None:
        await self._hub.rooms.ended(account)
        row = await self._database.read(lambda c: accounts.account(c, account))
        if row is not None and row.user:
            self._hub.lists.changed(row.user, NetworkId(row.network))

    def say(self, user: str, network: NetworkId, text: str) -> None:
        """Tell a user something from the gateway of a network."""
        self._hub.say(user, network, text)

    def state(self, account: AccountId) -> tuple[bool, str]:
        seat = self._hub.sessions.seat(account)
        if seat is None:
            return False, "It is logged out."
        return seat.session is not None, seat.error or "The connection is being made."

    async def count(self, owing: Sequence[AccountId]) -> tuple[int, float]:
        number, oldest = await self._database.read(lambda c: deliveries.waiting_for(c, owing))
        return number, 0.0 if oldest is None else max(0.0, time.time() - oldest)
