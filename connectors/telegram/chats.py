"""What a bot knows of chats: which became which, who has been met, who has spoken."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bridge.contract import ChatId, ChatSeen, Contact, ContactId, Memory, Occupant, Title
from connectors.telegram import fields, ids
from connectors.telegram.forums import Forums
from connectors.telegram.notes import Notes
from connectors.telegram.phrases import name_of

_KEPT = 1_000  # people of a group
_LONGEST_TITLE = 64  # characters; Telegram takes 16


class Chats:
    """For one session. A group that has become a supergroup keeps the name that it has with us, so that nothing is
    lost on its way: what Telegram calls it now is noted before anything is said there."""

    def __init__(self, memory: Memory, *, topics_are_rooms: bool = False) -> None:
        self._met = Notes(memory, "people")  # names, by person
        self._moved = Notes(memory, "moved")  # supergroups, by the groups that they were
        self.forums = Forums(memory, rooms=topics_are_rooms)
        self.seen: dict[ChatId, ChatSeen] = {}  # those that this session has told of
        self.speakers: dict[ChatId, OrderedDict[ContactId, Occupant]] = {}

    async def load(self) -> None:
        await self._met.load()
        await self._moved.load()
        await self.forums.load()

    def chat(self, number: int) -> ChatId:
        before = next((old for old, new in self._moved.all().items() if new == str(number)), None)
        return ChatId(before) if before is not None else ids.chat(number)

    def number(self, chat: ChatId) -> int | None:
        """What Telegram calls it now, or its group, if it is a topic; None for what no chat is called."""
        group = ids.whole(chat)
        return ids.number(self._moved.get(group) or group)

    def title(self, chat: ChatId, group: str) -> str:
        """What people call it; `group`: what its group is called, empty if that is not known."""
        if ids.topic(chat) is None:
            return group
        group = group or self.forums.title(ids.whole(chat))
        return f"{group}: {self.forums.name(chat)}" if group else self.forums.name(chat)

    async def move(self, old: int, new: int) -> None:
        """Durable when this returns."""
        if old < 0 and ids.is_shared(new) and not ids.is_shared(old):
            await self._moved.put(ids.chat(old), str(new))

    async def meet(self, person: Contact) -> None:
        await self._met.put(person.id, person.name)

    @property
    def people(self) -> list[Contact]:
        return [Contact(ContactId(id), name) for id, name in self._met.all().items()]

    def spoke(self, chat: ChatId, occupant: Occupant) -> bool:
        """Note who is in a group; whether that is new."""
        known = self.speakers.setdefault(chat, OrderedDict())
        before = known.get(occupant.contact.id)
        if before is not None and occupant.rank is None:
            occupant = replace(occupant, rank=before.rank, titles=before.titles)
        known[occupant.contact.id] = occupant
        known.move_to_end(occupant.contact.id)
        if len(known) > _KEPT:
            known.popitem(last=False)
        return before != occupant


def person(user: Mapping[str, Any]) -> Contact | None:
    """Somebody, from what Telegram says of them; None when it does not say who it is."""
    number = fields.positive(user.get("id"))
    return Contact(ids.person(number), name_of(user)) if number is not None else None


def titles(member: Mapping[str, Any]) -> tuple[Title, ...]:
    """Bot API #chatmemberowner, #chatmemberadministrator: what the group calls somebody who keeps order."""
    words = fields.line(member.get("custom_title"), _LONGEST_TITLE)
    return (Title(words, words),) if words else ()


def sender(raw: Mapping[str, Any]) -> Contact | None:
    """Whose message it is. Who speaks as a group or a channel is that, and nobody finds out who it was."""
    chat = fields.mapping(raw.get("sender_chat"))
    number = fields.integer(chat.get("id"))
    if number is None and "from" not in raw:  # COMPAT channel posts may come without
        chat = fields.mapping(raw.get("chat"))
        number = fields.integer(chat.get("id")) if chat.get("type") == "channel" else None
    if number is not None:
        return Contact(ids.speaking_chat(number), fields.line(chat.get("title")) or name_of(chat))
    return person(fields.mapping(raw.get("from")))
