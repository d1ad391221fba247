"""What the user of an account is to know about it (`UserInformed`)."""

import logging
from collections.abc import Callable

from bridge.contract import NetworkId
from bridge.hub.sessions import Seat

log = logging.getLogger(__name__)


def informed(say: Callable[[str, NetworkId, str], None], seat: Seat, text: str) -> None:
    """Of an operator's account the log tells."""
    if seat.user:
        say(seat.user, seat.network, text)
    else:
        log.warning("of the operator's account account=%d network=%s told=%s", seat.account, seat.network, text)
