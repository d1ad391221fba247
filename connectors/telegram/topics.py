"""Topics of a group are threads, which begin with the message that says what the topic is called. Pure.

A topic has the number of that message. A bot that has come later has not seen it, so it is told before the first that
is said there. What is said in the general topic, and to it, is in no thread.

Source: https://core.telegram.org/bots/api#message (`message_thread_id`, `is_topic_message`), #forumtopiccreated.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bridge.contract import Message, MessageId, Style
from connectors.telegram import fields, ids

_GENERAL = 1  # https://core.telegram.org/api/forum#forum-topics


def of(raw: Mapping[str, Any]) -> int | None:
    """The number of a message's topic; None for the general one, and for what is in none."""
    number, own = fields.positive(raw.get("message_thread_id")), fields.positive(raw.get("message_id"))
    return number if raw.get("is_topic_message") is True and number not in (None, own, _GENERAL) else None


def within(said: Message, raw: Mapping[str, Any]) -> Message:
    number, chat = of(raw), fields.integer(fields.mapping(raw.get("chat")).get("id"))
    if number is None or chat is None:
        return said
    return replace(said, thread=ids.message(chat, number))


def beginning(raw: Mapping[str, Any]) -> Message:
    """What a topic begins with, for who has not seen it, as far as a message in it tells."""
    answered = fields.mapping(raw.get("reply_to_message"))
    name = fields.line(fields.mapping(answered.get("forum_topic_created")).get("name"))
    return Message(f"[Topic: {name}]" if name else "[Topic]", style=Style.NOTICE)


def where(chat: int, thread: MessageId | None) -> dict[str, object]:
    """For a request that says something there."""
    number = ids.message_number(chat, thread) if thread is not None else None
    return {} if number is None or chat > 0 else {"message_thread_id": number}


def answering(where: Mapping[str, object]) -> Mapping[str, object]:
    """The same, where the thread is of another network and begins with an ordinary message: as an answer to that."""
    return {"reply_parameters": {"message_id": where["message_thread_id"], "allow_sending_without_reply": True}}
