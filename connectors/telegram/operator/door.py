"""What people say to the operator's bot alone, and for which of its guests that is.

Each update is read to its end before the next; nothing here waits for what Telegram lets the bot say.
"""

import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence

from bridge.contract import Event, OptOutChanged, Unparsable
from connectors.telegram import fields
from connectors.telegram.chats import person
from connectors.telegram.operator import words
from connectors.telegram.operator.bot import Bot, Button
from connectors.telegram.operator.commands import Commands, Heard
from connectors.telegram.operator.friends import Friend
from connectors.telegram.operator.guest import GuestSession
from connectors.telegram.operator.lobby import Lobby
from connectors.telegram.operator.trail import NOBODY
from connectors.telegram.updates import Reader

_COMMAND = re.compile(r"/(start|stop|help|optout)(?:@(\w+))?(?:\s+(.*))?", re.DOTALL | re.ASCII)


class Door:
    """Reads as a `Reader` does; `rooms` reads what is said in groups."""

    def __init__(self, rooms: Reader, bot: Bot, lobby: Lobby) -> None:
        self._rooms = rooms
        self._bot = bot
        self._lobby = lobby
        self._commands = Commands(bot, lobby)
        self._kinds: Mapping[str, Callable[[Heard], Awaitable[None]]] = {
            "message": self._message,
            "edited_message": self._changed,
            "message_reaction": self._changed,
            "my_chat_member": self._commands.standing,
        }

    @property
    def allowed(self) -> Sequence[str]:
        return (*self._rooms.allowed, "callback_query")

    async def read(self, *updates: object, since: float = -math.inf) -> Sequence[Event]:
        """The events of an update, or of those that make an album, that are the operator's own."""
        raw = updates[0]
        update = fields.mapping(raw)
        kind = next((key for key in update if key != "update_id"), "")
        body = fields.mapping(update.get(kind))
        if kind == "callback_query":
            await self._commands.tapped(body)
            return []
        chat = fields.integer(fields.mapping(body.get("chat")).get("id"))
        who = person(fields.mapping(body.get("user" if kind == "message_reaction" else "from")))
        if kind not in self._kinds or chat is None or chat < 0:
            return await self._rooms.read(*updates, since=since)
        number = fields.positive(update.get("update_id") if kind == "my_chat_member" else body.get("message_id"))
        if who is None or who.id != str(chat) or number is None:
            return [Unparsable(reason="said to the bot alone by nobody", source=str(chat), raw=fields.shown(raw))]
        friend = await self._bot.friends.of(chat)
        try:
            await self._kinds[kind](Heard(friend, number, body, updates))
        except (ValueError, TypeError, KeyError, RecursionError) as error:  # a border: whatever stands there
            reason = f"{type(error).__name__}: {error}"[:500]
            return [Unparsable(reason=reason, source=str(chat), raw=fields.shown(raw))]
        finally:
            self._bot.friends.forget(friend)
        chooses = kind == "message" and fields.string(body.get("text")).startswith(("/start", "/optout"))
        return [OptOutChanged(contact=who.id, out=friend.out)] if chooses else []

    async def _message(self, heard: Heard) -> None:
        said = fields.string(heard.body.get("text"))
        command = _COMMAND.fullmatch(said.strip())
        if command is not None and (command[2] or self._bot.username).casefold() == self._bot.username.casefold():
            await self._commands.given(heard, command[1].lower(), (command[3] or "").strip())
            return
        friend = heard.friend
        if friend.out or not friend.users:
            self._bot.tell(friend, words.OUT if friend.out else words.NOBODY if friend.keys else words.STRANGER)
            return
        key = friend.trail.of(heard.number) if heard.number <= friend.last else await self._meant(heard)
        if key is not None and key in friend.users:
            await self._pass_on(heard, key)

    async def _meant(self, heard: Heard) -> int | None:
        """For whom a new message is; None if nobody can be told, and its author has been told that."""
        friend, body = heard.friend, heard.body
        answered = fields.positive(fields.mapping(body.get("reply_to_message")).get("message_id"))
        owner = NOBODY if answered is None else friend.trail.of(answered)
        if owner is None and len(friend.users) > 1:
            self._bot.tell(friend, words.FORGOTTEN, *self._bot.buttons(friend))
            return None
        if owner and owner not in friend.users:
            self._bot.tell(friend, words.ENDED)
            return None
        key = owner or friend.chosen
        if not key:
            self._bot.tell(friend, words.CHOOSE, *self._bot.buttons(friend))
            return None
        if key != friend.chosen:
            friend.chosen = key
            self._bot.tell(friend, words.chosen(friend.label(key)), topic="chosen")
        elif not owner and friend.trail.of(heard.number) not in (NOBODY, None, key):
            # Somebody else has spoken last: it is said whom this went to.
            self._bot.tell(friend, words.went_to(friend.label(key)), *self._others(friend, key), topic="went")
        return key

    async def _pass_on(self, heard: Heard, key: int) -> None:
        friend = heard.friend
        guest = await self._lobby.guest(friend.users[key])
        if not isinstance(guest, GuestSession):
            self._bot.tell(friend, words.away(friend.label(key)))
            return
        for number in heard.numbers:
            friend.trail.put(number, key)
            friend.last = max(friend.last, number)
        if len(friend.users) > 1:
            await self._bot.save(friend)
        await guest.read(*heard.updates)

    async def _changed(self, heard: Heard) -> None:
        """An edit or a reaction goes where its message went."""
        friend = heard.friend
        key = friend.trail.of(heard.number)
        if key is None and len(friend.users) == 1:
            key = next(iter(friend.users))
        if friend.out or key is None or key not in friend.users:
            if "edit_date" in heard.body and key != NOBODY:
                self._bot.tell(friend, words.OUT if friend.out else words.NOT_CHANGED)
            return
        guest = await self._lobby.guest(friend.users[key])
        if isinstance(guest, GuestSession):
            await guest.read(*heard.updates)
        else:
            self._bot.tell(friend, words.away(friend.label(key)))

    def _others(self, friend: Friend, key: int) -> list[Button]:
        return [button for button in self._bot.buttons(friend) if button[1] != f"to:{key}"]
