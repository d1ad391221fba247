"""Commands and buttons of people on Telegram, to the operator's bot.

Source: https://core.telegram.org/bots/features#deep-linking, https://core.telegram.org/bots/api#callbackquery.
"""

import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bridge.contract import ConnectorError, Message, MessageId, MessageReceived, Style
from connectors.telegram import fields, ids
from connectors.telegram.chats import person
from connectors.telegram.operator import words
from connectors.telegram.operator.bot import Bot
from connectors.telegram.operator.friends import Friend
from connectors.telegram.operator.guest import GuestSession
from connectors.telegram.operator.lobby import Lobby
from connectors.telegram.operator.trail import NOBODY

_SHOWN = 50  # buttons
_TAPPED = re.compile(r"(to|stop):([0-9]{1,9})")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_IN = ("member", "creator", "administrator", "restricted")


@dataclass(frozen=True, slots=True)
class Heard:
    """Something that a person has done in their chat with the bot; `number` is that of the message, or of the update
    where there is none, `body` what is said of it. An album is several updates, and has the first one's."""

    friend: Friend
    number: int
    body: Mapping[str, Any]
    updates: Sequence[object]

    @property
    def numbers(self) -> list[int]:
        """Of all messages of an album."""
        said = [fields.mapping(fields.mapping(one).get("message")).get("message_id") for one in self.updates]
        return [self.number, *(number for one in said if (number := fields.positive(one)) is not None)]


