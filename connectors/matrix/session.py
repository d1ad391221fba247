"""One's own Matrix account, connected."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing

from bridge.contract import (
    Action,
    Block,
    Capabilities,
    ChatId,
    Clock,
    Contact,
    ContactId,
    CursorMoved,
    Directory,
    Event,
    File,
    History,
    Live,
    Media,
    Membership,
    MessageId,
    Occupant,
    Rank,
    Reason,
    Receipt,
    Refused,
    SetPicture,
    Unavailable,
)
from connectors.matrix import changing, governing, making, moving, older, pictures, sending, sync
from connectors.matrix.api import scope
from connectors.matrix.chats import person
from connectors.matrix.finding import MatrixDirectory
from connectors.matrix.media import Repository
from connectors.matrix.patience import Rhythm
from connectors.matrix.signs import SIGNS
from connectors.matrix.speaking import Speaker
from connectors.matrix.sync import Known, News

_CAN = Capabilities(
    actions=frozenset((*changing.DOINGS, *moving.DOINGS, *governing.DOINGS, *making.DOINGS, *SIGNS, SetPicture, Block)),
    window=1,
    idempotent=True,
    echoes=True,
    history=True,
    media=True,
)


class MatrixSession:
    """Implements `bridge.contract.Session`."""

    def __init__(
        self,
        known: Known,
        speaker: Speaker,
        rhythm: Rhythm,
        repository: Repository,
        clock: Clock,
        *,
        first: tuple[str | None, News] | None,
    ) -> None:
        """`first`: an answer that is there already, and the cursor after which it came."""
        self.me = Contact(known.me)
        self.directory: Directory | None = MatrixDirectory(known.api, known.me)
        self.failed: tuple[str | None] | None = None  # the cursor of the poll that ended the reading
        self.known = known
        self._speaker = speaker
        self._rhythm = rhythm
        self._repository = repository
        self._clock = clock
        self._first = first

    def scope(self, chat: ChatId) -> str:
        return scope(self.known.api.base)

    def capabilities(self, chat: ChatId) -> Capabilities:
        return _CAN

    async def events(self, cursor: str | None) -> AsyncIterator[Event]:
        live = False
        while True:
            begun = time.monotonic()
            polling = asyncio.ensure_future(self._poll(cursor, wait=live))
            try:
                while await self.known.lines.come_before(polling):
                    for line in self.known.lines.take():
                        yield line
                news = await polling
            finally:
                polling.cancel()
                await asyncio.wait({polling})
            now = self._clock.time()
            async with aclosing(sync.read(self.known, news, cursor, now, live=live)) as events:  # type: ignore[type-var]
                async for event in events:
                    yield event
            cursor = news.cursor
            yield CursorMoved(cursor)
            if not live:
                live = True
                yield Live()
            else:
                await asyncio.sleep(self._rhythm.rest(news.empty, time.monotonic() - begun))

    def journaled(self, cursor: str) -> None:
        """The next sync tells the homeserver."""

    def parts(self, action: Action) -> Sequence[Action]:
        return sending.parts(action)

    async def turn(self, action: Action) -> None:
        """There is no need to wait."""

    async def perform(self, action: Action) -> Receipt:
        if type(action) in SIGNS:
            return await self.known.signs.perform(action)
        if isinstance(action, SetPicture):
            return await pictures.show(self.known.api, self.known.me, action)
        if isinstance(action, Block):
            return await self.known.ignored.block(action)
        kind, known = type(action), self.known
        if (saying := changing.DOINGS.get(kind)) is not None:
            return await saying(self._speaker, action)
        if (moves := moving.DOINGS.get(kind)) is not None:
            return await moves(known.api, action)
        if (governs := governing.DOINGS.get(kind)) is not None:
            return await governs(known.api, known.groups, action)
        if (makes := making.DOINGS.get(kind)) is not None:
            return await makes(self._speaker.opening.making, action)
        raise Refused("This cannot be done on Matrix yet.", Reason.UNSUPPORTED)

    def open_media(self, media: Media, limit: int) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return self._repository.open(media, limit)

    async def publish(self, chat: ChatId, media: Media, file: File) -> str:
        return await self._repository.publish(file)

    async def direct(self, contact: ContactId, key: str) -> ChatId:
        return self.known.chats.current(contact) or await self._speaker.opening.direct(contact, key)

    async def contacts(self) -> Sequence[Contact]:
        found = []
        for contact in self.known.directs:
            room = await self._speaker.opening.latest(contact)
            found.append(Contact(contact) if room is None else person(room, contact))
        return found

    async def occupants(self, chat: ChatId, membership: Membership = Membership.JOINED) -> Sequence[Occupant]:
        return await self.known.groups.occupants(chat, membership)

    async def rank(self, chat: ChatId, contact: ContactId) -> Rank | None:
        return await governing.rank(self.known.api, self.known.groups, chat, contact)

    async def obstacles(self, chat: ChatId) -> Sequence[str]:
        """Of the operator's account alone it is asked (`connectors.matrix.relay.bridged`)."""
        return ()

    async def history(self, chat: ChatId, before: MessageId | None, cursor: str | None) -> History:
        return await older.page(self.known.api, self.known.groups, chat, before, cursor)

    async def _poll(self, cursor: str | None, *, wait: bool) -> News:
        first, self._first = self._first, None
        if first is not None and first[0] == cursor:
            return first[1]
        try:
            return await sync.poll(self.known.api, cursor, wait=wait, presence=self.known.signs.presence)
        except Unavailable:
            self.failed = (cursor,)
            raise
