"""People who connect a bot with their own account, and their private chats with others.

Source: https://core.telegram.org/bots/api#businessconnection, #businessbotrights, #deletebusinessmessages,
#readbusinessmessage; https://core.telegram.org/method/messages.sendMessage (BUSINESS_PEER_USAGE_MISSING).
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.botapi.refusals import No, bad
from tests.support.botapi.state import Bot, Chat, Said, Stored, User

if TYPE_CHECKING:
    from tests.support.botapi.server import BotApi
    from tests.support.botapi.world import World

_DAY = 86_400
ALL = ("can_reply", "can_read_messages", "can_delete_sent_messages", "can_delete_all_messages")


@dataclass(eq=False)
class Connection:
    id: str
    bot: Bot
    owner: User
    rights: set[str]
    enabled: bool = True
    date: int = field(default_factory=lambda: int(time.time()))

    def raw(self) -> dict[str, Any]:
        rights = {"rights": dict.fromkeys(sorted(self.rights), True)} if self.enabled else {}
        return {
            "id": self.id, "user": self.owner.raw(), "user_chat_id": self.owner.id, "date": self.date,
            "is_enabled": self.enabled, "can_reply": "can_reply" in self.rights, **rights,
        }  # fmt: skip


@dataclass(eq=False)
class OwnChat(Chat):
    """What `owner` and `person` say to each other; numbered as `owner` numbers."""

    owner: User = field(default_factory=lambda: User(0, ""))
    read: int = 0  # up to this message, by a bot
    typed: int = 0  # how often a bot has shown that the owner writes
    through: dict[int, Bot] = field(default_factory=dict)  # who has said it for the owner, by number
    open: bool = True  # to bots

    @property
    def asked_at(self) -> float:
        """When the other person last wrote."""
        return max((said.date for said in self.messages if said.author is self.person), default=0)


class Business:
    """What people do; `echoes`: bots are told of what they have done themselves, too."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.connections: dict[str, Connection] = {}
        self.chats: dict[tuple[int, int], OwnChat] = {}
        self.echoes = False
        self._counters: dict[int, int] = {}

    def connects(self, owner: User, bot: Bot, *rights: str) -> Connection:
        """With all rights, if none are named."""
        id = f"bc{self.world.state.new_id()}_{owner.id}"
        made = self.connections[id] = Connection(id, bot, owner, set(rights or ALL))
        self._told(made)
        return made

    def allows(self, connection: Connection, *rights: str) -> None:
        connection.rights = set(rights)
        self._told(connection)

    def disconnects(self, connection: Connection) -> None:
        connection.enabled = False
        self._told(connection)

    def chat(self, owner: User, other: User) -> OwnChat:
        key = (owner.id, other.id)
        if key not in self.chats:
            self.chats[key] = OwnChat(other.id, "private", person=other, owner=owner)
        return self.chats[key]

    def says(self, who: User, chat: OwnChat, text: str = "", *, reply_to: Said | None = None, **content: Any) -> Said:
        """The owner, in a Telegram app, or the other one."""
        said = content | ({"caption" if "document" in content else "text": text} if text else {})
        return self.add(chat, Said(who, said, {}, reply_to=reply_to))

    def sends_file(self, who: User, chat: OwnChat, name: str, mime: str, data: bytes, text: str = "") -> Said:
        stored = Stored(name, mime, data, f"documents/file_{self.world.state.new_id()}")
        return self.says(who, chat, text, document={"file": stored, "file_name": name, "mime_type": mime})

    def edits(self, said: Said, chat: OwnChat, text: str) -> None:
        said.content["caption" if "caption" in said.content else "text"] = text
        said.content.pop("entities", None)
        said.edited = int(time.time())
        self.tell("edited_business_message", chat, said)

    def deletes(self, chat: OwnChat, *gone: Said) -> None:
        """Either side, for both."""
        for said in gone:
            said.gone = True
        numbers = [self.number(chat, said) for said in gone]
        for one in self.watching(chat):
            told = {"business_connection_id": one.id, "chat": chat.raw(), "message_ids": numbers}
            self.world.updates.push(one.bot, "deleted_business_messages", told)
        self.world.touched()

    def add(self, chat: OwnChat, said: Said, bot: Bot | None = None) -> Said:
        number = self._counters[chat.owner.id] = self._counters.get(chat.owner.id, 5_000) + 1
        said.numbers |= {chat.owner.id: number, **{one.id: number for one in self.world.state.bots}}
        chat.messages.append(said)
        if bot is not None:
            chat.through[number] = bot
        self.tell("business_message", chat, said, bot)
        return said

    def number(self, chat: OwnChat, said: Said) -> int:
        return said.numbers[chat.owner.id]

    def watching(self, chat: OwnChat) -> list[Connection]:
        return [one for one in self.connections.values() if one.owner is chat.owner and one.enabled and chat.open]

    def tell(self, kind: str, chat: OwnChat, said: Said, bot: Bot | None = None) -> None:
        """All bots but the one that has done it."""
        for one in self.watching(chat):
            if one.bot is not bot or self.echoes:
                self.world.updates.push(one.bot, kind, self.view(chat, said, one))
        self.world.touched()

    def view(self, chat: OwnChat, said: Said, connection: Connection) -> dict[str, Any]:
        raw = self.world.state.view(chat, said, connection.bot) | {"business_connection_id": connection.id}
        through = chat.through.get(self.number(chat, said))
        return raw | ({"sender_business_bot": through.raw()} if through is not None else {})

    def _told(self, connection: Connection) -> None:
        self.world.updates.push(connection.bot, "business_connection", connection.raw())
        self.world.touched()


