"""Apps that have not entered a room hear that something was said there (XEP-0437 Room Activity Indicators).

An app asks for it by its presence to the gateway, and hears once of each room of its user's accounts that none of their
apps is in; again when they have been in. Nothing of it is kept: an app that wants to hear it from the next process asks
again, and is told first of all that was said since one was in the room.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from bridge.contract import ChatId, ContactId, NetworkId
from bridge.hub.facades import Hides, Rooms
from bridge.xmpp import errors, render, text
from bridge.xmpp.chats import Addresses, Gateway
from bridge.xmpp.errors import StanzaError

log = logging.getLogger(__name__)

RAI = "urn:xmpp:rai:0"
_TAG = f"{{{RAI}}}rai"
_APPS = 10_000  # that are told, at all gateways together
_APPS_EACH = 20  # of one user at a gateway
_ROOMS = 50  # in one message
_AUTHORS = 20  # of a room, remembered until its people are told
_PAUSE = 1.0  # seconds in which what happens is told together


@dataclass(slots=True)
class _Crowd:
    """The apps of one gateway that are told: by user and full JID, with the rooms of which each has heard."""

    apps: dict[str, dict[str, set[ChatId]]] = field(default_factory=dict)
    fresh: dict[str, None] = field(default_factory=dict)  # that have just asked
    active: dict[ChatId, set[ContactId]] = field(default_factory=dict)  # rooms, and who has spoken there


class Activity:
    """`run` is a task of the connection; nothing else here waits."""

    def __init__(
        self,
        addresses: Addresses,
        rooms: Rooms,
        inside: Callable[[ChatId, str], bool],
        write: Callable[[NetworkId, str], object],
    ) -> None:
        """`inside`: whether an app of a user is in a room."""
        self.allowed: Callable[[str], bool] = lambda user: False
        """Whether a user may use the gateway."""
        self.hides: Hides = lambda user, network, contact: False
        self._addresses = addresses
        self._rooms = rooms
        self._inside = inside
        self._write = write
        self._crowds: dict[NetworkId, _Crowd] = {}
        self._number = 0
        self._news = asyncio.Event()

    def presence(self, stanza: Element) -> None:
        """A presence of somebody's to anybody; what is none to a gateway says nothing here."""
        sender, kind = stanza.get("from", ""), stanza.get("type", "")
        gateway = self._addresses.gateway(stanza.get("to", "").partition("/")[0])
        if gateway is None or "@" not in sender or "/" not in sender:
            return
        if kind in ("unavailable", "error"):
            self.gone(gateway.network, sender)
        elif not kind and stanza.find(_TAG) is not None:
            self._subscribe(gateway, stanza, sender)

    def gone(self, network: NetworkId, app: str) -> None:
        """An app wants to hear nothing more, or is not there any more."""
        crowd, user = self._crowds.get(network), app.partition("/")[0]
        if crowd is None or app not in crowd.apps.get(user, {}):
            return
        crowd.fresh.pop(app, None)
        del crowd.apps[user][app]
        self._number -= 1
        if not crowd.apps[user]:
            del crowd.apps[user]

    def said(self, room: ChatId, author: ContactId) -> None:
        """Something was said in a room, whether or not anybody is in it."""
        where = self._addresses.where(room)
        crowd = self._crowds.get(where.gateway.network) if where is not None else None
        if crowd is None or not crowd.apps:
            return
        authors = crowd.active.setdefault(room, set())
        if len(authors) < _AUTHORS:
            authors.add(author)
        self._news.set()

    def left(self, network: NetworkId, room: ChatId, user: str) -> None:
        """An app of theirs was in it: of what comes now they are to hear."""
        crowd = self._crowds.get(network)
        for known in crowd.apps.get(user, {}).values() if crowd is not None else ():
            known.discard(room)

    async def run(self) -> None:
        """Tell what has happened; ends only by being cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            for network, crowd in list(self._crowds.items()):
                try:
                    await self._greet(network, crowd)
                    await self._tell(network, crowd)
                except Exception:
                    log.exception("apps could not be told of rooms network=%s", network)
            await asyncio.sleep(_PAUSE)

    def _subscribe(self, gateway: Gateway, stanza: Element, app: str) -> None:
        user = app.partition("/")[0]
        if not self.allowed(user) or self._addresses.gateway(user.rpartition("@")[2]) is not None:
            return
        crowd = self._crowds.setdefault(gateway.network, _Crowd())
        mine = crowd.apps.get(user, {})
        if app in mine:
            return
        if self._number >= _APPS or len(mine) >= _APPS_EACH:
            error = StanzaError("resource-constraint", "Too many apps want to hear what happens in rooms.")
            payload = errors.render(error.condition, error.text)
            to, id = stanza.get("to", ""), stanza.get("id", "")
            self._write(gateway.network, render.error(id, to, app, payload, "presence"))
            return
        crowd.apps.setdefault(user, {})[app] = set()
        crowd.fresh[app] = None
        self._number += 1
        self._news.set()

    async def _greet(self, network: NetworkId, crowd: _Crowd) -> None:
        """XEP-0437 #rules: all that happened before, at once."""
        while crowd.fresh:
            app = next(iter(crowd.fresh))
            del crowd.fresh[app]
            user = app.partition("/")[0]
            found = await self._rooms.unseen(user, network)
            self._told(network, crowd, user, app, [room for room in found if not self._inside(room, user)])

    async def _tell(self, network: NetworkId, crowd: _Crowd) -> None:
        active, crowd.active = crowd.active, {}
        news: dict[tuple[str, str], list[ChatId]] = {}
        for room, authors in active.items():
            for user, me in await self._rooms.audience(room):
                apps = crowd.apps.get(user)
                if not apps or self._inside(room, user):
                    continue
                if all(who == me or self.hides(user, network, who) for who in authors):
                    continue
                for app in apps:
                    news.setdefault((user, app), []).append(room)
        for (user, app), some in news.items():
            self._told(network, crowd, user, app, some)

    def _told(self, network: NetworkId, crowd: _Crowd, user: str, app: str, some: Iterable[ChatId]) -> None:
        known = crowd.apps.get(user, {}).get(app)
        if known is None:
            return
        new = [room for room in dict.fromkeys(some) if room not in known]
        known.update(new)
        domain = self._addresses.jid(network, None)
        for begin in range(0, len(new), _ROOMS):
            self._write(network, indicator(domain, app, new[begin : begin + _ROOMS]))


def indicator(domain: str, app: str, rooms: Iterable[ChatId]) -> str:
    """XEP-0437 #example-2; it is of no use to anybody later (XEP-0334)."""
    some = "".join(f"<activity>{text.escape(room)}</activity>" for room in rooms)
    return (
        f'<message from="{text.attribute(domain)}" to="{text.attribute(app)}"><rai xmlns="{RAI}">{some}</rai>'
        '<no-store xmlns="urn:xmpp:hints"/><no-copy xmlns="urn:xmpp:hints"/></message>'
    )
