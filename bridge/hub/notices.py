"""Notices: people are told of what fails or takes long, once, coalesced, and also after a crash.

Who is told: the author, where the network can answer authors (that is done with the delivery itself); the user whose
account it is, where the author is out of reach or waits on XMPP; else the room it was written in. What nobody has been
told of is marked in the journal, so this only looks there and needs no memory of its own.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bridge.contract import Authored, NetworkId
from bridge.hub import codec
from bridge.hub.closing import Write, durably, owe
from bridge.hub.codec import Notice
from bridge.hub.facades import HOME, Home
from bridge.hub.keys import Keys
from bridge.hub.limits import Limits
from bridge.store import troubles
from bridge.store.database import Database
from bridge.store.ledger import Ledger
from bridge.store.rows import Debt
from bridge.store.troubles import Trouble
from bridge.store.writer import Writer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a notice goes: a user's chat with a gateway, or the room itself."""

    user: str = ""
    network: NetworkId | None = None
    chat: int = 0
    account: int = 0


class Notices:
    """`run` is a task of the hub; `poke` when something has failed."""

    def __init__(
        self,
        database: Database,
        writer: Writer,
        keys: Keys,
        limits: Limits,
        home: Home | None,
        home_account: int,
        names: Mapping[NetworkId, str],
        offer: Callable[[Debt], None],
        blocked: Callable[[], Mapping[int, str]],
    ) -> None:
        self._database = database
        self._writer = writer
        self._keys = keys
        self._limits = limits
        self._home = home
        self._home_account = home_account
        self._names = names
        self._offer = offer
        self._blocked = blocked
        self._poked = asyncio.Event()
        self._poked.set()  # what an earlier process left untold
        self._last: dict[Place, float] = {}
        self._late: set[int] = set()  # chats whose delay has been told and still lasts

    def poke(self) -> None:
        self._poked.set()

    def say(self, user: str, network: NetworkId, text: str) -> None:
        """Tell a user something once, from the gateway of `network`."""
        if self._home is None:
            return
        place = Place(user=user, network=network)

        def then(debts: list[Debt]) -> None:
            for debt in debts:
                self._offer(debt)

        self._writer.submit(
            Write(
                lambda ledger: self._owe(ledger, place, text),
                then,
                lambda error: log.error("a notice could not be written error=%s", type(error).__name__),
            )
        )

    async def run(self) -> None:
        self._late = await self._database.read(troubles.late_chats)
        every = min(self._limits.delay_notice / 4, 5.0)
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._poked.wait(), every)
            self._poked.clear()
            try:
                await self._tell_failures()
                await self._tell_delays()
            except Exception:
                log.exception("notices could not be given")

    async def _tell_failures(self) -> None:
        found = await self._database.read(lambda c: troubles.untold(c, late_before=None))
        by_place: dict[Place, list[Trouble]] = {}
        for trouble in found:
            by_place.setdefault(self._whom(trouble), []).append(trouble)
        now = time.time()
        for place, some in by_place.items():
            if now - self._last.get(place, 0.0) < self._limits.notice_window:
                continue  # they are told together when the window ends
            self._last[place] = now
            text = self._failure_text(some)
            await self._write(partial(self._tell, place=place, some=some, text=text))

    async def _tell_delays(self) -> None:
        blocked = self._blocked()
        self._late &= set(blocked)
        if not blocked:
            return
        before = time.time() - self._limits.delay_notice
        found = await self._database.read(lambda c: troubles.untold(c, late_before=before))
        by_place: dict[Place, list[Trouble]] = {}
        for trouble in found:
            if trouble.chat in blocked:
                by_place.setdefault(self._whom(trouble), []).append(trouble)
        for place, some in by_place.items():
            chats = {trouble.chat for trouble in some}
            fresh = [trouble for trouble in some if trouble.chat not in self._late and trouble.network != HOME]
            known = any(self._same_outage(trouble, some) for trouble in fresh)
            self._late |= chats
            text = "" if known or not fresh else self._delay_text(fresh, blocked[fresh[0].chat])
            await self._write(partial(self._delayed, place=place, chats=chats, before=before, text=text))

    async def _write(self, change: Callable[[Ledger], list[Debt]]) -> None:
        for debt in await durably(self._writer, change):
            self._offer(debt)

    def _same_outage(self, trouble: Trouble, some: Sequence[Trouble]) -> bool:
        """Whether this user has already been told that this network is slow."""
        return any(t.chat in self._late for t in some if t.network == trouble.network)

    def _tell(self, ledger: Ledger, place: Place, some: Sequence[Trouble], text: str) -> list[Debt]:
        for trouble in some:
            ledger.owed.keep(trouble.chat, trouble.event, told=1)
        return self._owe(ledger, place, text)

    def _delayed(self, ledger: Ledger, place: Place, chats: set[int], before: float, text: str) -> list[Debt]:
        for chat in chats:
            troubles.mark_late(ledger.connection, chat, before)
        return self._owe(ledger, place, text) if text else []

    def _owe(self, ledger: Ledger, place: Place, text: str) -> list[Debt]:
        chat, account = place.chat, place.account
        if not place.user and not chat:
            return []
        if place.user:
            assert self._home is not None
            assert place.network is not None
            native = self._home.direct_chat(place.user, place.network, None)
            directory = ledger.directory
            found = directory.chat(HOME, "", native) or directory.add_chat(HOME, "", native, "direct", owner=place.user)
            chat, account = found.id, self._home_account
        return [owe(ledger, self._keys, Notice(text=text), chat=chat, account=account, message=None)]

    def _whom(self, trouble: Trouble) -> Place:
        """A personal chat's trouble is its user's; a room's is the room's."""
        if self._home is not None and not trouble.link_name:
            if trouble.source_network == HOME:
                return Place(user=trouble.source_owner or trouble.author, network=NetworkId(trouble.network))
            if trouble.network == HOME:
                # What a hosted room does not show for a fault of ours is counted; its network's people are not told.
                return Place(user=trouble.owner, network=NetworkId(trouble.source_network))
        return Place(chat=trouble.source, account=trouble.reporter)

    def _failure_text(self, some: Sequence[Trouble]) -> str:
        first = some[0]
        people = _names(some)
        what = "A message" if len(some) == 1 else f"{len(some)} messages"
        if first.network == HOME:
            where = self._names.get(NetworkId(first.source_network), first.source_network)
            more = f" You can still read it in another {where} app." if len(some) == 1 else (
                f" You can still read them in another {where} app."
            )  # fmt: skip
            return f"{what} from {people} could not be delivered to your XMPP app: {first.text}{more}"
        where = self._names.get(NetworkId(first.network), first.network)
        return f"{what} from {people} could not be delivered to {where}: {first.text}"

    def _delay_text(self, some: Sequence[Trouble], why: str) -> str:
        where = self._names.get(NetworkId(some[0].network), some[0].network)
        to = ", ".join(sorted({trouble.contact for trouble in some if trouble.contact})[:5])
        what = "A message of yours" if len(some) == 1 else "Messages of yours"
        return (
            f"{what}{f' to {to}' if to else ''} could not be delivered to {where} yet: {why} "
            "It is tried again until it works; you hear of it if it does not."
        )


def _names(some: Sequence[Trouble]) -> str:
    """Who wrote them, at most three by name."""
    names: list[str] = []
    for trouble in some:
        event = codec.decode(trouble.kind, trouble.body)
        name = (event.sender.name or event.sender.id) if isinstance(event, Authored) else trouble.author
        if name not in names:
            names.append(name)
    more = f" and {len(names) - 3} others" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
