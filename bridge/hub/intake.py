"""Intake: an event becomes rows. Resolve, judge and journal are one synchronous function in the group's transaction.

Each kind of event has its function, in the file of its feature; `KINDS` is the table. What is journaled
(`bridge.hub.journaling`) gives `Debt`s, one for each chat that it is owed to (`bridge.hub.owing`), which go to the
lanes after the commit; what is turned away gives an answer for its author, if the author can be told.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct, json

from bridge.contract import Action, Authored, Event, Fail, NetworkId
from bridge.hub import keys
from bridge.hub.breaker import Breaker
from bridge.hub.facades import Home, RoomNews
from bridge.hub.judge import Ruling, Verdict
from bridge.store.ledger import Ledger
from bridge.store.rows import Chat, Debt
from bridge.store.writer import Needs, Telling


class Source(Struct, frozen=True):
    """Where an event comes from."""

    network: NetworkId
    account: int
    user: str  # whose account it is; empty for the operator's
    me: str
    scope: str
    unique_ids: bool = True
    personas: bool = False
    reflects: bool = True
    echoes: bool = True
    sees_itself: bool = True
    first: bool = False  # it is of an account that has never caught up yet
    behind: float = 0.0  # it comes after a long outage that began then; 0: it does not


@dataclass(slots=True)
class Outcome:
    """What became of an event."""

    ruling: Ruling
    why: str = ""
    debts: list[Debt] = field(default_factory=list)
    answer: Action | None = None  # for the source session, at once
    reread: list[int] = field(default_factory=list)  # chats whose lanes must begin anew
    gone: list[int] = field(default_factory=list)  # chats that are now another one
    news: list[RoomNews] = field(default_factory=list)  # what the rooms' people are to hear
    unread: list[Chat] = field(default_factory=list)  # XMPP chats where something that was said is not shown
    listed: list[tuple[str, NetworkId]] = field(default_factory=list)  # users who have other contacts or rooms there
    command: bool = False  # a command that was said in a room, and is to be carried out (`bridge.hub.consent`)


@dataclass(frozen=True, slots=True)
class Context:
    """What intake knows besides the database."""

    keys: keys.Keys
    home: Home | None  # None where there is no XMPP (tests of the hub alone)
    home_account: int
    names: dict[NetworkId, str]  # of the networks, for sentences
    chosen: Callable[[str, NetworkId, str, str], str]  # `Choices.of`
    opens: Callable[[str], float]  # a user begins a direct chat now: 0.0, or how long that has to wait
    opted_out: Callable[[str, str], bool]  # `OptOuts.opted_out`
    guest: Callable[[str, NetworkId], str]  # who a user is as a guest (`GuestBook.me`)
    appoint: Callable[[Ledger, str, NetworkId], int | None]  # `GuestBook.appoint`
    breaker: Breaker


class Accept:
    """The job that journals one event."""

    def __init__(
        self,
        context: Context,
        source: Source,
        event: Event,
        done: Callable[["Accept", Outcome | Exception], Telling | None],
    ) -> None:
        self.context = context
        self.source = source
        self.event = event  # as it is journaled: whole sets of reactions, for one
        self.done = done
        self.position: int | None = None  # of what was fetched: its place in archives; it is owed to nobody
        self.stays = False  # it goes to nothing but rooms on XMPP that show the same room
        self._reported = event
        self._own_id = ""

    def wants(self, ledger: Ledger, needs: Needs) -> None:
        event, source = self._reported, self.source
        self.event = event  # an attempt that was undone may have changed it
        if not isinstance(event, Authored):
            return
        chat = ledger.directory.chat(source.network, source.scope, event.chat)
        if chat is None:
            return
        needs.copies.add((chat.id, event.id))
        if event.key is not None:
            needs.keys.add(keys.split(event.key)[0])
            return
        target = getattr(event, "target", None)
        if target is not None:
            needs.copies.add((chat.id, target))

    @property
    def own_id(self) -> str:
        """The event's id of its own. Ids that clients choose repeat over the years, so there it is who said what."""
        event = self.event
        assert isinstance(event, Authored)
        if self.source.unique_ids:
            return event.id
        self._own_id = self._own_id or self._fingerprint(self._reported)  # what is journaled may be another one
        return self._own_id

    def _fingerprint(self, event: Event) -> str:
        assert isinstance(event, Authored)
        content = [getattr(event, name, None) for name in ("message", "target", "reactions")]
        return hashlib.sha256(json.encode((event.sender.id, event.id, content))).hexdigest()[:40]

    def apply(self, ledger: Ledger) -> Outcome:
        return KINDS[type(self.event)](self, ledger)

    def finished(self, result: Any) -> Telling | None:
        return self.done(self, result)

    def failed(self, error: Exception) -> None:
        self.done(self, error)


def turned_away(accept: Accept, verdict: Verdict) -> Outcome:
    """Not journaled; the author hears why, where there is a way to tell."""
    event = accept.event
    outcome = Outcome(verdict.ruling, verdict.why)
    if verdict.ruling is Ruling.REFUSE and isinstance(event, Authored) and event.origin:
        outcome.answer = Fail(
            chat=event.chat, key="-", target=event.id, origin=event.origin, reason=verdict.reason, text=verdict.text
        )
    return outcome


Journals = Callable[[Accept, Ledger], Outcome]
# Filled by `bridge.hub.hub` from the feature files: one function per kind of event.
KINDS: dict[type[Any], Journals] = {}
