"""How people are: as sessions last told each user. In memory: it passes, and comes again by itself."""

from collections import OrderedDict
from collections.abc import Callable

from bridge.contract import ContactId, NetworkId, PresenceChanged

_EACH = 5_000  # people of one user; the others are shown as there
_IDLE = 60.0  # seconds by which a time of last activity has to differ to be news


class Appearances:
    """`changed` is called (synchronously) for a user, a network and a person who is otherwise now."""

    def __init__(self, changed: Callable[[str, NetworkId, ContactId], None]) -> None:
        self._changed = changed
        self._seen: dict[tuple[str, NetworkId], OrderedDict[ContactId, PresenceChanged]] = {}

    def of(self, user: str, network: NetworkId, contact: ContactId) -> PresenceChanged | None:
        """None: nobody has said; then they are there as long as the account is connected."""
        mine = self._seen.get((user, network))
        return mine.get(contact) if mine is not None else None

    def seen(self, user: str, network: NetworkId, now: PresenceChanged) -> None:
        mine = self._seen.setdefault((user, network), OrderedDict())
        before = mine.pop(now.contact.id, None)
        mine[now.contact.id] = now
        if len(mine) > _EACH:
            mine.popitem(last=False)
        if before is None or _is_news(before, now):
            self._changed(user, network, now.contact.id)

    def forget(self, user: str, network: NetworkId) -> None:
        """No account of theirs is connected: nothing is known any more."""
        self._seen.pop((user, network), None)


def _is_news(before: PresenceChanged, now: PresenceChanged) -> bool:
    if (before.available, before.away, before.status) != (now.available, now.away, now.status):
        return True
    return now.away and abs((before.idle or 0.0) - (now.idle or 0.0)) > _IDLE
