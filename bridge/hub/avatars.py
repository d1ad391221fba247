"""Pictures of people and rooms: fetched when somebody may want to see them, once for each reference, made small, kept.

What is asked for, or belongs to somebody who speaks, comes first; the others wait their turn, a few at a time, so that
somebody with thousands of contacts costs a homeserver a trickle. What cannot be shown (a drawing with programs in it,
something huge) is remembered as that.
"""

import asyncio
import hashlib
import logging
import os
import struct
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bridge.contract import (
    ChatId,
    ConnectorError,
    Contact,
    Media,
    NetworkId,
    Reason,
    Refused,
    Scope,
    Session,
    Unavailable,
)
from bridge.hub.facades import Avatar, Picture
from bridge.hub.pictures import Converter
from bridge.hub.sessions import Sessions
from bridge.store import avatars as stored
from bridge.store.database import Database

log = logging.getLogger(__name__)

_KEPT = 50_000  # references in memory, about 15 MB
_WAITING = 5_000  # of those that nobody has asked for; more are wanted again at the next occasion
_AT_ONCE = 2
_PAUSE = 0.1  # seconds after each
_LARGEST = 8 * 1024 * 1024  # bytes of a picture as its network has it
_FETCH = 30.0  # seconds for one
_ASKED = 20.0  # that somebody waits who asks for one
_AGAIN = 600.0  # after which one is tried again that did not come
_DAY = 86_400.0


