"""Topics of a group, as its messages tell of them. Pure.

By itself a topic is a thread of its group, which begins with the message that says what the topic is called (or it is
a room of its own: `forums`). It has the number of that message. A bot that has come later has not seen it, so it is
told before the first that is said there. What is said in the general topic, and to it, is in no thread.

Source: https://core.telegram.org/bots/api#message (`message_thread_id`, `is_topic_message`), #forumtopiccreated.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bridge.contract import ChatId, Message, MessageId, Style
from connectors.telegram import fields, ids

GENERAL = 1  # https://core.telegram.org/api/forum#forum-topics
# What is told otherwise where the topic is a room of its own: whether people can write there.
_CLOSING = {
    "forum_topic_closed": True, "general_forum_topic_hidden": True, "forum_topic_reopened": False,
    "general_forum_topic_unhidden": None,
}  # fmt: skip


def of(raw: Mapping[str, Any]) -> int | None:
    """The number of a message's topic; None for the general one, and for what is in none."""
    number, own = fields.positive(raw.get("message_thread_id")), fields.positive(raw.get("message_id"))
    return number if raw.get("is_topic_message") is True and number not in (None, own, GENERAL) else None


def place(raw: Mapping[str, Any]) -> int | None:
    """The same, but the general topic is one, and with what a topic begins is in it; None where there are no topics."""
    number, own = fields.positive(raw.get("message_thread_id")), fields.positive(raw.get("message_id"))
    if raw.get("is_topic_message") is True and number is not None:
        return number
    if "forum_topic_created" in raw:
        return own
    return GENERAL if fields.mapping(raw.get("chat")).get("is_forum") is True else None


def name(raw: Mapping[str, Any]) -> tuple[str, bool]:
    """What its topic is called, as far as a message tells, and whether that is new."""
    for what in ("forum_topic_created", "forum_topic_edited"):
        if found := fields.line(fields.mapping(raw.get(what)).get("name"), 128):
            return found, True
    return _begun(raw), False


def closing(raw: Mapping[str, Any]) -> tuple[bool, bool | None]:
    """Whether a message tells that people can, or cannot, write in its topic; and which (None: as before)."""
    what = next((key for key in _CLOSING if key in raw), None)
    return (False, None) if what is None else (True, _CLOSING[what])


def within(said: Message, raw: Mapping[str, Any]) -> Message:
    number, chat = of(raw), fields.integer(fields.mapping(raw.get("chat")).get("id"))
    if number is None or chat is None:
        return said
    return replace(said, thread=ids.message(chat, number))


def beginning(raw: Mapping[str, Any]) -> Message:
    """What a topic begins with, for who has not seen it, as far as a message in it tells."""
    called = _begun(raw)
    return Message(f"[Topic: {called}]" if called else "[Topic]", style=Style.NOTICE)


def where(chat: int, room: ChatId, thread: MessageId | None) -> dict[str, object]:
    """For a request that says something in `room`, which Telegram calls `chat` (or in a thread of it)."""
    topic = ids.topic(room)
    if topic is not None:
        return {} if topic == GENERAL else {"message_thread_id": topic}
    number = ids.message_number(chat, thread) if thread is not None else None
    return {} if number is None or chat > 0 else {"message_thread_id": number}


def answering(chat: int, thread: MessageId | None) -> Mapping[str, object]:
    """The same, where the thread is of another network and begins with an ordinary message: as an answer to that."""
    number = ids.message_number(chat, thread) if thread is not None else None
    return {"reply_parameters": {"message_id": number, "allow_sending_without_reply": True}} if number else {}


def closed(name: str) -> str:
    """For people of other rooms, of a topic that is a room of its own; `name` as they know it."""
    return f"“{name}” is closed on Telegram."


def _begun(raw: Mapping[str, Any]) -> str:
    answered = fields.mapping(raw.get("reply_to_message"))
    return fields.line(fields.mapping(answered.get("forum_topic_created")).get("name"), 128)
