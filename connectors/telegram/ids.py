"""What people, chats and messages are called. Pure.

| what | is called |
|---|---|
| a person | their number: `123456789` |
| a group or channel that speaks as itself | `chat-1001234567890`: nobody can be asked who it was |
| a private chat | the person's number |
| a group | its number: `-45`; a supergroup or channel: `-1001234567890` |
| a topic that is a room of its own | its group, `/`, its number: `-1001234567890/12`; the general one's is 1 |
| a message | its number; in supergroups and channels `s` and its number |
| one of several texts in a message | the message, `+`, and its place behind the first: `s12+1` |
| what was done with a message | the message, `@`, and what tells it from other doings |

Telegram numbers messages for each bot in private chats and basic groups, and for all in supergroups and channels
(DESIGN: scope). The two kinds are written differently, so that what is known of a basic group's messages stays true
when the group becomes a supergroup, whose numbers begin anew.
"""

import re

from bridge.contract import ChatId, ContactId, MessageId

_PERSON = re.compile(r"[1-9][0-9]{0,15}")
_TOPIC = re.compile(r"(-[1-9][0-9]{0,15})/([1-9][0-9]{0,15})")
_CHAT = re.compile(r"chat-[1-9][0-9]{0,18}")
_MESSAGE = re.compile(r"(s?)([1-9][0-9]{0,15})(?:\+[1-9][0-9]?)?")
_SUPER = -1_000_000_000_000  # https://core.telegram.org/api/bots/ids


def person(number: int) -> ContactId:
    return ContactId(str(number))


def speaking_chat(number: int) -> ContactId:
    return ContactId(f"chat-{abs(number)}")


def contact(typed: str) -> ContactId | None:
    """What people may type; None for what nobody is called."""
    fits = typed.isascii() and (_PERSON.fullmatch(typed) or _CHAT.fullmatch(typed))
    return ContactId(typed) if fits else None


def is_person(contact: str) -> bool:
    return contact.isascii() and _PERSON.fullmatch(contact) is not None


def chat(number: int) -> ChatId:
    return ChatId(str(number))


def topic_room(group: ChatId, topic: int) -> ChatId:
    return ChatId(f"{group}/{topic}")


def topic(chat: str) -> int | None:
    """The number of a topic that is a room of its own; None for any other chat."""
    found = _TOPIC.fullmatch(chat) if chat.isascii() else None
    return int(found[2]) if found is not None else None


def whole(chat: str) -> ChatId:
    """The group of a topic; any other chat is that itself."""
    return ChatId(chat.partition("/")[0]) if topic(chat) is not None else ChatId(chat)


def alias(chat: ChatId) -> str:
    """How people may type a group or a topic of it, as the part of an address before the @."""
    return chat.replace("/", ".")


def number(chat: str) -> int | None:
    """The number of a chat that is no topic; None for what none is called."""
    digits = chat.removeprefix("-")
    return int(chat) if digits.isascii() and _PERSON.fullmatch(digits) else None


def is_shared(number: int) -> bool:
    """Whether all call the messages of a chat the same: supergroups and channels."""
    return number < _SUPER


def message(chat: int, number: int) -> MessageId:
    return MessageId(f"s{number}" if is_shared(chat) else str(number))


def texts(id: MessageId, count: int) -> list[MessageId]:
    """What so many texts in one message are called."""
    return [MessageId(f"{id}+{place}") if place else id for place in range(count)]


def order(id: str) -> int:
    """What was sent later is more."""
    found = _MESSAGE.fullmatch(id)
    return int(found[2]) if found is not None else 0


def message_number(chat: int, id: str) -> int | None:
    """The number of a message in a chat; None for what cannot be called so there (any more)."""
    found = _MESSAGE.fullmatch(id)
    if found is None or not id.isascii() or bool(found[1]) != is_shared(chat):
        return None
    return int(found[2])
