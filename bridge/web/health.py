"""Health: whether the loop turns, and whether every network is connected and moving.

What is asked of the hub is stated here as a protocol; `bridge.app` wires what answers it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from aiohttp import web

_WINDOW = 15.0  # seconds of the loop's lag that are remembered
_PROBE = 0.025  # seconds between looks at it: what holds the loop for twice as long is seen, whenever it does


class NetworkHealth(Protocol):
    """One network, now. Counts are since the start, times in seconds."""

    @property
    def connected(self) -> bool:
        """Its connection to XMPP stands, and so do its accounts' own (if it has any; one of several is enough)."""
        ...

    @property
    def moving(self) -> bool:
        """Nothing that could be delivered has been stuck for long, and no connection has been silent too long."""
        ...

    @property
    def error(self) -> str:
        """Why it is not connected or not moving, a sentence; empty when it is both. No secrets, no people."""
        ...

    @property
    def accounts(self) -> int: ...

    @property
    def accounts_connected(self) -> int: ...

    @property
    def waiting(self) -> int:
        """Deliveries owed to it."""
        ...

    @property
    def oldest_seconds(self) -> float:
        """How long the oldest of them has waited; 0 when there is none."""
        ...

    @property
    def received(self) -> int:
        """Events journaled."""
        ...

    @property
    def delivered(self) -> int: ...

    @property
    def retries(self) -> int: ...

    @property
    def failed(self) -> Mapping[str, int]:
        """Deliveries refused or given up, by reason."""
        ...

    @property
    def dead_letters(self) -> int: ...

    @property
    def possible_duplicates(self) -> int: ...

    @property
    def last_event_seconds(self) -> float | None:
        """Since the network last said anything; None if it never has."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """What an operator may want to know although nothing is wrong: sentences."""
        ...


class Health(Protocol):
    """How the gateway is."""

    async def networks(self) -> Mapping[str, NetworkHealth]:
        """Every configured network by name, "xmpp" too, disabled ones as not connected."""
        ...


class LoopLag:
    """Measures how late the event loop is."""

    def __init__(self) -> None:
        self._samples: deque[float] = deque([0.0], maxlen=int(_WINDOW / _PROBE))

    @property
    def seconds(self) -> float:
        """The worst of the last seconds."""
        return max(self._samples)

    async def run(self) -> None:
        while True:
            begun = time.monotonic()
            await asyncio.sleep(_PROBE)
            self._samples.append(max(0.0, time.monotonic() - begun - _PROBE))


async def look(health: Health, patience: float) -> Mapping[str, NetworkHealth]:
    """The networks, within `patience` seconds. Raises TimeoutError."""
    async with asyncio.timeout(patience):
        return await health.networks()


async def livez(_: web.Request) -> web.Response:
    """The loop turns: it has answered."""
    return web.json_response({"live": True})


async def readyz(health: Health, patience: float) -> web.Response:
    """200 when every network is connected and moving, else 503; the JSON names what is not."""
    try:
        networks = await look(health, patience)
    except TimeoutError:
        return web.json_response({"ready": False, "error": "The database does not answer."}, status=503)
    ready = bool(networks) and all(one.connected and one.moving for one in networks.values())
    return web.json_response(
        {"ready": ready, "networks": {name: _brief(one) for name, one in networks.items()}},
        status=200 if ready else 503,
    )


def _brief(one: NetworkHealth) -> dict[str, Any]:
    found: dict[str, Any] = {"connected": one.connected, "moving": one.moving}
    if one.error:
        found["error"] = one.error
    return found
