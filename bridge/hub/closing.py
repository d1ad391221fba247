"""The ends of a delivery, as jobs for the writer: done, refused, given up, dead; and what its author is owed then."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from bridge.contract import Authored, Reason
from bridge.hub import codec, passing
from bridge.hub.codec import Answer, Journaled
from bridge.hub.facades import HOME
from bridge.hub.journaling import debt
from bridge.hub.keys import Keys
from bridge.hub.passing import is_private
from bridge.store import backlogs
from bridge.store.aside import set_reactions
from bridge.store.backlogs import Backlog
from bridge.store.ledger import Ledger
from bridge.store.owed import DEAD, GIVEN_UP, REFUSED
from bridge.store.rooms import HOSTED
from bridge.store.rows import Copy, Debt, Entry
from bridge.store.writer import Needs, Writer

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(slots=True)
class Write(Generic[T]):
    """A job that asks nothing: `change` runs in the transaction, `then` on the loop with what it returned."""

    change: Callable[[Ledger], T]
    then: Callable[[T], None]
    broke: Callable[[Exception], None]

    def wants(self, ledger: Ledger, needs: Needs) -> None: ...

    def apply(self, ledger: Ledger) -> T:
        return self.change(ledger)

    def finished(self, result: Any) -> None:
        self.then(result)

    def failed(self, error: Exception) -> None:
        self.broke(error)


def durably(writer: Writer, change: Callable[[Ledger], T]) -> "asyncio.Future[T]":
    """Submit `change`; the future has its answer when it is committed, or what broke it."""
    committed: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    writer.submit(
        Write(
            change,
            lambda answer: None if committed.done() else committed.set_result(answer),
            lambda error: None if committed.done() else committed.set_exception(error),
        )
    )
    return committed


class Ending(Struct):
    """The job that ends a delivery: `then` is told what is owed because of it, also when it never will be durable. Then
    nothing is owed; the row stays open, and is tried again after the next start."""

    change: Callable[[Ledger], list[Debt]]
    then: Callable[[list[Debt]], None]
    _heard: asyncio.Future[None] | None = None

    def wants(self, ledger: Ledger, needs: Needs) -> None: ...

    def apply(self, ledger: Ledger) -> list[Debt]:
        return self.change(ledger)

    def finished(self, debts: list[Debt]) -> None:
        self.then(debts)
        if self._heard is not None and not self._heard.done():  # who waited for it may have been ended
            self._heard.set_result(None)

    def failed(self, error: Exception) -> None:
        log.error("the end of a delivery could not be recorded error=%s", type(error).__name__)
        self.finished([])

    def heard(self) -> "asyncio.Future[None]":
        """Done when `then` was told. To be asked as soon as it is submitted."""
        self._heard = asyncio.get_running_loop().create_future()
        return self._heard


def ending(writer: Writer, change: Callable[[Ledger], list[Debt]], then: Callable[[list[Debt]], None]) -> Ending:
    """Submit the end of a delivery."""
    end = Ending(change, then)
    writer.submit(end)
    return end


def tried(some: Sequence[Debt], part: int) -> Callable[[Ledger], None]:
    """Which part's call is about to be made (from 1), or that none is."""

    def change(ledger: Ledger) -> None:
        for owed in some:
            ledger.owed.keep(owed.chat, owed.event, tried=part)

    return change


@dataclass(frozen=True, slots=True)
class Reacted:
    """A set of reactions that has replaced another: (emoji, native id) pairs."""

    now: Sequence[tuple[str, str]]
    before: Sequence[tuple[str, str]]


def done(
    ledger: Ledger,
    keys: Keys,
    owed: Debt,
    event: Journaled,
    copies: Sequence[Copy],
    reacted: Reacted | None,
    *,
    crossed: bool,
) -> list[Debt]:
    """The network accepted it. `crossed`: it left its network, so its author may be told (XEP-0184)."""
    for copy in copies:
        ledger.add_copy(copy)
    ours = not isinstance(event, Authored)
    ledger.owed.close(owed.chat, owed.event, drop=ours)
    if reacted is not None:
        here, who = ledger.directory.current(owed.chat), (owed.network, owed.author)
        set_reactions(ledger.connection, here, owed.message, who, reacted.now, reacted.before)
    if not isinstance(event, Authored) or not crossed:
        return []
    debts = _passed_on(ledger, owed) if owed.meant and (copies or reacted is not None) else []
    if event.origin and event.confirm:
        debts.append(answer(ledger, keys, owed, Answer(target=event.id, origin=event.origin)))
    return debts


