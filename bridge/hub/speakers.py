"""Who shows at an end of a link what somebody does at another: at home the gateway, elsewhere their own account, else
the relay of that end, if it can give people a face of their own there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridge.contract import Action, ChatId, Contact, NetworkId, Persona
from bridge.hub.facades import HOME
from bridge.hub.passing import goes
from bridge.hub.sessions import Sessions, persona_of
from bridge.store.signs import End

Place = tuple[str, str, str, str]  # network, scope, chat, and who


@dataclass(frozen=True, slots=True)
class Speakers:
    sessions: Sessions
    chosen: Callable[[str, NetworkId, str], str] = lambda user, network, item: ""
    """As whom a user wants to be in a chat, of several accounts; empty: they have not said."""

    def of(self, end: End, place: Place, who: Contact, wish: type[Action]) -> Sequence[tuple[int, Persona | None]]:
        """The account that shows it, and as whom; nobody where it cannot be shown."""
        network = NetworkId(place[0])
        if end.network == HOME:
            home = self.home(end, wish)
            return [] if home is None else [(home, persona_of(network, who))]
        at_home = network == HOME
        mine = [s for s in end.seen if (s.user == who.id if at_home else network == end.network and s.me == who.id)]
        if at_home and len(mine) > 1:
            wanted = self.chosen(who.id, NetworkId(end.network), place[2].rpartition(" ")[2])
            mine.sort(key=lambda seen: seen.me != wanted)
        for seen in mine:
            if self._can(seen.account, end, wish):
                return [(seen.account, None)]
        if end.relay is not None and self._can(end.relay, end, wish, personas=True):
            return [(end.relay, persona_of(network, who))]
        return []

    def home(self, end: End, wish: type[Action]) -> int | None:
        """The gateway, if `end` is a chat at home that can show it."""
        if end.network != HOME:
            return None
        seat = next((seat for seat in self.sessions.seats() if seat.network == HOME), None)
        return seat.account if seat is not None and self._can(seat.account, end, wish) else None

    def is_home(self, account: int) -> bool:
        seat = self.sessions.seat(account)
        return seat is not None and seat.network == HOME

    def _can(self, account: int, end: End, wish: type[Action], *, personas: bool = False) -> bool:
        """One that is not connected now may be able to."""
        seat = self.sessions.seat(account)
        if seat is None:
            return False
        if seat.session is None:
            return True
        can = seat.session.capabilities(ChatId(end.native))
        return wish in can.actions and (can.personas or not personas)


def hearing(ends: Sequence[End]) -> list[End]:
    """The first, where something happens, and those that are to hear of it by the link's directions."""
    if ends and ends[0].suspended:
        return [end for end in ends if end.room == ends[0].room]
    ways = {end.chat: end.direction for end in ends}
    return [ends[0], *(end for end in ends[1:] if goes(ends[0].room, end.room, ways))]
