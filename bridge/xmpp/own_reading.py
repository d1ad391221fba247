"""What users have read in hosted rooms with apps that tell only their own server (XEP-0490 #notify): it is asked for by
privilege, since nobody else is told of it.

Asked is only while users are in rooms where something was said that they have not read as far as is known, later and
later; and seldom whose apps do not keep this. In direct chats messages are called there as the user's server has called
them (XEP-0490 #direct), which it tells nobody else.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from bridge.contract import ChatId, ConnectorError, Contact, ContactId, MessageId, NetworkId, ReadUpTo
from bridge.xmpp import nodes, text
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.hosted.room import HostedRoom
from bridge.xmpp.privilege import PUBSUB, Privileges
from bridge.xmpp.requests import Requests

log = logging.getLogger(__name__)

NODE = "urn:xmpp:mds:displayed:0"
_DISPLAYED, _NAME = f"{{{NODE}}}displayed", "{urn:xmpp:sid:0}stanza-id"
_WAITS = (10.0, 60.0, 180.0, 600.0)  # seconds after something was said, and after each question
_SELDOM = 3_600.0  # whose server has nothing of the kind
_USERS, _ROOMS = 10_000, 50  # of whom is asked, and rooms of each
_PAUSE = 0.1  # seconds after each question
_LONGEST = 1_000  # characters of an id


@dataclass(slots=True)
class _Due:
    """`unread` are rooms, and the last message there."""

    at: float
    asked: int = 0
    unread: dict[ChatId, str] = field(default_factory=dict)


class OwnReading:
    """Of the users of one gateway. `report` is told how far they have read. `run` ends only by being cancelled."""

    def __init__(
        self,
        network: NetworkId,
        privileges: Privileges,
        requests: Requests,
        report: Callable[[ReadUpTo], None],
        waits: Sequence[float] = _WAITS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._network = network
        self._privileges = privileges
        self._requests = requests
        self._report = report
        self._waits = waits
        self._now = now
        self._due: dict[str, _Due] = {}
        self._seldom: dict[str, float] = {}  # who is not asked until then
        self._news = asyncio.Event()

    def said(self, room: HostedRoom, id: str, author: str) -> None:
        """Something was said in a room by `author`, whom the network calls so; the room calls it `id`."""
        for user in {one.user for one in room.attendees.values()}:
            if room.faces.get(user) == author:  # who speaks has read what was said before
                self._all_read(user, room.jid)
            elif self._privileges.may(user, "iq"):
                self._unread(user, room.jid, id)

    def _unread(self, user: str, room: ChatId, id: str) -> None:
        now = self._now()
        if self._seldom.get(user, 0.0) > now:
            return
        due = self._due.get(user)
        if due is None:
            if len(self._due) >= _USERS:
                return
            due = self._due[user] = _Due(now + self._waits[0])
            self._news.set()
        elif due.asked:
            due.asked, due.at = 0, min(due.at, now + self._waits[0])
            self._news.set()
        due.unread.pop(room, None)
        due.unread[room] = id
        if len(due.unread) > _ROOMS:
            del due.unread[next(iter(due.unread))]

    def _all_read(self, user: str, room: ChatId) -> None:
        due = self._due.get(user)
        if due is not None:
            due.unread.pop(room, None)
            if not due.unread:
                del self._due[user]

    async def run(self) -> None:
        while True:
            self._news.clear()
            soonest = min(self._due, key=lambda user: self._due[user].at, default=None)
            wait = self._due[soonest].at - self._now() if soonest is not None else None
            if soonest is None or (wait is not None and wait > 0):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._news.wait()
                continue
            try:
                await self._ask(soonest, self._due[soonest])
            except Exception:
                self._due.pop(soonest, None)
                log.exception("what a user has read could not be looked at")
            await asyncio.sleep(_PAUSE)

    async def _ask(self, user: str, due: _Due) -> None:
        wanted = "".join(f'<item id="{text.attribute(room)}"/>' for room in due.unread)
        due.asked += 1
        try:
            answer = await self._requests.ask_as("get", user, nodes.wrapped(f'<items node="{NODE}">{wanted}</items>'))
        except StanzaError as error:
            log.debug("a server says nothing of what is read network=%s reason=%s", self._network, error.condition)
            self._seldom = {one: until for one, until in self._seldom.items() if until > self._now()}
            self._seldom[user] = self._now() + _SELDOM
            self._due.pop(user, None)
            return
        except ConnectorError as error:
            log.debug("what is read is not known network=%s reason=%s", self._network, error.text)
            answer = None
        if answer is not None:
            self._read(user, due, read(answer))
        if self._due.get(user) is not due:
            return  # meanwhile they have spoken
        if not due.unread or due.asked >= len(self._waits):
            del self._due[user]
        else:
            due.at = self._now() + self._waits[due.asked]

    def _read(self, user: str, due: _Due, found: Mapping[ChatId, str]) -> None:
        for room, last in list(due.unread.items()):
            id = found.get(room)
            if id is not None:
                self._report(
                    ReadUpTo(chat=room, sender=Contact(ContactId(user)), target=MessageId(id), private=True)
                )  # fmt: skip
            if id == last:
                del due.unread[room]


def read(answer: Element) -> Mapping[ChatId, str]:
    """How far each room is read, as the room calls the message (XEP-0490 #publish); what says something else of a room,
    or of another's, is nothing."""
    found: dict[ChatId, str] = {}
    for item in answer.iterfind(f"{{{PUBSUB}}}pubsub/{{{PUBSUB}}}items/{{{PUBSUB}}}item"):
        room, name = item.get("id", ""), item.find(f"{_DISPLAYED}/{_NAME}")
        id = name.get("id", "") if name is not None and name.get("by") == room else ""
        if room and 0 < len(id) <= _LONGEST:
            found[ChatId(room)] = id
    return found
