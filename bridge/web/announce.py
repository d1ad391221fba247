"""Says in the log when every component is connected, and which are not: what an operator waits for after a start."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from bridge.contract import NetworkId

log = logging.getLogger(__name__)

_EVERY = 0.2  # seconds between looks


class Stream(Protocol):
    """A component's connection to the XMPP server."""

    @property
    def connected(self) -> bool: ...

    @property
    def error(self) -> str: ...


async def announce(streams: Callable[[], Mapping[NetworkId, Stream]], patience: float = 10.0) -> None:
    """Log a line with `ready` once all are connected; after `patience` seconds one for each that is not (the others
    work meanwhile). Ends with `ready`."""
    left = patience
    told = False
    while True:
        now = streams()
        missing = {name: stream for name, stream in now.items() if not stream.connected}
        if now and not missing:
            log.info("ready networks=%s", ",".join(sorted(now)))
            return
        if left <= 0 and not told:
            told = True
            for name, stream in missing.items():
                log.warning("not connected network=%s: %s", name, stream.error or "the XMPP server does not answer")
        await asyncio.sleep(_EVERY)
        left -= _EVERY
