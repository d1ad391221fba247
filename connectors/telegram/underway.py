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

_SECONDS = 5.0  # for a call to end: what is said in other chats waits no longer


class Underway:
    """Of one bot."""

    def __init__(self) -> None:
        self._calls: dict[int, set[asyncio.Future[None]]] = {}

    @contextmanager
    def call(self, chat: int) -> Iterator[None]:
        """Something is said in a chat inside this. Who waits goes on when whoever has called has the answer."""
        ends = asyncio.get_running_loop().create_future()
        calls = self._calls.setdefault(chat, set())
        calls.add(ends)
        try:
            yield
        finally:
            ends.set_result(None)
            calls.discard(ends)
            if not calls:
                self._calls.pop(chat, None)

    async def landed(self, chat: int) -> None:
        """Return when what is under way in a chat now has an end, or that takes very long."""
        if calls := self._calls.get(chat):
            await asyncio.wait(set(calls), timeout=_SECONDS)


def may_name(kind: str, body: Mapping[str, Any], me: ContactId) -> bool:
    """Whether an update may name a message of `me`. Reactions do not say whose it is (#messagereactionupdated)."""
    answered = sender(fields.mapping(body.get("reply_to_message")))
    return kind == "message_reaction" or (answered is not None and answered.id == me)
