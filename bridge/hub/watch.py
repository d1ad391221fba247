"""How the gateway is, for `/readyz`, `/metrics` and `status`: sessions, streams, and what waits."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bridge.contract import NetworkId
from bridge.hub.facades import HOME
from bridge.hub.hub import Hub
from bridge.hub.sessions import Seat
from bridge.store import deliveries
from bridge.store.database import Database

STUCK = 300.0  # seconds after which the oldest delivery means that a network does not move


class Stream(Protocol):
    """A component's connection to the XMPP server."""

    @property
    def connected(self) -> bool: ...

    @property
    def error(self) -> str: ...

    @property
    def notes(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class NetworkState:
    """One network, now. Counts are since the start, times in seconds."""

    connected: bool
    moving: bool
    error: str  # a sentence; empty when it is both
    accounts: int = 0
    accounts_connected: int = 0
    waiting: int = 0
    oldest_seconds: float = 0.0
    received: int = 0
    delivered: int = 0
    retries: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    dead_letters: int = 0
    possible_duplicates: int = 0
    last_event_seconds: float | None = None
    notes: Sequence[str] = ()


class Watch:
    """Looks; changes nothing."""

    def __init__(
        self,
        hub: Hub,
        database: Database,
        networks: Sequence[NetworkId],
        streams: Callable[[], Mapping[NetworkId, Stream]],
    ) -> None:
        self._hub = hub
        self._database = database
        self._networks = networks
        self._streams = streams

    async def networks(self) -> Mapping[str, NetworkState]:
        waiting = await self._database.read(deliveries.waiting)
        dead = await self._database.read(deliveries.dead_letters)
        streams = self._streams()
        return {
            network: self._state(network, streams, waiting.get(network), dead.get(network, 0))
            for network in (*self._networks, HOME)
        }

    def _state(
        self, network: NetworkId, streams: Mapping[NetworkId, Stream], waiting: tuple[int, float] | None, dead: int
    ) -> NetworkState:
        counters = self._hub.counters
        seats = [s for s in self._hub.sessions.seats() if s.network == network and not (s.logged_out and s.user)]
        up = [seat for seat in seats if seat.session is not None]
        number, oldest = waiting or (0, 0.0)
        age = max(0.0, time.time() - oldest) if number else 0.0
        broken = self._broken(network, streams, [seat for seat in seats if seat.session is None], bool(up))
        stuck = self._stuck(age)
        heard = [seat.last_event for seat in seats if seat.last_event]
        return NetworkState(
            connected=not broken,
            moving=not stuck,
            error=broken or stuck,
            accounts=len(seats),
            accounts_connected=len(up),
            waiting=number,
            oldest_seconds=age,
            received=counters.messages_in[network],
            delivered=counters.messages_out[network],
            retries=counters.retries[network],
            failed={reason: count for (where, reason), count in counters.failed.items() if where == network},
            dead_letters=dead,
            possible_duplicates=counters.possible_duplicates[network],
            last_event_seconds=time.time() - max(heard) if heard else None,
            notes=streams[network].notes if network in streams else (),
        )

    def _stuck(self, age: float) -> str:
        if self._hub.writer.trouble:
            return f"The database cannot be written: {self._hub.writer.trouble}."
        return f"A delivery has waited for {age:.0f} seconds." if age > STUCK else ""

    def _broken(
        self, network: NetworkId, streams: Mapping[NetworkId, Stream], down: Sequence[Seat], any_up: bool
    ) -> str:
        own = streams.values() if network == HOME else [s for name, s in streams.items() if name == network]
        for stream in own:
            if not stream.connected or stream.error:
                return stream.error or "The connection to the XMPP server is not up."
        if network != HOME and network not in streams:
            return "The network is disabled; the log says why."
        operators = [seat for seat in down if not seat.user and network != HOME]
        if operators:
            return operators[0].error or "The operator's account is not connected yet."
        return (down[0].error or "No account is connected yet.") if down and not any_up else ""
