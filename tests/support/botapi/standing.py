"""How members stand to a chat, and what they may do there.

Source: https://core.telegram.org/bots/api#getchatmember, #chatmember, #chatpermissions.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.support.botapi.refusals import No, bad
from tests.support.botapi.state import Bot, Chat

if TYPE_CHECKING:
    from tests.support.botapi.server import BotApi

_MAY = ("can_send_messages", "can_send_photos", "can_send_documents")
_KEEPS_ORDER = ("can_manage_chat", "can_delete_messages", "can_restrict_members", "can_invite_users")


def permissions(chat: Chat) -> dict[str, Any]:
    """What `getChat` says that members may do."""
    return {} if chat.type == "private" else {"permissions": dict.fromkeys(_MAY, True) | chat.permissions}


def reactions(chat: Chat) -> dict[str, Any]:
    """What `getChat` says of reactions: nothing, where all are allowed. People have custom ones besides."""
    if chat.reactions is None:
        return {}
    emoji = [{"type": "emoji", "emoji": one} for one in sorted(chat.reactions)]
    return {"available_reactions": [*emoji, {"type": "custom_emoji", "custom_emoji_id": "5368324170671202286"}]}


def member(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Any:
    chat = api.world.state.chat(int(given.get("chat_id", 0)), bot)
    if chat is None:
        raise bad("chat not found")
    if chat.moved is not None:
        raise bad("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.moved.id)
    if chat.type != "private" and chat.members.get(bot.id, "left") in ("left", "kicked"):
        raise No(403, "Forbidden: bot was kicked from the group chat")
    id = int(given.get("user_id", 0))
    user = api.world.state.users.get(id)
    if user is None:
        raise bad("PARTICIPANT_ID_INVALID")
    status = chat.members.get(id, "left")
    told: dict[str, Any] = {"user": user.raw(), "status": status} | chat.titled(id)
    if status == "administrator":
        told |= dict.fromkeys(_KEEPS_ORDER, True) | chat.rights.get(id, {})
    if status == "restricted":
        told |= {"is_member": True} | dict.fromkeys(_MAY, False) | chat.rights.get(id, {})
    return told


METHODS = {"getchatmember": member}
