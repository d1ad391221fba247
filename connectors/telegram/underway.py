"""What a bot is about to have said: somebody may answer a message before we have been told what it is called.

Telegram tells bots nothing of their own messages, so only the answer to the call says their numbers. Whoever reads an
update that may name one of them waits for the calls that are under way in its chat.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bridge.contract import ContactId
from connectors.telegram import fields
from connectors.telegram.chats import sender

_SECONDS = 5.0  # that a call may take: what is said in other chats waits for each no longer, whoever names it


class Underway:
    """Of one bot."""

    def __init__(self) -> None:
        self._calls: dict[int, dict[asyncio.Future[None], float]] = {}  # by chat: each, and until when it is waited for

    @contextmanager
    def call(self, chat: int) -> Iterator[None]:
        """Something is said in a chat inside this. Who waits goes on when whoever has called has the answer."""
        loop = asyncio.get_running_loop()
        ends = loop.create_future()
        calls = self._calls.setdefault(chat, {})
        calls[ends] = loop.time() + _SECONDS
        try:
            yield
        finally:
            ends.set_result(None)
            del calls[ends]
            if not calls:
                self._calls.pop(chat, None)

    async def landed(self, chat: int) -> None:
        """Return when what is under way in a chat now has an end, or that takes very long."""
        now = asyncio.get_running_loop().time()
        calls = {ends: until for ends, until in self._calls.get(chat, {}).items() if until > now}
        if calls:
            await asyncio.wait(calls, timeout=max(calls.values()) - now)


def may_name(kind: str, body: Mapping[str, Any], me: ContactId) -> bool:
    """Whether an update may name a message of `me`. Reactions do not say whose it is (#messagereactionupdated)."""
    answered = sender(fields.mapping(body.get("reply_to_message")))
    return kind == "message_reaction" or (answered is not None and answered.id == me)
