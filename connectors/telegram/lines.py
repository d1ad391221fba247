"""What has no form of its own in the contract, as one line for people. Pure.

Source: https://core.telegram.org/bots/api#message.
"""

from collections.abc import Callable, Mapping
from typing import Any

from bridge.contract import Place, geo
from connectors.telegram import fields

_MOST = 20  # options of a poll
_LONGEST = 200

# What stands in messages and says nothing by itself.
_AROUND = frozenset((
    "message_id", "message_thread_id", "direct_messages_topic", "from", "sender_chat", "sender_boost_count",
    "sender_business_bot", "date", "business_connection_id", "chat", "forward_origin", "is_topic_message",
    "is_automatic_forward", "reply_to_message", "external_reply", "quote", "reply_to_story",
    "reply_to_checklist_task_id", "via_bot", "edit_date", "has_protected_content", "is_from_offline",
    "is_paid_post", "media_group_id", "author_signature", "paid_star_count", "entities", "link_preview_options",
    "suggested_post_info", "effect_id", "caption", "caption_entities", "show_caption_above_media",
    "has_media_spoiler", "reply_markup", "forward_from", "forward_from_chat", "forward_from_message_id",
    "forward_signature", "forward_sender_name", "forward_date", "new_chat_participant", "left_chat_participant",
    "new_chat_member", "sender_tag",
))  # fmt: skip
# Told otherwise: as who is in a room, as what it is called, as where it is now.
_SILENT = frozenset((
    "new_chat_members", "left_chat_member", "new_chat_title", "migrate_to_chat_id", "migrate_from_chat_id",
    "group_chat_created", "supergroup_chat_created", "channel_chat_created",
))  # fmt: skip


def service(raw: Mapping[str, Any]) -> str | None:
    """What happened, for a message that is no content; None when that is told otherwise."""
    found = [key for key in raw if key not in _AROUND]
    if any(key in _SILENT for key in found):
        return None
    for key in found:
        if key in _SERVICE:
            return _SERVICE[key](fields.mapping(raw[key]))
    return f"[unsupported: {fields.line(found[0], 60)}]" if found else "[unsupported: an empty message]"


def place_of(raw: Mapping[str, Any]) -> Place | None:
    where = fields.mapping(fields.mapping(raw.get("venue")).get("location") or raw.get("location"))
    latitude, longitude = fields.number(where.get("latitude")), fields.number(where.get("longitude"))
    if latitude is None or longitude is None:
        return None
    return geo.place(latitude, longitude, fields.number(where.get("horizontal_accuracy")))


def _contact(said: Mapping[str, Any]) -> str:
    name = " ".join(p for p in (fields.line(said.get("first_name")), fields.line(said.get("last_name"))) if p)
    return f"[Contact: {', '.join(p for p in (name, fields.line(said.get('phone_number'), 40)) if p) or 'no name'}]"


def _location(said: Mapping[str, Any]) -> str:
    found = place_of({"location": said})
    if found is None:
        return "[Location: nowhere on Earth]"
    live = "live_period" in said
    return f"{'Live location' if live else 'Location'}: {geo.uri(found)}"


def _venue(said: Mapping[str, Any]) -> str:
    found = place_of({"venue": said})
    names = [p for p in (fields.line(said.get("title")), fields.line(said.get("address"))) if p]
    return " ".join([", ".join(names) or "A place", *([geo.uri(found)] if found is not None else [])])


def _poll(said: Mapping[str, Any]) -> str:
    kind = "Quiz" if said.get("type") == "quiz" else "Poll"
    options = [fields.line(fields.mapping(one).get("text")) for one in fields.listed(said.get("options"))[:_MOST]]
    return "\n".join([f"[{kind}: {fields.line(said.get('question'), 300)}]", *(f"- {one}" for one in options)])


def _dice(said: Mapping[str, Any]) -> str:
    return f"{fields.line(said.get('emoji'), 8) or '🎲'} {fields.integer(said.get('value')) or '?'}"


def _checklist(said: Mapping[str, Any]) -> str:
    tasks = [fields.line(fields.mapping(one).get("text")) for one in fields.listed(said.get("tasks"))[:_MOST]]
    return "\n".join([f"[Checklist: {fields.line(said.get('title'))}]", *(f"- {one}" for one in tasks)])


def _titled(noun: str) -> Callable[[Mapping[str, Any]], str]:
    def say(said: Mapping[str, Any]) -> str:
        title = fields.line(said.get("title"))
        return f"[{noun}: {title}]" if title else f"[{noun}]"

    return say


def _topic(noun: str) -> Callable[[Mapping[str, Any]], str]:
    def say(said: Mapping[str, Any]) -> str:
        name = fields.line(said.get("name"))
        return f"[{noun}: {name}]" if name else f"[{noun}]"

    return say


def _pinned(said: Mapping[str, Any]) -> str:
    words = fields.line(said.get("text")) or fields.line(said.get("caption"))
    return f"has pinned a message: {words}" if words else "has pinned a message."


def _fixed(words: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda _: words


CONTENT: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "venue": _venue, "location": _location, "contact": _contact, "poll": _poll, "dice": _dice,
    "game": _titled("Game"), "story": _titled("Story"), "invoice": _titled("Invoice"), "checklist": _checklist,
    "paid_media": _titled("Paid media, which bots cannot see"), "giveaway": _titled("Giveaway"),
}  # fmt: skip
_SERVICE: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "pinned_message": _pinned,
    "new_chat_photo": _fixed("has changed the group's picture."),
    "delete_chat_photo": _fixed("has removed the group's picture."),
    "message_auto_delete_timer_changed": _fixed("has changed when messages are deleted by themselves."),
    "video_chat_scheduled": _fixed("has planned a video chat."),
    "video_chat_started": _fixed("has begun a video chat, in which people with Telegram can take part."),
    "video_chat_ended": _fixed("The video chat has ended."),
    "video_chat_participants_invited": _fixed("has invited people to the video chat."),
    "forum_topic_created": _topic("Topic"),
    "forum_topic_edited": _topic("Topic changed"),
    "general_forum_topic_hidden": _fixed("has hidden the general topic."),
    "general_forum_topic_unhidden": _fixed("shows the general topic again."),
    "forum_topic_closed": _fixed("has closed the topic."),
    "forum_topic_reopened": _fixed("has opened the topic again."),
    "boost_added": _fixed("has boosted the group."),
    "chat_background_set": _fixed("has changed the chat's background."),
}