class KnownAvatars:
    """The `Avatars` facade. `run` is a task of the hub."""

    def __init__(self, database: Database, sessions: Sessions, converter: Converter, folder: Path) -> None:
        self._database = database
        self._sessions = sessions
        self._converter = converter
        self._folder = folder
        self._hashes: OrderedDict[Avatar, str] = OrderedDict()
        self._absent: OrderedDict[Avatar, float] = OrderedDict()  # those that did not come: until when
        self._wanted: OrderedDict[Avatar, asyncio.Future[None]] = OrderedDict()
        self._coming: dict[Avatar, asyncio.Future[None]] = {}
        self._watchers: list[Callable[[Avatar], None]] = []
        self._wake = asyncio.Event()

    async def load(self) -> None:
        """Read what is known, so that nothing is fetched again after a start."""
        for network, scope, reference, sha1 in reversed(await self._database.read(lambda c: stored.known(c, _KEPT))):
            self._hashes[Avatar(NetworkId(network), scope, reference)] = sha1

    async def run(self) -> None:
        """Fetch what is wanted; ends only by being cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tidy())
            for _ in range(_AT_ONCE):
                tasks.create_task(self._work())

    def of(self, user: str, network: NetworkId, contact: Contact) -> Avatar | None:
        scope = self._sessions.scope_of(user, network) if contact.avatar is not None else None
        return Avatar(network, scope, contact.avatar) if scope is not None and contact.avatar is not None else None

    def known(self, avatar: Avatar) -> str | None:
        return self._hashes.get(avatar) if avatar.reference else ""

    def want(self, avatar: Avatar, *, soon: bool = False) -> None:
        if self.known(avatar) is not None or avatar in self._coming or self._absent.get(avatar, 0.0) > time.monotonic():
            return
        if avatar not in self._wanted:
            if len(self._wanted) >= _WAITING and not soon:
                return
            self._wanted[avatar] = asyncio.get_running_loop().create_future()
            self._wake.set()
        if soon:
            self._wanted.move_to_end(avatar, last=False)

    async def get(self, avatar: Avatar) -> Picture | None:
        sha1 = self.known(avatar)
        if sha1 == "":
            return None
        data = await asyncio.to_thread(_read, self._folder / sha1) if sha1 is not None else None
        if data is None:
            self._hashes.pop(avatar, None)  # it is not on our disk any more
            self.want(avatar, soon=True)
            coming = self._coming.get(avatar) or self._wanted.get(avatar)
            if coming is not None:
                await asyncio.wait({coming}, timeout=_ASKED)
            sha1 = self.known(avatar)
            if sha1 == "":
                return None
            data = await asyncio.to_thread(_read, self._folder / sha1) if sha1 is not None else None
        if sha1 is None or data is None:
            raise Unavailable("The picture does not come from its network now.", scope=Scope.CHAT)
        width, height = struct.unpack(">II", data[16:24])  # of a PNG that we have made
        return Picture(sha1, data, width, height)

    def watch(self, learned: Callable[[Avatar], None]) -> None:
        self._watchers.append(learned)

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            if not self._wanted:
                self._wake.clear()
                continue
            avatar, coming = self._wanted.popitem(last=False)
            self._coming[avatar] = coming
            try:
                await self._learn(avatar)
            except Exception:
                log.exception("a picture could not be fetched")
                self._did_not_come(avatar)
            finally:
                del self._coming[avatar]
                coming.set_result(None)
            await asyncio.sleep(_PAUSE)

    async def _learn(self, avatar: Avatar) -> None:
        session = self._session(avatar)
        if session is None:
            return
        try:
            async with asyncio.timeout(2 * _FETCH):
                sha1 = await self._fetched(session, avatar)
        except Refused as refusal:
            log.info("a picture is not shown network=%s reason=%s", avatar.network, refusal.text)
            sha1 = ""
        except (ConnectorError, TimeoutError, OSError) as error:
            log.info("a picture did not come network=%s reason=%s", avatar.network, type(error).__name__)
            self._did_not_come(avatar)
            return
        now = time.time()
        await self._database.write(lambda c: stored.put(c, avatar.network, avatar.scope, avatar.reference, sha1, now))
        self._hashes[avatar] = sha1
        if len(self._hashes) > _KEPT:
            self._hashes.popitem(last=False)
        for learned in self._watchers:
            learned(avatar)

    async def _fetched(self, session: Session, avatar: Avatar) -> str:
        """The hash of the picture, which is on our disk then. Raises the four errors."""
        await asyncio.to_thread(self._folder.mkdir, 0o700, True, True)
        part = self._folder / f"{uuid.uuid4().hex}.part"
        try:
            async with asyncio.timeout(_FETCH):
                await download(session, avatar.reference, part)
            small = await self._converter.avatar(part)
            sha1 = hashlib.sha1(small.data, usedforsecurity=False).hexdigest()  # XEP-0153 #protocol
            await asyncio.to_thread(_write, part, self._folder / sha1, small.data)
        finally:
            with suppress(FileNotFoundError):
                part.unlink()
        return sha1

    def _session(self, avatar: Avatar) -> Session | None:
        """One whose word counts where the reference comes from."""
        for seat in self._sessions.seats():
            session = seat.session if seat.network == avatar.network else None
            if session is not None and session.scope(ChatId("")) == avatar.scope:
                return session
        return None

    def _did_not_come(self, avatar: Avatar) -> None:
        self._absent[avatar] = time.monotonic() + _AGAIN
        if len(self._absent) > _WAITING:
            self._absent.popitem(last=False)

    async def _tidy(self) -> None:
        while True:
            try:
                await self._database.write(lambda c: stored.tidy(c, time.time() - _DAY))
                kept = await self._database.read(stored.hashes)
                await asyncio.to_thread(self._remove, kept)
                self._hashes = OrderedDict((avatar, sha1) for avatar, sha1 in self._hashes.items() if sha1)
            except Exception:
                log.exception("old pictures could not be removed")
            await asyncio.sleep(_DAY)

    def _remove(self, kept: frozenset[str]) -> None:
        old = time.time() - _DAY
        for path in self._folder.iterdir() if self._folder.exists() else ():
            with suppress(FileNotFoundError):
                if path.name not in kept and path.stat().st_mtime < old:
                    path.unlink()


async def download(session: Session, reference: str, part: Path) -> None:
    """Bring a picture into a new file. Raises the four errors; `Refused` when it is too large."""
    size = 0
    with await asyncio.to_thread(part.open, "xb") as file:
        async with session.open_media(Media(reference), _LARGEST) as chunks:
            async for chunk in chunks:
                size += len(chunk)
                if size > _LARGEST:
                    raise Refused("The picture is too large.", Reason.RESOURCE)
                await asyncio.to_thread(file.write, chunk)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes() or None
    except FileNotFoundError:
        return None


def _write(part: Path, path: Path, data: bytes) -> None:
    """Durable when it returns: its row says that it is there."""
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
