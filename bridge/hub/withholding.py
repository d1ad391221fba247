"""What is not carried any more when it could be, because its author or whom it is for has opted out meanwhile."""

from collections.abc import Callable

from bridge.contract import NetworkId, Reason, Refused
from bridge.hub.codec import Journaled
from bridge.hub.facades import HOME
from bridge.hub.judge import OPTED_OUT, UNWANTED
from bridge.hub.passing import unwilling
from bridge.hub.sessions import Seat, Sessions
from bridge.store.deliveries import Place
from bridge.store.rooms import HOSTED
from bridge.store.rows import Debt


def check(
    opted_out: Callable[[str, str], bool], sessions: Sessions, event: Journaled, owed: Debt, place: Place, seat: Seat
) -> None:
    """Of a delivery that is to be performed now. Raises `Refused`."""
    who = unwilling(opted_out, event, (owed.network, owed.author), place)
    if who and not _is_own(sessions, owed, place, seat):
        raise Refused(OPTED_OUT if who == "author" else UNWANTED, Reason.POLICY)


def _is_own(sessions: Sessions, owed: Debt, place: Place, seat: Seat) -> bool:
    """`bridge.hub.passing.is_own`, as it is now."""
    if seat.network != HOME:
        return seat.user != ""
    if not place.owner:
        return owed.source == owed.chat or (place.kind == HOSTED and place.shows == owed.source)
    network = NetworkId(owed.network)
    return network == HOME or any(one.user == place.owner and one.network == network for one in sessions.seats())
