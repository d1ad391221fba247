"""What the operator may do at the command line: look at accounts and log them out, look at what was not delivered.

The same beside a running hub and when none runs (`Engine`): then the database alone is changed, and the hub finds it so
at its start.
"""

import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from bridge.contract import AccountId
from bridge.hub.desk.departure import Departure
from bridge.hub.facades import HOME
from bridge.hub.overview import AccountLine, DeadLine, DeadList, DeedLine, LinkLine, Said
from bridge.hub.wanted import WantedLink
from bridge.store import accounts as stored
from bridge.store import agreements, dead
from bridge.store.accounts import AccountRow
from bridge.store.dead import Change, FailedDelivery, Letter

ID = re.compile(r"letter-([1-9][0-9]{0,8})|delivery-([1-9][0-9]{0,17})-([1-9][0-9]{0,8})")
"""What `dead list` calls them: a dead letter by its number, a delivery by its event and its chat."""
_MOST = 1_000  # of each in a list
_CUT = 2_000  # characters of an event or a raw thing


class Engine(Protocol):
    """Where changes are made."""

    async def change(self, change: Change) -> bool:
        """In one transaction; durable when it returns."""
        ...

    def owed_again(self, chat: int) -> None:
        """A failed delivery of `chat` is open again."""
        ...

    async def take_in(self, letter: Letter) -> str:
        """Give a dead letter to the intake again; it is removed with that. Why that cannot be, else empty."""
        ...

    async def links(self) -> Sequence[LinkLine]: ...

    async def add_link(self, link: WantedLink) -> Said: ...

    async def remove_link(self, name: str) -> Said: ...

    async def resume_link(self, name: str) -> Said: ...


class Operator:
    """`bridge.web.operations` states this as a protocol."""

    def __init__(self, departure: Departure, engine: Engine) -> None:
        self._departure = departure
        self._database = departure.database
        self._engine = engine

    async def accounts(self) -> Sequence[AccountLine]:
        rows = await self._database.read(stored.all_accounts)
        return [
            AccountLine(row.id, row.network, row.user, row.me, self._state(row)) for row in rows if row.network != HOME
        ]

    async def remove_account(self, account: int) -> Said:
        row = await self._database.read(lambda c: stored.account(c, account))
        if row is None or row.network == HOME:
            return Said(f"There is no account {account}. `landbridge account list` shows them.", ok=False)
        whose = f"{row.me} on {row.network}" + (f", the account of {row.user}," if row.user else "")
        if row.ended:
            return Said(f"{whose} is logged out already. Its chats are kept for when it comes back.")
        trouble = await self._departure.of(row, "The gateway's operator has logged you out.")
        text = f"{whose} is logged out. Its chats are kept for when it comes back."
        if trouble:
            text += f"\nThe network could not be told: {trouble}\nIts user can end the session in another app."
        return Said(text)

    async def links(self) -> Sequence[LinkLine]:
        return await self._engine.links()

    async def add_link(self, link: WantedLink) -> Said:
        return await self._engine.add_link(link)

    async def remove_link(self, name: str) -> Said:
        return await self._engine.remove_link(name)

    async def resume_link(self, name: str) -> Said:
        return await self._engine.resume_link(name)

    async def deeds(self) -> Sequence[DeedLine]:
        """Who did what about links, the newest last."""
        found = await self._database.read(lambda c: agreements.deeds(c, _MOST))
        return [
            DeedLine(_when(one.at), one.network, one.person, one.did, one.link, one.room, one.whom) for one in found
        ]

    async def dead(self) -> DeadList:
        failed, letters, count = await self._database.read(lambda c: dead.all_of_it(c, _MOST))
        found = [(one.at, _delivery_line(one)) for one in failed] + [(one.at, _letter_line(one)) for one in letters]
        found.sort(key=lambda pair: pair[0])
        return DeadList(tuple(line for _, line in found), count - len(found))

    async def show(self, identity: str) -> Sequence[tuple[str, str]]:
        """Everything about one, as names and values; empty when there is no such."""
        found = await self._find(identity)
        if isinstance(found, Letter):
            return _describe_letter(found)
        return [] if found is None else _describe_delivery(found)

    async def retry(self, identity: str) -> Said:
        found = await self._find(identity)
        if found is None:
            return _unknown(identity)
        if isinstance(found, Letter):
            why = await self._engine.take_in(found)
            if why:
                return Said(f"{identity} cannot be tried again: {why}", ok=False)
            return Said(f"{identity} was taken in, as if it had just come.")
        chat, event = found.chat, found.event
        if not await self._engine.change(lambda c: dead.reopen(c, chat, event, time.time())):
            return _unknown(identity)
        self._engine.owed_again(chat)
        return Said(f"{identity} is owed again, as a whole.{_waits(found)}")

    async def drop(self, identity: str) -> Said:
        found = await self._find(identity)
        if found is None:
            return _unknown(identity)
        if isinstance(found, Letter):
            number = found.id
            done = await self._engine.change(lambda c: dead.drop_letter(c, number))
        else:
            chat, event = found.chat, found.event
            done = await self._engine.change(lambda c: dead.drop_delivery(c, chat, event))
        return Said(f"{identity} is removed.") if done else _unknown(identity)

    async def _find(self, identity: str) -> FailedDelivery | Letter | None:
        read = ID.fullmatch(identity)
        if read is None:
            return None
        if read[1]:
            return await self._database.read(lambda c: dead.letter(c, int(read[1])))
        return await self._database.read(lambda c: dead.failed_delivery(c, int(read[3]), int(read[2])))

    def _state(self, row: AccountRow) -> str:
        if not row.active:
            return f"logged out. {row.error}".rstrip()
        connected, why = self._departure.sessions.state(AccountId(row.id))
        return "connected" if connected else f"not connected. {why}".rstrip()


