"""Files on their way from one network to another: brought to our disk once, published where they are wanted, remembered
under what they are called there, and removed again.

A file is never in memory as a whole. A chat waits `MediaLimits.wait` seconds for one at most; then a line takes its
place, and other chats have not waited at all.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from bridge.contract import (
    ChatId,
    ConnectorError,
    Kept,
    LoggedOut,
    Media,
    Message,
    Reason,
    Refused,
    Scope,
    Session,
    Thumbnail,
    Unavailable,
    Unconfirmed,
)
from bridge.hub import bringing, fallback
from bridge.hub.closing import durably
from bridge.hub.facades import HOME, OURS
from bridge.hub.limits import MediaLimits
from bridge.hub.pictures import Converter
from bridge.hub.sessions import Sessions
from bridge.store import media as stored
from bridge.store.database import Database
from bridge.store.deliveries import Place
from bridge.store.media import MediaRow
from bridge.store.rows import Debt
from bridge.store.writer import Writer

log = logging.getLogger(__name__)

_DAY = 86_400.0
_REUSED = _DAY  # what was published longer ago may be gone, and is published again; retries do not take so long
_REMEMBERED = 180 * _DAY  # as long as archives
_AT_ONCE = 32  # files that are brought here
_IMPATIENT = 3.0  # seconds that a chat waits which has waited for nothing a minute ago
_GRUDGE = 60.0
_LINES = 30 * _DAY  # for which a line stands, whatever happens to its delivery
_LOOK = 3_600.0  # seconds between looks for what is too old

_decode = msgspec.json.Decoder(Media).decode
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class _Coming:
    """A file on its way to us, for everybody who waits for it."""

    task: "asyncio.Task[Kept]"
    waiting: int = 0


@dataclass(slots=True)
class _File:
    """See `bridge.contract.File`. Its own troubles are told from those of who publishes it."""

    id: str
    bring: Callable[[], Awaitable[Kept]]
    converter: Converter
    trouble: ConnectorError | None = None

    async def kept(self) -> Kept:
        try:
            return await self.bring()
        except LoggedOut as error:
            self.trouble = Refused("The account that could get it is logged out.", Reason.NOT_LOGGED_IN)
            raise self.trouble from error
        except ConnectorError as error:
            self.trouble = error
            raise

    async def preview(self) -> Thumbnail | None:
        found = await bringing.previews(self.converter, await self.kept())
        return found[1] if found is not None else None


@dataclass(slots=True)
class Files:
    """`link` makes a web address of ours for a file and its name; without it there are none."""

    database: Database
    writer: Writer
    sessions: Sessions
    folder: Path
    limits: MediaLimits
    converter: Converter
    link: Callable[[str, str], str] | None = None
    _coming: dict[str, _Coming] = field(default_factory=dict)
    _total: int = 0  # bytes on our disk, as last counted and added to since
    _arriving: int = 0  # bytes that are about to be there
    _using: Counter[str] = field(default_factory=Counter)
    _grudges: dict[int, float] = field(default_factory=dict)  # by chat: until when
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    _tidying: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self) -> None:
        """Remove what is too old, once an hour."""
        while True:
            try:
                await self.tidy()
                await durably(self.writer, lambda ledger: stored.forget(ledger.connection, time.time() - _REMEMBERED))
                await durably(self.writer, lambda ledger: stored.forget_lines(ledger.connection, time.time() - _LINES))
            except Exception:
                log.exception("old files could not be removed")
            await asyncio.sleep(_LOOK)

    async def close(self) -> None:
        tasks = [coming.task for coming in self._coming.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def published(self, message: Message, owed: Debt, place: Place, session: Session) -> Message:
        """`message` with its files as `place` calls them, or with a line in their place. Raises what the delivery has
        to wait for: the chat's own network is away."""
        if owed.network == place.network:
            return message
        found = []
        for said in message.media:
            row = (await self._rows(owed.source, owed.reporter, [said]))[said.reference]
            line = await self._line(owed, row)
            try:
                if line is None:
                    found.append(await self._publish(row, said, owed.chat, ChatId(place.native or ""), session))
            except _Left as left:
                log.info("a line for a file chat=%d event=%d", owed.chat, owed.event)
                ours = self.link(row.id, said.name) if self.link is not None and not left.lasting else ""
                line = (str(left), said.link or ours)
                await self._say(owed, row, line)
            if line is not None:
                return fallback.without_files(message, *line)
        return replace(message, media=tuple(found))

    async def _line(self, owed: Debt, row: MediaRow) -> tuple[str, str] | None:
        return await self.database.read(lambda c: stored.line(c, owed.chat, owed.event, row.id))

    async def _say(self, owed: Debt, row: MediaRow, line: tuple[str, str]) -> None:
        """A line takes the place of a file; durable, so that a repeat does not say the other."""
        await durably(
            self.writer, lambda ledger: stored.put_line(ledger.connection, owed.chat, owed.event, row.id, *line)
        )

    async def serve(self, id: str) -> Kept | None:
        """A file for whoever has a link to it; brought here again if need be. None if it is not known any more. Raises
        the four errors."""
        row = await self.database.read(lambda c: stored.get(c, id))
        if row is None:
            return None
        kept = await self._brought(row)
        if time.time() - row.used > _LOOK:
            await durably(self.writer, lambda ledger: stored.use(ledger.connection, id, time.time()))
        return kept

    async def archived(self, message: Message, chat: int, account: int) -> Message:
        """A message of another network (named in `chat`, reported by `account`) as XMPP shows it in a history: with
        what its files are called there, or in our own store."""
        rows = await self._rows(chat, account, message.media)
        ids = [row.id for row in rows.values()]
        there = await self.database.read(lambda c: stored.published(c, ids, HOME, ""))
        media = [
            replace(_decode(row.body), reference=there.get(row.id, f"{OURS}{row.id}"))
            for row in (rows[said.reference] for said in message.media)
        ]
        return replace(message, media=tuple(media))

    async def _rows(self, chat: int, account: int, media: Sequence[Media]) -> dict[str, MediaRow]:
        said = {one.reference: _encode(one) for one in media}
        known = await self.database.read(lambda c: stored.known(c, chat, list(said)))
        if len(known) == len(said):
            return known
        return await durably(
            self.writer, lambda ledger: stored.add(ledger.connection, chat, account, said, time.time())
        )

    async def _publish(self, row: MediaRow, said: Media, chat: int, native: ChatId, session: Session) -> Media:
        """Raises `_Left` when a line has to do, and what the delivery waits for."""
        if said.size is not None and said.size > self.limits.largest:
            # What this message says of it; others may name the same file and not lie.
            raise _Left(bringing.too_large(self.limits.largest).text, lasting=True)
        network, scope, _ = await self.database.read(lambda c: stored.place(c, chat))
        since = time.time() - _REUSED
        there = (await self.database.read(lambda c: stored.published(c, [row.id], network, scope, since))).get(row.id)
        if there is None:
            with self._in_use(row.id):
                there = await self._patiently(row, said, chat, native, session)
            await durably(
                self.writer,
                lambda ledger: stored.publish(ledger.connection, row.id, network, scope, there, time.time()),
            )
        now = await self.database.read(lambda c: stored.get(c, row.id))
        known = _decode(now.body) if now is not None else said
        return replace(known, reference=there, name=said.name or known.name)

    async def _patiently(self, row: MediaRow, said: Media, chat: int, native: ChatId, session: Session) -> str:
        file = _File(row.id, lambda: self._brought(row), self.converter)
        resentful = self._grudges.get(chat, 0.0) > time.monotonic()
        seconds = min(_IMPATIENT, self.limits.wait) if resentful else self.limits.wait
        pause, why = 0.5, f"It did not come within {seconds:.0f} seconds."
        try:
            async with asyncio.timeout(seconds):
                while True:
                    file.trouble = None
                    try:
                        reference = await session.publish(native, said, file)
                        self._grudges.pop(chat, None)
                        return reference
                    except Refused as refusal:
                        raise _Left(refusal.text, lasting=True) from refusal
                    except (Unavailable, Unconfirmed) as error:
                        if file.trouble is None and isinstance(error, Unavailable) and error.scope is Scope.ACCOUNT:
                            raise  # the network itself is away: the delivery waits as every other does
                        why = error.text
                    await asyncio.sleep(pause)
                    pause *= 2
        except TimeoutError as error:
            now = time.monotonic()
            self._grudges = {one: until for one, until in self._grudges.items() if until > now} | {chat: now + _GRUDGE}
            raise _Left(why, lasting=False) from error

    async def _brought(self, row: MediaRow) -> Kept:
        """On our disk; whoever else waits for the same waits for the same transfer. It ends when nobody waits."""
        path = self.folder / row.id
        if row.kept is not None and await asyncio.to_thread(bringing.is_whole, path, row.kept):
            return Kept(path, _decode(row.body))
        coming = self._coming.get(row.id)
        if coming is None or coming.task.done():
            coming = self._coming[row.id] = _Coming(asyncio.create_task(self._bring(row), name=f"file {row.id}"))
        coming.waiting += 1
        try:
            return await asyncio.shield(coming.task)
        finally:
            coming.waiting -= 1
            if not coming.waiting:
                coming.task.cancel()
                if self._coming.get(row.id) is coming:
                    del self._coming[row.id]

    async def _bring(self, row: MediaRow) -> Kept:
        said = _decode(row.body)
        session = await self._session(row)
        part = self.folder / f"{row.id}.{time.monotonic_ns()}.part"
        try:
            await asyncio.to_thread(self.folder.mkdir, 0o700, True, True)
            async with self._turns:
                media = await bringing.read(session, said, part, self.limits.largest)
            media = await bringing.looked_at(media, part, self.converter, self.limits.wait / 3)
            await self._keep(row.id, media, part)
        except OSError as error:
            log.error("a file cannot be kept folder=%s error=%s", self.folder, error)
            raise Unavailable("The gateway has no room for it.", scope=Scope.CHAT) from error
        finally:
            with suppress(FileNotFoundError):
                part.unlink()
        return Kept(self.folder / row.id, media)

    async def _keep(self, id: str, media: Media, part: Path) -> None:
        """Durable when this returns; what is kept never exceeds the quota."""
        size = media.size or 0
        self._arriving += size
        try:
            if self._total + self._arriving > self.limits.quota:
                await self.tidy()
            await asyncio.to_thread(bringing.move, part, self.folder / id)
            await durably(
                self.writer, lambda ledger: stored.keep(ledger.connection, id, _encode(media), size, time.time())
            )
            self._total += size
        finally:
            self._arriving -= size

    async def _session(self, row: MediaRow) -> Session:
        """Of the account that reported it, or of another one that can get it, too."""
        first = self.sessions.seat(row.account)
        if first is not None and first.session is not None:
            return first.session
        _, scope, native = await self.database.read(lambda c: stored.place(c, row.chat))
        for seat in self.sessions.seats():
            session = seat.session if seat.network == row.network else None
            if session is not None and session.scope(ChatId(native)) == scope:
                return session
        raise Unavailable("No account that could get it is connected.", scope=Scope.CHAT)

    @contextmanager
    def _in_use(self, id: str) -> Iterator[None]:
        self._using[id] += 1
        try:
            yield
        finally:
            self._using[id] -= 1
            if not self._using[id]:
                del self._using[id]

    async def tidy(self) -> None:
        """Remove what is older than it may be, what makes more than the quota together with what arrives now, and what
        nobody knows of."""
        async with self._tidying:
            kept = await self.database.read(stored.kept_bytes)
            oldest, total = time.time() - self.limits.days * _DAY, sum(size for _, size, _ in kept)
            gone: list[str] = []
            for id, size, used in kept:
                if id not in self._using and (used < oldest or total + self._arriving > self.limits.quota):
                    gone.append(id)
                    total -= size
            self._total = total
            if gone:
                await durably(self.writer, lambda ledger: stored.drop(ledger.connection, gone))
            await asyncio.to_thread(self._remove, frozenset(id for id, _, _ in kept) - frozenset(gone), frozenset(gone))

    def _remove(self, known: frozenset[str], gone: frozenset[str]) -> None:
        """`gone`, and whatever lies there that is neither known nor on its way."""
        old = time.time() - _LOOK
        for path in self.folder.iterdir() if self.folder.exists() else ():
            with suppress(FileNotFoundError):
                if path.name in gone or (path.name not in known and path.stat().st_mtime < old):
                    path.unlink()


class _Left(Exception):  # not an error: a line has to do
    """The file is left where it is; says why, in a sentence. `lasting`: it would be no other way later."""

    def __init__(self, why: str, *, lasting: bool) -> None:
        super().__init__(why)
        self.lasting = lasting
