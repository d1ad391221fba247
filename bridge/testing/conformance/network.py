"""What the suite needs of a network, and how it reads one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from bridge.contract import (
    Account,
    ChatId,
    Connector,
    ConnectorError,
    ContactId,
    CursorMoved,
    Event,
    Live,
    Message,
    MessageId,
    MessageReceived,
    Persona,
    Send,
    Session,
    Workspace,
)

E = TypeVar("E", bound=BaseException)
T = TypeVar("T")
PATIENCE = 20.0  # seconds


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as the other person in the room sees it."""

    id: MessageId
    text: str
    ours: bool  # said by our account, or a persona of it
    edited: bool = False
    reactions: tuple[str, ...] = ()  # ours


@dataclass(frozen=True, slots=True)
class Way:
    """A way to log in, and what to type into the first form that it asks with."""

    flow: str
    right: Mapping[str, str]
    wrong: Mapping[str, str]  # what is refused


class NetworkUnderTest(Protocol):
    """A network with one room: our account is in it, and one other person, who speaks when the suite asks."""

    connector: Connector
    account: Account  # logged in
    workspace: Workspace
    room: ChatId
    somebody: ContactId  # could be written to; has no direct chat with the account yet
    nobody: ContactId  # well-formed, but there is no such person
    ways: Sequence[Way]  # to log in as whomever; what is right is so once, until it is logged out
    elsewhere: Mapping[str, str]  # flows that nobody can only type their way through, and what shows that they work

    async def say(self, text: str) -> MessageId:
        """The other person says something in the room."""
        ...

    async def edit(self, target: MessageId, text: str) -> None: ...
    async def retract(self, target: MessageId) -> None: ...
    async def react(self, target: MessageId, *reactions: str) -> None: ...

    async def shown(self) -> Sequence[Shown]:
        """The room, in order, without what was retracted."""
        ...

    async def told(self) -> Sequence[tuple[str, str]]:
        """What the other person was told of their messages: (message id, reason; empty when it was accepted)."""
        ...

    async def cut(self) -> None:
        """End the account's connections from the network's side; they may be made again."""
        ...


@asynccontextmanager
async def connected(network: NetworkUnderTest) -> AsyncIterator[Session]:
    """A session, as the hub opens it."""
    async with network.connector.connect(network.account, network.workspace) as session:
        yield session


class Reader:
    """Reads events in a task, as the hub does, and keeps them. Made by `reading`."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.error: Exception | None = None  # what ended the reading
        self._more = asyncio.Event()

    @property
    def texts(self) -> list[str]:
        """Of new messages that we did not say."""
        return [e.message.text for e in self.events if isinstance(e, MessageReceived) and e.key is None]

    @property
    def cursor(self) -> str | None:
        return next((e.cursor for e in reversed(self.events) if isinstance(e, CursorMoved)), None)

    def of(self, kind: type[Any]) -> list[Any]:
        return [e for e in self.events if isinstance(e, kind)]

    async def until(self, so: Callable[["Reader"], bool], seconds: float = PATIENCE) -> None:
        """Wait until it is `so`. Raises AssertionError that shows what came instead."""
        try:
            async with asyncio.timeout(seconds):
                while not so(self):
                    assert self.error is None, f"events() ended with {self.error!r} after {self.events[-10:]}"
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            raise AssertionError(f"this did not come; what came last: {self.events[-10:]}") from None

    async def ended(self) -> Exception | None:
        """What ended the reading. Raises AssertionError when nothing does."""
        try:
            async with asyncio.timeout(PATIENCE):
                while self.error is None:
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            raise AssertionError("events() does not notice that the connection has ended") from None
        return self.error

    async def _read(self, session: Session, cursor: str | None) -> None:
        try:
            async with aclosing(session.events(cursor)) as events:  # type: ignore[type-var]
                async for event in events:
                    self.events.append(event)
                    if isinstance(event, CursorMoved):
                        session.journaled(event.cursor)
                    self._more.set()
        except ConnectorError as error:
            self.error = error
        finally:
            self._more.set()


@asynccontextmanager
async def reading(session: Session, cursor: str | None = None, *, live: bool = True) -> AsyncIterator[Reader]:
    """Read `session` from `cursor`; with `live`, from when it has caught up."""
    reader = Reader()
    task = asyncio.create_task(reader._read(session, cursor), name="reader")
    try:
        if live:
            await reader.until(lambda r: bool(r.of(Live)))
        yield reader
    finally:
        task.cancel()
        await asyncio.wait([task])


@asynccontextmanager
async def raises(kind: type[E]) -> AsyncIterator[list[E]]:
    """The block must raise `kind`; the list holds it afterwards."""
    caught: list[E] = []
    try:
        yield caught
    except kind as error:
        caught.append(error)
    assert caught, f"no {kind.__name__} was raised"


async def outcome(call: Awaitable[T]) -> T | ConnectorError:
    """What an action gave, or the error of the contract that it raised; anything else is a bug and goes on."""
    try:
        return await call
    except ConnectorError as error:
        return error


def a_send(network: NetworkUnderTest, key: str, text: str = "hello", persona: Persona | None = None) -> Send:
    """An action as the hub makes it."""
    return Send(chat=network.room, key=f"conformance-{key}", message=Message(text=text), persona=persona)


async def said(session: Session, action: Send) -> tuple[MessageId, ...]:
    """Perform every part; the ids of all of them."""
    ids: list[MessageId] = []
    for part in session.parts(action):
        ids.extend((await session.perform(part)).ids)
    return tuple(ids)


def same(network: NetworkUnderTest, shown: Sequence[Shown], text: str) -> bool:
    """Whether `shown` is the whole of `text`. A network that says so (`trims`) takes the white space around a message
    away; between two messages nobody misses it."""
    texts = "".join(one.text for one in shown)
    return "".join(texts.split()) == "".join(text.split()) if getattr(network, "trims", False) else texts == text


async def ours(network: NetworkUnderTest) -> list[Shown]:
    """Our messages in the room."""
    return [shown for shown in await network.shown() if shown.ours]
