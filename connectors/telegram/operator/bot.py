"""The operator's bot, while it is connected: what its own session and those of its guests share."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from bridge.contract import ConnectorError, Contact, Message, NetworkId, Send, Unavailable
from connectors.telegram import ids
from connectors.telegram.about import About
from connectors.telegram.operator.friends import Friend, Friends
from connectors.telegram.operator.invitations import Invitations
from connectors.telegram.operator.trail import NOBODY
from connectors.telegram.sending import Speaker

Button = tuple[str, str]
"""What stands on it, and what Telegram tells us when it is tapped."""

_WAITING = 5  # things that the bot has to say to one person; more are not said
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
    _telling: dict[int, "asyncio.Queue[_Word]"] = field(default_factory=dict)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def tell(self, friend: Friend, text: str, *rows: Button) -> "asyncio.Future[None]":
        """Say something of the bot's own, in its turn; done when it has been said, or will not be. A button a row."""
        said: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._telling.get(friend.number)
        if waiting is None:
            waiting = self._telling[friend.number] = asyncio.Queue(_WAITING)
            self.later(self._tell_all(friend, waiting))
        if waiting.full():
            said.set_result(None)  # whoever makes the bot speak so often reads the rest
        else:
            waiting.put_nowait(_Word(text, rows, said))
        return said

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside; it ends with the bot."""
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def save(self, friend: Friend) -> None:
        await self.friends.save(friend)

    async def _tell_all(self, friend: Friend, waiting: "asyncio.Queue[_Word]") -> None:
        while not waiting.empty():
            word = waiting.get_nowait()
            await self._tell(friend, word)
            if not word.said.done():
                word.said.set_result(None)
        del self._telling[friend.number]

    async def _tell(self, friend: Friend, word: "_Word") -> None:
        speaker = replace(self.speaker, also=keyboard(*word.rows))
        action = Send(chat=ids.chat(friend.number), key="-", message=Message(word.text))
        for _ in range(_TRIES):
            try:
                async with friend.speaking:
                    receipt = await speaker.perform(action)
                    number = ids.message_number(friend.number, receipt.ids[0])
                    if number is not None:
                        friend.trail.put(number, NOBODY)
                    if len(friend.users) > 1:
                        await self.save(friend)
                return
            except Unavailable as error:
                await asyncio.sleep(error.retry_after or _PAUSE)
            except ConnectorError:
                return  # they have blocked the bot, or nobody knows


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    rows: tuple[Button, ...]
    said: "asyncio.Future[None]"


def keyboard(*rows: Button) -> dict[str, object]:
    """#inlinekeyboardmarkup, as a parameter."""
    if not rows:
        return {}
    return {"reply_markup": {"inline_keyboard": [[{"text": text, "callback_data": data}] for text, data in rows]}}
