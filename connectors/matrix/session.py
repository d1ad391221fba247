"""One's own Matrix account, connected."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from bridge.contract import (
    Account,
    Action,
    Capabilities,
    ChatId,
    Contact,
    ContactId,
    CursorMoved,
    Event,
    Live,
    LoggedOut,
    MessageId,
    NetworkId,
    Reason,
    Receipt,
    Refused,
    Send,
    Unavailable,
    Workspace,
)
from connectors.matrix import errors, fields, sending, sync, unread
from connectors.matrix.api import Api, path
from connectors.matrix.directs import Directs
from connectors.matrix.discovery import Configured
from connectors.matrix.events import KEY
from connectors.matrix.invitations import Invitations
from connectors.matrix.opening import Opening
from connectors.matrix.rooms import Room, Rooms
from connectors.matrix.sync import Known, Sync

_CAN = Capabilities(actions=frozenset({Send}), window=1, idempotent=True, echoes=True)
_DURABLE = 1_800.0  # seconds for which homeservers surely know transaction ids
_LOOK_BACK = 500  # events among which we look for our key
_AGAIN = 3_600.0  # seconds between two invitations of somebody who has left


def api_of(account: Account, workspace: Workspace) -> Api:
    """The API with an account's token."""
    base = account.secret.get("homeserver", "")
    trusted = Configured.read(workspace.options.get("homeserver")).trusts(base)
    return Api(workspace.http, base, trusted, account.secret.get("token", ""))


@asynccontextmanager
async def connected(account: Account, workspace: Workspace, network: str) -> AsyncIterator["MatrixSession"]:
    """Check the token, load what is needed, and accept invitations while connected."""
    api = api_of(account, workspace)
    try:
        who = (await api.get(path("account", "whoami"))).get("user_id")
        if who != account.me:
            raise LoggedOut(errors.LOGIN_AGAIN)
        directs = Directs(api, account.me)
        await directs.load()
    except Refused as refusal:
        raise Unavailable(refusal.text, lasting=True) from refusal
    memory, clock, log = workspace.memory, workspace.clock, workspace.log
    invitations = Invitations(api, account.me, directs, memory, clock, log)
    rooms = Rooms(api, account.me)
    known = Known(api, account.me, NetworkId(network), rooms, directs, invitations, clock, log)
    session = MatrixSession(known, Opening(api, account.me, rooms, directs, memory))
    if workspace.options.get("accept_direct", True) is not True:
        yield session
        return
    await invitations.load()
    joining = asyncio.create_task(invitations.run(), name=f"invitations of account {account.id}")
    try:
        yield session
    finally:
        joining.cancel()
        await asyncio.gather(joining, return_exceptions=True)


