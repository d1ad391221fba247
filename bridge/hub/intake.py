"""Intake: an event becomes rows. Resolve, judge and journal are one synchronous function in the group's transaction.

Each kind of event has its function, in the file of its feature; `KINDS` is the table. What is journaled gives `Debt`s,
which go to the lanes after the commit; what is turned away gives an answer for its author, if the author can be told.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct, json

from bridge.contract import (
    Action,
    Authored,
    Event,
    Fail,
    NetworkId,
)
from bridge.hub import codec, keys
from bridge.hub.breaker import Breaker
from bridge.hub.choices import ACCOUNT
from bridge.hub.facades import HOME, Home, RoomNews
from bridge.hub.judge import Ruling, Verdict
from bridge.hub.passing import goes, halted, is_own, is_private, open_ends, others, pass_on, reads, unwilling
from bridge.store import backlogs
from bridge.store.backlogs import Backlog
from bridge.store.ledger import Ledger
from bridge.store.rooms import HOSTED
from bridge.store.rows import Chat, Copy, Debt, Endpoint, Entry, Link
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
    listed: list[str] = field(default_factory=list)  # users who have other contacts and rooms now
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


def echoed(ledger: Ledger, source: Source, chat: Chat, event: Authored) -> Entry | None:
    """The journaled event of which this one is our own copy."""
    if event.key is None:
        return None
    ours = source.personas or event.sender.id in ledger.directory.accounts.ours(source.network)
    entry = ledger.entry_by_key(keys.split(event.key)[0]) if ours else None
    if entry is None:
        return None
    link = ledger.directory.link_of(entry.chat)
    if link is not None and any(e.chat.id == chat.id for e in link.endpoints):
        return entry
    return entry if ledger.owed.state(chat.id, entry.id) is not None else None  # it was linked when this was written


def alias_copy(chat: int, native: str, message: int, part: int) -> Copy:
    """The other name of a part (`Authored.alias`): less than -1, and of the version that the message began with, which
    no edit or reaction is."""
    return Copy(chat, native, message, -2 - part, message)


def note_echo(accept: Accept, ledger: Ledger, chat: Chat, event: Authored, entry: Entry) -> Outcome:
    """What we did has arrived: remember what it is called there. The lane sees the copy and closes the delivery."""
    assert event.key is not None
    part = keys.split(event.key)[1]
    part = part if entry.kind == "message" else -1 - part
    if ledger.copy(chat.id, event.id) is None:
        ledger.add_copy(Copy(chat.id, event.id, entry.message, part, entry.id))
        if event.alias is not None and part >= 0:
            ledger.add_copy(alias_copy(chat.id, event.alias, entry.message, part))
    outcome = Outcome(Ruling.ECHO)
    ends = own_ends(accept, ledger, chat, entry.chat)
    if ends and ledger.owed.state(chat.id, entry.id) is None:
        outcome.debts += pass_on(ledger, chat.id, entry.id, entry.kind, entry.message, ends)
    return outcome


def own_ends(accept: Accept, ledger: Ledger, chat: Chat, source: int) -> list[Endpoint]:
    """The chats on XMPP of whose account reports something that was written in `source`, if they are not the only one
    in the link: then it may have been journaled before they could have it."""
    ends = others(ledger.directory.link_of(chat.id), source)
    return [end for end in ends if end.chat.owner == accept.source.user]


def owed_to(accept: Accept, ledger: Ledger, chat: Chat, link: Link) -> list[tuple[int, int]]:
    """Who performs an event of `chat` where: (chat, account). A chat that does not reflect is among them, but only if
    the event gets anywhere else. What is written in a direct chat reaches others of our users when its network has
    taken it (`bridge.hub.passing`)."""
    found: list[tuple[int, int]] = []
    if accept.position is not None:
        return found
    elsewhere = False
    stopped = held_back(accept, chat, link)
    ways = {endpoint.chat.id: endpoint.direction for endpoint in link.endpoints}
    source = next((endpoint for endpoint in link.endpoints if endpoint.chat.id == chat.id), None)
    for endpoint in open_ends(link, chat.id):
        here = endpoint.chat.id == chat.id
        if source is not None and not goes(source.room, endpoint.room, ways, stays=accept.stays):
            continue
        if here and accept.source.reflects:
            continue
        if is_private(endpoint.chat) and not here and not reads(ledger, endpoint.chat, chat):
            continue
        if is_private(chat) and not here and endpoint.chat.network == HOME:
            continue
        account = speaker(accept, ledger, endpoint.chat, endpoint.account)
        if account is None:
            continue
        if (stopped or _unwilling(accept, endpoint.chat)) and not is_own(ledger, chat, endpoint.chat, account):
            continue
        found.append((endpoint.chat.id, account))
        elsewhere = elsewhere or not here
    return found if elsewhere else []


def refuses(accept: Accept, link: Link, owed: Sequence[tuple[int, int]]) -> str:
    """Who has opted out, where an event is owed to nobody because of that: "author", "addressee"; empty: it is not."""
    if owed or accept.position is not None:
        return ""
    return next(filter(None, (_unwilling(accept, endpoint.chat) for endpoint in link.endpoints)), "")


def held_back(accept: Accept, chat: Chat, link: Link) -> str:
    """`bridge.hub.passing.halted`; what was fetched is not."""
    assert isinstance(accept.event, Authored)
    return halted(link, chat.id, accept.event.provenance) if accept.position is None else ""


def _unwilling(accept: Accept, there: Chat) -> str:
    event = accept.event
    assert isinstance(event, Authored)
    return unwilling(accept.context.opted_out, event, (accept.source.network, event.sender.id), there)


def journal(
    accept: Accept,
    ledger: Ledger,
    chat: Chat,
    link: Link,
    owed: Sequence[tuple[int, int]],
    *,
    message: int | None,
    reply: int | None,
) -> tuple[Entry, list[Debt]]:
    """Write the event and its deliveries: `owed_to`, less the rooms that only keep it. `message` None: a new one."""
    event, source = accept.event, accept.source
    assert isinstance(event, Authored)
    identity = ledger.next_id()
    if source.unique_ids:
        key = accept.context.keys.of_source(source.network, source.scope, event.chat, event.id)
    else:
        key = accept.context.keys.of_event(identity)
    kind = codec.KIND_OF[type(event)]
    body = codec.encode(event)
    now = ledger.now()
    entry = Entry(
        identity, chat.id, accept.own_id, kind, message or identity, reply, source.account,
        source.network, event.sender.id, key, body, now,
    )  # fmt: skip
    rooms = _keeping(accept, chat, link, owed)
    ledger.add_event(entry, rooms, min(event.at, now), accept.position)
    if accept.position is not None:
        for room in rooms:  # it is called so there, though nobody is told
            ledger.add_copy(Copy(room, key, entry.message, 0 if kind == "message" else -1, identity))
        return entry, []
    if not source.reflects:
        ledger.add_copy(Copy(chat.id, key, entry.message, -1, identity))  # people name it by what we show it under
    debts = []
    keeping = _only_keeping(accept, ledger, entry, rooms)
    for where, account in owed:
        if where not in keeping:
            ledger.owed.add(where, identity, account)
            debts.append(debt(entry, where, account, meant=chat.contact, said=event))
    return entry, debts


def _keeping(accept: Accept, chat: Chat, link: Link, owed: Sequence[tuple[int, int]]) -> list[int]:
    """Hosted rooms in whose archives an event of `chat` is: those that it is owed to; what was fetched is of the one
    that shows `chat`."""
    heard, fetched = {where for where, _ in owed}, accept.position is not None
    rooms = (endpoint.chat for endpoint in link.endpoints if endpoint.chat.kind == HOSTED)
    return [room.id for room in rooms if (room.shows == chat.id if fetched else room.id in heard)]


def _only_keeping(accept: Accept, ledger: Ledger, entry: Entry, rooms: Sequence[int]) -> set[int]:
    """Those of `rooms` that do not show an event because it comes after a long outage (`bridge.hub.backlogs`). They
    call a message by its key all the same, and show what changes one that they have shown."""
    found: set[int] = set()
    begun = accept.source.behind
    if not begun:
        return found
    assert isinstance(accept.event, Authored)
    at = min(max(accept.event.at, begun), entry.at)
    for room in rooms:
        if entry.kind == "message":
            backlogs.note(ledger.connection, Backlog(room, entry.id, 1, at, at))
            ledger.add_copy(Copy(room, entry.key, entry.message, 0, entry.id))
            found.add(room)
        elif (known := backlogs.of(ledger.connection, room)) is not None and entry.message >= known.event:
            found.add(room)
    return found


def debt(entry: Entry, chat: int, account: int, *, meant: str = "", said: codec.Journaled | None = None) -> Debt:
    """A delivery that has just been journaled, as its lane will hold it; `said` is what the entry's body reads."""
    return Debt(
        chat, entry.id, account, entry.kind, entry.message, entry.reply, entry.chat, entry.network, entry.author,
        entry.key, entry.body, entry.id, None, None, entry.at, entry.account, meant=meant, said=said,
    )  # fmt: skip


