"""Romeo's account on a homeserver in memory, through the real HTTP client; Juliet and others are the homeserver's."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.contract import Account, AccountId, ChatId, Message, NetworkId, Send, Session, Workspace
from bridge.contract.workspace import Answer, Http
from bridge.hub.workspace import PassingMemory
from bridge.testing.conformance.network import Reader, reading
from bridge.web.client import HttpClient
from connectors.matrix import MatrixConnector
from connectors.matrix.patience import Pace
from tests.support.homeserver import Homeserver

NOW = 1_700_000_000.0


@dataclass
class Clock:
    """Time that tests turn."""

    now: float = NOW

    def time(self) -> float:
        return self.now


class Hasty:
    """The real HTTP client with less patience."""

    def __init__(self, http: Http, seconds: float) -> None:
        self._http = http
        self._seconds = seconds

    async def request(self, method: str, url: str, *, timeout: float = 30.0, **more: Any) -> Answer:
        return await self._http.request(method, url, timeout=min(timeout, self._seconds), **more)


@dataclass
class Stage:
    """What a test uses. `restart` forgets all but what is durable."""

    server: Homeserver
    http: Http
    folder: Path
    romeo: str
    juliet: str
    token: str
    clock: Clock = field(default_factory=Clock)
    memory: PassingMemory = field(default_factory=PassingMemory)
    options: dict[str, Any] = field(default_factory=dict)
    pace: Pace = field(default_factory=lambda: Pace(0.01, 0.05, 0.3, 0.0))
    connector: MatrixConnector = field(init=False)

    def __post_init__(self) -> None:
        self.options = {"homeserver": self.server.url}
        self.restart()

    def restart(self) -> None:
        self.connector = MatrixConnector("matrix", self.pace)

    @property
    def workspace(self) -> Workspace:
        log = logging.getLogger("landbridge.matrix")
        return Workspace(AccountId(1), self.options, self.http, self.memory, self.clock, log, self.folder)

    @property
    def account(self) -> Account:
        secret: Mapping[str, str] = {"homeserver": self.server.url, "token": self.token, "since": "0"}
        return Account(AccountId(1), NetworkId("matrix"), "romeo@example.org", self.romeo, secret)  # type: ignore[arg-type]

    def session(self) -> AbstractAsyncContextManager[Session]:
        return self.connector.connect(self.account, self.workspace)

    @asynccontextmanager
    async def reading(self, cursor: str | None = None, *, live: bool = True) -> AsyncIterator[tuple[Session, Reader]]:
        async with self.session() as session, reading(session, cursor, live=live) as reader:
            yield session, reader


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    async with Homeserver() as server:
        romeo, juliet = server.add_user("romeo"), server.add_user("juliet")
        http = HttpClient()
        try:
            yield Stage(server, http, folder, romeo, juliet, server.token(romeo))
        finally:
            await http.close()


def a_send(room: str, text: str = "hello", key: str = "key-1", **more: Any) -> Send:
    return Send(chat=ChatId(room), key=key, message=Message(text), **more)
