"""Opening direct chats: the first delivery to somebody makes the chat on their network, in its lane."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bridge.contract import ContactId, NetworkId, Reason, Refused, Session
from bridge.hub.closing import durably
from bridge.hub.intake import Outcome
from bridge.hub.judge import Ruling
from bridge.hub.keys import Keys
from bridge.hub.opening import name_chat
from bridge.hub.sessions import Seat
from bridge.store.deliveries import Place
from bridge.store.writer import Writer


@dataclass(slots=True)
class Opener:
    """`moved` is told which chats have another name now."""

    writer: Writer
    keys: Keys
    names: Mapping[NetworkId, str]
    moved: Callable[[Outcome], None]

    async def open(self, place: Place, seat: Seat, session: Session) -> None:
        """Open the chat with `place.contact`; idempotent by its key. Raises the four errors; `Refused` also where the
        network has only a chat with them that is a room here."""
        native = await session.direct(ContactId(place.contact), self.keys.of_chat(place.id))
        scope = session.scope(native)
        outcome = await durably(
            self.writer, lambda ledger: name_chat(ledger, place.id, seat.network, scope, native, seat.account)
        )
        if outcome.ruling is Ruling.REFUSE:
            what = f"Your {self.names.get(seat.network, seat.network)} chat with {place.contact} is a room here"
            room = f", {outcome.why}," if outcome.why else ","
            raise Refused(f"{what}{room} which others can read. Write there.", Reason.NOT_ALLOWED)
        self.moved(replace(outcome, reread=[*outcome.reread, place.id]))
