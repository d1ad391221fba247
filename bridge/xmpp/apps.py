"""Which apps of users are there (RFC 6121 #presence), as far as they show it to people of a network.

Only what is sent to a contact or the gateway counts, which a user has allowed to see it; what is sent to a room is for
that room.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from bridge.contract import Contact, ContactId, NetworkId, PresenceChanged
from bridge.xmpp import own_pictures
from bridge.xmpp.abilities import MARKUP, REACTIONS, Abilities, Ask, Version, version_of

_USERS, _EACH = 20_000, 20  # users of a network, and apps of each
_AWAY = ("away", "dnd", "xa")
_LONGEST = 500  # characters of a status


@dataclass(frozen=True, slots=True)
class _App:
    away: bool
    status: str
    priority: int
    version: Version
    photo: str | None  # see `own_pictures.hash_in`
    to: str  # whom of ours it was shown first, a bare JID


class Apps:
    """Of all users. `report` is told of whoever is otherwise now."""

    def __init__(self, report: Callable[[PresenceChanged], None], ask: Ask) -> None:
        self._report = report
        self._abilities = Abilities(ask)
        self._there: OrderedDict[tuple[str, NetworkId], dict[str, _App]] = OrderedDict()

    def heard(self, stanza: Element, user: str, network: NetworkId) -> None:
        """A presence of an app of `user` (bare JID), available or unavailable, to somebody of a network."""
        app, who = stanza.get("from", ""), (user, network)
        there = self._there.get(who, {})
        before = _shown(who, there)
        known = there.pop(app, None)
        if app == user:  # a server says that nobody is there any more
            there.clear()
        elif stanza.get("type") != "unavailable" and len(there) < _EACH:
            there[app] = _read(stanza, known)
            self._abilities.heard(stanza, network)
        self._keep(who, there)
        now = _shown(who, there)
        if now != before:
            self._report(now)

    async def close(self) -> None:
        await self._abilities.close()

    def read_reactions(self, user: str, network: NetworkId) -> bool:
        """False if all apps of `user` that are there are known, and none knows them (XEP-0444 #disco-base)."""
        known = [self._abilities.of(app.version) for app in self._there.get((user, network), {}).values()]
        return not known or any(features is None or REACTIONS in features for features in known)

    def read_markup(self, user: str, network: NetworkId) -> bool:
        """Whether all apps of `user` that are there are known, and each knows markup (XEP-0394): all get the same."""
        known = [self._abilities.of(app.version) for app in self._there.get((user, network), {}).values()]
        return bool(known) and all(features is not None and MARKUP in features for features in known)

    def lost(self, network: NetworkId) -> None:
        """Nothing is heard any more of who is there."""
        for who in [who for who in self._there if who[1] == network]:
            del self._there[who]
            self._report(_shown(who, {}))

    def _keep(self, who: tuple[str, NetworkId], there: dict[str, _App]) -> None:
        self._there.pop(who, None)
        if there:
            self._there[who] = there
        if len(self._there) > _USERS:
            gone, _ = self._there.popitem(last=False)
            self._report(_shown(gone, {}))


def _read(stanza: Element, before: _App | None) -> _App:
    """An app shows itself to many of ours one after the other, with the same picture."""
    said = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in stanza}
    try:
        priority = max(-128, min(127, int(said.get("priority", "0"))))
    except ValueError:
        priority = 0
    photo, to = own_pictures.hash_in(stanza), stanza.get("to", "").partition("/")[0]
    if before is not None and before.photo == photo:
        to = before.to
    return _App(
        said.get("show", "") in _AWAY, said.get("status", "")[:_LONGEST], priority, version_of(stanza), photo, to
    )


def _shown(who: tuple[str, NetworkId], there: dict[str, _App]) -> PresenceChanged:
    """Whoever is at one app is there."""
    user, network = who
    best = min(there.values(), key=lambda app: (app.away, -app.priority), default=None)
    return PresenceChanged(
        contact=Contact(ContactId(user), avatar=_picture(who, there)),
        available=best is not None,
        away=best is not None and best.away,
        status=best.status if best is not None else "",
        towards=network,
    )


def _picture(who: tuple[str, NetworkId], there: dict[str, _App]) -> str | None:
    """Of apps that differ one that shows a picture is believed: some cannot."""
    user, network = who
    photos = [(app.photo, app.to) for app in there.values() if app.photo is not None]
    if not photos:
        return None
    sha1, to = next(((sha1, to) for sha1, to in photos if sha1), photos[0])
    return own_pictures.reference(network, user, to, sha1 or "")