class Commands:
    def __init__(self, bot: Bot, lobby: Lobby) -> None:
        self._bot = bot
        self._lobby = lobby

    async def given(self, heard: Heard, command: str, rest: str) -> None:
        friend, number = heard.friend, heard.number
        if command == "start" and rest:
            await self._follow(heard, rest)
            return
        friend.trail.put(number, NOBODY)
        friend.last = max(friend.last, number)
        match command:
            case "start":
                await self._start(heard)
            case "stop":
                await self._stop_by_words(heard, rest)
            case "optout":
                await self._opt_out(heard)
            case _:
                self._bot.tell(friend, words.HELP if friend.users else words.STRANGER)
        if len(friend.users) > 1:
            await self._bot.save(friend)

    async def tapped(self, query: Mapping[str, Any]) -> None:
        """Telegram's programs send what stands on the bot's buttons; others may send anything."""
        id = fields.string(query.get("id"))
        who = person(fields.mapping(query.get("from")))
        where = fields.integer(fields.mapping(fields.mapping(query.get("message")).get("chat")).get("id"))
        number = ids.number(who.id) if who is not None else None
        tapped = _TAPPED.fullmatch(fields.string(query.get("data"))[:64])
        if number is None or _ID.fullmatch(id) is None:
            return
        friend = await self._bot.friends.of(number)
        said = words.OLD_BUTTON
        if tapped is not None and where == number and tapped.string.isascii():
            said = await self._tap(friend, tapped[1], int(tapped[2]), id) or said
        self._bot.friends.forget(friend)
        self._bot.later(self._answer(id, said))

    async def standing(self, heard: Heard) -> None:
        """#chatmemberupdated: somebody has blocked the bot, or does not any more."""
        friend = heard.friend
        status = fields.string(fields.mapping(heard.body.get("new_chat_member")).get("status"))
        blocked = status not in _IN
        if blocked is friend.blocked or not friend.users:
            return
        text = words.HAS_BLOCKED if blocked else words.IS_BACK
        await self._say(friend, list(friend.users), text, MessageId(f"0@{heard.number}"), heard.body)
        friend.blocked = blocked
        await self._bot.save(friend)

    async def _tap(self, friend: Friend, what: str, key: int, id: str) -> str:
        """What happens is told in a line; empty for what means nothing."""
        if what == "stop" and key == 0 and friend.users:
            await self._stop(friend, list(friend.users), MessageId(f"0@{id}"), {})
            return words.ALL_STOPPED
        if key not in friend.users:
            return ""
        label = friend.label(key)
        if what == "stop":
            await self._stop(friend, [key], MessageId(f"0@{id}"), {})
            return words.stopped(label)
        friend.chosen = key
        await self._bot.save(friend)
        self._bot.tell(friend, words.chosen(label), topic="chosen")
        return words.chosen(label)

    async def _answer(self, id: str, text: str) -> None:
        """#answercallbackquery: the button stops waiting."""
        with suppress(ConnectorError):
            await self._bot.speaker.api.do("answerCallbackQuery", {"callback_query_id": id, "text": text[:200]})

    async def _follow(self, heard: Heard, code: str) -> None:
        """#deep-linking: `/start CODE`."""
        friend, number, invitations = heard.friend, heard.number, self._bot.invitations
        found = await invitations.find(code)
        key = friend.key(found.user) if found is not None else None
        again = found is not None and (found.friend, found.message) == (friend.number, number)
        if found is None:
            self._bot.tell(friend, words.NO_CODE)
        elif key is not None and not again:
            await self._back(heard)
            friend.chosen = key
            await self._bot.save(friend)
            self._bot.tell(friend, words.known(friend.label(key)))
        elif found.friend and not again:
            self._bot.tell(friend, words.USED)
        elif not again and invitations.expired(found):
            self._bot.tell(friend, words.EXPIRED)
        elif friend.full:
            self._bot.tell(friend, words.TOO_MANY)
        else:
            guest = await self._lobby.guest(found.user)
            if not isinstance(guest, GuestSession):
                self._bot.tell(friend, words.away(found.user.partition("@")[0]))
                return
            await invitations.follow(found, friend.number, number)
            await self._meet(heard, found.user, guest)

    async def _meet(self, heard: Heard, user: str, guest: GuestSession) -> None:
        friend = heard.friend
        await self._back(heard)
        key = friend.add(user)
        friend.blocked = False
        friend.trail.put(heard.number, key)
        friend.last = max(friend.last, heard.number)
        await self._bot.save(friend)
        await guest.read(*heard.updates, instead=Message(words.ACCEPTED, style=Style.NOTICE))
        if key in friend.unmet:
            self._bot.introduce(friend, key)

    async def _start(self, heard: Heard) -> None:
        friend = heard.friend
        await self._back(heard)
        if not friend.users:
            self._bot.tell(friend, words.STRANGER)
            return
        chosen = friend.label(friend.chosen) if friend.chosen else ""
        rows = self._bot.buttons(friend) if len(friend.users) > 1 else ()
        labels = [friend.label(key) for key in friend.users]
        self._bot.tell(friend, words.overview(labels, chosen), *rows, topic="overview")

    async def _back(self, heard: Heard) -> None:
        """Whoever has opted out is there again."""
        friend = heard.friend
        if friend.out:
            await self._say(friend, list(friend.users), words.IS_BACK, _id(heard), heard.body)
            friend.out = False
            await self._bot.save(friend)

    async def _stop_by_words(self, heard: Heard, rest: str) -> None:
        friend = heard.friend
        if not friend.users:
            self._bot.tell(friend, words.ALL_STOPPED)
        elif len(friend.users) == 1 or rest.casefold() == "all":
            await self._stop(friend, list(friend.users), _id(heard), heard.body)
            self._bot.tell(friend, words.ALL_STOPPED)
        else:
            rows = [(words.stop(friend.label(key)), f"stop:{key}") for key in friend.users][:_SHOWN]
            self._bot.tell(friend, words.WHICH, *rows, (words.EVERYBODY, "stop:0"))

    async def _opt_out(self, heard: Heard) -> None:
        friend = heard.friend
        if not friend.out:
            await self._say(friend, list(friend.users), words.HAS_OPTED_OUT, _id(heard), heard.body)
            friend.out = True
            await self._bot.save(friend)
        self._bot.tell(friend, words.OUT_NOW)

    async def _stop(self, friend: Friend, keys: list[int], id: MessageId, body: Mapping[str, Any]) -> None:
        await self._say(friend, keys, words.HAS_ENDED, id, body)
        for key in keys:
            friend.drop(key)
        await self._bot.save(friend)

    async def _say(self, friend: Friend, keys: list[int], text: str, id: MessageId, body: Mapping[str, Any]) -> None:
        """Users are told of it in their chats; durable when this returns, so that it is told before it is so."""
        for key in keys:
            guest = await self._lobby.guest(friend.users[key])
            if isinstance(guest, GuestSession):
                chat = ids.chat(friend.number)
                sender = guest.person(friend.number)
                said = Message(text, style=Style.NOTICE)
                guest.give(MessageReceived(chat=chat, id=id, sender=sender, at=_at(body), message=said))
        await self._lobby.settled()


def _at(body: Mapping[str, Any]) -> float:
    """When it happened; now, where Telegram does not say."""
    now = time.time()
    return min(now, fields.number(body.get("date")) or now)


def _id(heard: Heard) -> MessageId:
    return ids.message(heard.friend.number, heard.number)
