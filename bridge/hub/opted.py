"""People who opt out by telling the operator's account on their network so (`OptOutChanged`)."""

import logging

from bridge.contract import OptOutChanged
from bridge.hub.closing import Write
from bridge.hub.opting import OptOuts
from bridge.hub.sessions import Seat
from bridge.store import opt_outs as store
from bridge.store.ledger import Ledger
from bridge.store.writer import Writer

log = logging.getLogger(__name__)


def opted(writer: Writer, opt_outs: OptOuts, seat: Seat, event: OptOutChanged) -> None:
    """Durable before the account's cursor moves."""
    if seat.user:
        return

    def change(ledger: Ledger) -> None:
        if event.out:
            store.put(ledger.connection, seat.network, event.contact, ledger.now())
        else:
            store.drop(ledger.connection, seat.network, event.contact)

    def written(nothing: None) -> None:
        opt_outs.chosen(seat.network, event.contact, out=event.out)

    writer.submit(
        Write(
            change,
            written,
            lambda error: log.error("who opts out is not written error=%s", type(error).__name__),
        )
    )
