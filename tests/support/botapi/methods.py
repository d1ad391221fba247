"""What bots may ask. Each method is `(api, bot, given) -> result`, or raises `No` with what Telegram writes.

Source: https://core.telegram.org/bots/api#available-methods.
"""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tests.support.botapi import albums, business, buttons, standing, topics, uploads, webhooks
from tests.support.botapi.refusals import No, bad
from tests.support.botapi.state import Bot, Chat, Said, store

if TYPE_CHECKING:
    from tests.support.botapi.server import BotApi

LONGEST, CAPTION = 4096, 1024  # UTF-16 units
_DAY = 86_400


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def get_me(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Any:
    return (
        bot.raw()
        | {"can_join_groups": True, "can_read_all_group_messages": bot.reads_all}
        | {"can_connect_to_business": bot.business}
    )


def get_chat(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Any:
    """Of people, only those whom the bot has met."""
    chat = api.world.state.chat(_number(given, "chat_id"), bot) or _stranger(api, bot, given)
    if chat is None or (chat.type == "private" and not _met(api, bot, chat.id)):
        raise bad("chat not found")
    if chat.type != "private" and chat.members.get(bot.id, "left") in ("left", "kicked"):
        raise No(403, "Forbidden: bot was kicked from the group chat")
    photo = chat.person.photo if chat.person is not None else chat.photo
    looks = {"photo": {"small_file_id": store(bot, photo)["file_id"]}} if photo is not None else {}
    about = {"description": chat.description} if chat.description else {}
    return chat.raw() | about | looks | standing.permissions(chat) | standing.reactions(chat)


def administrators(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Any:
    chat = _chat(api, bot, given)
    if chat.type == "private":
        raise bad("there are no administrators in the private chat")
    return [
        {"user": api.world.state.users[id].raw(), "status": status} | chat.titled(id)
        for id, status in chat.members.items()
        if status in ("creator", "administrator")
    ]


def leave_chat(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Any:
    api.world.goes(bot, _chat(api, bot, given), bot, "left")
    return True


def send_message(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Any:
    chat = may_write(api, bot, given)
    text = str(given.get("text", "")).strip()
    if not text:
        raise bad("message text is empty")
    if units(text) > LONGEST:
        raise bad("message is too long")
    return sent(api, bot, chat, given, {"text": text, **entities_of(given, "entities", str(given.get("text", "")))})


def send_file(kind: str) -> Callable[..., Any]:
    def send(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Any:
        chat = may_write(api, bot, given)
        caption = str(given.get("caption", "")).strip()
        if units(caption) > CAPTION:
            raise bad("message caption is too long")
        stored = uploads.taken(bot, kind, given.get(kind))
        content: dict[str, Any] = dict(stored)
        if caption:
            content |= {"caption": caption, **entities_of(given, "caption_entities", str(given.get("caption", "")))}
        return sent(api, bot, chat, given, content)

    return send


def edit_text(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Any:
    return _edited(api, bot, given, "text", "entities", LONGEST)


def edit_caption(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Any:
    return _edited(api, bot, given, "caption", "caption_entities", CAPTION)


def delete_message(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Any:
    chat = _chat(api, bot, given)
    said = chat.find(_number(given, "message_id"), bot.id)
    if said is None:
        raise bad("message to delete not found")
    keeps_order = chat.members.get(bot.id) == "administrator"
    if (said.author is not bot and not keeps_order and chat.type != "private") or (
        said.date < time.time() - 2 * _DAY and not keeps_order
    ):
        raise bad("message can't be deleted")
    said.gone = True
    return True


def set_reaction(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Any:
    """ "As non-premium users, bots can set up to one reaction per message"."""
    chat = _chat(api, bot, given)
    said = chat.find(_number(given, "message_id"), bot.id)
    if said is None:
        raise bad("message to react not found")
    wanted = given.get("reaction") or []
    if len(wanted) > 1:
        raise bad("REACTIONS_TOO_MANY")
    for one in wanted:
        if one.get("emoji") not in uploads.EMOJI or (chat.reactions is not None and one["emoji"] not in chat.reactions):
            raise bad("REACTION_INVALID")
    said.reactions[bot.id] = list(wanted)
    return True


def get_file(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Any:
    return uploads.told(bot, str(given.get("file_id", "")))


def chat_action(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Any:
    chat = may_write(api, bot, given, counts=0)
    if not isinstance(chat, business.OwnChat):
        topics.chosen(chat, bot.id, given)
    return True


METHODS: dict[str, Callable[["BotApi", Bot, Mapping[str, Any]], Any]] = {
    "getme": get_me, "getchat": get_chat,
    "getchatadministrators": administrators, "leavechat": leave_chat, "sendmessage": send_message,
    "editmessagetext": edit_text, "editmessagecaption": edit_caption, "deletemessage": delete_message,
    "setmessagereaction": set_reaction, "getfile": get_file, "sendchataction": chat_action,
    **standing.METHODS, **webhooks.METHODS, **business.METHODS, "sendmediagroup": albums.send,
    "answercallbackquery": buttons.answer,
    **{f"send{kind.replace('_', '')}": send_file(kind) for kind in uploads.KINDS},
}  # fmt: skip


def _edited(api: "BotApi", bot: Bot, given: Mapping[str, Any], what: str, marks: str, longest: int) -> Any:
    chat = may_write(api, bot, given)
    said = chat.find(_number(given, "message_id"), bot.id)
    if said is None:
        raise bad("message to edit not found")
    if said.author is not (chat.owner if isinstance(chat, business.OwnChat) else bot):
        raise bad("message can't be edited")
    if (what == "text") != ("text" in said.content):
        raise bad(f"there is no {what} in the message to edit")
    text = str(given.get(what, "")).strip()
    if what == "text" and not text:
        raise bad("message text is empty")
    if units(text) > longest:
        raise bad("message is too long" if what == "text" else "message caption is too long")
    new = {what: text, **entities_of(given, marks, str(given.get(what, "")))}
    if all(said.content.get(key) == new.get(key) for key in (what, marks)):
        raise bad(
            "message is not modified: specified new message content and reply markup are exactly the same as a current "
            "content and reply markup of the message"
        )
    said.content.pop(marks, None)
    said.content.pop("reply_markup", None)
    said.content.update(new | buttons.kept(given))
    said.edited = int(time.time())
    api.world.touched()
    return api.world.state.view(chat, said, bot)


def sent(api: "BotApi", bot: Bot, chat: Chat, given: Mapping[str, Any], content: dict[str, Any]) -> Any:
    answered, wanted = None, given.get("reply_parameters") or {}
    if wanted:
        answered = chat.find(int(wanted.get("message_id", 0)), bot.id)
        if answered is None and not wanted.get("allow_sending_without_reply"):
            raise bad("message to be replied not found")
    if isinstance(chat, business.OwnChat):
        return business.sent(api, bot, chat, content, answered)
    content = content | buttons.kept(given) | topics.chosen(chat, bot.id, given)
    said = api.world.state.add(chat, Said(bot, content, {}, reply_to=answered))
    api.world.shown(chat, said)
    return api.world.state.view(chat, said, bot)


def entities_of(given: Mapping[str, Any], key: str, text: str) -> dict[str, Any]:
    """As Telegram reads them: checked, and moved with the white space that it takes from the beginning."""
    entities, found = given.get(key) or [], []
    shift = units(text) - units(text.lstrip())
    for one in entities:
        start, length = one.get("offset"), one.get("length")
        if not isinstance(start, int) or not isinstance(length, int) or start < 0 or length <= 0:
            raise bad("can't parse entities: invalid offset or length")
        if start + length > units(text):
            raise bad("entity beginning or end is beyond the text: ENTITY_BOUNDS_INVALID")
        found.append(one | {"offset": max(0, start - shift)})
    return {key: found} if found else {}


def may_write(api: "BotApi", bot: Bot, given: Mapping[str, Any], *, counts: int = 1) -> Chat:
    """The chat; `counts` for so many messages."""
    if given.get("business_connection_id"):
        return business.may_write(api, bot, given)
    chat = _chat(api, bot, given)
    if chat.type == "private" and chat.id not in bot.started:
        if chat.members.get(chat.id) == "kicked":
            raise No(403, "Forbidden: bot was blocked by the user")
        raise No(403, "Forbidden: bot can't initiate conversation with a user")
    if chat.members.get(bot.id) == "restricted":
        raise bad("not enough rights to send text messages to the chat")
    wait = api.limits.takes(bot, chat, counts) if counts else 0.0
    if wait > 0:
        seconds = max(1, -int(-wait // 1))
        raise No(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
    return chat


def _chat(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Chat:
    chat = api.world.state.chat(_number(given, "chat_id"), bot) or _stranger(api, bot, given)
    if chat is None or (chat.type == "private" and not _met(api, bot, chat.id)):
        raise bad("chat not found")
    if chat.moved is not None:
        raise bad("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.moved.id)
    if chat.type != "private" and chat.members.get(bot.id) in (None, "left", "kicked"):
        raise No(403, "Forbidden: bot was kicked from the group chat")
    return chat


def _stranger(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Chat | None:
    user = api.world.state.users.get(_number(given, "chat_id"))
    return api.world.state.private(bot, user) if user is not None and not user.is_bot else None


def _met(api: "BotApi", bot: Bot, person: int) -> bool:
    groups = [chat for chat in api.world.state.chats.values() if chat.type != "private"]
    private = api.world.state.chats.get((person, bot.id))
    blocked = private is not None and private.members.get(person) == "kicked"
    return blocked or person in bot.started or any({bot.id, person} <= set(chat.members) for chat in groups)


def _number(given: Mapping[str, Any], key: str) -> int:
    try:
        return int(given.get(key, 0))
    except (TypeError, ValueError):
        return 0
