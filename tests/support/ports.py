"""Free loopback ports, and waiting until something outside our process is so."""

import random
import socket
import time
from collections import deque
from collections.abc import Callable

LOOPBACK = "127.0.0.1"
_PORTS = range(10_000, 32_768)  # behind those come the ports that Linux gives to who calls (ip_local_port_range)
_claims: "deque[socket.socket]" = deque(maxlen=200)


def free_port() -> int:
    """A TCP port that was free a moment ago. Take one per server and keep it over restarts: no other test run on this
    machine takes it meanwhile, nor is it given to anybody who calls."""
    while True:
        port = random.choice(_PORTS)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0landbridge tests, port {port}")  # abstract: ends with us
            with socket.socket() as probe:
                probe.bind((LOOPBACK, port))
        except OSError:
            claim.close()
            continue
        if len(_claims) == _claims.maxlen:
            _claims.popleft().close()
        _claims.append(claim)
        return port


def is_open(port: int) -> bool:
    """Whether somebody listens on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def wait_until(so: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll `so`: other processes have no event for us. Raises TimeoutError that names `what`."""
    end = time.monotonic() + seconds
    while not so():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.05)
