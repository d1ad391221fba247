"""Topics of a group.

Source: https://core.telegram.org/bots/api#forumtopic, #sendmessage (`message_thread_id`).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.support.botapi.refusals import bad
from tests.support.botapi.state import Chat, Said, User

if TYPE_CHECKING:
    from tests.support.botapi.world import World


def begins(world: "World", who: User, chat: Chat, name: str) -> Said:
    """Somebody makes a topic."""
    return world.says(who, chat, forum_topic_created={"name": name, "icon_color": 1})


def says(world: "World", who: User, topic: Said, chat: Chat, text: str, **more: Any) -> Said:
    """In a topic; what answers nothing answers its beginning there, as Telegram tells it."""
    answered = more.pop("reply_to", topic)
    number = chat.number(topic, 0)
    return world.says(who, chat, text, reply_to=answered, message_thread_id=number, is_topic_message=True, **more)


def closes(world: "World", who: User, topic: Said, chat: Chat) -> None:
    topic.content["closed"] = True
    says(world, who, topic, chat, "", forum_topic_closed={})


def chosen(chat: Chat, bot: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a bot's message has of the topic that it names. Raises `No`."""
    if "message_thread_id" not in given:
        return {}
    number = int(given["message_thread_id"])
    topic = chat.find(number, bot)
    if topic is None or "forum_topic_created" not in topic.content:
        raise bad("message thread not found")
    if topic.content.get("closed") and chat.members.get(bot) != "administrator":
        raise bad("TOPIC_CLOSED")
    return {"message_thread_id": number, "is_topic_message": True}
