"""What happens in a chat and is told by a message, as a line; what has no line is named as Telegram calls it. Pure.

Source: https://core.telegram.org/bots/api#message.
"""

from collections.abc import Callable, Mapping
from typing import Any

from connectors.telegram import fields
from connectors.telegram.lines import tasks
from connectors.telegram.phrases import behind, everybody, moment, price, several, span, stars, titled, who

# What stands in messages and says nothing by itself.
AROUND = frozenset((
    "message_id", "message_thread_id", "direct_messages_topic", "from", "sender_chat", "sender_boost_count",
    "sender_business_bot", "date", "business_connection_id", "chat", "forward_origin", "is_topic_message",
    "is_automatic_forward", "reply_to_message", "external_reply", "quote", "reply_to_story",
    "reply_to_checklist_task_id", "reply_to_poll_option_id", "via_bot", "edit_date", "has_protected_content",
    "is_from_offline", "is_paid_post", "media_group_id", "author_signature", "paid_star_count", "entities",
    "link_preview_options", "suggested_post_info", "effect_id", "caption", "caption_entities",
    "show_caption_above_media", "has_media_spoiler", "reply_markup", "forward_from", "forward_from_chat",
    "forward_from_message_id", "forward_signature", "forward_sender_name", "forward_date", "new_chat_participant",
    "left_chat_participant", "new_chat_member", "sender_tag", "guest_bot_caller_user", "guest_bot_caller_chat",
    "guest_query_id",
))  # fmt: skip
# Told otherwise: as who is in a room, as what it is called, as where it is now.
SILENT = frozenset((
    "new_chat_members", "left_chat_member", "new_chat_title", "migrate_to_chat_id", "migrate_from_chat_id",
    "group_chat_created", "supergroup_chat_created", "channel_chat_created",
))  # fmt: skip
_UNIQUE = {
    "upgrade": "has made a gift unique", "gifted_upgrade": "has paid for making a gift unique",
    "transfer": "has passed a unique gift on", "resale": "has given a unique gift that was bought",
    "offer": "has sold a unique gift",
}  # fmt: skip
_UNPAID = {"post_deleted": "the post was deleted", "payment_refunded": "whoever paid took the payment back"}


def line(raw: Mapping[str, Any]) -> str | None:
    """What happened, for a message that is no content; None when that is told otherwise."""
    found = [key for key in raw if key not in AROUND]
    if any(key in SILENT for key in found):
        return None
    for key in found:
        if key in LINES:
            return LINES[key](fields.mapping(raw[key]))
    if "connected_website" in raw:
        return f"has logged in to {fields.line(raw['connected_website']) or 'a website'} with Telegram."
    return f"[unsupported: {fields.line(found[0], 60)}]" if found else "[unsupported: an empty message]"


def _pinned(said: Mapping[str, Any]) -> str:
    words = fields.line(said.get("text")) or fields.line(said.get("caption"))
    return behind("has pinned a message", words)


def _timer(said: Mapping[str, Any]) -> str:
    after = span(said.get("message_auto_delete_time"))
    if not after:
        return "has ended that messages are deleted by themselves."
    return f"has Telegram delete messages by themselves after {after}."


def _planned(said: Mapping[str, Any]) -> str:
    return behind("has planned a video chat", moment(said.get("start_date")), between=" for ")


def _ended(said: Mapping[str, Any]) -> str:
    return behind("The video chat has ended", span(said.get("duration")), between=" after ")


def _invited(said: Mapping[str, Any]) -> str:
    return f"has invited {everybody(said.get('users'))} to the video chat."


def _boost(said: Mapping[str, Any]) -> str:
    count = fields.positive(said.get("boost_count"))
    return f"has boosted the group {count} times." if count is not None and count > 1 else "has boosted the group."


def _gift(said: Mapping[str, Any]) -> str:
    gift = fields.mapping(said.get("gift"))
    emoji, worth = fields.line(fields.mapping(gift.get("sticker")).get("emoji"), 8), stars(gift.get("star_count"))
    what = " ".join(part for part in (emoji, f"worth {worth}" if worth else "") if part)
    return behind(f"has sent a gift{f' {what}' if what else ''}", fields.line(said.get("text")))


def _unique(said: Mapping[str, Any]) -> str:
    gift = fields.mapping(said.get("gift"))
    number, name = fields.positive(gift.get("number")), fields.line(gift.get("base_name"))
    words = _UNIQUE.get(fields.string(said.get("origin")), "has given a unique gift")
    return behind(words, f"{name} #{number}" if name and number else name)


def _giveaway(said: Mapping[str, Any]) -> str:
    return behind("has begun a giveaway", stars(said.get("prize_star_count")), between=" of ")


def _given(said: Mapping[str, Any]) -> str:
    winners = several(said.get("winner_count"), "person", "people")
    left = fields.positive(said.get("unclaimed_prize_count"))
    more = f" {several(left, 'prize')} went to nobody." if left else ""
    return f"The giveaway has ended. {winners} won.{more}"


def _done(said: Mapping[str, Any]) -> str:
    held = fields.mapping(fields.mapping(said.get("checklist_message")).get("checklist"))
    names: dict[object, str] = {}
    for raw in fields.listed(held.get("tasks")):
        one = fields.mapping(raw)
        names[fields.integer(one.get("id"))] = fields.line(one.get("text"))
    told = []
    for key, words in (("marked_as_done_task_ids", "done"), ("marked_as_not_done_task_ids", "not done")):
        some = fields.listed(said.get(key))
        if some:
            known = [name for one in some if (name := names.get(fields.integer(one)))]
            told.append(behind(f"has marked {several(len(some), 'task')} as {words}", *known))
    return "; ".join(told) or "has changed a checklist."