def may_write(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> OwnChat:
    connection = _may(api, bot, given, "can_reply")
    chat = api.business.chats.get((connection.owner.id, int(given.get("chat_id", 0))))
    if chat is None or not chat.open:
        raise bad("BUSINESS_PEER_INVALID")
    if chat.asked_at < time.time() - _DAY:
        raise bad("BUSINESS_PEER_USAGE_MISSING")
    if given.get("action") == "typing":
        chat.typed += 1
    return chat


def sent(api: "BotApi", bot: Bot, chat: OwnChat, content: dict[str, Any], answered: Said | None) -> Any:
    said = api.business.add(chat, Said(chat.owner, content, {}, reply_to=answered), bot)
    connection = next(one for one in api.business.watching(chat) if one.bot is bot)
    return api.business.view(chat, said, connection)


def get_connection(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Any:
    found = api.business.connections.get(str(given.get("business_connection_id")))
    if found is None or found.bot is not bot:
        raise bad("business connection not found")
    return found.raw()


def delete_messages(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Any:
    connection = _may(api, bot, given)
    chats = [chat for chat in api.business.chats.values() if chat.owner is connection.owner]
    found = []
    for number in given.get("message_ids") or []:
        place = next(((c, s) for c in chats if (s := c.find(int(number), c.owner.id)) is not None), None)
        if place is None:
            raise bad("message to delete not found")
        right = "can_delete_sent_messages" if place[0].through.get(int(number)) is bot else "can_delete_all_messages"
        if not connection.rights & {right, "can_delete_all_messages"}:
            raise No(403, "Forbidden: BOT_ACCESS_FORBIDDEN")
        found.append(place)
    for chat, said in found:
        api.business.deletes(chat, said)
    return True


def read_message(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Any:
    connection = _may(api, bot, given, "can_read_messages")
    chat = api.business.chats.get((connection.owner.id, int(given.get("chat_id", 0))))
    if chat is None or chat.find(int(given.get("message_id", 0)), chat.owner.id) is None:
        raise bad("message not found")
    chat.read = int(given["message_id"])
    return True


def _may(api: "BotApi", bot: Bot, given: Mapping[str, Any], right: str = "") -> Connection:
    found = api.business.connections.get(str(given.get("business_connection_id")))
    if found is None or found.bot is not bot:
        raise bad("business connection not found")
    if not found.enabled:
        raise bad("BUSINESS_CONNECTION_INVALID")
    if right and right not in found.rights:
        raise No(403, "Forbidden: BOT_ACCESS_FORBIDDEN")
    return found


METHODS = {
    "getbusinessconnection": get_connection, "deletebusinessmessages": delete_messages,
    "readbusinessmessage": read_message,
}  # fmt: skip
