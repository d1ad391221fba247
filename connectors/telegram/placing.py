"""Where an update happened: which chat, which topic, how that looks now.

Source: https://core.telegram.org/bots/api#chat, #message (`migrate_to_chat_id`, `message_thread_id`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bridge.contract import ChatId, ChatKind, ChatSeen, Contact, Event
from connectors.telegram import fields, ids, topics
from connectors.telegram.about import About
from connectors.telegram.chats import Chats, person, sender

_LOOKS = ("new_chat_photo", "delete_chat_photo")  # it looks otherwise now


class Wrong(Exception):
    """An update that makes no sense; says why."""


@dataclass(frozen=True, slots=True)
class Where:
    """The chat of an update."""

    number: int
    id: ChatId  # of a topic that is a room of its own: that
    raw: Mapping[str, Any]
    group: ChatId

    @property
    def private(self) -> bool:
        return self.number > 0

    @property
    def own_room(self) -> bool:
        """Whether it is a topic that is a room of its own."""
        return self.id != self.group


class Places:
    """For one session."""

    def __init__(self, chats: Chats, about: About) -> None:
        self._chats = chats
        self._about = about

    async def chat(self, raw: Mapping[str, Any]) -> Where:
        """Of any update; where the chat has become another, that is noted first. Raises `Wrong`."""
        chat = fields.mapping(raw.get("chat"))
        number = fields.integer(chat.get("id"))
        if not number:
            raise Wrong("an update of no chat")
        to, came = fields.integer(raw.get("migrate_to_chat_id")), fields.integer(raw.get("migrate_from_chat_id"))
        if to is not None:
            await self._chats.move(number, to)
        if came is not None:
            await self._chats.move(came, number)
        group = self._chats.chat(number)
        return Where(number, group, chat, group)

    async def of(self, message: Mapping[str, Any]) -> Where:
        """The chat in which a message is; that may be a topic. Raises `Wrong`."""
        where = await self.chat(message)
        topic = topics.place(message) if not where.private else None
        if topic is None:
            return where
        name, new = topics.name(message)
        forums = self._chats.forums
        await forums.titled(where.group, fields.line(where.raw.get("title")))
        await forums.met(where.group, topic, name, new=new)
        return replace(where, id=forums.room(where.group, topic) or where.id)

    def otherwise(self, where: Where, message: Mapping[str, Any]) -> tuple[ChatId, ...]:
        """Where a message may have been said before its topic was a room, or while it was one."""
        topic = topics.place(message) if not where.private else None
        if topic is None:
            return ()
        return (where.group if where.own_room else ids.topic_room(where.group, topic),)

    def rooms(self, where: Where) -> tuple[ChatId, ...]:
        """The topics of a group that are rooms of their own."""
        return self._chats.forums.rooms(where.group)

    async def reopened(self, where: Where, message: Mapping[str, Any], who: Contact | None) -> bool | None:
        """False for a topic that we have taken for closed, where somebody speaks who could not; as `topics.closing`."""
        if not where.own_room or who is None or not self._chats.forums.is_closed(where.id):
            return None
        begun = fields.mapping(message.get("reply_to_message"))
        maker = sender(begun) if "forum_topic_created" in begun else None
        if maker is not None and maker.id == who.id:
            return None  # who has made a topic can always write there
        return False if await self._about.is_member(where.number, who.id) else None

    def look_again(self, where: Where, message: Mapping[str, Any]) -> None:
        """If a message tells that the group looks otherwise now."""
        if any(key in message for key in _LOOKS):
            self._about.forget(where.number)
            self.forget(where)

    def forget(self, where: Where) -> None:
        """The group is to be told of anew, with all its topics."""
        for one in [known for known in self._chats.seen if ids.whole(known) == where.group]:
            del self._chats.seen[one]

    async def seen(self, where: Where, who: Contact | None, closed: bool | None = None) -> list[Event]:
        """The chat as it is now, if this session has not told of it, or otherwise. `closed`: see `topics.closing`.
        Raises `Wrong`."""
        if where.private:
            return await self._person(where, who)
        title = self._chats.title(where.id, fields.line(where.raw.get("title")))
        known = self._chats.seen.get(where.id)
        if known is None or known.name != title:
            found = await self._about.of(where.number)
            known = ChatSeen(
                chat=where.id, kind=ChatKind.ROOM, name=title, alias=ids.alias(where.id), subject=found.description,
                avatar=found.picture or "",
            )  # fmt: skip
        elif closed is None:
            return []
        self._chats.seen[where.id] = known
        if closed is not None:
            await self._chats.forums.close(where.id, closed)
        return [known if closed is None else replace(known, closed=topics.closed(title) if closed else "")]

    async def _person(self, where: Where, who: Contact | None) -> list[Event]:
        """Telegram calls a private chat as it calls the person."""
        other = person(where.raw) or who
        if other is None:
            raise Wrong("a private chat with nobody")
        known = self._chats.seen.get(where.id)
        if known is not None and known.contact is not None and known.contact.name == other.name:
            return []
        await self._chats.meet(other)
        other = replace(other, avatar=(await self._about.of(where.number)).picture)
        seen = self._chats.seen[where.id] = ChatSeen(chat=where.id, kind=ChatKind.DIRECT, contact=other)
        return [seen]
