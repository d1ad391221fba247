"""An account on a memory network, connected: a session as the contract wants it, over a real wire."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from bridge import contract
from bridge.contract import (
    Account,
    Action,
    Capabilities,
    ChatId,
    Confirm,
    Contact,
    ContactId,
    CursorMoved,
    Directory,
    Event,
    Fail,
    File,
    History,
    Listed,
    Listing,
    Live,
    LoggedOut,
    Media,
    Membership,
    MessageId,
    Occupant,
    Rank,
    React,
    Reason,
    Receipt,
    Refused,
    Retract,
    Unavailable,
    Unconfirmed,
    Unparsable,
)
from bridge.contract.unasked import Unasked
from bridge.testing import performs, wire
from bridge.testing.client import Client, Gone, error_of
from bridge.testing.doings import abilities
from bridge.testing.parts import parts_of
from bridge.testing.performs import Ask
from bridge.testing.wire import Happened, Welcome

T = TypeVar("T")
AuthoredEvent = (
    contract.MessageReceived | contract.MessageEdited | contract.MessageRetracted | contract.ReactionsChanged
)
_AT_ONCE = 65_536  # bytes read at once
_line = msgspec.json.Decoder(Happened).decode
_bodies = {kind.__name__: msgspec.json.Decoder(kind).decode for kind in contract.Event.__args__}


class MemorySession(Unasked):
    """Two connections: one that performs, and one that reads events while somebody does."""

    def __init__(self, socket: Path, account: Account, client: Client, welcome: Welcome) -> None:
        self.me = Contact(ContactId(welcome.me), welcome.name)
        self._socket = socket
        self._account = account
        self._client = client
        self._traits = welcome.traits
        finds = welcome.traits.finds and not welcome.traits.fence
        self.directory: Directory | None = _Directory(self._asked) if finds else None
        self._abilities = abilities(welcome.traits, relay=welcome.relay)
        self._opening = asyncio.Lock()
        self._unfenced: list[asyncio.Future[None]] = []
        self._fencing = False
        self._acknowledging: asyncio.StreamWriter | None = None
        self._reached: str | None = None  # to be acknowledged at the next turn of the loop

    def scope(self, chat: ChatId) -> str:
        return ""

    def capabilities(self, chat: ChatId) -> Capabilities:
        return self._abilities

    async def events(self, cursor: str | None) -> AsyncIterator[Event]:
        try:
            reader, writer = await asyncio.open_unix_connection(self._socket)
        except OSError as error:
            raise Unavailable("The network cannot be reached.") from error
        try:
            writer.write(wire.line(opening(self._account, events=True, cursor=cursor)))
            _accepted(await _read_line(reader))
            self._acknowledging = writer
            rest = b""
            while data := await _read(reader):
                *lines, rest = (rest + data).split(b"\n")
                reached = 0
                for one in lines:
                    happened = _line(one)
                    reached = max(reached, happened.n)
                    if happened.kind == "Live":
                        yield CursorMoved(str(happened.n))
                    yield self._event(happened)
                if lines:
                    yield CursorMoved(str(reached))
            raise Unavailable("The network ended the connection.")
        finally:
            self._acknowledging = None
            writer.close()

    def journaled(self, cursor: str) -> None:
        if self._reached is None:
            asyncio.get_running_loop().call_soon(self._acknowledge)
        self._reached = cursor

    def _acknowledge(self) -> None:
        """The last of those that became durable together."""
        cursor, self._reached = self._reached, None
        if self._acknowledging is not None and cursor is not None:
            self._acknowledging.write(wire.line(wire.Journaled(cursor)))

    def parts(self, action: Action) -> Sequence[Action]:
        return parts_of(action, self._traits.longest)

    async def turn(self, action: Action) -> None:
        """There is no need to wait."""

    async def perform(self, action: Action) -> Receipt:
        if type(action) not in self._abilities.actions:
            raise Refused("This network cannot do that.", Reason.UNSUPPORTED)
        ask = performs.ASKS[type(action)](action=action)
        client = await self._connected()
        try:
            if not self._traits.fence:
                return await self._answered(client, action, ask)
            client.tell(ask)
            await self._fence(client)
        except Gone:
            raise Unconfirmed("The network ended the connection before it answered.") from None
        return _own_receipt(action)

    @asynccontextmanager
    async def open_media(self, media: Media, limit: int) -> AsyncIterator[AsyncIterator[bytes]]:
        client = await self._connected()
        try:
            data = await client.ask(wire.GetFile(media.reference), bytes)
        except Gone:
            raise Unavailable("The network ended the connection before it answered.") from None
        if len(data) > limit:
            raise Refused(f"The file has more than {limit} bytes.", Reason.RESOURCE)
        yield _pieces(data)

    async def publish(self, chat: ChatId, media: Media, file: File) -> str:
        kept = await file.kept()
        data = await asyncio.to_thread(kept.path.read_bytes)  # files here are small
        client = await self._connected()
        try:
            return await client.ask(wire.PutFile(name=media.name, mime=kept.media.mime, data=data), str)
        except Gone:
            raise Unconfirmed("The network ended the connection before it answered.") from None

    async def direct(self, contact: ContactId, key: str) -> ChatId:
        client = await self._connected()
        try:
            return ChatId(await client.ask(wire.Direct(contact, key), str))
        except Gone:
            raise Unconfirmed("The network ended the connection before it answered.") from None

    async def contacts(self) -> Sequence[Contact]:
        return await self._asked(wire.Contacts(), list[Contact])

    async def occupants(self, chat: ChatId, membership: Membership = Membership.JOINED) -> Sequence[Occupant]:
        return await self._asked(wire.Occupants(chat, membership), list[Occupant])

    async def _asked(self, ask: Ask, kind: type[T]) -> T:
        client = await self._connected()
        try:
            return await client.ask(ask, kind)
        except Gone:
            raise Unavailable("The network ended the connection before it answered.") from None

    async def rank(self, chat: ChatId, contact: ContactId) -> Rank | None:
        found = (one for one in await self.occupants(chat) if one.contact.id == contact)
        return next((one.rank or Rank.MEMBER for one in found), None)

    async def history(self, chat: ChatId, before: MessageId | None, cursor: str | None) -> History:
        client = await self._connected()
        try:
            found = await client.ask(wire.GetHistory(chat, before, cursor), wire.Past)
        except Gone:
            raise Unavailable("The network ended the connection before it answered.") from None
        events = [event for line in found.lines if isinstance(event := self._event(line), AuthoredEvent)]
        return History(events, found.older)

    async def close(self) -> None:
        await self._client.close()

    def _event(self, happened: Happened) -> Event:
        """Raises `LoggedOut` when that is what happened."""
        if happened.kind == "Live":
            return Live()
        if happened.kind == "LoggedOut":
            raise LoggedOut("The network no longer accepts this login. Log in again.")
        try:
            event: Event = _bodies[happened.kind](happened.body)
        except (KeyError, msgspec.DecodeError) as error:
            return Unparsable(reason=str(error)[:500], source=happened.by, raw=repr(bytes(happened.body))[:10_000])
        if isinstance(event, AuthoredEvent) and event.key and happened.by == "person" and self._abilities.personas:
            return replace(event, key=None)  # people may write what they like; a key is ours only from our personas
        return event

    async def _answered(self, client: Client, action: Action, ask: Ask) -> Receipt:
        try:
            return msgspec.json.decode(await client.put(ask), type=Receipt)
        except Refused as refusal:
            if action.maybe_done and isinstance(action, Retract) and refusal.reason is Reason.NOT_FOUND:
                return Receipt()  # an earlier attempt has arrived
            raise

    async def _connected(self) -> Client:
        """The connection that performs, opened again if it broke; callers are served in order."""
        if self._client.over or self._opening.locked():
            async with self._opening:
                if self._client.over:
                    self._client, _ = await connected(self._socket, self._account)
        return self._client

    def _fence(self, client: Client) -> "asyncio.Future[None]":
        """Done when everything written so far was taken; many wait for one answer."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unfenced.append(waiting)
        if not self._fencing:
            self._ask_fence(client)
        return waiting

    def _ask_fence(self, client: Client) -> None:
        self._fencing = True
        covered, self._unfenced = self._unfenced, []

        def answered(answer: "asyncio.Future[msgspec.Raw]") -> None:
            self._fencing = False
            for waiting in [w for w in covered if not w.done()]:
                error = answer.exception()
                if error is None:
                    waiting.set_result(None)
                else:
                    waiting.set_exception(error)
            if self._unfenced:
                self._ask_fence(client)

        client.put(wire.Fence()).add_done_callback(answered)


