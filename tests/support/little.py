"""A little network in the test's own process, for tests that look at the hub from both sides at once.

What has to outlive the hub, or to be a process of its own, uses `bridge.testing`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bridge.contract import (
    Account,
    Action,
    Capabilities,
    ChatId,
    Confirm,
    Contact,
    ContactId,
    Credentials,
    CursorMoved,
    Directory,
    Edit,
    Event,
    Fail,
    File,
    Flow,
    Guests,
    History,
    Live,
    Media,
    Membership,
    MessageId,
    Occupant,
    Rank,
    React,
    Receipt,
    Refused,
    Retract,
    Send,
    Workspace,
)
from bridge.contract.unasked import Unchecked

ALL = frozenset({Send, Edit, Retract, React, Confirm, Fail})


@dataclass
class LittleNetwork(Unchecked):
    """Connector and network in one. `done` are the actions performed, in order."""

    id: str
    can: Capabilities = field(default_factory=lambda: Capabilities(actions=ALL, idempotent=True))
    rooms: Capabilities | None = None  # of chats whose name has no space, if that is another thing
    done: list[tuple[int, Action]] = field(default_factory=list)
    opened: dict[str, ChatId] = field(default_factory=dict)
    raises: Callable[[Action], Exception | None] = lambda action: None
    loses: Callable[[Action], Exception | None] = lambda action: None  # after it is done
    held: dict[str, asyncio.Event] = field(default_factory=dict)  # by chat: actions there are done, and answered then
    parts: Callable[[Action], Sequence[Action]] = lambda action: [action]
    unknown: set[str] = field(default_factory=set)  # people who do not exist
    events: dict[int, asyncio.Queue[Event]] = field(default_factory=dict)  # by account
    kept: dict[int, list[Event | Exception]] = field(default_factory=dict)  # by account: what comes before `Live`
    occupants: dict[str, list[Occupant]] = field(default_factory=dict)  # by chat
    directory: Directory | None = None
    history: dict[tuple[int, str], list[Sequence[Any] | Exception]] = field(default_factory=dict)
    asked: list[tuple[int, str | None, str | None]] = field(default_factory=list)  # for it: account, before, cursor
    journaled: list[str] = field(default_factory=list)
    files: dict[str, bytes | Exception] = field(default_factory=dict)  # by reference
    fetched: list[str] = field(default_factory=list)  # references of files, in the order in which they were asked for
    gate: asyncio.Event | None = None  # files come when it is set; None: at once
    published: list[bytes] = field(default_factory=list)
    fetching: int = 0  # files that are asked for and have not come
    scopes: Mapping[int, str] = field(default_factory=dict)
    refuses_connections: Exception | None = None
    flows: Sequence[Flow] = ()
    options: Mapping[str, type] = field(default_factory=dict)
    guests: Guests | None = None
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def name(self) -> str:
        return self.id.upper()

    def operator(self, options: Mapping[str, Any]) -> Credentials | None:
        return None

    def localpart(self, contact: ContactId) -> str:
        return contact

    def contact(self, localpart: str) -> ContactId | None:
        return ContactId(localpart)

    async def login(self, flow: Flow, ask: Any, workspace: Workspace) -> Credentials:
        raise NotImplementedError("nobody logs in here")

    async def log_out(self, account: Account, workspace: Workspace) -> None: ...

    @asynccontextmanager
    async def connect(self, account: Account, workspace: Workspace) -> AsyncIterator["LittleSession"]:
        if self.refuses_connections is not None:
            raise self.refuses_connections
        yield LittleSession(self, account)

    def queue(self, account: int) -> asyncio.Queue[Event]:
        return self.events.setdefault(account, asyncio.Queue())

    def report(self, account: int, *events: Event) -> None:
        for event in events:
            self.queue(account).put_nowait(event)

    async def until(self, number: int, kind: type[Action] = Action) -> list[Any]:
        """The actions of `kind`, as soon as there are `number`; raises TimeoutError with what there is."""
        async with self.changed:
            try:
                await asyncio.wait_for(self.changed.wait_for(lambda: len(self.actions(kind)) >= number), 60)
            except TimeoutError:
                raise TimeoutError(f"{len(self.actions(kind))} of {number}: {self.done}") from None
        return self.actions(kind)

    def actions(self, kind: type[Action] = Action) -> list[Any]:
        return [action for _, action in self.done if isinstance(action, kind)]


@dataclass
class LittleSession:
    net: LittleNetwork
    account: Account

    @property
    def me(self) -> Contact:
        return Contact(self.account.me)

    @property
    def directory(self) -> Directory | None:
        return self.net.directory

    def scope(self, chat: ChatId) -> str:
        return self.net.scopes.get(self.account.id, "")

    def capabilities(self, chat: ChatId) -> Capabilities:
        return self.net.rooms if self.net.rooms is not None and " " not in chat else self.net.can

    async def events(self, cursor: str | None) -> AsyncIterator[Event]:
        kept = self.net.kept.get(self.account.id, [])
        while kept:
            event = kept.pop(0)
            if isinstance(event, Exception):
                raise event
            yield event
        yield Live()
        queue = self.net.queue(self.account.id)
        number = 0
        while True:
            event = await queue.get()
            if isinstance(event, Exception):
                raise event
            yield event
            number += 1
            yield CursorMoved(str(number))

    def journaled(self, cursor: str) -> None:
        self.net.journaled.append(cursor)

    def parts(self, action: Action) -> Sequence[Action]:
        return self.net.parts(action)

    async def turn(self, action: Action) -> None:
        """There is no need to wait."""

    async def perform(self, action: Action) -> Receipt:
        error = self.net.raises(action)
        if error is not None:
            raise error
        async with self.net.changed:
            self.net.done.append((self.account.id, action))
            self.net.changed.notify_all()
            number = len(self.net.done)
        if action.chat in self.net.held:
            await self.net.held[action.chat].wait()
        lost = self.net.loses(action)
        if lost is not None:
            raise lost
        id = f"{self.net.id}-{number}"
        if isinstance(action, React):
            stands = dict(action.before)
            now = ((one, stands.get(one, MessageId(f"{id}-{one}"))) for one in action.reactions)
            return Receipt(reactions=tuple(now))
        return Receipt((action.own_id or MessageId(id),))

    @asynccontextmanager
    async def open_media(self, media: Media, limit: int) -> AsyncIterator[AsyncIterator[bytes]]:
        self.net.fetched.append(media.reference)
        self.net.fetching += 1
        try:
            if self.net.gate is not None:
                await self.net.gate.wait()
            found = self.net.files[media.reference]
            if isinstance(found, Exception):
                raise found
            yield _once(found)
        finally:
            self.net.fetching -= 1

    async def publish(self, chat: ChatId, media: Media, file: File) -> str:
        self.net.published.append((await file.kept()).path.read_bytes())
        return f"{self.net.id}-file-{len(self.net.published)}"

    async def direct(self, contact: ContactId, key: str) -> ChatId:
        if contact in self.net.unknown:
            raise Refused("There is no such person.")
        return self.net.opened.setdefault(contact, ChatId(f"direct-{contact}"))

    async def occupants(self, chat: ChatId, membership: Membership = Membership.JOINED) -> Sequence[Occupant]:
        return self.net.occupants.get(chat, [])

    async def obstacles(self, chat: ChatId) -> Sequence[str]:
        return ()

    async def rank(self, chat: ChatId, contact: ContactId) -> Rank | None:
        found = await self.occupants(chat)
        return next((one.rank or Rank.MEMBER for one in found if one.contact.id == contact), None)

    async def history(self, chat: ChatId, before: MessageId | None, cursor: str | None) -> History:
        """Pages by (account, chat), the newest first; an exception is raised, and so it stays until it is taken out."""
        self.net.asked.append((self.account.id, before, cursor))
        if self.net.gate is not None:
            await self.net.gate.wait()
        pages = self.net.history.get((self.account.id, chat), [])
        number = int(cursor) if cursor is not None else 0
        if number >= len(pages):
            return History((), None)
        page = pages[number]
        if isinstance(page, Exception):
            raise page
        return History(page, str(number + 1) if number + 1 < len(pages) else None)

    async def contacts(self) -> Sequence[Contact]:
        return []


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
