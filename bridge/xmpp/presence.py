"""Subscriptions and presence of gateways and contacts (RFC 6121 #sub and #presence; XEP-0100 #usecases-jabber).

| from a user | answer |
|---|---|
| subscribe | subscribed and the presence, or unsubscribed with the reason |
| unsubscribe | unsubscribed and unavailable |
| probe | the presence; a server that probes has the subscription in its roster, so one that we lost is made again |
| available, directed | ours, once per app until it leaves; nothing if subscribed, since the server probes then |
| available, to join a room | an error: here are no rooms |
| subscribed, unsubscribed, unavailable, error | nothing |

Which apps are there `bridge.xmpp.apps` hears of.
We ask nobody for a subscription: no prompts that a user did not ask for. Nothing of our own domains is answered.
Who has ended all accounts is unsubscribed from contacts (`Farewells`); the gateway itself stays, to log in again.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from bridge.contract import Contact, ContactId, NetworkId, PresenceChanged, Refused
from bridge.hub.facades import Avatar, Avatars, People, Picture, PresenceOf
from bridge.xmpp import avatars, capabilities, errors, render, text
from bridge.xmpp.abilities import Ask
from bridge.xmpp.apps import Apps
from bridge.xmpp.chats import Addresses, Whom
from bridge.xmpp.errors import StanzaError

_APPS = 50_000  # that were told a presence because they showed theirs
_WAITING = 50_000  # presences that were told before the picture was known
_AT_ONCE, _PAUSE = 50, 0.05  # users whose apps are asked for together, and seconds before the next
_MUC = "{http://jabber.org/protocol/muc}x"


class Photos:
    """Pictures in presences (XEP-0153). One that is not known yet is wanted, and remembered until it is."""

    def __init__(self, pictures: Avatars) -> None:
        self._pictures = pictures
        self._waiting: dict[Avatar, dict[tuple[str, ContactId], None]] = {}
        self._number = 0

    def of(self, now: PresenceOf) -> str:
        """What stands in a presence."""
        if now.contact is None or not now.available:
            return ""
        avatar = self._pictures.of(now.user, now.network, now.contact)
        if avatar is None:
            return ""
        sha1 = self._pictures.known(avatar)
        if sha1 is None:
            self._pictures.want(avatar)
            if now.subscribed and self._number < _WAITING:
                waiting = self._waiting.setdefault(avatar, {})
                self._number += (now.user, now.contact.id) not in waiting
                waiting[now.user, now.contact.id] = None
        return avatars.update(sha1)

    async def picture(self, now: PresenceOf) -> Picture | None:
        """Of the contact; raises `Unavailable`."""
        avatar = self._pictures.of(now.user, now.network, now.contact) if now.contact is not None else None
        return await self._pictures.get(avatar) if avatar is not None else None

    def learned(self, avatar: Avatar) -> Sequence[tuple[str, ContactId]]:
        """To whom, and of whom, it has to be told now."""
        waiting = self._waiting.pop(avatar, {})
        self._number -= len(waiting)
        return list(waiting)


class Presences:
    """Answers presences of users. Who is told what without asking is `bridge.xmpp.herald`'s business."""

    def __init__(
        self,
        addresses: Addresses,
        people: People,
        write: Callable[[NetworkId, str], object],
        photos: Photos,
        report: Callable[[PresenceChanged], None],
        ask: Ask,
    ) -> None:
        """`report` is told whether users are there; `ask` asks their apps."""
        self.apps = Apps(report, ask)
        self._photos = photos
        self._addresses = addresses
        self._people = people
        self._write = write
        self._shown: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._kinds = {
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "probe": self._probe,
            "": self._available,
            "unavailable": self._unavailable,
            "subscribed": self._granted,
            "unsubscribed": self._denied,
        }

    async def received(self, stanza: Element) -> None:
        """One presence of somebody's."""
        kind, sender = stanza.get("type", ""), stanza.get("from", "")
        user = sender.partition("/")[0]
        if kind == "error" or "@" not in user or self._addresses.gateway(user.rpartition("@")[2]) is not None:
            return
        to = stanza.get("to", "")
        try:
            whom = self._addresses.whom(to)
        except StanzaError as error:
            gateway = self._addresses.gateway(to.partition("/")[0].rpartition("@")[2])
            if gateway is not None and kind in ("subscribe", "probe"):
                # RFC 6121 #sub-request-handle: a request to nobody must not stay open.
                self._write(gateway.network, _presence("unsubscribed", to, user, _status(error.text)))
            return
        answer = self._kinds.get(kind)
        if answer is None:
            self._refuse(stanza, whom, StanzaError("bad-request", "There is no such presence."))
        else:
            await answer(stanza, user, whom)

    async def ask(self, network: NetworkId) -> None:
        """There is a stream again: which apps are there we have not heard. One contact of a user asks for all."""
        for number, user in enumerate(await self._people.subscribers(network)):
            friends = await self._people.friends(user, network)
            contact = next((contact for contact in friends if contact is not None), None)
            if contact is not None:
                with contextlib.suppress(Refused):
                    self._write(network, probe(self._addresses.jid(network, contact), user))
            if number % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(_PAUSE)

    async def _subscribe(self, stanza: Element, user: str, whom: Whom) -> None:
        network = whom.gateway.network
        if await self._people.befriend(user, network, whom.contact, True):
            now = self._people.presence(user, network, whom.contact)
            self._write(network, _presence("subscribed", whom.bare, user, _nick(now.contact)))
            self._write(network, of(now, whom.bare, user, self._photos.of(now)))
        else:
            self._write(network, _presence("unsubscribed", whom.bare, user, _status(self._why(user, whom))))

    async def _unsubscribe(self, stanza: Element, user: str, whom: Whom) -> None:
        network = whom.gateway.network
        await self._people.befriend(user, network, whom.contact, False)
        self._write(network, _presence("unsubscribed", whom.bare, user))
        self._write(network, unavailable(whom.bare, whom.contact, user))

    async def _granted(self, stanza: Element, user: str, whom: Whom) -> None:
        """RFC 6121 #sub-request: what a user was asked for in the name of somebody whom they do not know."""
        if whom.contact is not None:
            await self._people.befriend(user, whom.gateway.network, whom.contact, True, theirs=True)

    async def _denied(self, stanza: Element, user: str, whom: Whom) -> None:
        """RFC 6121 #sub-cancel: also what was granted before."""
        if whom.contact is not None:
            await self._people.befriend(user, whom.gateway.network, whom.contact, False, theirs=True)

    async def _probe(self, stanza: Element, user: str, whom: Whom) -> None:
        network, contact = whom.gateway.network, whom.contact
        believed = await self._people.befriend(user, network, contact, True, asked=False)
        if believed or contact in await self._people.friends(user, network):
            sender, now = stanza.get("from", ""), self._people.presence(user, network, contact)
            self._write(network, of(now, whom.bare, sender, self._photos.of(now)))
        else:
            # RFC 6121 #presence-probe-inbound
            self._write(network, _presence("unsubscribed", whom.bare, user, _status(self._why(user, whom))))

    async def _available(self, stanza: Element, user: str, whom: Whom) -> None:
        if any(child.tag == _MUC for child in stanza):
            self._refuse(stanza, whom, StanzaError("service-unavailable", "This address is not a room."))
            return
        shown = (stanza.get("from", ""), whom.bare)
        if not self._people.allowed(user):
            return
        self.apps.heard(stanza, user, whom.gateway.network)
        if shown in self._shown:
            return
        self._shown[shown] = None
        if len(self._shown) > _APPS:
            self._shown.popitem(last=False)
        network = whom.gateway.network
        now = self._people.presence(user, network, whom.contact)
        if not now.subscribed:
            self._write(network, of(now, whom.bare, shown[0], self._photos.of(now)))

    async def _unavailable(self, stanza: Element, user: str, whom: Whom) -> None:
        self._shown.pop((stanza.get("from", ""), whom.bare), None)
        self.apps.heard(stanza, user, whom.gateway.network)

    def _refuse(self, stanza: Element, whom: Whom, error: StanzaError) -> None:
        payload = errors.render(error.condition, error.text)
        to, sender = stanza.get("to", ""), stanza.get("from", "")
        self._write(whom.gateway.network, render.error(stanza.get("id", ""), to, sender, payload, "presence"))

    def _why(self, user: str, whom: Whom) -> str:
        """Why a subscription is not granted."""
        if not self._people.allowed(user):
            return "You may not use this gateway. Its operator can allow it."
        return f"Log in first: send `login` to {whom.gateway.domain}."


