"""Users' own lists on XMPP: what we have put there, and when there may be more to put."""

from collections.abc import Callable, Mapping, Sequence

from bridge.contract import ContactId, NetworkId
from bridge.hub.sessions import Sessions
from bridge.store import listed
from bridge.store.database import Database


class KnownLists:
    """The `Lists` facade."""

    def __init__(self, database: Database, sessions: Sessions) -> None:
        self._database = database
        self._sessions = sessions
        self._watchers: list[Callable[[str, NetworkId], None]] = []

    async def put(self, user: str, network: NetworkId, kind: str) -> Mapping[str, str]:
        return await self._database.read(lambda c: listed.put(c, user, network, kind))

    async def keep(self, user: str, network: NetworkId, kind: str, item: str, name: str) -> None:
        await self._database.write(lambda c: listed.keep(c, user, network, kind, item, name))

    async def drop(self, user: str, network: NetworkId, kind: str, item: str) -> None:
        await self._database.write(lambda c: listed.drop(c, user, network, kind, item))

    async def parted(self, network: NetworkId, user: str | None = None) -> Sequence[str]:
        return await self._database.read(lambda c: listed.parted(c, network, user))

    async def lost(self, user: str, network: NetworkId) -> Sequence[ContactId]:
        return [ContactId(one) for one in await self._database.read(lambda c: listed.lost(c, user, network))]

    def users(self, network: NetworkId) -> Sequence[str]:
        mine = [s for s in self._sessions.seats() if s.network == network and s.user and s.session is not None]
        return sorted({seat.user for seat in mine} - {seat.user for seat in mine if not seat.live.is_set()})

    def watch(self, changed: Callable[[str, NetworkId], None]) -> None:
        self._watchers.append(changed)

    def changed(self, user: str, network: NetworkId) -> None:
        """The hub: an account of `user` has caught up or was ended, or a contact or a room is new, has another name, is
        gone."""
        for one in self._watchers:
            one(user, network)
