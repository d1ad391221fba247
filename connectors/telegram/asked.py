"""Commands in groups that several bots of this gateway are told: each does what it can, and one answers."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from connectors.telegram import fields, ids

_KEPT = 1_000
Command = tuple[object, ...]


class Asked:
    """For all bots of a network."""

    def __init__(self) -> None:
        self._known: OrderedDict[Command, tuple[str, set[str]]] = OrderedDict()  # who was told first, what was done

    def first(self, command: Command, bot: str) -> bool:
        """Whether no other bot has been told of it before."""
        first, _ = self._known.setdefault(command, (bot, set()))
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return first == bot

    def done(self, command: Command, what: str) -> None:
        """A bot has done this about it, so no other has to say that it could not."""
        if command in self._known:
            self._known[command][1].add(what)

    def is_done(self, command: Command, what: str) -> bool:
        return command in self._known and what in self._known[command][1]


def command(bot: str, chat: int, raw: Mapping[str, Any]) -> Command:
    """What a command is called by all who are told of it. In basic groups each bot has numbers of its own."""
    number = fields.positive(raw.get("message_id"))
    if chat > 0:
        return bot, chat, number
    if ids.is_shared(chat):
        return chat, number
    answered = fields.mapping(raw.get("reply_to_message"))
    who = (fields.integer(fields.mapping(one.get("from")).get("id")) for one in (raw, answered))
    return chat, *who, fields.integer(raw.get("date")), fields.integer(answered.get("date"))
