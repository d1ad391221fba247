"""XMPP as the hub sees it: a connector whose one account is the gateways' components."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from bridge.contract import (
    Account,
    ContactId,
    Credentials,
    Dialogue,
    Flow,
    Guests,
    LoginRefused,
    NetworkId,
    Session,
    Workspace,
)
from bridge.contract.unasked import Unchecked
from bridge.hub.facades import Avatar, PresenceOf, RoomNews
from bridge.xmpp.asked import Asked
from bridge.xmpp.chat_commands import ChatCommands
from bridge.xmpp.chats import Addresses, Gateway
from bridge.xmpp.connected import Connected
from bridge.xmpp.features import answerers
from bridge.xmpp.stream import Stream


class XmppNetwork(Unchecked):
    """What `bridge.app` wires: streams, session, and the features that answer questions."""

    id = "xmpp"
    name = "XMPP"
    flows: Sequence[Flow] = ()
    options: Mapping[str, type] = {}
    guests: Guests | None = None

    def __init__(
        self,
        gateways: Sequence[Gateway],
        asked: Asked,
        max_stanza: int,
        version: str = "unknown",
    ) -> None:
        people = asked.people
        self._gateways = gateways
        self._asked = asked
        self._addresses = Addresses(gateways)
        self._max_stanza = max_stanza
        self._chat_commands = ChatCommands(asked.desk)
        self._answerers = answerers(self._addresses, asked, version)
        self._now: Connected | None = None
        people.watch(self._presence_changed)
        asked.rooms.watch(self._room_changed)
        asked.lists.watch(self._listed)
        asked.avatars.watch(self._learned)

    def health(self) -> Mapping[NetworkId, Stream]:
        """The streams as they are now."""
        return self._now.streams if self._now is not None else {}

    def operator(self, options: Mapping[str, Any]) -> Credentials | None:
        return None

    def localpart(self, contact: ContactId) -> str:
        """XMPP people on our own domains (DESIGN §7)."""
        return f"xmpp+{contact.replace('@', '%', 1)}"

    def contact(self, localpart: str) -> ContactId | None:
        if not localpart.startswith("xmpp+"):
            return None
        return ContactId(localpart[5:].replace("%", "@", 1))

    async def login(self, flow: Flow, ask: Dialogue, workspace: Workspace) -> Credentials:
        raise LoginRefused("XMPP people log in to their own server.")

    async def log_out(self, account: Account, workspace: Workspace) -> None: ...

    def connect(self, account: Account, workspace: Workspace) -> AbstractAsyncContextManager[Session]:
        return self._connected(workspace)

    @asynccontextmanager
    async def _connected(self, workspace: Workspace) -> AsyncIterator[Session]:
        connected = self._now = Connected(
            self._gateways, self._addresses, self._asked, self._chat_commands.said, self._answerers, self._max_stanza,
            workspace,
        )  # fmt: skip
        await connected.load()
        tasks = [asyncio.create_task(s.run(), name=f"stream {n}") for n, s in connected.streams.items()]
        try:
            yield connected.session
        finally:
            await connected.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _presence_changed(self, now: PresenceOf) -> None:
        if self._now is not None:
            self._now.presence_changed(now)

    def _room_changed(self, news: RoomNews) -> None:
        if self._now is not None:
            self._now.rooms.changed(news)

    def _learned(self, avatar: Avatar) -> None:
        if self._now is not None:
            self._now.learned(avatar)

    def _listed(self, user: str, network: NetworkId) -> None:
        if self._now is not None:
            self._now.listed(user, network)