class _Directory:
    """See `bridge.contract.Directory`."""

    def __init__(self, ask: Callable[[Ask, Any], Awaitable[Any]]) -> None:
        self._ask = ask

    async def find(self, typed: str, most: int) -> Sequence[Contact]:
        found: list[Contact] = await self._ask(wire.Find(typed, most), list[Contact])
        return found

    async def profile(self, contact: ContactId) -> Contact | None:
        found: Contact | None = await self._ask(wire.Profile(contact), Contact | None)
        return found

    async def rooms(self, typed: str, where: str, after: str, most: int) -> Listing:
        ask = wire.Rooms(typed=typed, where=where, after=after, most=most)
        found: Listing = await self._ask(ask, Listing)
        return found

    async def spaces(self) -> Sequence[Listed]:
        found: Listing = await self._ask(wire.Rooms(mine=True, most=1_000), Listing)
        return found.rooms

    async def inside(self, space: ChatId, after: str, most: int) -> Listing:
        found: Listing = await self._ask(wire.Rooms(within=space, after=after, most=most), Listing)
        return found


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), _AT_ONCE):
        yield data[start : start + _AT_ONCE]


async def connected(socket: Path, account: Account) -> tuple[Client, Welcome]:
    """A connection for `account`. Raises `Unavailable` or `LoggedOut`."""
    try:
        client = await Client.open(socket)
    except OSError as error:
        raise Unavailable("The network cannot be reached.") from error
    try:
        return client, await client.ask(opening(account), Welcome)
    except Gone:
        raise Unavailable("The network ended the connection.") from None
    except BaseException:
        await client.close()
        raise


def opening(account: Account, *, events: bool = False, cursor: str | None = None) -> Ask:
    """The first line of a connection."""
    token = account.secret.get("token", "")
    return wire.Open(account=account.me, token=token, network=account.network, events=events, cursor=cursor, re=1)


async def _read(reader: asyncio.StreamReader) -> bytes:
    """Empty when the connection ended, however."""
    try:
        return await reader.read(_AT_ONCE)
    except ConnectionError:
        return b""


async def _read_line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readline()
    except ConnectionError:
        return b""


def _accepted(answer: bytes) -> None:
    """Raises what the answer to `Open` says."""
    if not answer.endswith(b"\n"):
        raise Unavailable("The network ended the connection.")
    reply = msgspec.json.decode(answer, type=wire.RawReply)
    if reply.error is not None:
        raise error_of(reply.error)


def _own_receipt(action: Action) -> Receipt:
    """Where nothing is answered, what we do is called as we called it."""
    if isinstance(action, React):
        return Receipt(reactions=tuple((r, MessageId(f"{action.key}.{r}")) for r in action.reactions))
    return Receipt() if isinstance(action, Confirm | Fail) else Receipt((MessageId(action.key),))
