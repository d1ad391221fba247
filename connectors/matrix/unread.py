"""What people are told of chats that we can neither read nor write in: one line a day of each kind. Pure.

The lines have ids made of their day, so a restart or a second account does not repeat them.
"""

from datetime import UTC, datetime
from enum import StrEnum

from bridge.contract import ChatId, Contact, Message, MessageId, MessageReceived, Style


class Unread(StrEnum):
    """Why there is a line."""

    RECEIVED = "received"
    SENT = "sent"


REFUSAL = (
    "This Matrix chat is end-to-end encrypted, which the gateway cannot do yet. Your message was not sent. "
    "Use a Matrix app for this chat."
)
_TEXTS = {
    Unread.RECEIVED: "There are messages here that are end-to-end encrypted, which the gateway cannot read yet. "
    "Read them in a Matrix app.",
    Unread.SENT: REFUSAL,
}


def line(why: Unread, chat: ChatId, contact: Contact, now: float) -> MessageReceived:
    """The line of the day of `now` (seconds since the epoch), said in the chat with `contact`."""
    day = datetime.fromtimestamp(now, UTC).date().isoformat()
    return MessageReceived(
        chat=chat,
        id=MessageId(f"$unread-{why}-{day}"),
        sender=contact,
        at=now,
        message=Message(_TEXTS[why], style=Style.NOTICE),
    )
