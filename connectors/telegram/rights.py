"""What a bot may do in a group, and what it lacks to serve as a room.

Source: https://core.telegram.org/bots/api#chatmember, #chatpermissions.
"""

from dataclasses import dataclass
from typing import Any

from bridge.contract import Reason
from connectors.telegram import errors, fields
from connectors.telegram.api import Api


@dataclass(frozen=True, slots=True)
class Standing:
    """`lacks` are whole sentences that say what to do."""

    present: bool
    administrator: bool = False
    lacks: tuple[str, ...] = ()


async def missing(api: Api, me: int, chat: int) -> Standing:
    """Raises the four errors, but not for a group that is not there for the bot."""
    try:
        member = fields.mapping(await api.ask("getChatMember", {"chat_id": chat, "user_id": me}))
        group = fields.mapping(await api.ask("getChat", {"chat_id": chat}))
    except errors.No as refusal:
        if refusal.reason not in (Reason.FORBIDDEN, Reason.NOT_FOUND, Reason.GONE) and refusal.moved_to is None:
            raise
        return Standing(False, lacks=(_absent(str(chat)),))
    title = fields.line(group.get("title"))
    name = f"“{title}” ({chat})" if title else str(chat)
    status = fields.string(member.get("status"))
    if status in ("left", "kicked") or (status == "restricted" and member.get("is_member") is False):
        return Standing(False, lacks=(_absent(name),))
    if status in ("administrator", "creator"):
        return Standing(True, administrator=True, lacks=_as_administrator(member, group, name))
    permissions = fields.mapping(member if status == "restricted" else group.get("permissions"))
    if permissions.get("can_send_messages") is False:
        who = "the bot" if status == "restricted" else "members"
        return Standing(True, lacks=(_silent(name, who),))
    return Standing(True)


def _as_administrator(member: Any, group: Any, name: str) -> tuple[str, ...]:
    if group.get("type") == "channel":
        return () if member.get("can_post_messages") is not False else (_lacks(name, "Post messages"),)
    return () if member.get("can_delete_messages") is not False else (_lacks(name, "Delete messages"),)


def _absent(name: str) -> str:
    return f"The bot is not in the group {name} any more. Add it again, or leave the room."


def _silent(name: str, who: str) -> str:
    return (
        f"The group {name} does not let {who} write. One of its administrators can let the bot: open the group's "
        "settings, Permissions, or make the bot an administrator."
    )


def _lacks(name: str, right: str) -> str:
    return (
        f"The bot is an administrator of {name} without the right “{right}”. Who owns the group can give it: open the "
        "group's settings, Administrators, and choose the bot."
    )
