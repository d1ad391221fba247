"""What there is on Telegram: people, bots, chats, messages, and who is shown which of them."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

SUPER = -1_000_000_000_000  # ids of supergroups and channels are below


@dataclass(eq=False)
class User:
    id: int
    first_name: str
    last_name: str = ""
    username: str = ""
    is_bot: bool = False
    photo: "Stored | None" = None

    def raw(self) -> dict[str, Any]:
        found: dict[str, Any] = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        return found | {k: v for k in ("last_name", "username") if (v := getattr(self, k))}


@dataclass(eq=False)
class Bot(User):
    token: str = ""
    reads_all: bool = False  # privacy mode is off
    business: bool = False  # people can connect it with their accounts
    counter: int = 0  # of messages in private chats and basic groups: Telegram counts those for each account
    queue: list[dict[str, Any]] = field(default_factory=list)
    next_update: int = 1000
    allowed: list[str] | None = None
    webhook: str = ""
    revoked: bool = False
    files: dict[str, "Stored"] = field(default_factory=dict)
    started: set[int] = field(default_factory=set)  # people who let it write to them


@dataclass
class Stored:
    """A file, as one bot may get it."""

    name: str
    mime: str
    data: bytes
    path: str
    claims: int | None = None  # bytes that it is said to have


@dataclass(eq=False)
class Said:
    """A message. `numbers` is what it is called, by account; where all call it the same, under 0."""

    author: User
    content: dict[str, Any]
    numbers: dict[int, int]
    sender_chat: "Chat | None" = None
    reply_to: "Said | None" = None
    date: int = field(default_factory=lambda: int(time.time()))
    edited: int = 0
    gone: bool = False
    reactions: dict[int, list[dict[str, Any]]] = field(default_factory=dict)  # by user
    came: float = field(default_factory=time.monotonic)  # when this server had it

    @property
    def text(self) -> str:
        return str(self.content.get("text", self.content.get("caption", "")))

    def emoji(self, user: int) -> list[str]:
        return [str(one.get("emoji", "")) for one in self.reactions.get(user, [])]


@dataclass(eq=False)
class Chat:
    """`members` by id, with their status; a private chat is of one bot and one person."""

    id: int
    type: str
    title: str = ""
    person: User | None = None
    members: dict[int, str] = field(default_factory=dict)
    messages: list[Said] = field(default_factory=list)
    counter: int = 0
    moved: "Chat | None" = None
    description: str = ""
    photo: "Stored | None" = None
    reactions: set[str] | None = None  # allowed ones; None: all
    permissions: dict[str, bool] = field(default_factory=dict)  # of everybody, where they are not as usual
    rights: dict[int, dict[str, bool]] = field(default_factory=dict)  # of members, where they are not as usual
    forum: bool = False  # it has topics
    general: str = ""  # the topic that every forum has: "closed", "hidden"
    titles: dict[int, str] = field(default_factory=dict)  # of administrators, where they have one

    def titled(self, id: int) -> dict[str, str]:
        """https://core.telegram.org/bots/api#chatmemberadministrator, of an administrator."""
        keeps_order = self.members.get(id) in ("creator", "administrator")
        return {"custom_title": self.titles[id]} if keeps_order and id in self.titles else {}

    @property
    def shared(self) -> bool:
        """Whether everybody calls its messages the same."""
        return self.id < SUPER

    @property
    def visible(self) -> list[Said]:
        return [said for said in self.messages if not said.gone]

    def raw(self) -> dict[str, Any]:
        if self.person is not None:
            return {"type": "private", **{k: v for k, v in self.person.raw().items() if k != "is_bot"}, "id": self.id}
        return {"id": self.id, "type": self.type, "title": self.title} | ({"is_forum": True} if self.forum else {})

    def number(self, said: Said, account: int) -> int:
        return said.numbers[0 if self.shared else account]

    def find(self, number: int, account: int) -> Said | None:
        key = 0 if self.shared else account
        return next((s for s in self.messages if s.numbers.get(key) == number and not s.gone), None)


@dataclass
class State:
    users: dict[int, User] = field(default_factory=dict)
    chats: dict[tuple[int, int], Chat] = field(default_factory=dict)  # by id and, if it is private, bot
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(100_001))

    def new_id(self) -> int:
        return next(self._ids)

    @property
    def bots(self) -> list[Bot]:
        return [user for user in self.users.values() if isinstance(user, Bot)]

    def bot(self, token: str) -> Bot | None:
        return next((b for b in self.bots if b.token == token and not b.revoked), None)

    def chat(self, id: int, bot: Bot) -> Chat | None:
        return self.chats.get((id, bot.id if id > 0 else 0))

    def private(self, bot: Bot, person: User) -> Chat:
        key = (person.id, bot.id)
        if key not in self.chats:
            members = {bot.id: "member", person.id: "member"}
            self.chats[key] = Chat(person.id, "private", person=person, members=members)
        return self.chats[key]

    def add(self, chat: Chat, said: Said) -> Said:
        """Number it for everybody who may call it something."""
        if chat.shared:
            chat.counter += 1
            said.numbers[0] = chat.counter
        else:
            for bot in self.bots:
                if bot.id in chat.members:
                    bot.counter += 1
                    said.numbers[bot.id] = bot.counter
        chat.messages.append(said)
        return said

    def view(self, chat: Chat, said: Said, bot: Bot, *, deep: bool = True) -> dict[str, Any]:
        """The message as `bot` gets it."""
        raw: dict[str, Any] = {"message_id": chat.number(said, bot.id), "date": said.date, "chat": chat.raw()}
        if chat.type != "channel":
            raw["from"] = said.author.raw()
        if said.sender_chat is not None:
            raw["sender_chat"] = said.sender_chat.raw()
        if said.edited:
            raw["edit_date"] = said.edited
        if said.reply_to is not None and deep and not said.reply_to.gone:
            raw["reply_to_message"] = self.view(chat, said.reply_to, bot, deep=False)
        content = {key: self._own(value, bot) for key, value in said.content.items()}
        return raw | content

    def sees(self, chat: Chat, said: Said, bot: Bot) -> bool:
        """Whether `bot` is told (https://core.telegram.org/bots/features#privacy-mode)."""
        if chat.members.get(bot.id) not in ("member", "administrator") or said.author is bot:
            return False
        if said.author.is_bot and said.sender_chat is None and said.author.username != "GroupAnonymousBot":
            return False
        if chat.type == "private" or bot.reads_all or chat.members[bot.id] == "administrator":
            return True
        service = not ({"text", "caption", "photo", "document", "sticker", "voice"} & set(said.content))
        answers = said.reply_to is not None and said.reply_to.author is bot
        return service or answers or said.text.startswith("/")

    def _own(self, value: Any, bot: Bot) -> Any:
        """Files are called differently by every bot."""
        if isinstance(value, Stored):
            return store(bot, value)
        if isinstance(value, list):
            return [self._own(one, bot) for one in value]
        if isinstance(value, dict) and isinstance(value.get("file"), Stored):
            rest = {key: one for key, one in value.items() if key != "file"}
            return store(bot, value["file"]) | rest
        return value


def store(bot: Bot, file: Stored) -> dict[str, Any]:
    """What `bot` is told of a file; it may be had under that id."""
    known = next((id for id, one in bot.files.items() if one is file), None)
    id = known or f"BQAC{bot.id}-{len(bot.files):06d}_{len(file.data):x}"
    bot.files[id] = file
    size = len(file.data) if file.claims is None else file.claims
    return {"file_id": id, "file_unique_id": f"AgAD{abs(hash(file.path)) % 10**9}", "file_size": size}
