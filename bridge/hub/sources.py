"""Who reports an event, as intake wants to know it: the account, and what holds for its network. Pure."""

from bridge.contract import Event, Session
from bridge.hub.intake import Source
from bridge.hub.sessions import Seat


def source_of(seat: Seat, session: Session, event: Event) -> Source:
    """For an event of `session`, which is that of `seat`."""
    scope, unique, personas, reflects, echoes, itself = "", True, False, True, True, True
    chat = getattr(event, "chat", None)
    if chat is not None:
        can = session.capabilities(chat)
        scope = session.scope(chat)
        unique, personas, reflects = can.unique_ids, can.personas, can.reflects
        echoes, itself = can.echoes, can.sees_itself
    return Source(
        seat.network, seat.account, seat.user, seat.me, scope, unique, personas, reflects, echoes,
        sees_itself=itself, first=seat.cursor is None, behind=seat.behind,
    )  # fmt: skip