def _more(said: Mapping[str, Any]) -> str:
    return behind("has added to a checklist", *tasks(said.get("tasks"), done=False))


def _shared(said: Mapping[str, Any]) -> str:
    return f"has told the bot of {everybody(said.get('users'))}."


def _chat(said: Mapping[str, Any]) -> str:
    return f"has told the bot of {who(said, 'a chat')}."


def _allowed(said: Mapping[str, Any]) -> str:
    return behind("has allowed the bot to write to them", fields.line(said.get("web_app_name")), between=", by ")


def _web_app(said: Mapping[str, Any]) -> str:
    button = fields.line(said.get("button_text"))
    return f"has sent data to the bot{f' by “{button}”' if button else ''}, which is not passed on."


def _near(said: Mapping[str, Any]) -> str:
    metres = several(said.get("distance"), "metre")
    return f"{who(said.get('traveler'))} is within {metres} of {who(said.get('watcher'))}."


def _cost(said: Mapping[str, Any]) -> str:
    each = stars(said.get("paid_message_star_count"))
    return f"A message costs {each} here from now on." if each else "Messages cost nothing here from now on."


def _direct_cost(said: Mapping[str, Any]) -> str:
    if said.get("are_direct_messages_enabled") is not True:
        return "The channel takes no direct messages any more."
    each = stars(said.get("direct_message_star_count")) or "nothing"
    return f"A direct message to the channel costs {each} from now on."


def _owner(said: Mapping[str, Any]) -> str:
    return f"{who(said.get('new_owner'))} owns the group now."


def _ownerless(said: Mapping[str, Any]) -> str:
    heir = fields.mapping(said.get("new_owner"))
    return f"The owner has left. {who(heir)} will own the group." if heir else "The owner has left."


def _approved(said: Mapping[str, Any]) -> str:
    at = moment(said.get("send_date"))
    cost = price(said.get("price"))
    return f"has approved the suggested post{f' for {cost}' if cost else ''}{f', to appear at {at}' if at else ''}."


def _unapproved(said: Mapping[str, Any]) -> str:
    cost = price(said.get("price"))
    return f"The suggested post could not be approved: whoever suggested it cannot pay{f' {cost}' if cost else ''}."


def _declined(said: Mapping[str, Any]) -> str:
    return behind("has declined the suggested post", fields.line(said.get("comment")))


def _paid(said: Mapping[str, Any]) -> str:
    return behind("The suggested post was paid", price(said), between=" with ")


def _unpaid(said: Mapping[str, Any]) -> str:
    why = _UNPAID.get(fields.string(said.get("reason")), "")
    return behind("The suggested post was not paid after all", why, between=", because ")


def _option(words: str) -> "Say":
    return lambda said: behind(words, fields.line(said.get("option_text")))


def _topic(noun: str) -> "Say":
    return lambda said: titled(noun, said.get("name"))


def _sum(words: str) -> "Say":
    return lambda said: behind(words, price(said), between=" ")


def _fixed(words: str) -> "Say":
    return lambda _: words


Say = Callable[[Mapping[str, Any]], str]
LINES: Mapping[str, Say] = {
    "pinned_message": _pinned,
    "new_chat_photo": _fixed("has changed the group's picture."),
    "delete_chat_photo": _fixed("has removed the group's picture."),
    "message_auto_delete_timer_changed": _timer,
    "video_chat_scheduled": _planned,
    "video_chat_started": _fixed("has begun a video chat, in which people with Telegram can take part."),
    "video_chat_ended": _ended,
    "video_chat_participants_invited": _invited,
    "forum_topic_created": _topic("Topic"),
    "forum_topic_edited": _topic("Topic changed"),
    "general_forum_topic_hidden": _fixed("has hidden the general topic."),
    "general_forum_topic_unhidden": _fixed("shows the general topic again."),
    "forum_topic_closed": _fixed("has closed the topic."),
    "forum_topic_reopened": _fixed("has opened the topic again."),
    "boost_added": _boost,
    "chat_background_set": _fixed("has changed the chat's background."),
    "gift": _gift,
    "unique_gift": _unique,
    "gift_upgrade_sent": _fixed("has paid for making a gift unique."),
    "giveaway_created": _giveaway,
    "giveaway_completed": _given,
    "checklist_tasks_done": _done,
    "checklist_tasks_added": _more,
    "users_shared": _shared,
    "chat_shared": _chat,
    "write_access_allowed": _allowed,
    "web_app_data": _web_app,
    "passport_data": _fixed("has sent documents by Telegram Passport, which are not passed on."),
    "proximity_alert_triggered": _near,
    "successful_payment": _sum("has paid"),
    "refunded_payment": lambda said: f"The bot has given back a payment of {price(said) or 'some money'}.",
    "paid_message_price_changed": _cost,
    "direct_message_price_changed": _direct_cost,
    "chat_owner_changed": _owner,
    "chat_owner_left": _ownerless,
    "managed_bot_created": lambda said: f"has made a bot: {who(said.get('bot'))}",
    "poll_option_added": _option("has added to a poll"),
    "poll_option_deleted": _option("has taken from a poll"),
    "suggested_post_approved": _approved,
    "suggested_post_approval_failed": _unapproved,
    "suggested_post_declined": _declined,
    "suggested_post_paid": _paid,
    "suggested_post_refunded": _unpaid,
}
