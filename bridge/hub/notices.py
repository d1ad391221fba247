"""Notices: people are told of what fails or takes long, once, coalesced, and also after a crash.

Who is told: the author, where the network can answer authors (that is done with the delivery itself); the user whose
account it is, where the author is out of reach or waits on XMPP; else the room it was written in. What nobody has been
told of is marked in the journal, and what was told to be late is kept until its end is told, too (EU-1: accepted less
delivered less told is nothing); so this only looks there and needs no memory of its own.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bridge.contract import Authored, NetworkId
from bridge.hub import codec
from bridge.hub.closing import Write, durably, owe
from bridge.hub.codec import Notice
from bridge.hub.facades import HOME, Home
from bridge.hub.keys import Keys
from bridge.hub.limits import Limits
from bridge.hub.opening import gateway_chat
from bridge.store import rooms, troubles
from bridge.store.database import Database
from bridge.store.ledger import Ledger
from bridge.store.rooms import HOSTED
from bridge.store.rows import Chat, Debt
from bridge.store.troubles import Delay, Trouble
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
        self._last: dict[tuple[Place, str], float] = {}  # when something of this kind was last told there

    def poke(self) -> None:
        self._poked.set()

    def say(self, user: str, network: NetworkId, text: str) -> None:
        """Tell a user something once, from the gateway of `network`."""
        if self._home is None:
            return
        self._say(Place(user=user, network=network), text)

    def unread(self, chat: Chat, network: NetworkId) -> None:
        """Something that was said on `network` could not be understood, so `chat` on XMPP does not show it: its people
        are told, once for all that comes in the same time."""
        place = self._at_home(chat.owner, network, chat.id)
        if not self._may(place, "unread"):
            return
        what = f"written to you on {self._where(network)}" if chat.owner else "said in this room"
        self._say(
            place,
            f"Something that was {what} could not be read or understood, so it is not shown here. "
            f"You can read it in a {self._where(network)} app.",
        )

    def _say(self, place: Place, text: str) -> None:
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
        every = min(self._limits.delay_notice / 4, 5.0)
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(every):
                    await self._poked.wait()
            self._poked.clear()
            try:
                await self._tell_failures()
                known = await self._database.read(troubles.delays)
                await self._tell_delays(known)
                await self._tell_ends(known)
            except Exception:
                log.exception("notices could not be given")

    async def _tell_failures(self) -> None:
        found = await self._database.read(lambda c: troubles.untold(c, late_before=None))
        for place, some in self._by_place(found).items():
            if self._may(place, "failures"):
                text = self._failure_text(some, await self._nicks(place))
                await self._write(partial(self._tell, place=place, some=some, text=text))

    async def _tell_delays(self, known: Sequence[Delay]) -> None:
        """Once for an outage: who has been told of one that lasts hears nothing of what comes to it. What only waits
        until our accounts have caught up after a start has not been tried, so nobody is told of it."""
        blocked = self._blocked()
        if not blocked:
            return
        before = time.time() - self._limits.delay_notice
        found = await self._database.read(lambda c: troubles.untold(c, late_before=before))
        told = {_place(delay) for delay in known}
        for place, some in self._by_place(trouble for trouble in found if trouble.chat in blocked).items():
            text = ""
            new = [trouble for trouble in some if trouble.network != HOME]
            if new and place not in told:
                if not self._may(place, "delays"):
                    continue
                text = self._delay_text(place, new, blocked[new[0].chat], await self._nicks(place))
            await self._write(partial(self._delayed, place=place, some=some, before=before, text=text))

    async def _tell_ends(self, known: Sequence[Delay]) -> None:
        """Who has been told of a delay is told when all of it has gone through, or has failed."""
        if not known:
            return
        places: dict[Place, list[Delay]] = {}
        for delay in known:
            places.setdefault(_place(delay), []).append(delay)
        for place, some in places.items():
            if not await self._database.read(partial(troubles.any_lasts, delays=some)):
                await self._write(partial(self._ended, place=place, some=some))

    def _by_place(self, found: Iterable[Trouble]) -> dict[Place, list[Trouble]]:
        places: dict[Place, list[Trouble]] = {}
        for trouble in found:
            places.setdefault(self._whom(trouble), []).append(trouble)
        return places

    def _may(self, place: Place, kind: str) -> bool:
        """Whether it may be told now; else it is told with more of its kind when the window ends."""
        since = time.time() - self._limits.notice_window
        self._last = {key: at for key, at in self._last.items() if at > since}
        if (place, kind) in self._last:
            return False
        self._last[place, kind] = time.time()
        return True

    async def _nicks(self, place: Place) -> Mapping[str, str]:
        """What users are called in a room: their addresses are nobody's business there."""
        return await self._database.read(lambda c: rooms.nicks(c, place.chat)) if place.chat else {}

    async def _write(self, change: Callable[[Ledger], list[Debt]]) -> None:
        for debt in await durably(self._writer, change):
            self._offer(debt)

    def _tell(self, ledger: Ledger, place: Place, some: Sequence[Trouble], text: str) -> list[Debt]:
        for trouble in some:
            ledger.owed.keep(trouble.chat, trouble.event, told=1)
        return self._owe(ledger, place, text)

    def _delayed(self, ledger: Ledger, place: Place, some: Sequence[Trouble], before: float, text: str) -> list[Debt]:
        ledger.owed.flush()
        for one in {(trouble.chat, trouble.source): trouble for trouble in some}.values():
            late = troubles.mark_late(ledger.connection, one.chat, one.source, before)
            if late and one.network != HOME and (place.user or place.chat):
                delay = Delay(
                    one.chat, one.source, place.user, one.network, place.account, late[0], late[-1], len(late)
                )  # fmt: skip
                troubles.note_delay(ledger.connection, delay)
        return self._owe(ledger, place, text) if text else []

    def _ended(self, ledger: Ledger, place: Place, some: Sequence[Delay]) -> list[Debt]:
        ledger.owed.flush()
        if troubles.any_lasts(ledger.connection, some):
            return []
        failed = sum(troubles.end_delay(ledger.connection, one) for one in some)
        arrived = sum(one.number for one in some) - failed
        text = self._end_text(place, some[0].network, arrived, failed)
        return self._owe(ledger, place, text) if arrived > 0 else []  # of each that failed its author was told

    def _owe(self, ledger: Ledger, place: Place, text: str) -> list[Debt]:
        chat, account = place.chat, place.account
        if not place.user and not chat:
            return []
        if place.user:
            assert self._home is not None
            assert place.network is not None
            chat = gateway_chat(ledger, self._home, place.user, place.network).id
            account = self._home_account
        return [owe(ledger, self._keys, Notice(text=text), chat=chat, account=account, message=None)]

    def _whom(self, trouble: Trouble) -> Place:
        """A personal chat's trouble is its user's; a room's is the room's, also a hosted one's."""
        if self._home is not None and not trouble.link_name and trouble.source_kind != HOSTED:
            if trouble.source_network == HOME:
                return Place(user=trouble.source_owner or trouble.author, network=NetworkId(trouble.network))
            if trouble.network == HOME:
                return self._at_home(trouble.owner, NetworkId(trouble.source_network), trouble.chat)
        return Place(chat=trouble.source, account=trouble.reporter)

    def _at_home(self, owner: str, network: NetworkId, chat: int) -> Place:
        """Of a user's own chat its user is told by the gateway; in a hosted room it is said."""
        return Place(user=owner, network=network) if owner else Place(chat=chat, account=self._home_account)

    def _failure_text(self, some: Sequence[Trouble], nicks: Mapping[str, str]) -> str:
        first = some[0]
        people = _names(some, nicks)
        what = "A message" if len(some) == 1 else f"{len(some)} messages"
        if first.network == HOME:
            where = self._names.get(NetworkId(first.source_network), first.source_network)
            more = f" You can still read it in another {where} app." if len(some) == 1 else (
                f" You can still read them in another {where} app."
            )  # fmt: skip
            here = "your XMPP app" if first.owner else "this room"
            return f"{what} from {people} could not be delivered to {here}: {first.text}{more}"
        return f"{what} from {people} could not be delivered to {self._where(first.network)}: {first.text}"

    def _delay_text(self, place: Place, some: Sequence[Trouble], why: str, nicks: Mapping[str, str]) -> str:
        to = ", ".join(sorted({trouble.contact for trouble in some if trouble.contact})[:5])
        one = len(some) == 1
        if place.chat:
            what = f"{'A message' if one else f'{len(some)} messages'} from {_names(some, nicks)}"
            hears = "its author hears of it" if one else "their authors hear of it"
        else:
            what, hears = "A message of yours" if one else "Messages of yours", "you hear of it"
        return (
            f"{what}{f' to {to}' if to else ''} could not be delivered to {self._where(some[0].network)} yet: {why} "
            f"{'It is' if one else 'They are'} tried again until it works; {hears} if it does not."
        )

    def _end_text(self, place: Place, network: str, arrived: int, failed: int) -> str:
        where = self._where(network)
        text = (
            f"The message that was late has now been delivered to {where}."
            if arrived == 1
            else f"The {arrived} messages that were late have now been delivered to {where}."
        )
        if failed:
            told = "their authors were told of each" if place.chat else "you were told of each"
            text += f" {failed} more could not be: {told}."
        return text

    def _where(self, network: str) -> str:
        return self._names.get(NetworkId(network), network)


def _place(delay: Delay) -> Place:
    if delay.user:
        return Place(user=delay.user, network=NetworkId(delay.network))
    return Place(chat=delay.source, account=delay.account)


def _names(some: Sequence[Trouble], nicks: Mapping[str, str]) -> str:
    """Who wrote them, at most three by name."""
    names: list[str] = []
    for trouble in some:
        event = codec.decode(trouble.kind, trouble.body)
        name = event.sender.name if isinstance(event, Authored) else ""
        if trouble.source_kind == HOSTED:
            name = nicks.get(trouble.author) or name or trouble.author.partition("@")[0]
        name = name or trouble.author
        if name not in names:
            names.append(name)
    more = f" and {len(names) - 3} others" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
