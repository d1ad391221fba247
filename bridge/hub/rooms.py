"""Hosted rooms as the XMPP side asks about them: who may come in, who is there, what is talked about."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from bridge.contract import (
    AccountId,
    Action,
    ChatId,
    ConnectorError,
    ContactId,
    CreateRoom,
    Invite,
    Join,
    Leave,
    Membership,
    MessageId,
    NetworkId,
    Rank,
    Reason,
    Receipt,
    Refused,
    Retract,
    Session,
    SetRoom,
    Target,
    Unavailable,
    Unconfirmed,
)
from bridge.hub import occupants
from bridge.hub.attending import Attending
from bridge.hub.bell import Bell
from bridge.hub.closing import durably
from bridge.hub.facades import Entry, Home, Room, RoomNews, RoomOccupant, Wish
from bridge.hub.keys import Keys
from bridge.hub.quota import Quotas
from bridge.hub.sessions import Sessions
from bridge.store import rooms as store
from bridge.store.database import Database
from bridge.store.ledger import Ledger
from bridge.store.rooms import MemberRow, RoomRow
from bridge.store.writer import Writer

T = TypeVar("T")
log = logging.getLogger(__name__)
_PEOPLE = 5.0  # seconds for the network to say who is in a room; who comes in meanwhile waits for it
_AT_ONCE = 100  # people of a room between two turns of the event loop
_JOINED = 8.0  # seconds for an accepted invitation


class HostedRooms(Attending):
    """The `Rooms` facade, and what the desk needs of rooms."""

    def __init__(
        self,
        database: Database,
        writer: Writer,
        sessions: Sessions,
        keys: Keys,
        home: Home | None,
        small: Callable[[bytes], Awaitable[bytes]],
        quotas: Quotas,
    ) -> None:
        """`small` makes a small PNG of any picture, or raises `Refused` or `Unavailable`."""
        super().__init__(database, writer, keys)
        self._small = small
        self._quotas = quotas
        self._sessions = sessions
        self._home = home
        self._watchers: list[Callable[[RoomNews], None]] = []
        self._asking: dict[int, asyncio.Task[None]] = {}  # by chat
        self._news = Bell()
        self._moved: dict[ChatId, set[ContactId]] = {}  # who, while the people of a room are told

    # What the XMPP side asks

    async def enter(self, room: ChatId, user: str, *, known: bool = False) -> Entry:
        row, member = await self._member(room, user)
        if row.peopled != store.KNOWN:
            await self._ask_people(row, AccountId(member.account), ContactId(member.me))
        people = await self._occupants(row, member.me if known else None)
        now = await self._database.read(lambda c: store.room(c, room))
        outside = await self._outside(row) if not known else None
        return Entry(occupants.room_of_row(now or row), ContactId(member.me), people, outside)

    async def look(self, room: ChatId, reader: str) -> Entry:
        row, member = await self._member(room, reader, comes=False)
        people = await self._occupants(row)
        return Entry(occupants.room_of_row(row), ContactId(member.me), people, await self._outside(row))

    async def describe(self, room: ChatId, reader: str) -> Room | None:
        row = await self._database.read(lambda c: store.room(c, room))
        if row is None:
            return None
        chat, native = row.chat, ChatId(row.native)
        members = await self._database.read(lambda c: store.members(c, chat, reader))
        if not members and not await self._database.read(lambda c: store.invited(c, chat, reader)):
            return None
        seats = (self._sessions.seat(one.account) for one in members)
        can = next((seat.session.capabilities(native) for seat in seats if seat and seat.session), None)
        now = occupants.room_of_row(row)
        if can is None:
            return now
        return replace(now, reactions=can.reactions, allowed_reactions=can.allowed_reactions)

    async def rooms(self, reader: str, network: NetworkId) -> Sequence[Room]:
        rows = await self._database.read(lambda c: store.rooms_of(c, reader, network))
        return [occupants.room_of_row(row) for row in rows]

    async def standing(self, room: ChatId, reader: str, membership: Membership) -> Sequence[RoomOccupant]:
        row, member = await self._member(room, reader)
        known = await self._occupants(row)
        if membership is Membership.JOINED:
            return [one for one in known if one.present]
        nicks = {one.contact: one.nick for one in known}
        self._quotas.ask(reader)
        found = await self._session(member.account).occupants(ChatId(row.native), membership)
        return [
            RoomOccupant(one.contact.id, nicks.get(one.contact.id, ""), one.rank or Rank.MEMBER, present=False)
            for one in found
        ]

    async def change(self, user: str, wish: Wish) -> None:
        row, member = await self._member(wish.chat, user)
        if isinstance(wish, Invite):
            self._quotas.invite(user)
        there = replace(wish, chat=ChatId(row.native), key="-")
        if isinstance(there, SetRoom) and there.avatar:
            there = replace(there, avatar=await self._small(there.avatar))
        if isinstance(there, Retract):
            there = await self._meant(row, there, user)
        for part in self._session(member.account).parts(there):
            await self.perform(member.account, part)

    async def _meant(self, row: RoomRow, action: Retract, user: str) -> Retract:
        """The action about the message as its own network calls it."""
        named = action.target.ids[0]
        ids = await self._database.read(lambda c: store.called_there(c, row.hosted, named, row.chat))
        if not ids:
            raise Refused("This message is not known here, so nothing was changed.", Reason.NOT_FOUND)
        key = self._keys.of_source("removal", row.jid, user, named)
        return replace(action, key=key, target=Target(tuple(MessageId(id) for id in ids)))

    def watch(self, changed: Callable[[RoomNews], None]) -> None:
        self._watchers.append(changed)

    # What the hub and the desk do

    def told(self, news: RoomNews) -> None:
        """Something has been committed."""
        self._news.ring()
        if news.occupant is not None and news.jid in self._moved:
            self._moved[news.jid].add(news.occupant.contact)
        for changed in self._watchers:
            changed(news)

    async def ended(self, account: AccountId) -> None:
        """The account is logged out: its user is out of its rooms here, too."""
        for jid, user in await self._database.read(lambda c: store.lost(c, account)):
            self.told(RoomNews(ChatId(jid), gone=user))

    async def perform(self, account: int, action: Action) -> Receipt:
        """Done at once, on this account's session. Raises the four errors."""
        session = self._session(account)
        if type(action) not in session.capabilities(action.chat).actions:
            raise Refused("This cannot be done on that network yet.", Reason.UNSUPPORTED)
        return await session.perform(action)

    async def join(self, user: str, network: NetworkId, typed: str) -> Room | None:
        """Come into a room, by an account of `user`; None if it is not seen here yet. Raises the four errors."""
        there = await self._database.read(lambda c: store.room(c, typed))
        native = there.native if there is not None and there.network == network else typed
        account = self._account(user, network)
        receipt = await self.perform(account, Join(chat=ChatId(native), key="-"))
        chat = receipt.chat or ChatId(native)
        found = await self._seen(lambda c: store.room_of_account(c, account, chat))
        return occupants.room_of_row(found) if found is not None else None

    async def create(self, user: str, network: NetworkId, wish: CreateRoom, address: str) -> Room | None:
        """Make a room by an account of `user`, to be had here under `address` (what stands before the @); None if it is
        not seen here yet. Raises the four errors; `Refused(NOT_FOUND)` when there is another room of that address, or
        none can have it, and `Refused(POLICY)` when they have made too many."""
        jid = self._home.room_chat(network, address) if self._home is not None else None
        account = self._account(user, network)
        if jid is None or await self._database.read(lambda c: store.room(c, jid)) is not None:
            raise _no_room()
        if self._quotas.openings.take(user):
            text = "You have made very many rooms and chats in the last hour. Wait a while before you make another one."
            raise Refused(text, Reason.POLICY)
        key = self._keys.of_source("making", network, user, address)
        await durably(self._writer, lambda ledger: store.make(ledger.connection, key, jid))
        try:
            await self.perform(account, replace(wish, key=key))
        except Unconfirmed:
            if await self._seen(lambda c: store.room(c, jid)) is None:
                raise
        found = await self._seen(lambda c: store.room(c, jid))
        return occupants.room_of_row(found) if found is not None else None

    async def leave(self, user: str, room: Room) -> None:
        """Every account of `user` leaves it. Raises the four errors."""
        row = await self._database.read(lambda c: store.room(c, room.jid))
        if row is None:
            raise _no_room()
        chat = row.chat
        for member in await self._database.read(lambda c: store.members(c, chat, user)):
            await self.perform(member.account, Leave(chat=ChatId(row.native), key="-"))

    async def close(self) -> None:
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    async def _member(self, room: ChatId, user: str, *, comes: bool = True) -> tuple[RoomRow, MemberRow]:
        """The room and the account of `user` that is in it; who is invited comes in, unless it is only to look."""
        row = await self._database.read(lambda c: store.room(c, room))
        if row is None:
            raise _no_room()
        chat = row.chat
        members = await self._database.read(lambda c: store.members(c, chat, user))
        if not members and comes:
            await self._accept(row, user)
            members = await self._database.read(lambda c: store.members(c, chat, user))
        if not members:
            raise _no_room()
        connected = (one for one in members if (seat := self._sessions.seat(one.account)) and seat.session)
        return row, next(connected, members[0])

    async def _accept(self, row: RoomRow, user: str) -> None:
        """Come into a room that `user` is invited to; returns when the network has reported it."""
        invited = await self._database.read(lambda c: store.invited(c, row.chat, user))
        if not invited:
            return
        account = invited[0]
        await self.perform(account, Join(chat=ChatId(row.native), key="-"))
        await self._seen(lambda c: store.members(c, row.chat, user))

    async def _seen(self, question: Callable[[Any], T | None]) -> T | None:
        """The answer, once there is one; None when that takes too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_JOINED):
                while True:
                    heard = self._news.heard()
                    if found := await self._database.read(question):
                        return found
                    await heard
        return None

    async def _ask_people(self, row: RoomRow, account: AccountId, me: ContactId) -> None:
        """Ask the network who is in the room, once for all who come in meanwhile. If it does not answer soon, whoever
        comes in sees who is known."""
        task = self._asking.get(row.chat)
        if task is None:
            task = self._asking[row.chat] = asyncio.create_task(self._people(row, account))
            task.add_done_callback(lambda _: self._asking.pop(row.chat, None))
        await asyncio.wait({task}, timeout=_PEOPLE)

    async def _people(self, row: RoomRow, account: AccountId) -> None:
        home, chat = self._home, row.chat
        if home is None:
            return
        try:
            # From here on events about people are kept; they are newer than the answer.
            await durably(self._writer, lambda ledger: store.set_peopled(ledger.connection, chat, store.ASKED))
            session, there = self._session(account), ChatId(row.native)
            present = await session.occupants(there)
            outside = [one for kind in store.OUTSIDE for one in await session.occupants(there, Membership(kind))]

            def keep(ledger: Ledger) -> None:
                occupants.put_all(ledger, home, chat, present)
                store.put_outside(ledger.connection, chat, {one.contact.id: str(one.membership) for one in outside})
                store.set_peopled(ledger.connection, chat, store.KNOWN)

            await durably(self._writer, keep)
            await self._tell_people(row)
        except ConnectorError as error:
            log.info("the people of a room are not known chat=%d reason=%s", chat, error.text)
        except Exception:
            log.exception("asking for the people of a room failed chat=%d", chat)

    async def _tell_people(self, row: RoomRow) -> None:
        """Whoever came in before the network answered hears it now; of whom something newer was told, that counts."""
        room = ChatId(row.jid)
        moved = self._moved[room] = set()
        try:
            for number, one in enumerate(await self._occupants(row)):
                if one.contact not in moved:
                    self.told(RoomNews(room, occupant=one))
                if number % _AT_ONCE == _AT_ONCE - 1:
                    await asyncio.sleep(0)
        finally:
            del self._moved[room]

    async def _occupants(self, row: RoomRow, only: str | None = None) -> list[RoomOccupant]:
        """Everybody who is or was in the room; made off the event loop, since they may be tens of thousands. `only`:
        this one, if they were."""

        def read(connection: Any) -> list[RoomOccupant]:
            if only is None:
                rows = store.occupants(connection, row.chat)
            else:
                one = store.occupant(connection, row.chat, only)
                rows = iter([one] if one is not None else [])
            return [occupants.occupant_of(one, row) for one in rows]

        return await self._database.read(read)

    async def _outside(self, row: RoomRow) -> Mapping[ContactId, Membership] | None:
        def read(connection: Any) -> Mapping[ContactId, Membership] | None:
            if store.peopled(connection, row.chat) != store.KNOWN:
                return None
            found = store.outside(connection, row.chat).items()
            return {ContactId(contact): Membership(membership) for contact, membership in found}

        return await self._database.read(read)

    def _account(self, user: str, network: NetworkId) -> int:
        """One that is connected, if there is one. Raises `Refused`."""
        mine = [seat for seat in self._sessions.seats() if (seat.user, seat.network) == (user, network)]
        if not mine:
            raise Refused("You are not logged in. Send `login` first.", Reason.NOT_LOGGED_IN)
        return next((seat.account for seat in mine if seat.session is not None), mine[0].account)

    def _session(self, account: int) -> Session:
        seat = self._sessions.seat(account)
        if seat is None or seat.session is None:
            raise Unavailable((seat.error if seat else "") or "Your account is not connected.")
        return seat.session


def _no_room() -> Refused:
    return Refused("There is no such room here, or you are not in it on its network.", Reason.NOT_FOUND)
