"""What people do on Telegram, and what bots are told of it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from tests.support.botapi.state import SUPER, Bot, Chat, Said, State, Stored, User
from tests.support.botapi.updates import Updates

ANONYMOUS = User(1087968824, "Group", username="GroupAnonymousBot", is_bot=True)


class World:
    """People act by these methods; bots by HTTP."""

    def __init__(self) -> None:
        self.state = State()
        self._changed = asyncio.Event()
        self.updates = Updates(self.touched)
        self.state.users[ANONYMOUS.id] = ANONYMOUS

    # who and where

    def bot(self, name: str, *, reads_all: bool = False) -> Bot:
        id = self.state.new_id()
        bot = Bot(id, name, username=f"{name.lower()}_bot", is_bot=True, reads_all=reads_all)
        bot.token = f"{id}:{'AAF' + name * 40:.35}"
        self.state.users[id] = bot
        return bot

    def person(self, first: str, last: str = "", username: str = "") -> User:
        user = User(self.state.new_id(), first, last, username)
        self.state.users[user.id] = user
        return user

    def group(self, title: str, *members: User, supergroup: bool = False, type: str = "") -> Chat:
        """Bots among `members` are told that they were added."""
        number = self.state.new_id()
        id = SUPER - number if supergroup or type == "channel" else -number
        chat = Chat(id, type or ("supergroup" if supergroup else "group"), title)
        self.state.chats[id, 0] = chat
        people = [one for one in members if not isinstance(one, Bot)]
        for place, one in enumerate(people):
            chat.members[one.id] = "member" if place else "creator"
        for one in members:
            if isinstance(one, Bot):
                self.comes(people[0], chat, one)
        return chat

    def starts(self, person: User, bot: Bot) -> Chat:
        """Taps “Start”."""
        chat = self.state.private(bot, person)
        bot.started.add(person.id)
        self.says(person, chat, "/start")
        return chat

    def blocks(self, person: User, bot: Bot) -> None:
        chat = self.state.private(bot, person)
        bot.started.discard(person.id)
        chat.members[person.id] = "kicked"
        self._status(bot, chat, person, bot, "member", "kicked")

    # what is said

    def says(
        self, who: User, chat: Chat, text: str = "", *, entities: Sequence[dict[str, Any]] = (),
        reply_to: Said | None = None, as_chat: Chat | None = None, **content: Any,
    ) -> Said:  # fmt: skip
        if chat.moved is not None:
            return self.says(who, chat.moved, text, entities=entities, reply_to=None, as_chat=as_chat, **content)
        said: dict[str, Any] = dict(content)
        if text:
            said["caption" if _has_file(content) else "text"] = text
        if entities:
            said["caption_entities" if _has_file(content) else "entities"] = list(entities)
        author = ANONYMOUS if as_chat is not None else who
        one = Said(author, said, {}, sender_chat=as_chat, reply_to=reply_to)
        self.state.add(chat, one)
        self.shown(chat, one)
        return one

    def sends_file(self, who: User, chat: Chat, kind: str, name: str, mime: str, data: bytes, **more: Any) -> Said:
        claims = more.pop("claims", None)
        stored = Stored(name, mime, data, f"{kind}s/file_{self.state.new_id()}", claims)
        held: Any = {"file": stored, **more.pop("about", {})}
        if kind in ("document", "video", "animation", "audio"):
            held |= {"file_name": name, "mime_type": mime}
        if kind == "photo":
            held = [{"file": stored, "width": 90, "height": 90}, held]
        return self.says(who, chat, more.pop("caption", ""), **{kind: held}, **more)

    def edits(self, said: Said, chat: Chat, text: str) -> None:
        said.content["caption" if "caption" in said.content else "text"] = text
        said.content.pop("entities", None)
        said.edited = int(time.time())
        for bot in self.state.bots:
            if self.state.sees(chat, said, bot):
                kind = "edited_channel_post" if chat.type == "channel" else "edited_message"
                self.updates.push(bot, kind, self.state.view(chat, said, bot))
        self.touched()

    def reacts(self, who: User, chat: Chat, said: Said, *emoji: str) -> None:
        """Bots are told in private chats and where they are administrators (#message_reaction)."""
        old = said.reactions.get(who.id, [])
        new = said.reactions[who.id] = [{"type": "emoji", "emoji": one} for one in emoji]
        for bot in self.state.bots:
            if chat.members.get(bot.id) == "administrator" or (chat.type == "private" and bot.id in chat.members):
                self.updates.push(
                    bot, "message_reaction",
                    {"chat": chat.raw(), "message_id": chat.number(said, bot.id), "user": who.raw(),
                     "date": int(time.time()), "old_reaction": old, "new_reaction": new},
                )  # fmt: skip
        self.touched()

    # who comes and goes

    def comes(self, by: User, chat: Chat, who: User, status: str = "member") -> None:
        before = chat.members.get(who.id, "left")
        chat.members[who.id] = status
        self._told(by, chat, who, before, status)
        if chat.type != "channel":
            self.says(by, chat, new_chat_members=[who.raw()])

    def goes(self, by: User, chat: Chat, who: User, status: str = "kicked") -> None:
        before = chat.members.get(who.id, "left")
        chat.members[who.id] = status
        self._told(by, chat, who, before, status)
        if chat.type != "channel":
            self.says(by, chat, left_chat_member=who.raw())

    def promotes(self, by: User, chat: Chat, who: User, status: str = "administrator") -> None:
        before = chat.members[who.id]
        chat.members[who.id] = status
        self._told(by, chat, who, before, status)

    def entitles(self, by: User, chat: Chat, who: User, title: str) -> None:
        """https://core.telegram.org/bots/api#setchatadministratorcustomtitle"""
        chat.titles[who.id] = title
        self._told(by, chat, who, chat.members[who.id], chat.members[who.id])

    def renames(self, by: User, chat: Chat, title: str) -> None:
        chat.title = title
        self.says(by, chat, new_chat_title=title)

    def repaints(self, by: User, chat: Chat, data: bytes) -> None:
        """The group has another picture."""
        chat.photo = Stored("photo.jpg", "image/jpeg", data, f"photos/file_{self.state.new_id()}")
        self.says(by, chat, new_chat_photo=[{"file": chat.photo, "width": 9, "height": 9}])

    def migrates(self, by: User, chat: Chat) -> Chat:
        """The group becomes a supergroup, with a new id and new numbers."""
        new = Chat(SUPER - self.state.new_id(), "supergroup", chat.title, members=dict(chat.members))
        self.state.chats[new.id, 0] = new
        self.says(by, chat, migrate_to_chat_id=new.id)
        chat.moved = new
        self.says(by, new, migrate_from_chat_id=chat.id)
        return new

    def stands(self, bot: Bot, chat: Chat, who: User, before: str, status: str) -> None:
        """`who` lets the bot write to them, or does not."""
        self._status(bot, chat, who, bot, before, status)

    # for tests

    def shown(self, chat: Chat, said: Said) -> None:
        for bot in self.state.bots:
            if self.state.sees(chat, said, bot):
                kind = "channel_post" if chat.type == "channel" else "message"
                self.updates.push(bot, kind, self.state.view(chat, said, bot))
        self.touched()

    def touched(self) -> None:
        self._changed.set()

    async def until(self, so: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait until it is `so`; it can become so only by what somebody does here."""
        async with asyncio.timeout(seconds):
            while not so():
                self._changed.clear()
                await self._changed.wait()

    def _told(self, by: User, chat: Chat, who: User, before: str, status: str) -> None:
        for bot in self.state.bots:
            if bot is who:
                self._status(bot, chat, by, who, before, status)
            elif chat.members.get(bot.id) == "administrator":
                self._status(bot, chat, by, who, before, status, "chat_member")

    def _status(
        self, bot: Bot, chat: Chat, by: User, who: User, before: str, status: str, kind: str = "my_chat_member"
    ) -> None:
        change = {
            "chat": chat.raw(), "from": by.raw(), "date": int(time.time()),
            "old_chat_member": {"user": who.raw(), "status": before},
            "new_chat_member": {"user": who.raw(), "status": status} | chat.titled(who.id),
        }  # fmt: skip
        self.updates.push(bot, kind, change)
        self.touched()


def _has_file(content: dict[str, Any]) -> bool:
    return any(kind in content for kind in ("photo", "video", "animation", "audio", "voice", "document"))
