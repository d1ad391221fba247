"""Signs of life: who writes, who has read how far, who is there; and showing the same of one's own account.

Nobody is shown as there who is not: syncs do not (`set_presence`), unless the account's user is there on XMPP.
Source: client-server API #typing-notifications, #receipts, #fully-read-markers, #presence.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.contract import (
    TYPING,
    Action,
    ChatId,
    Contact,
    ContactId,
    MarkRead,
    MessageId,
    PresenceChanged,
    ReadUpTo,
    Receipt,
    SetPresence,
    SetTyping,
    Sign,
    TypingChanged,
)
from connectors.matrix import fields, ids
from connectors.matrix.api import Api, path

_MOST_TYPING = 20  # people of a room who write at once; of more nobody is told
_MOST_MARKS = 500  # of a room in one sync
_ROOMS = 2_000  # in which somebody was writing when we last heard of it
_MAIN = (None, "main")  # other threads are read by themselves
_OFFLINE, _ONLINE, _AWAY = "offline", "online", "unavailable"
_STATES = (_OFFLINE, _ONLINE, _AWAY)


@dataclass(slots=True)
class Signs:
    """Of one account."""

    api: Api
    me: ContactId
    private: bool = False  # whether others are told what has been read
    presence: str = _OFFLINE  # as syncs say it
    _writing: "OrderedDict[str, frozenset[str]]" = field(default_factory=OrderedDict)

    def of_room(self, id: str, news: Mapping[str, object], *, live: bool) -> Iterator[Sign]:
        """What a sync tells of one room; who writes only if it is `live`."""
        for raw in fields.listed(fields.mapping(news.get("ephemeral")).get("events")):
            event = fields.mapping(raw)
            content = fields.mapping(event.get("content"))
            if event.get("type") == "m.typing" and live:
                yield from self._typing(id, content)
            elif event.get("type") == "m.receipt":
                yield from self._receipts(id, content)

    def of_people(self, events: object, now: float) -> Iterator[Sign]:
        """Client-server API #mpresence."""
        for raw in fields.listed(events):
            event = fields.mapping(raw)
            content, sender = fields.mapping(event.get("content")), event.get("sender")
            state = content.get("presence")
            if event.get("type") != "m.presence" or not isinstance(sender, str) or not ids.valid_user(sender):
                continue
            if state not in _STATES or sender == self.me:
                continue
            ago = fields.number(content.get("last_active_ago"))
            active = state == _ONLINE and content.get("currently_active") is True
            yield PresenceChanged(
                contact=Contact(ContactId(sender)),
                available=state != _OFFLINE,
                away=state == _AWAY,
                status=fields.line(content.get("status_msg"), 500),
                idle=None if ago is None or active else max(0.0, now - ago / 1000),
            )

    async def perform(self, action: Action) -> Receipt:
        """Raises the four errors."""
        return await _DOINGS[type(action)](self, action)

    def _typing(self, id: str, content: Mapping[str, object]) -> Iterator[Sign]:
        listed = fields.listed(content.get("user_ids"))[: _MOST_TYPING + 2]
        now = frozenset(user for user in listed if isinstance(user, str) and ids.valid_user(user)) - {self.me}
        now = now if len(now) <= _MOST_TYPING else frozenset()
        before = self._writing.pop(id, frozenset())
        if now:
            self._writing[id] = now
        if len(self._writing) > _ROOMS:
            self._writing.popitem(last=False)
        for user in sorted(now ^ before):
            yield TypingChanged(chat=ChatId(id), sender=Contact(ContactId(user)), typing=user in now)

    def _receipts(self, id: str, content: Mapping[str, object]) -> Iterator[Sign]:
        number = 0
        for target, raw in content.items():
            event = fields.event_id(target)
            for kind, private in (("m.read", False), ("m.read.private", True)):
                for user, about in fields.mapping(fields.mapping(raw).get(kind)).items():
                    number += 1
                    if number > _MOST_MARKS:
                        return
                    if event is None or not ids.valid_user(user) or (private and user != self.me):
                        continue
                    if fields.mapping(about).get("thread_id") in _MAIN:
                        who = Contact(ContactId(user))
                        yield ReadUpTo(chat=ChatId(id), sender=who, target=MessageId(event), private=private)


async def show_typing(api: Api, me: ContactId, action: SetTyping) -> None:
    """Raises the four errors."""
    wish: Mapping[str, Any] = {"typing": action.typing}
    if action.typing:
        wish = {**wish, "timeout": int(TYPING * 1000)}
    await api.put(path("rooms", action.chat, "typing", me), wish)


async def show_read(api: Api, action: MarkRead, *, private: bool) -> None:
    """Client-server API #post_matrixclientv3roomsroomidread_markers: both marks at once. Raises the four errors."""
    event = action.target.ids[-1]
    kind = "m.read.private" if private else "m.read"
    await api.post(path("rooms", action.chat, "read_markers"), {"m.fully_read": event, kind: event})


async def _type(signs: Signs, action: SetTyping) -> Receipt:
    await show_typing(signs.api, signs.me, action)
    return Receipt()


async def _mark(signs: Signs, action: MarkRead) -> Receipt:
    await show_read(signs.api, action, private=action.private or signs.private)
    return Receipt()


async def _present(signs: Signs, action: SetPresence) -> Receipt:
    """Client-server API #put_matrixclientv3presenceuseridstatus. The next syncs keep it so."""
    signs.presence = _OFFLINE if not action.available else _AWAY if action.away else _ONLINE
    wish = {"presence": signs.presence, **({"status_msg": action.status} if action.status else {})}
    await signs.api.put(path("presence", signs.me, "status"), wish)
    return Receipt()


_DOINGS: Mapping[type[Action], Callable[[Signs, Any], Awaitable[Receipt]]] = {
    SetTyping: _type,
    MarkRead: _mark,
    SetPresence: _present,
}
SIGNS = frozenset(_DOINGS)
