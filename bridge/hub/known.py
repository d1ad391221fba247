"""What a lane remembers of its chat: what messages are called there, also when that is not committed yet.

At most 256 deliveries of a lane are under way or done without that being committed (`MOST_OWED`): after a crash only so
many of its first open rows can have been tried, and everything behind them is as if new. So an edit or a retraction
joins its waiting message (a fold, a cancellation) only where this process has never tried that, it is not among so many
after a start, and its author does not wait to be shown it there.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from bridge.contract import Contact, MessageEdited, MessageId, MessageReceived, NetworkId, Person, Quote
from bridge.hub import codec
from bridge.hub.bell import Bell
from bridge.hub.copies import called
from bridge.store import deliveries
from bridge.store.database import Database
from bridge.store.rows import Copy, Debt

_KEPT = 512  # messages besides those
MOST_OWED = 256
_QUOTED = 1_000  # characters


class Known:
    """Copies by message, the newest messages; what is under way; and how many ends of deliveries are still
    uncommitted."""

    def __init__(self, database: Database, chat: int) -> None:
        self.owed = 0
        self.flying: dict[int, Debt] = {}  # deliveries under way, by event
        self.landed = Bell()
        self._database = database
        self._chat = chat
        self._copies: OrderedDict[int, dict[str, Copy]] = OrderedDict()
        self._whole: set[int] = set()  # messages of which everything stored is in `_copies`
        self._settled = Bell()

    def add(self, copies: Iterable[Copy]) -> None:
        for copy in copies:
            self._copies.setdefault(copy.message, {})[copy.native] = copy
            self._copies.move_to_end(copy.message)
        self._forget()

    def learn(self, message: int, copies: Sequence[Copy]) -> None:
        """All that is stored about `message`; what is in memory is newer."""
        newer = self._copies.get(message)
        if copies or newer is None:
            self._copies[message] = {copy.native: copy for copy in copies} | (newer or {})
        self._whole.add(message)
        self._forget()

    def unlearn(self) -> None:
        """Forget, when everything is durable: an echo may have told more meanwhile."""
        self._whole.clear()
        self._copies.clear()

    async def of(self, message: int) -> Sequence[Copy]:
        """What `message` is called here: what is stored, and above it what is only in memory yet."""
        if message not in self._whole:
            stored = await self._database.read(lambda c: deliveries.copies_of(c, self._chat, [message]))
            self.learn(message, stored[message])
        return list(self._copies[message].values())

    async def thread(self, owed: Debt, native: str) -> MessageId | None:
        """What the message is called here with which the thread of `owed` began, which is called `native` where that
        was said. It may itself be under way."""
        message = await self._database.read(lambda c: deliveries.called(c, owed.source, native))
        if message is None:
            return None
        while any(one.message == message for one in self.flying.values() if one is not owed):
            await self.landed.heard()
        name = called(await self.of(message))
        return name.ids[0] if name is not None else None

    async def quote(self, message: int) -> Quote | None:
        """What `message` reads now, and whose it is; None if it was taken back."""
        found = await self._database.read(lambda c: deliveries.said(c, message))
        if found is None:
            return None
        network, body, kind, body_now = found
        first, now = codec.decode("message", body), codec.decode(kind, body_now)
        if not isinstance(first, MessageReceived) or not isinstance(now, MessageReceived | MessageEdited):
            return None
        by = first.sender
        return Quote(now.message.text[:_QUOTED], Person(NetworkId(network), by.id), by.name)

    async def author(self, message: int) -> tuple[int, NetworkId, Contact] | None:
        """Where `message` was written, and by whom on which network."""
        found = await self._database.read(lambda c: deliveries.first(c, message))
        said = codec.decode("message", found[2]) if found is not None else None
        if found is None or not isinstance(said, MessageReceived):
            return None
        return found[0], NetworkId(found[1]), said.sender

    async def reactions(self, message: int, network: str, person: str) -> list[tuple[str, str]]:
        """What stands for a person on `message` here: (emoji, native id) pairs."""
        await self.settled()  # the last set may not be committed yet
        return await self._database.read(lambda c: deliveries.reactions_of(c, self._chat, message, network, person))

    def owe(self) -> None:
        """The end of a delivery is on its way to the journal; `settle` when it has come there."""
        self.owed += 1

    def settle(self) -> None:
        """The end of a delivery is durable, or never will be."""
        self.owed -= 1
        self._settled.ring()

    async def settled(self) -> None:
        """Wait until every end is durable."""
        while self.owed:
            await self._settled.heard()

    def has_room(self, flying: int) -> bool:
        """Whether no more than 256 deliveries are under way or uncommitted."""
        return self.owed + flying <= MOST_OWED

    async def room(self, flying: int) -> None:
        """Wait until there is."""
        while not self.has_room(flying):
            await self._settled.heard()

    def _forget(self) -> None:
        while len(self._copies) > _KEPT + MOST_OWED:  # what goes is older than every uncommitted end
            self._whole.discard(self._copies.popitem(last=False)[0])