def _unknown(identity: str) -> Said:
    return Said(f"There is no {identity[:60]}. `landbridge dead list` shows what there is.", ok=False)


def _waits(found: FailedDelivery) -> str:
    if found.me is None:
        return " But the account that owes it is no more, so it will wait until it is given up."
    return "" if found.active else f" It waits until {found.user or 'its operator'} logs in again as {found.me}."


def _delivery_line(one: FailedDelivery) -> DeadLine:
    return DeadLine(f"delivery-{one.event}-{one.chat}", one.network, _chat(one), _when(one.at), _why(one))


def _letter_line(one: Letter) -> DeadLine:
    return DeadLine(f"letter-{one.id}", one.network, one.source, _when(one.at), f"not understood: {one.reason}")


def _describe_delivery(one: FailedDelivery) -> Sequence[tuple[str, str]]:
    return [
        ("id", f"delivery-{one.event}-{one.chat}"),
        ("network", one.network),
        ("chat", _chat(one)),
        ("why", _why(one)),
        ("owed since", _when(one.at)),
        ("attempts that ended in a fault", str(one.bugs)),
        ("somebody was told", "yes" if one.told else "not yet"),
        ("performed by", f"account {one.account}" + (f", {one.me}" if one.me else ", which is no more")),
        ("kind", one.kind),
        ("author", f"{one.author} on {one.author_network}"),
        ("written in", one.source or "a chat that is no more"),
        ("written", _when(one.journaled)),
        ("key", one.key),
        ("event", _cut(one.body.decode("utf-8", "replace"))),
    ]


def _describe_letter(one: Letter) -> Sequence[tuple[str, str]]:
    return [
        ("id", f"letter-{one.id}"),
        ("network", one.network),
        ("from", one.source),
        ("why", f"not understood: {one.reason}"),
        ("came", _when(one.at)),
        ("came to", f"account {one.account}"),
        ("raw", _cut(one.raw)),
    ]


def _chat(one: FailedDelivery) -> str:
    if one.native is not None:
        return one.native
    return f"with {one.contact}, which was never opened"


def _why(one: FailedDelivery) -> str:
    return f"{dead.FAILED[one.state]}: {one.reason}. {one.text}".rstrip()


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _cut(text: str) -> str:
    return text if len(text) <= _CUT else f"{text[:_CUT]}… ({len(text)} characters)"
