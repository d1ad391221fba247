"""What people are told of chats that we can neither read nor write in: one line a day of each kind.

The lines have ids made of their account and their day, so a restart does not repeat them.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from bridge.contract import ChatId, Clock, Contact, ContactId, Message, MessageId, MessageReceived, Style


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


class Lines:
    """The lines of one account: made once a day, kept until somebody takes them."""

    def __init__(self, me: ContactId, clock: Clock) -> None:
        self._me = me
        self._clock = clock
        self._told: dict[tuple[Unread, ChatId], str] = {}
        self._waiting: list[MessageReceived] = []
        self._more = asyncio.Event()

    def line(self, why: Unread, chat: ChatId, contact: Contact, *, shared: bool = False) -> Sequence[MessageReceived]:
        """The line of today, said in the chat with `contact`; nothing if it has been made. `shared`: it is the same for
        all our accounts."""
        now = self._clock.time()
        day = datetime.fromtimestamp(now, UTC).date().isoformat()
        if self._told.get((why, chat)) == day:
            return ()
        self._told[why, chat] = day
        id = MessageId(f"$unread-{why}-{day}-{chat if shared else self._me}")
        message = Message(_TEXTS[why], style=Style.NOTICE)
        return [MessageReceived(chat=chat, id=id, sender=contact, at=now, message=message)]

    def say(self, why: Unread, chat: ChatId, contact: Contact) -> None:
        """The same for somebody who reads and is not here."""
        if line := self.line(why, chat, contact):
            self._waiting += line
            self._more.set()

    def take(self) -> Sequence[MessageReceived]:
        taken, self._waiting = self._waiting, []
        self._more.clear()
        return taken

    async def come_before(self, task: "asyncio.Future[Any]") -> bool:
        """Wait until there are lines or `task` has ended; whether there are lines."""
        waiting = asyncio.ensure_future(self._more.wait())
        try:
            await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            await asyncio.wait({waiting})
        return self._more.is_set()
