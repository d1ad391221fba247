"""Pictures of our users: the one that somebody shows at home becomes that of their accounts, if they want that, and as
long as these have none, or one that was set here. What a person has chosen on a network stays.

One picture is set at a time, once per change; what cannot be shown is not tried again until it changes.
"""

import asyncio
import logging
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

from bridge.contract import (
    ChatId,
    ConnectorError,
    ContactId,
    Kept,
    Media,
    MediaKind,
    NetworkId,
    Refused,
    Session,
    SetPicture,
    Thumbnail,
)
from bridge.hub.avatars import download
from bridge.hub.choices import Choices
from bridge.hub.facades import HOME
from bridge.hub.pictures import Converter
from bridge.hub.sessions import Sessions
from bridge.store import own_pictures as store
from bridge.store.database import Database
from bridge.store.own_pictures import Shown

log = logging.getLogger(__name__)

_WAITING = 10_000  # accounts; more are looked at when their users come again
_SECONDS = 90.0  # for one picture, both ways
_AGAIN = 300.0  # after which one is tried again that a network could not take
_PAUSE = 0.1  # seconds after each


@dataclass(slots=True)
class _Small:
    """See `bridge.contract.File`: a picture, made small, in a folder that is removed afterwards."""

    id: str
    path: Path

    async def kept(self) -> Kept:
        size = (await asyncio.to_thread(self.path.stat)).st_size
        return Kept(self.path, Media("", "avatar.png", "image/png", size, MediaKind.IMAGE))

    async def preview(self) -> Thumbnail | None:
        return None


class OwnPictures:
    """`run` is a task of the hub; all else is told on the loop."""

    def __init__(self, database: Database, sessions: Sessions, converter: Converter, choices: Choices) -> None:
        choices.watch(self._chosen)
        self._choices = choices
        self._database = database
        self._sessions = sessions
        self._converter = converter
        self._there: dict[tuple[str, NetworkId], str] = {}  # what users show at home, to whom; empty: none
        self._due: dict[int, None] = {}
        self._news = asyncio.Event()

    def shown(self, user: str, network: NetworkId, reference: str) -> None:
        """`user` shows this picture to people of a network; empty: none."""
        if self._there.get((user, network)) == reference:
            return
        self._there[user, network] = reference
        if len(self._there) > _WAITING:
            del self._there[next(iter(self._there))]
        self._chosen(user, network, frozenset())

    def _chosen(self, user: str, network: NetworkId, contacts: frozenset[ContactId]) -> None:
        for seat in self._sessions.seats():
            if (seat.user, seat.network) == (user, network):
                self.live(seat.account)

    def live(self, account: int) -> None:
        """The account is connected, or something has changed for it."""
        if len(self._due) < _WAITING:
            self._due[account] = None
            self._news.set()

    async def run(self) -> None:
        """Ends only by being cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._due:
                account = next(iter(self._due))
                del self._due[account]
                try:
                    if await self._bring_up(account):
                        await asyncio.sleep(_PAUSE)
                except (ConnectorError, TimeoutError, OSError) as error:
                    log.info("a user's picture could not be shown now account=%d reason=%s", account, error)
                    self._later(account)
                except Exception:
                    log.exception("showing a user's picture broke account=%d", account)

    def _later(self, account: int) -> None:
        asyncio.get_running_loop().call_later(_AGAIN, self.live, account)

    async def _bring_up(self, account: int) -> bool:
        """Show what is not shown yet; whether there was something. Raises the four errors but `Refused`."""
        seat = self._sessions.seat(account)
        session = seat.session if seat is not None else None
        if seat is None or session is None or seat.network == HOME or not seat.live.is_set():
            return False
        wanted = self._choices.on(seat.user, seat.network, "picture")
        reference = self._there.get((seat.user, seat.network)) if wanted else ""
        if reference is None or SetPicture not in session.capabilities(ChatId("")).actions:
            return False
        before = await self._database.read(lambda c: store.get(c, account)) or Shown("", "", "", "")
        if before.reference == reference:
            return False
        async with asyncio.timeout(_SECONDS):
            now = await self._show(account, session, reference, before)
        await self._database.write(lambda c: store.put(c, account, now))
        return True

    async def _show(self, account: int, session: Session, reference: str, before: Shown) -> Shown:
        """What is known of it then."""
        try:
            native = await self._published(account, session, reference, before) if reference else ""
            wish = SetPicture(
                chat=ChatId(""), key=f"picture-{uuid.uuid4().hex}", picture=native,
                before=tuple(dict.fromkeys(filter(None, (before.native, before.tried_native)))),
            )  # fmt: skip
            await session.perform(wish)
        except Refused as refusal:
            log.info("a user's picture is not shown account=%d reason=%s", account, refusal.text)
            return before._replace(reference=reference)
        return Shown(reference, native, "", "")

    async def _published(self, account: int, session: Session, reference: str, before: Shown) -> str:
        """What the network calls it; durable before it is shown, so that a repeat finds that it is ours."""
        if before.tried == reference:
            return before.tried_native
        home = next((seat.session for seat in self._sessions.seats() if seat.network == HOME), None)
        if home is None:
            raise Refused("There is nowhere to have it from.")
        with await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="landbridge-picture-") as folder:
            part, small = Path(folder) / "part", Path(folder) / "small"
            await download(home, reference, part)
            made = await self._converter.avatar(part)
            await asyncio.to_thread(small.write_bytes, made.data)
            file = _Small(uuid.uuid4().hex, small)
            native = await session.publish(ChatId(""), (await file.kept()).media, file)
        tried = before._replace(tried=reference, tried_native=native)
        await self._database.write(lambda c: store.put(c, account, tried))
        return native
