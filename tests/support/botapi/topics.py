"""Topics of a group.

Source: https://core.telegram.org/bots/api#forumtopic, #sendmessage (`message_thread_id`), #forumtopicclosed, #chat
(`is_forum`); https://core.telegram.org/api/forum. Bots are not told that a topic was deleted, and reactions do not say
in which topic they are (#messagereactionupdated).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.support.botapi.refusals import bad
from tests.support.botapi.state import Chat, Said, User

if TYPE_CHECKING:
    from tests.support.botapi.world import World

_GENERAL = 1


def begins(world: "World", who: User, chat: Chat, name: str) -> Said:
    """Somebody makes a topic, in what is a forum from then on."""
    chat.forum = True
    chat.counter = max(chat.counter, _GENERAL)  # the general topic has that number
    number = chat.counter + 1
    created = {"name": name, "icon_color": 1}
    return world.says(who, chat, forum_topic_created=created, message_thread_id=number, is_topic_message=True)


def says(world: "World", who: User, topic: Said, chat: Chat, text: str, **more: Any) -> Said:
    """In a topic; what answers nothing answers its beginning there, as Telegram tells it."""
    answered = more.pop("reply_to", topic)
    number = chat.number(topic, 0)
    return world.says(who, chat, text, reply_to=answered, message_thread_id=number, is_topic_message=True, **more)


def closes(world: "World", who: User, topic: Said, chat: Chat) -> None:
    topic.content["closed"] = True
    says(world, who, topic, chat, "", forum_topic_closed={})


def reopens(world: "World", who: User, topic: Said, chat: Chat) -> None:
    topic.content.pop("closed", None)
    says(world, who, topic, chat, "", forum_topic_reopened={})


def renames(world: "World", who: User, topic: Said, chat: Chat, name: str) -> None:
    """What messages say of its beginning stays as it was."""
    says(world, who, topic, chat, "", forum_topic_edited={"name": name})


def deletes(topic: Said, chat: Chat) -> None:
    """With all that is in it; nobody tells a bot."""
    number = chat.number(topic, 0)
    for said in chat.messages:
        if said is topic or said.content.get("message_thread_id") == number:
            said.gone = True


def hides_general(world: "World", who: User, chat: Chat) -> None:
    """Which closes it, too."""
    chat.general = "hidden"
    world.says(who, chat, general_forum_topic_hidden={})


def reopens_general(world: "World", who: User, chat: Chat) -> None:
    """Which shows it, too."""
    chat.general = ""
    world.says(who, chat, forum_topic_reopened={})


def inside(chat: Chat, topic: Said | None) -> list[Said]:
    """What stands in a topic; None: in the general one."""
    number = None if topic is None else chat.number(topic, 0)
    return [said for said in chat.visible if said.content.get("message_thread_id") == number]


def chosen(chat: Chat, bot: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a bot's message has of the topic that it names. Raises `No`."""
    keeps_order = chat.members.get(bot) == "administrator"
    if "message_thread_id" not in given:
        if chat.general and not keeps_order:
            raise bad("TOPIC_CLOSED")
        return {}
    number = int(given["message_thread_id"])
    topic = chat.find(number, bot)
    if topic is None or topic.gone or "forum_topic_created" not in topic.content:
        raise bad("message thread not found")  # also for number 1, which bots leave out
    if topic.content.get("closed") and not keeps_order:
        raise bad("TOPIC_CLOSED")
    return {"message_thread_id": number, "is_topic_message": True}