def speaker(accept: Accept, ledger: Ledger, chat: Chat, relay: int | None) -> int | None:
    """Who performs for the author there: an account of their own that is in the chat, else the endpoint's relay."""
    event, directory = accept.event, ledger.directory
    assert isinstance(event, Authored)
    if chat.network == HOME:
        return accept.context.home_account
    if accept.source.network == HOME:
        present = directory.accounts.in_chat(chat.id)
        item = event.chat.rpartition(" ")[2]
        mine = preferred(accept.context, ledger, event.sender.id, NetworkId(chat.network), item)
        own = next((a for a in mine if a in present), None)
        if own is not None:
            return own
    if accept.source.network == chat.network:
        own = directory.accounts.ours(chat.network).get(event.sender.id)
        if own is not None and own in directory.accounts.in_chat(chat.id):
            return own
    return relay


def preferred(context: Context, ledger: Ledger, user: str, network: NetworkId, item: str) -> list[int]:
    """The accounts of a user that are logged in: the one that they have chosen for a chat first, then their own, the
    oldest first."""
    accounts, wanted = ledger.directory.accounts, wished(context, ledger, user, network, item)
    mine = accounts.of_user(user, network)
    guest = context.guest(user, network) if len(mine) > 1 else ""
    return sorted(mine, key=lambda account: (account != wanted, guest != "" and accounts.me(account) == guest))


def wished(context: Context, ledger: Ledger, user: str, network: NetworkId, item: str) -> int | None:
    """Which of several accounts that are logged in a user has chosen for a chat; None: none."""
    accounts = ledger.directory.accounts
    mine = accounts.of_user(user, network)
    me = context.chosen(user, network, ACCOUNT, item) if len(mine) > 1 else ""
    return next((account for account in mine if accounts.me(account) == me), None) if me else None


def turned_away(accept: Accept, verdict: Verdict) -> Outcome:
    """Not journaled; the author hears why, where there is a way to tell."""
    event = accept.event
    outcome = Outcome(verdict.ruling, verdict.why)
    if verdict.ruling is Ruling.REFUSE and isinstance(event, Authored) and event.origin:
        outcome.answer = Fail(
            chat=event.chat, key="-", target=event.id, origin=event.origin, reason=verdict.reason, text=verdict.text
        )
    return outcome


# Filled by `bridge.hub.hub` from the feature files: one function per kind of event.
KINDS: dict[type[Any], Callable[[Accept, Ledger], Outcome]] = {}
