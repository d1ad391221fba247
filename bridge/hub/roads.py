"""What every lane uses."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from bridge.contract import Reason
from bridge.hub.held import Page
from bridge.hub.limits import Limits
from bridge.hub.merging import Merger
from bridge.hub.performing import Performer
from bridge.hub.sessions import Sessions
from bridge.store.deliveries import Place
from bridge.store.rows import Debt


class Ends(Protocol):
    """How a delivery ends other than well, and what is counted; `bridge.hub.ends`. All is durable on return: after a
    crash it must not be tried again behind what came later."""

    async def refused(self, owed: Debt, place: Place, reason: Reason, text: str) -> None: ...
    async def given_up(self, owed: Debt, place: Place, why: str) -> None: ...
    async def bug(self, owed: Debt, place: Place) -> bool:
        """Count an attempt that ended in a bug; True when it was the last."""
        ...

    def retried(self, place: Place) -> None: ...


@dataclass(frozen=True, slots=True)
class Roads:
    """What every lane uses."""

    sessions: Sessions
    performer: Performer
    merger: Merger
    ends: Ends
    limits: Limits
    page: Page
    place: Callable[[int], Awaitable[Place | None]]
