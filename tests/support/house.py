"""A hub with little networks around it: XMPP at home, "far" elsewhere."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.contract import (
    AccountId,
    Capabilities,
    ChatId,
    ChatKind,
    ChatSeen,
    Confirm,
    Contact,
    ContactId,
    Fail,
    Invite,
    Message,
    MessageId,
    MessageReceived,
    NetworkId,
    Person,
)
from bridge.hub.hub import Hub, Surroundings
from bridge.hub.limits import Limits
from bridge.hub.lines import ArchiveQuery, Line
from bridge.hub.people import KnownPeople
from bridge.hub.rooms import HostedRooms
from bridge.hub.workspace import Workspaces
from bridge.store import accounts
from bridge.store.database import Database
from bridge.store.secrets import Secrets
from tests.support.asking import HandClock, NoHttp
from tests.support.little import ALL, LittleNetwork

FAR = NetworkId("far")


class PlainHome:
    """How direct chats are called at home: "user contact@network"."""

    def jid(self, network: NetworkId, contact: ContactId | None) -> str:
        return f"{contact or ''}@{network}"

    def room_chat(self, network: NetworkId, name: str) -> ChatId | None:
        return ChatId(f"{name}@{network}")

    def person(self, network: NetworkId, typed: str) -> ContactId | None:
        return ContactId(typed) if typed else None

    def looks(self, nick: str) -> str:
        return nick.casefold()

    def nick(self, contact: Contact, number: int) -> str:
        return f"{contact.name or contact.id} ({number})" if number > 1 else contact.name or contact.id

    def direct_chat(self, user: str, network: NetworkId, contact: ContactId | None) -> ChatId:
        return ChatId(f"{user} {contact or ''}@{network}")


def at_home() -> Capabilities:
    return Capabilities(actions=ALL, idempotent=True, unique_ids=False, personas=True, own_messages=False, window=8)


def in_rooms() -> Capabilities:
    return Capabilities(
        actions=ALL | {Invite}, idempotent=True, unique_ids=False, personas=True, reflects=False, window=32
    )


@dataclass
class House:
    """What a test uses."""

    database: Database
    folder: Path
    limits: Limits = field(default_factory=Limits)
    xmpp: LittleNetwork = field(default_factory=lambda: LittleNetwork("xmpp", at_home(), rooms=in_rooms()))
    far: LittleNetwork = field(
        default_factory=lambda: LittleNetwork(
            "far", Capabilities(actions=ALL - {Confirm, Fail}, idempotent=True, echoes=True)
        )
    )
    clock: Callable[[], float] = time.time
    hub: Hub | None = None
    people: KnownPeople = field(init=False)

    async def start(self) -> Hub:
        secrets = await self.database.write(lambda c: Secrets.for_database(self.folder / "key", c))
        workspaces = Workspaces(self.database, NoHttp(), HandClock(), self.folder, {})
        nets: dict[NetworkId, Any] = {NetworkId("xmpp"): self.xmpp, FAR: self.far}
        self.people = KnownPeople(self.database, ["*"], [])
        self.hub = Hub(
            Surroundings(
                self.database, nets, workspaces, secrets, self.people, PlainHome(),
                self.limits, self.clock,
            )
        )  # fmt: skip
        await self.hub.start()
        return self.hub

    async def stop(self) -> None:
        if self.hub is not None:
            await self.hub.stop()
            self.hub = None

    @property
    def rooms(self) -> HostedRooms:
        assert self.hub is not None
        return self.hub.rooms

    async def said_in(self, room: ChatId, reader: str) -> Sequence[Line]:
        """What somebody reads who comes into a hosted room. Raises `Refused`."""
        assert self.hub is not None
        return (
            await self.hub.archive.page(room, reader, ArchiveQuery(most=100, last=True, stored=True, standing=True))
        ).lines

    async def log_out(self, account: AccountId) -> None:
        """As the desk does it."""
        assert self.hub is not None
        await self.hub.disconnect(account)
        await self.database.write(lambda c: accounts.end_account(c, account))
        await self.hub.rooms.ended(account)

    @property
    def home_account(self) -> int:
        assert self.hub is not None
        return next(seat.account for seat in self.hub.sessions.seats() if seat.network == "xmpp")

    async def account(self, user: str, me: str) -> AccountId:
        """`user` logs in to far as `me`."""
        made = await self.database.write(lambda c: accounts.put_account(c, "far", user, me, me, b""))
        if self.hub is not None:
            await self.hub.connect(AccountId(made))
        return AccountId(made)

    def writes(self, user: str, to: str, text: str, identity: str = "1", **more: Any) -> None:
        """A user sends a message from XMPP."""
        self.xmpp.report(
            self.home_account,
            MessageReceived(
                chat=PlainHome().direct_chat(user, FAR, ContactId(to)),
                id=MessageId(identity),
                sender=Contact(ContactId(user)),
                at=more.pop("at", 1.0),
                addressee=Person(FAR, ContactId(to)),
                origin=f"{user}/app {identity}",
                message=Message(text),
                **more,
            ),
        )

    def direct(self, account: int, chat: str, contact: str) -> None:
        """far tells an account of a direct chat."""
        self.far.report(
            account, ChatSeen(chat=ChatId(chat), kind=ChatKind.DIRECT, contact=Contact(ContactId(contact), contact))
        )

    def says(self, account: int, chat: str, who: str, text: str, identity: str, **more: Any) -> None:
        """Somebody on far says something that an account sees."""
        self.far.report(
            account,
            MessageReceived(
                chat=ChatId(chat), id=MessageId(identity), sender=Contact(ContactId(who), who),
                at=more.pop("at", 1.0), message=Message(text), **more,
            ),
        )  # fmt: skip

    async def settled(self) -> None:
        """What was reported is durable."""
        assert self.hub is not None
        while any(not queue.empty() for queue in (*self.far.events.values(), *self.xmpp.events.values())):
            await asyncio.sleep(0)
        await self.hub.writer.drained()

    async def rows(self, query: str) -> list[Any]:
        return await self.database.read(lambda c: [tuple(row) for row in c.exec_driver_sql(query)])

    async def until_rows(self, query: str, wanted: list[Any]) -> None:
        """Return when the database has these; nothing tells of what is written beside the journal."""
        found: list[Any] = []
        try:
            async with asyncio.timeout(20):
                while (found := await self.rows(query)) != wanted:
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"instead of {wanted}: {found}") from None


@asynccontextmanager
async def house(database: Database, folder: Path, **more: Any) -> AsyncIterator[House]:
    made = House(database, folder, **more)
    try:
        await made.start()
        yield made
    finally:
        await made.stop()
