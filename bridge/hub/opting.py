"""Opting out: people of whom nothing is carried, and to whom nothing is, unless an account of a user's own does it.

A person is an id on a network; on XMPP that is a bare JID. What accounts of users do is theirs, and goes on: who has
opted out can still log in, and who shares a room with somebody reads them there by an account of their own. What ends
is all that is done for people who have not asked for it: in links of rooms, by the operator's accounts, by personas.
What they take back is carried all the same: then less of theirs is there.

In memory, and in the database. Questions wait for nothing, and may come from the writer's thread.
"""

from collections.abc import Callable

from bridge.contract import NetworkId
from bridge.store import opt_outs as store
from bridge.store.database import Database


class OptOuts:
    """`load` comes first."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._out: set[tuple[str, str]] = set()
        self._watchers: list[Callable[[NetworkId, str, bool], None]] = []

    async def load(self) -> None:
        self._out.update(await self._database.read(store.all_of_them))

    def watch(self, changed: Callable[[NetworkId, str, bool], None]) -> None:
        """Call `changed` (synchronously, on the loop) for a network and a person of it when they opt out, or not any
        more."""
        self._watchers.append(changed)

    def opted_out(self, network: str, person: str) -> bool:
        """Whether somebody has; `person` as their network calls them."""
        return (network, person) in self._out

    async def choose(self, network: NetworkId, person: str, *, out: bool, at: float) -> bool:
        """Somebody opts out now, or not any more; False if it was so already. Durable when this returns. `at`: seconds
        since the epoch."""
        if out:
            await self._database.write(lambda c: store.put(c, network, person, at))
        else:
            await self._database.write(lambda c: store.drop(c, network, person))
        return self.chosen(network, person, out=out)

    def chosen(self, network: NetworkId, person: str, *, out: bool) -> bool:
        """Somebody has opted out, or not any more, and that is durable; False if it was so already. Told in the order
        in which it is written: what is in memory lags behind, so nothing is left unwritten because of it."""
        if self.opted_out(network, person) is out:
            return False
        (self._out.add if out else self._out.discard)((network, person))
        for changed in self._watchers:
            changed(network, person, out)
        return True
