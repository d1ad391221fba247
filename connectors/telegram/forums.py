"""Topics that are rooms of their own: which ones are, and what they are called.

By itself a topic is a thread of its group (`topics`). It is a room where the account has come into it (`Join`: for a
link, or because its user wants it so) until it leaves, and for people's own bots wherever the option `topics` of the
network says so; the general topic is the group itself then.
"""

import asyncio

from bridge.contract import ChatId, Event, Memory
from connectors.telegram import ids
from connectors.telegram.notes import Notes
from connectors.telegram.topics import GENERAL

_ROOM, _THREAD = "room", "thread"
_CLOSED = "closed"
_MOST = 200  # topics of a group that are thought of where Telegram does not say which it is


class Forums:
    """For one session. `load` comes first. `told`: events that no update tells."""

    def __init__(self, memory: Memory, *, rooms: bool = False) -> None:
        """`rooms`: where nothing else was chosen, topics are rooms."""
        self.told: asyncio.Queue[Event] = asyncio.Queue()
        self._chosen = Notes(memory, "topics")
        self._names = Notes(memory, "topic names")  # and of their groups
        self._closed = Notes(memory, "closed topics")
        self._rooms = rooms

    async def load(self) -> None:
        await self._chosen.load()
        await self._names.load()
        await self._closed.load()

    def room(self, group: ChatId, topic: int | None) -> ChatId | None:
        """What a topic is called that is a room of its own; None if it is a thread."""
        if topic is None:
            return None
        chat = ids.topic_room(group, topic)
        otherwise = _ROOM if self._rooms and topic != GENERAL else _THREAD
        return chat if (self._chosen.get(chat) or otherwise) == _ROOM else None

    def rooms(self, group: ChatId) -> tuple[ChatId, ...]:
        """Those of a group that are rooms, as far as we have met them."""
        known = dict.fromkeys([*self._names.all(), *self._chosen.all()])
        mine = [one for one in known if ids.topic(one) is not None and ids.whole(one) == group]
        return tuple(chat for one in mine if (chat := self.room(group, ids.topic(one))) is not None)[-_MOST:]

    async def enter(self, chat: ChatId) -> None:
        """It is a room from now on; durable when this returns."""
        await self._chosen.put(chat, _ROOM)

    async def leave(self, chat: ChatId) -> None:
        """It is a thread of its group from now on; durable when this returns."""
        await self._chosen.put(chat, _THREAD)

    def left(self) -> list[ChatId]:
        """Topics of which somebody has said that they are threads."""
        return [ChatId(chat) for chat, choice in self._chosen.all().items() if choice == _THREAD]

    async def met(self, group: ChatId, topic: int, name: str, *, new: bool) -> None:
        """A message has told what a topic is called (empty: it has not); `new`: whatever was told before."""
        chat = ids.topic_room(group, topic)
        if topic != GENERAL and (self._names.get(chat) is None or (new and name)):
            await self._names.put(chat, name)

    async def close(self, chat: ChatId, closed: bool) -> None:
        """Whether nobody but who keeps order can write there; durable when this returns."""
        if closed or self.is_closed(chat):
            await self._closed.put(chat, _CLOSED if closed else "")

    def is_closed(self, chat: ChatId) -> bool:
        return self._closed.get(chat) == _CLOSED

    async def titled(self, group: ChatId, title: str) -> None:
        """What a group with topics is called."""
        if title:
            await self._names.put(group, title)

    def title(self, group: ChatId) -> str:
        """Empty: that is not known."""
        return self._names.get(group) or ""

    def name(self, chat: ChatId) -> str:
        topic = ids.topic(chat)
        return self._names.get(chat) or ("General" if topic == GENERAL else f"Topic {topic}")
