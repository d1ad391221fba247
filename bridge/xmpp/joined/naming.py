"""Names for what is said in a room that gives it none (no XEP-0359).

Ids that apps choose come again, and some apps choose none, so a name here is a hash of who said what and of its number
among all that was heard in the room: nothing is lost because something else was called or read the same. The number
lasts over a restart, so what is heard again is called as before.

A room without an archive shows its latest history to who comes in. Somewhere in it is the end of what was heard
already: both are laid against each other, and what is behind is new. People of the room name a message by its author's
id (XEP-0308, XEP-0444, XEP-0461); whoever else uses an id again is not to take an author's own message from them.
"""

import hashlib
from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import TypeVar
from xml.etree.ElementTree import Element

from bridge.contract import (
    Action,
    Edit,
    Message,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    React,
    ReactionsChanged,
    Retract,
    Send,
    Target,
    TypingChanged,
)
from bridge.xmpp import parse

_MARK = "="  # before a name that we have given
_TAIL = 200  # messages that were heard last, which a history may begin with
_CALLED = 4_000  # messages whose authors' ids are remembered
_SAID = ("{urn:xmpp:message-retract:1}retract", "{urn:xmpp:fasten:0}apply-to", "{urn:xmpp:reactions:0}reactions")

Told = MessageReceived | MessageEdited | MessageRetracted | ReactionsChanged | TypingChanged
_T = TypeVar("_T", bound=Told)
_K = TypeVar("_K")
_V = TypeVar("_V")


def fingerprint(stanza: Element, nick: str) -> str:
    """Of who says what, the same when it comes as history; empty for what a history does not have."""
    words = parse.body(stanza)
    done = [(child.get("id", ""), "".join(child.itertext())) for child in stanza if child.tag in _SAID]
    secret = any(child.tag in parse.ENCRYPTED for child in stanza)
    if words is None and not done and not secret:
        return ""
    return hashlib.sha256(repr((nick, words, done)).encode("utf-8", "replace")).hexdigest()[:12]


class Naming:
    """Of one room."""

    def __init__(self) -> None:
        self.number = 0
        """How much was heard."""
        self._between = 0  # things since the last that counts
        self._tail: deque[str] = deque(maxlen=_TAIL)
        self._by_author: OrderedDict[tuple[str, str], MessageId] = OrderedDict()  # nick and id
        self._by_id: OrderedDict[str, MessageId] = OrderedDict()
        self._ids: OrderedDict[MessageId, str] = OrderedDict()  # by name

    def name(self, print: str, *, lasts: bool) -> MessageId:
        """Of the next that is heard. What has no body a history need not have, so it does not count (`lasts`)."""
        if lasts:
            self.number += 1
            self._tail.append(print)
            self._between = 0
        else:
            self._between += 1
        counted = f"{print} {self.number} {self._between}"
        return MessageId(_MARK + hashlib.sha256(counted.encode()).hexdigest()[:32])

    def known(self, history: Sequence[str]) -> int | None:
        """How much of a history's beginning was heard before, or is older still; None: nothing of what was heard is in
        it, so that something may be missing."""
        heard = list(self._tail)
        best, known = 0, None if heard else 0
        for end in range(1, len(history) + 1):
            many = min(end, len(heard))
            if many > best and list(history[end - many : end]) == heard[len(heard) - many :]:
                best, known = many, end
        return known

    def call(self, nick: str, id: str, name: MessageId) -> None:
        """The author `nick` calls it `id`."""
        _put(self._by_author, (nick, id), name)
        _put(self._by_id, id, name)
        _put(self._ids, name, id)

    def meant(self, event: _T, nick: str) -> _T:
        """What is about a message that is named by its author's id, with the name that we have given it."""
        if isinstance(event, MessageReceived | MessageEdited) and event.message.reply_to is not None:
            reply_to = self._by_id.get(event.message.reply_to, event.message.reply_to)
            event = replace(event, message=replace(event.message, reply_to=reply_to))
        if isinstance(event, MessageEdited | MessageRetracted):
            own = self._by_author.get((nick, event.target))
            event = replace(event, target=own or self._by_id.get(event.target, event.target))
        elif isinstance(event, ReactionsChanged):
            event = replace(event, target=self._by_id.get(event.target, event.target))
        return event

    def written(self, action: Action) -> Action:
        """The other way: what people of the room call it."""
        if isinstance(action, Edit | Retract | React):
            action = replace(action, target=self._target(action.target))
        if isinstance(action, Send | Edit) and action.message.reply_to is not None:
            action = replace(action, message=self._replying(action.message, action.message.reply_to))
        return action

    def _target(self, target: Target) -> Target:
        ids = target.ids
        if ids[0].startswith(_MARK):
            ids = target.aliases or tuple(MessageId(self._ids.get(id, id)) for id in ids)
        return replace(target, ids=ids)

    def _replying(self, message: Message, to: MessageId) -> Message:
        if not to.startswith(_MARK):
            return message
        id = self._ids.get(to)
        return replace(message, reply_to=MessageId(id) if id is not None else None)

    def kept(self, number: int) -> list[str]:
        """For the next process: what was heard last up to `number`."""
        behind = max(self.number - number, 0)
        return list(islice(self._tail, max(len(self._tail) - behind, 0)))

    def read(self, number: int, tail: Iterable[str]) -> None:
        self.number = number
        self._tail.extend(tail)


def _put(kept: "OrderedDict[_K, _V]", key: _K, value: _V) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > _CALLED:
        kept.popitem(last=False)
