"""What the Bot API answers when it does not do what it was asked, as one of the four errors. Pure.

Source: https://core.telegram.org/bots/api#making-requests, #responseparameters. The texts are those of the public
server (github.com/tdlib/telegram-bot-api); Telegram promises none of them, so what is not known here is told as it is.
"""

from collections.abc import Mapping
from typing import Any

from bridge.contract import ConnectorError, LoggedOut, Reason, Refused, Scope, Unavailable, Unconfirmed
from connectors.telegram import fields

REVOKED = "Telegram no longer accepts the token of your bot. Get its token from @BotFather and log in again."
WEBHOOK = (
    "This bot gives its messages to another program (it has a webhook). Remove the webhook there, or make another bot "
    "with @BotFather."
)
RIVAL = "Another program reads the messages of this bot. End it, or make another bot with @BotFather for one of them."

_KNOWN: tuple[tuple[str, Reason, str], ...] = (
    ("blocked by the user", Reason.FORBIDDEN, "They have blocked your bot."),
    ("can't initiate conversation", Reason.FORBIDDEN,
     "Telegram lets a bot write only to people who have written to it. Ask them to open your bot and tap “Start”."),
    ("user is deactivated", Reason.GONE, "Their Telegram account does not exist any more."),
    ("bot was kicked", Reason.FORBIDDEN, "Your bot is not in this group any more."),
    ("bot is not a member", Reason.FORBIDDEN, "Your bot is not in this group any more."),
    ("group chat was deactivated", Reason.GONE, "This group does not exist any more."),
    ("not enough rights", Reason.FORBIDDEN, "The group does not let your bot do that. Ask its administrators."),
    ("need administrator rights", Reason.FORBIDDEN, "For that your bot would have to be an administrator."),
    ("chat_write_forbidden", Reason.FORBIDDEN, "The group does not let your bot write."),
    ("have no rights to send", Reason.FORBIDDEN, "The group does not let your bot write."),
    ("chat not found", Reason.NOT_FOUND, "Telegram knows no such chat, or your bot has never met them."),
    ("message to edit not found", Reason.NOT_FOUND, "The message is not there any more."),
    ("message to delete not found", Reason.NOT_FOUND, "The message is not there any more."),
    ("message to react not found", Reason.NOT_FOUND, "The message is not there any more."),
    ("message can't be deleted", Reason.NOT_ALLOWED, "Telegram lets a bot delete only what is less than two days old."),
    ("message can't be edited", Reason.NOT_ALLOWED, "Telegram does not let your bot edit this message any more."),
    ("message text is empty", Reason.BAD_REQUEST, "Telegram takes no empty messages."),
    ("message is too long", Reason.RESOURCE, "The message is too long for Telegram."),
    ("caption is too long", Reason.RESOURCE, "The caption is too long for Telegram."),
    ("file is too big", Reason.RESOURCE, "Telegram gives bots files of 20 MB at most."),
    ("business_peer_usage_missing", Reason.NOT_ALLOWED,
     "Telegram lets a bot write for you only where the other person has written to you within 24 hours. Write this in "
     "a Telegram app."),
    ("business_peer_invalid", Reason.FORBIDDEN,
     "This chat is not among those that you have opened to your bot in your Telegram app (Settings, Chat Automation)."),
    ("business connection not found", Reason.GONE, "Your bot is not connected with your Telegram account any more."),
    ("business_connection_", Reason.GONE, "Your bot is not connected with your Telegram account any more."),
    ("topic_closed", Reason.FORBIDDEN, "This topic is closed."),
    ("message thread not found", Reason.GONE, "This topic does not exist any more."),
    ("topic_deleted", Reason.GONE, "This topic does not exist any more."),
    ("topic_id_invalid", Reason.GONE, "This topic does not exist any more."),
)  # fmt: skip


class No(Refused):
    """Telegram has said no to a request; `said` is how."""

    def __init__(self, text: str, reason: Reason, said: str, moved_to: int | None = None) -> None:
        super().__init__(text, reason)
        self.said = said.lower()
        self.moved_to = moved_to  # the group has become this supergroup

    @property
    def disconnected(self) -> bool:
        """Whether there is no business connection by that name."""
        return "business connection not found" in self.said or "business_connection_" in self.said

    @property
    def no_topic(self) -> bool:
        """Whether no topic is called so (any more)."""
        return any(words in self.said for words in ("thread not found", "topic_deleted", "topic_id_invalid"))

    @property
    def topic_closed(self) -> bool:
        """Whether only those who manage topics can write in this one."""
        return "topic_closed" in self.said

    @property
    def unreadable(self) -> bool:
        """Whether it was the formatting."""
        return "entit" in self.said and self.reason is not Reason.RESOURCE

    @property
    def unchanged(self) -> bool:
        """Whether it is so already."""
        return "message is not modified" in self.said


class TooFast(Unavailable):
    """Telegram's own limit; `retry_after` in its seconds."""


def error_of(status: int, answer: object, *, changes: bool) -> ConnectorError:
    """`answer` is what the body says; None if it is no JSON. `changes`: whether the request would do something."""
    told = fields.mapping(answer)
    said = fields.line(told.get("description"), 300)
    parameters = fields.mapping(told.get("parameters"))
    if not told or "ok" not in told:
        return _senseless(status, changes=changes)
    if status in (401, 404):
        return LoggedOut(REVOKED)
    if status == 409:
        return Unavailable(WEBHOOK if "webhook" in said.lower() else RIVAL, lasting=True)
    if status == 429 or "retry_after" in parameters:
        return _too_fast(parameters)
    if status >= 500:
        # It may be this very message that it cannot bear, so the others go on.
        return Unavailable("Telegram has a fault of its own at the moment.", scope=Scope.CHAT)
    return refusal(status, said, parameters)


def refusal(status: int, said: str, parameters: Mapping[str, Any]) -> No:
    moved_to = fields.integer(parameters.get("migrate_to_chat_id"))
    lower = said.lower()
    for words, reason, text in _KNOWN:
        if words in lower:
            return No(text, reason, said, moved_to)
    if status == 413:
        return No("The file is too large for Telegram.", Reason.RESOURCE, said, moved_to)
    reason = Reason.FORBIDDEN if status == 403 else Reason.BAD_REQUEST
    return No(f"Telegram has refused it: {said or status}.", reason, said, moved_to)


def _too_fast(parameters: Mapping[str, Any]) -> TooFast:
    seconds = fields.number(parameters.get("retry_after"))
    asked = seconds if seconds is not None and seconds > 0 else None
    return TooFast("Telegram wants your bot to be slower here.", retry_after=asked, scope=Scope.CHAT)


def _senseless(status: int, *, changes: bool) -> ConnectorError:
    """From something that stands before Telegram, or is not Telegram."""
    text = f"What answers in Telegram's place makes no sense (HTTP status {status})."
    if changes and (status >= 500 or status < 300):
        return Unconfirmed(text)
    return Unavailable(text, lasting=status < 500)
