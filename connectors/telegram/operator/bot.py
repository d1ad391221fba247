"""The operator's bot, while it is connected: what its own session and those of its guests share."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bridge.contract import ConnectorError, Contact, Message, NetworkId, Send, Unavailable
from connectors.telegram import ids
from connectors.telegram.about import About
from connectors.telegram.beside import Beside
from connectors.telegram.deleting import Deleting
from connectors.telegram.operator import words
from connectors.telegram.operator.friends import Friend, Friends
from connectors.telegram.operator.invitations import Invitations
from connectors.telegram.operator.trail import NOBODY
from connectors.telegram.sending import Speaker

Button = tuple[str, str]
"""What stands on it, and what Telegram tells us when it is tapped."""

Word = tuple[str, Sequence[Button]]
"""Something to be said, and the buttons under it."""

_MET = "met:"  # the topic of an introduction
_SHOWN = 50  # buttons
_STRANGERS = 20  # people to whom the bot has something to say while strangers are answered
_TRIES = 10
_PAUSE = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Bot:
    me: Contact
    username: str
    network: NetworkId
    speaker: Speaker
    about: About
    friends: Friends
    invitations: Invitations
    repeats: bool
    deleting: Deleting
    _telling: dict[int, dict[str, Word]] = field(default_factory=dict)
    _beside: Beside = field(default_factory=Beside)

    def tell(self, friend: Friend, text: str, *rows: Button, topic: str = "") -> None:
        """Say something of the bot's own, in its turn; a button a row. What still waits to be said of the same `topic`,
        or in the same words, is not said any more: however much somebody makes the bot say, it says the last of it."""
        waiting = self._telling.get(friend.number)
        if waiting is None:
            if not friend.keys and len(self._telling) >= _STRANGERS:
                return  # those who have followed an invitation come first
            waiting = self._telling[friend.number] = {}
            self.later(self._tell_all(friend, waiting))
        waiting.pop(topic or text, None)
        waiting[topic or text] = (text, rows)

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside; it ends with the bot."""
        self._beside.later(work)

    async def close(self) -> None:
        await self._beside.close()

    async def save(self, friend: Friend) -> None:
        await self.friends.save(friend)

    def introduce(self, friend: Friend, key: int) -> None:
        """Tell somebody with whom they talk now; also when we were killed before that was said."""
        several = len(friend.users) > 1
        text = words.met(friend.label(key), friend.users[key], several=several)
        self.tell(friend, text, *(self.buttons(friend) if several else ()), topic=f"{_MET}{key}")

    def buttons(self, friend: Friend) -> list[Button]:
        """One for each user to whom somebody may write."""
        return [(words.answer(friend.label(key)), f"to:{key}") for key in friend.users][:_SHOWN]

    async def _tell_all(self, friend: Friend, waiting: dict[str, Word]) -> None:
        try:
            while waiting:
                topic = next(iter(waiting))
                if await self._tell(friend, *waiting.pop(topic)) and topic.startswith(_MET):
                    friend.unmet.discard(int(topic.removeprefix(_MET)))
                    await self.save(friend)
        finally:
            del self._telling[friend.number]

    async def _tell(self, friend: Friend, text: str, rows: Sequence[Button]) -> bool:
        """Whether it was said."""
        speaker = replace(self.speaker, also=keyboard(*rows))
        action = Send(chat=ids.chat(friend.number), key="-", message=Message(text))
        for _ in range(_TRIES):
            try:
                async with friend.speaking:
                    receipt = await speaker.perform(action)
                    number = ids.message_number(friend.number, receipt.ids[0])
                    if number is not None:
                        friend.trail.put(number, NOBODY)
                    if len(friend.users) > 1:
                        await self.save(friend)
                return True
            except Unavailable as error:
                await asyncio.sleep(error.retry_after or _PAUSE)
            except ConnectorError:
                return False  # they have blocked the bot, or nobody knows
        return False


def keyboard(*rows: Button) -> dict[str, object]:
    """#inlinekeyboardmarkup, as a parameter."""
    if not rows:
        return {}
    return {"reply_markup": {"inline_keyboard": [[{"text": text, "callback_data": data}] for text, data in rows]}}
