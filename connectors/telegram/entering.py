"""A topic becomes a room of its own, or a thread of its group again. Nothing of it is seen on Telegram.

Source: https://core.telegram.org/bots/api#getchat (`is_forum`), #sendchataction (`message_thread_id`).
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.contract import ChatId, ChatKind, ChatSeen, Join, Leave, Reason, Receipt, Refused
from connectors.telegram import errors, fields, ids, topics

if TYPE_CHECKING:
    from connectors.telegram.sending import Speaker


async def join(speaker: "Speaker", chat: int, action: Join) -> Receipt:
    """Telegram is asked whether there is such a topic: a bot that “types” there is told."""
    topic = ids.topic(action.chat)
    if topic is None:
        raise Refused("A bot comes into a group when somebody there adds it.", Reason.UNSUPPORTED)
    group = fields.mapping(await speaker.api.ask("getChat", {"chat_id": chat}))
    title = fields.line(group.get("title"))
    if group.get("is_forum") is not True:
        raise Refused(f"The group “{title}” has no topics on Telegram; leave the topic out.", Reason.NOT_FOUND)
    room = ids.topic_room(speaker.chats.chat(chat), topic)
    try:
        where = topics.where(chat, room, None)
        await speaker.api.do("sendChatAction", {"chat_id": chat, "action": "typing", **where})
    except errors.No as refusal:
        if refusal.no_topic:
            text = f"There is no topic {topic} in the group “{title}” on Telegram. Its number is the last in its link."
            raise Refused(text, Reason.NOT_FOUND) from refusal
    forums, name = speaker.chats.forums, speaker.chats.title(room, title)
    await forums.titled(ids.whole(room), title)
    await forums.enter(room)
    forums.told.put_nowait(ChatSeen(chat=room, kind=ChatKind.ROOM, name=name, alias=ids.alias(room)))
    return Receipt(chat=room)


async def leave(speaker: "Speaker", chat: int, action: Leave) -> Receipt:
    """It may be in a group that is no more."""
    topic = ids.topic(action.chat)
    assert topic is not None
    await speaker.chats.forums.leave(ids.topic_room(speaker.chats.chat(chat), topic))
    return Receipt()


async def refused(speaker: "Speaker", room: ChatId, refusal: errors.No) -> None:
    """Telegram did not let the bot write in a topic: whoever is linked with it is told if that lasts."""
    if not (refusal.no_topic or refusal.topic_closed):
        return
    known = speaker.chats.seen.get(room)
    name = known.name if known is not None else speaker.chats.title(room, "")
    text = topics.closed(name) if refusal.topic_closed else f"“{name}” does not exist on Telegram any more."
    seen = known or ChatSeen(chat=room, kind=ChatKind.ROOM, name=name, alias=ids.alias(room))
    await speaker.chats.forums.close(room, refusal.topic_closed)
    speaker.chats.forums.told.put_nowait(replace(seen, closed=text))