def of(presence: PresenceOf, bare: str, to: str, photo: str = "") -> str:
    """The presence of a contact or the gateway, whose address is `bare`, as a stanza; for `photo` see `Photos.of`."""
    contact = presence.contact
    if not presence.available:
        return unavailable(bare, contact.id if contact is not None else None, to, presence.status)
    caps = _CONTACT if contact is not None else ""
    how = ("<show>away</show>" if presence.away else "") + _status(presence.status) + _idle(presence.idle)
    content = how + _nick(contact) + caps + photo
    return _presence("", _full(bare, contact is not None), to, content)


def unavailable(bare: str, contact: ContactId | None, to: str, status: str = "") -> str:
    return _presence("unavailable", _full(bare, contact is not None), to, _status(status))


def farewell(bare: str, contact: ContactId, user: str) -> str:
    """A contact is none any more: gone, and no subscription either way (XEP-0100 #usecases-jabber-unregister)."""
    return "".join(
        (unavailable(bare, contact, user), _presence("unsubscribe", bare, user), _presence("unsubscribed", bare, user))
    )


def _presence(kind: str, sender: str, to: str, content: str = "") -> str:
    of_kind = f' type="{kind}"' if kind else ""
    return f'<presence{of_kind} from="{text.attribute(sender)}" to="{text.attribute(to)}">{content}</presence>'


def _full(bare: str, contact: bool) -> str:
    return f"{bare}/{capabilities.RESOURCE}" if contact else bare


def probe(bare: str, user: str) -> str:
    """RFC 6121 #presence-probe: the apps of `user` show themselves again, if `bare` may see them."""
    return _presence("probe", bare, user)


def _idle(since: float | None) -> str:
    """XEP-0319 #protocol."""
    if since is None:
        return ""
    stamp = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f'<idle xmlns="urn:xmpp:idle:1" since="{stamp}"/>'


def _status(words: str) -> str:
    return f"<status>{text.escape(words)}</status>" if words else ""


def _nick(contact: Contact | None) -> str:
    """XEP-0172 #manage: whoever subscribed has been told the name."""
    if contact is None or not contact.name:
        return ""
    return f'<nick xmlns="http://jabber.org/protocol/nick">{text.escape(contact.name)}</nick>'


_CONTACT = capabilities.CONTACT.presence()