class MatrixSession:
    """Implements `bridge.contract.Session`."""

    def __init__(self, known: Known, opening: Opening) -> None:
        self.me = Contact(known.me)
        self._known = known
        self._opening = opening
        self._sync = Sync(known)
        self._lines: asyncio.Queue[Event] = asyncio.Queue()
        self._invited: dict[str, float] = {}  # when we invited somebody again

    def scope(self, chat: ChatId) -> str:
        """The homeserver, as we reach it: what its accounts report, they report to each other."""
        parts = urlsplit(self._known.api.base)
        return parts.netloc + parts.path

    def capabilities(self, chat: ChatId) -> Capabilities:
        return _CAN

    async def events(self, cursor: str | None) -> AsyncIterator[Event]:
        live = False
        while True:
            answer: Mapping[str, object] = {}
            async for line_or_answer in self._next(cursor, wait=live):
                if isinstance(line_or_answer, Mapping):
                    answer = line_or_answer
                else:
                    yield line_or_answer
            async for event in self._sync.read(answer, cursor):
                yield event
            cursor = fields.string(answer.get("next_batch"))
            yield CursorMoved(cursor)
            if not live:
                live = True
                yield Live()

    async def _next(self, cursor: str | None, *, wait: bool) -> AsyncIterator[Event | Mapping[str, object]]:
        """Lines of our own as they come, and in the end what the homeserver answers."""
        polling = asyncio.ensure_future(self._sync.poll(cursor, wait=wait))
        line: asyncio.Future[Event] | None = None
        try:
            while not polling.done():
                line = asyncio.ensure_future(self._lines.get())
                await asyncio.wait({polling, line}, return_when=asyncio.FIRST_COMPLETED)
                if line.done():
                    yield line.result()
            yield polling.result()
        finally:
            for task in (polling, line):
                if task is not None and not task.done():
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task

    def journaled(self, cursor: str) -> None:
        """The next sync tells the homeserver."""

    def parts(self, action: Action) -> Sequence[Action]:
        return sending.parts(action)

    async def perform(self, action: Action) -> Receipt:
        if not isinstance(action, Send):
            raise Refused("This cannot be done on Matrix yet.", Reason.UNSUPPORTED)
        room = await self._known.rooms.of(action.chat)
        await self._check(room)
        if action.maybe_done and (found := await self._found(room, action)) is not None:
            return Receipt((found,))
        where = path("rooms", room.id, "send", "m.room.message", action.key)
        sent = (await self._known.api.put(where, sending.content(action.message, action.key))).get("event_id")
        if not isinstance(sent, str):
            raise Refused("The homeserver gave no id for the message.", Reason.SERVICE)
        return Receipt((MessageId(sent),))

    async def direct(self, contact: ContactId, key: str) -> ChatId:
        current = self._sync.current.get(contact)
        return ChatId(current) if current is not None else await self._opening.direct(contact, key)

    async def contacts(self) -> Sequence[Contact]:
        found = []
        for contact in list(self._known.directs):
            room = await self._opening.latest(contact)
            found.append(Contact(contact) if room is None else sync.person(room, contact))
        return found

    async def _check(self, room: Room) -> None:
        """Whether what is meant for one person reaches that person, nobody else, and nobody in clear who relies on
        encryption. Raises `Refused`."""
        contact = self._known.directs.contact_of(room.id) or room.meant_direct
        if contact is None:
            raise Refused("This Matrix room is no direct chat, and rooms are not carried yet.", Reason.NOT_ALLOWED)
        if room.encrypted:
            line = unread.line(
                unread.Unread.SENT, ChatId(room.id), sync.person(room, contact), self._known.clock.time()
            )
            self._lines.put_nowait(line)
            raise Refused(unread.REFUSAL, Reason.NOT_ACCEPTABLE)
        if not room.alone_with(self._known.me, contact):
            raise Refused("Other people have come into this Matrix chat, so nothing is sent.", Reason.NOT_ALLOWED)
        if not room.present(contact):
            await self._invite_again(room, contact)

    async def _invite_again(self, room: Room, contact: ContactId) -> None:
        """Who has left is invited with the first message to them, at most once an hour."""
        now = time.monotonic()
        if now - self._invited.get(room.id, -_AGAIN) < _AGAIN:
            raise Refused(f"{contact} has left this chat and has been invited again.", Reason.SERVICE)
        await self._known.api.post(path("rooms", room.id, "invite"), {"user_id": contact})
        self._invited[room.id] = now

    async def _found(self, room: Room, action: Send) -> MessageId | None:
        """The event of an earlier try, where its transaction id may have been forgotten."""
        if action.at is None or self._known.clock.time() - action.at < _DURABLE:
            return None
        query = {"dir": "b", "limit": str(_LOOK_BACK)}
        page = await self._known.api.get(path("rooms", room.id, "messages"), query)
        chunk = page.get("chunk")
        for raw in chunk if isinstance(chunk, list) else ():
            event = fields.mapping(raw)
            id = fields.event_id(event.get("event_id"))
            mine = event.get("sender") == self._known.me
            if mine and id is not None and fields.mapping(event.get("content")).get(KEY) == action.key:
                return MessageId(id)
        return None
