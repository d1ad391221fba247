"""What is not carried any more when it could be, because its author or whom it is for has opted out meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass

from bridge.contract import NetworkId, Person, Reason, Refused
from bridge.hub.codec import Journaled
from bridge.hub.facades import HOME
from bridge.hub.judge import OPTED_OUT, UNWANTED
from bridge.hub.passing import unwilling
from bridge.hub.sessions import Seat, Sessions
from bridge.store.deliveries import Place
from bridge.store.rooms import HOSTED
from bridge.store.rows import Debt


@dataclass(frozen=True, slots=True)
class Withholding:
    """Asked for every delivery. `opted_out`: see `OptOuts.opted_out`."""

    opted_out: Callable[[str, str], bool]
    sessions: Sessions

    def check(self, event: Journaled, owed: Debt, place: Place, seat: Seat) -> None:
        """Of a delivery that is to be performed now. Raises `Refused`."""
        who = unwilling(self.opted_out, event, (owed.network, owed.author), place)
        if who and not self._is_own(owed, place, seat):
            raise Refused(OPTED_OUT if who == "author" else UNWANTED, Reason.POLICY)

    def hides(self, author: Person, owed: Debt, place: Place, seat: Seat) -> bool:
        """Whether what somebody has said is not to be quoted in a delivery."""
        return self.opted_out(author.network, author.id) and not self._is_own(owed, place, seat)

    def _is_own(self, owed: Debt, place: Place, seat: Seat) -> bool:
        """`bridge.hub.passing.is_own`, as it is now."""
        if seat.network != HOME:
            return seat.user != ""
        if not place.owner:
            return owed.source == owed.chat or (place.kind == HOSTED and place.shows == owed.source)
        network = NetworkId(owed.network)
        return network == HOME or any(
            one.user == place.owner and one.network == network for one in self.sessions.seats()
        )
