"""Looking for people and rooms on a network, by an account of whoever looks: nobody sees more than that may."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from bridge.contract import ChatId, Contact, ContactId, Directory, Listing, NetworkId, Reason, Refused, Unavailable
from bridge.hub.choices import ACCOUNT, Choices
from bridge.hub.facades import Home
from bridge.hub.found import FoundRoom, FoundRooms
from bridge.hub.sessions import Seat, Sessions
from bridge.store import rooms as store
from bridge.store.database import Database

T = TypeVar("T")
_SECONDS = 20.0  # for an answer; clients give up on an IQ after about a minute
_MOST = 200  # of a page
_COMMON = 20  # rooms
_KEPT, _FRESH = 2_000, 300.0  # profiles, and seconds for which they are believed


class Finder:
    """The `Finder` facade."""

    def __init__(
        self, database: Database, sessions: Sessions, choices: Choices, home: Home, asks: Callable[[str], None]
    ) -> None:
        """`asks`: a user asks now; raises `Refused`."""
        self._asks = asks
        self._database = database
        self._sessions = sessions
        self._choices = choices
        self._home = home
        self._profiles: OrderedDict[tuple[str, NetworkId, ContactId], tuple[float, Contact | None]] = OrderedDict()

    def seat(self, user: str, network: NetworkId, item: str = "") -> Seat:
        """An account of `user` that is connected: the one they have chosen (for a chat), else the first. Raises
        `Refused`, `Unavailable`."""
        mine = [seat for seat in self._sessions.seats() if (seat.user, seat.network) == (user, network)]
        if not mine:
            raise Refused("You are not logged in. Send `login` first.", Reason.NOT_LOGGED_IN)
        wanted = self._choices.of(user, network, ACCOUNT, item)
        mine.sort(key=lambda seat: (seat.session is None, seat.me != wanted))
        if mine[0].session is None:
            raise Unavailable(mine[0].error or "Your account is not connected.")
        return mine[0]

    async def people(self, user: str, network: NetworkId, typed: str, most: int) -> Sequence[Contact]:
        return (await self._ask(user, network, lambda d: d.find(typed, min(most, _MOST))))[:most]

    async def rooms(
        self, user: str, network: NetworkId, typed: str, where: str, after: str, most: int
    ) -> FoundRooms:  # fmt: skip
        found = await self._ask(user, network, lambda d: d.rooms(typed, where, after, min(most, _MOST)))
        return self._found(network, found)

    async def inside(self, user: str, network: NetworkId, space: str, after: str, most: int) -> FoundRooms:
        found = await self._ask(user, network, lambda d: d.inside(ChatId(space), after, min(most, _MOST)))
        return self._found(network, found)

    async def spaces(self, user: str, network: NetworkId) -> FoundRooms:
        return self._found(network, Listing(await self._ask(user, network, lambda d: d.spaces())))

    async def common(self, user: str, network: NetworkId, contact: ContactId) -> Sequence[str]:
        return await self._database.read(lambda c: store.shared_rooms(c, user, network, contact, _COMMON))

    async def profile(self, user: str, network: NetworkId, contact: ContactId) -> Contact | None:
        """Somebody whom no account of `user` has met, as their network shows them to it; None also while it cannot be
        asked."""
        key, now = (user, network, contact), time.monotonic()
        known = self._profiles.get(key)
        if known is not None and now - known[0] < _FRESH:
            return known[1]
        try:
            found = await self._ask(user, network, lambda d: d.profile(contact))
        except (Refused, Unavailable):
            return None
        self._profiles[key] = now, found
        self._profiles.move_to_end(key)
        if len(self._profiles) > _KEPT:
            self._profiles.popitem(last=False)
        return found

    async def _ask(self, user: str, network: NetworkId, question: Callable[[Directory], Awaitable[T]]) -> T:
        """Raises the four errors; `Refused(UNSUPPORTED)` where there is no directory."""
        session = self.seat(user, network).session
        if session is None or session.directory is None:
            raise Refused("This network cannot be searched.", Reason.UNSUPPORTED)
        self._asks(user)
        try:
            async with asyncio.timeout(_SECONDS):
                return await question(session.directory)
        except TimeoutError:
            raise Unavailable("The network did not answer in time. Try again later.") from None

    def _found(self, network: NetworkId, listing: Listing) -> FoundRooms:
        rooms = [
            FoundRoom(one, self._home.room_chat(network, one.alias) if one.alias and not one.space else None)
            for one in listing.rooms
        ]
        return FoundRooms(rooms[:_MOST], listing.after)
