"""The session of a guest: a user who talks by the operator's bot with people whom they have invited.

Their private chats are called as in a bot's own session, and are in a scope of their own, so that one person who talks
with several users has a chat with each.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

from bridge.contract import (
    Account,
    Action,
    Capabilities,
    ChatId,
    ChatKind,
    ChatSeen,
    Contact,
    ContactId,
    CursorMoved,
    Edit,
    Event,
    Live,
    Message,
    MessageReceived,
    Reason,
    Receipt,
    Refused,
    Send,
    Session,
    SetTyping,
    Unavailable,
    Workspace,
)
from connectors.telegram import errors, ids, parts
from connectors.telegram.chats import Chats
from connectors.telegram.operator import words
from connectors.telegram.operator.bot import Bot, keyboard
from connectors.telegram.operator.friends import Friend
from connectors.telegram.operator.lobby import Lobby
from connectors.telegram.sending import Speaker
from connectors.telegram.session import TelegramSession
from connectors.telegram.updates import Reader


@asynccontextmanager
async def connected(account: Account, workspace: Workspace, lobby: Lobby) -> AsyncIterator[Session]:
    """Entering raises `Unavailable`."""
    bot = await lobby.bot()
    chats = Chats(workspace.memory)
    await chats.load()
    for one in chats.people:
        friend = await bot.friends.of(int(one.id))
        key = friend.key(account.user)
        if key is not None and key in friend.unmet:
            bot.introduce(friend, key)
    session = GuestSession(account, bot, chats, lobby)
    with lobby.entered(account.user, session):
        yield session


async def depart(account: Account, workspace: Workspace, lobby: Lobby) -> None:
    """The user does not want to be a guest any more: whom they have talked with is told. Raises `Unavailable`."""
    bot = lobby.here()
    await bot.invitations.void(account.user)
    chats = Chats(workspace.memory)
    await chats.load()
    for one in chats.people:
        friend = await bot.friends.of(int(one.id))
        key = friend.key(account.user)
        if key is not None:
            label = friend.label(key)
            friend.drop(key)
            await bot.save(friend)
            bot.tell(friend, words.departed(label))


class GuestSession(TelegramSession):
    """Implements `bridge.contract.Session` and `lobby.Passenger`."""

    def __init__(self, account: Account, bot: Bot, chats: Chats, lobby: Lobby) -> None:
        self._given = _Given(lobby)
        super().__init__(Contact(account.me), self._given, bot.speaker, chats, repeats=bot.repeats)
        self._user = account.user
        self._bot = bot
        self._people = chats
        self._reader = Reader(
            chats, bot.about, bot.me, bot.network, reads_all=True, deleting=bot.deleting, underway=bot.speaker.underway
        )  # fmt: skip
        self.give = self._given.give
        self.live = self._given.live
        self.end = self._given.end

    @property
    def behind(self) -> bool:
        return self._given.behind

    def scope(self, chat: ChatId) -> str:
        return self.me.id

    def capabilities(self, chat: ChatId) -> Capabilities:
        number = ids.number(chat)
        friend = self._bot.friends.known(number) if number is not None else None
        return replace(super().capabilities(chat), speaks_as=self._name(friend))

    async def events(self, cursor: str | None) -> AsyncIterator[Event]:
        if cursor is None:
            for one in self._people.people:
                if self._talks_with(one):
                    yield ChatSeen(chat=ids.chat(int(one.id)), kind=ChatKind.DIRECT, contact=one)
        async with aclosing(self._given.events(cursor)) as events:
            async for event in events:
                yield event

    async def contacts(self) -> Sequence[Contact]:
        return [one for one in self._people.people if self._talks_with(one)]

    def parts(self, action: Action) -> Sequence[Action]:
        """Each says who speaks, where several do; the hub has said it in the first."""
        name = self.capabilities(action.chat).speaks_as
        return parts.parts(action, f"{name}: " if name else "")

    async def _perform(self, action: Action) -> Receipt:
        friend, key = await self._friend(action.chat)
        try:
            if isinstance(action, Send):
                async with friend.speaking:
                    friend, key = await self._friend(action.chat)  # whoever waits may be wanted no more
                    return await self._say(self._answered(friend, key), friend, key, action)
            if isinstance(action, SetTyping) and not _is_chosen(friend, key):
                return Receipt()  # nobody would see whose it is
            speaker = self._answered(friend, key) if isinstance(action, Edit) else self._speaker
            return await speaker.perform(action)
        except errors.No as refusal:
            text = refusal.text.replace("Your bot", "The gateway's bot").replace("your bot", "the gateway's bot")
            raise Refused(text, refusal.reason) from refusal

    async def direct(self, contact: ContactId, key: str) -> ChatId:
        number = ids.number(contact) if ids.is_person(contact) else None
        if number is None:
            raise Refused("Nobody on Telegram is called so.", Reason.NOT_FOUND)
        await self._friend(ids.chat(number))
        return ids.chat(number)

    async def read(self, *updates: object, instead: Message | None = None) -> None:
        """Something that one of their people has done; `instead` is said for what they have written."""
        for event in await self._reader.read(*updates):
            if instead is not None and isinstance(event, MessageReceived):
                event = replace(event, message=instead)
            self.give(event)

    def person(self, number: int) -> Contact:
        """Somebody, by the name that is known."""
        id = ids.person(number)
        return next((one for one in self._people.people if one.id == id), Contact(id))

    async def _friend(self, chat: ChatId) -> tuple[Friend, int]:
        """Whom the chat is with, and what they call this user. Raises `Refused` if they do not talk with them."""
        number = ids.number(chat)
        friend = await self._bot.friends.of(number) if number is not None and number > 0 else None
        key = friend.key(self._user) if friend is not None else None
        if friend is None or key is None:
            raise Refused(words.NOT_MET, Reason.NOT_FOUND)
        if friend.out:
            raise Refused(words.OPTED_OUT, Reason.FORBIDDEN)
        return friend, key

    def _answered(self, friend: Friend, key: int) -> Speaker:
        """Says it with a button for answering, where answers go to somebody else."""
        if _is_chosen(friend, key):
            return self._speaker
        return replace(self._speaker, also=keyboard((words.answer(friend.label(key)), f"to:{key}")))

    async def _say(self, speaker: Speaker, friend: Friend, key: int, action: Send) -> Receipt:
        """Whose it is is noted before it can be answered."""
        trail, alone = friend.trail, len(friend.users) == 1
        trail.expect(key)
        if not alone:
            await self._bot.save(friend)
        try:
            receipt = await speaker.perform(action)
        finally:
            trail.expect(None)
        for one in receipt.ids:
            number = ids.message_number(friend.number, one)
            if number is not None:
                trail.put(number, key)
        if not alone:
            await self._bot.save(friend)
        return receipt

    def _talks_with(self, person: Contact) -> bool:
        friend = self._bot.friends.known(int(person.id))
        return friend is not None and friend.key(self._user) is not None

    def _name(self, friend: Friend | None) -> str:
        """What people read before what this user says."""
        key = friend.key(self._user) if friend is not None else None
        if friend is None or key is None:
            return self._user
        return friend.label(key) if len(friend.users) > 1 else ""


def _is_chosen(friend: Friend, key: int) -> bool:
    return len(friend.users) == 1 or friend.chosen == key


class _Given:
    """What a guest is given by the bot's session, in place of a connection of its own."""

    def __init__(self, lobby: Lobby) -> None:
        self._lobby = lobby
        self._queue: asyncio.Queue[Event | Unavailable | None] = asyncio.Queue()
        self._last = 0  # what was given, counted
        self._durable = 0

    @property
    def behind(self) -> bool:
        return self._durable < self._last

    def give(self, *events: Event) -> None:
        """To be journaled before Telegram is told that it has arrived."""
        for event in events:
            self._queue.put_nowait(event)
        if events:
            self._last += 1
            self._queue.put_nowait(CursorMoved(str(self._last)))

    def live(self) -> None:
        self._queue.put_nowait(None)

    def end(self, why: Unavailable) -> None:
        self._queue.put_nowait(why)

    async def events(self, cursor: str | None) -> AsyncGenerator[Event, None]:
        """Where to read on is for the bot's session to know."""
        live = False
        while True:
            if self._lobby.live and not live:
                live = True
                yield CursorMoved("0")
                yield Live()
            event = await self._queue.get()
            if isinstance(event, Unavailable):
                raise event
            if event is not None:
                yield event

    def journaled(self, cursor: str) -> None:
        self._durable = max(self._durable, int(cursor))
        self._lobby.notify()