def _passed_on(ledger: Ledger, owed: Debt) -> list[Debt]:
    """The network has taken what one of our users wrote in a direct chat: so has another of ours, whom it is with."""
    if owed.network != HOME:
        return []
    here = ledger.directory.current(owed.chat)
    link = ledger.directory.link_of(here)
    ends = passing.others(link, owed.source)
    there = next((e.chat for e in link.endpoints if e.chat.id == here), None) if link is not None and ends else None
    if there is None:
        return []
    ends = [end for end in ends if passing.reads(ledger, end.chat, there)]
    return passing.pass_on(ledger, here, owed.event, owed.kind, owed.message, ends)


def refused(ledger: Ledger, keys: Keys, owed: Debt, event: Journaled, reason: Reason, text: str) -> list[Debt]:
    """It never will be delivered; the row stays, and its author hears why."""
    return _failed(ledger, keys, owed, event, REFUSED, reason, text)


def dead(ledger: Ledger, keys: Keys, owed: Debt, event: Journaled | None) -> list[Debt]:
    """Our own fault, three times over."""
    text = "The message could not be delivered because of a fault in the gateway. Its operator has been told."
    return _failed(ledger, keys, owed, event, DEAD, Reason.INTERNAL, text)


def given_up(ledger: Ledger, keys: Keys, owed: Debt, event: Journaled, why: str) -> list[Debt]:
    """It waited longer than anybody should. A hosted room has it in its archive, and is told when it can be."""
    room = ledger.directory.chat_by_id(owed.chat)
    if room is not None and room.kind == HOSTED and owed.kind == "message":
        backlogs.note(ledger.connection, Backlog(owed.chat, owed.event, 1, owed.since, owed.since))
        if owed.source != owed.chat:
            ledger.add_copy(Copy(owed.chat, owed.key, owed.message, 0, owed.event))
        ledger.owed.close(owed.chat, owed.event)
        return []
    text = f"The message could not be delivered in time and will not be tried again. {why}".strip()
    return _failed(ledger, keys, owed, event, GIVEN_UP, Reason.TIMEOUT, text)


def _failed(
    ledger: Ledger, keys: Keys, owed: Debt, event: Journaled | None, state: int, reason: Reason, text: str
) -> list[Debt]:
    if event is not None and not isinstance(event, Authored):
        ledger.owed.close(
            owed.chat, owed.event, drop=True
        )  # an answer or a notice that cannot be given is not told about in turn
        return []
    there = ledger.directory.chat_by_id(owed.chat)
    # Its author has been told that the network has it: what becomes of it on the way to another of ours is not theirs.
    passed_on = owed.network == HOME and there is not None and is_private(there) and owed.source != there.id
    if passed_on:
        ledger.owed.keep(owed.chat, owed.event, state=state, reason=str(reason), text=text[:500], told=1)
        return []
    told = event is not None and bool(event.origin)
    ledger.owed.keep(owed.chat, owed.event, state=state, reason=str(reason), text=text[:500], told=int(told))
    if event is None or not told:
        return []
    shown = _take_back(ledger, owed)
    said = Answer(target=event.id, origin=event.origin, reason=reason, text=text, shown=shown)
    return [answer(ledger, keys, owed, said)]


def _take_back(ledger: Ledger, owed: Debt) -> str:
    """A hosted room has shown a message that its network will never have: then it is not in the room either. Its key,
    or nothing."""
    source, message = ledger.directory.chat_by_id(owed.source), ledger.message(owed.message)
    link = ledger.directory.link_of(owed.source)
    if source is None or source.kind != HOSTED or owed.kind != "message" or message is None:
        return ""
    if link is None or len(link.endpoints) > 2:
        return ""  # it has arrived elsewhere
    if message.retracted is None:
        ledger.change_message(replace(message, retracted=owed.event))
    return owed.key


def answer(ledger: Ledger, keys: Keys, owed: Debt, said: Answer) -> Debt:
    """Owe the author an answer: a delivery in the chat where they wrote."""
    return owe(ledger, keys, said, chat=owed.source, account=owed.reporter, message=owed.message)


def owe(
    ledger: Ledger,
    keys: Keys,
    said: Answer | codec.Notice | codec.Invitation,
    *,
    chat: int,
    account: int,
    message: int | None,
) -> Debt:
    """Journal something of our own for one chat; `message` is what it is about, None: itself."""
    identity, chat = ledger.next_id(), ledger.directory.current(chat)
    entry = Entry(
        identity, chat, f"ours:{identity}", codec.KIND_OF[type(said)], message or identity, None, account, "", "",
        keys.of_event(identity), codec.encode(said), ledger.now(),
    )  # fmt: skip
    ledger.add_event(entry)
    ledger.owed.add(chat, identity, account)
    return debt(entry, chat, account, said=said)
