"""The control socket: how commands reach a running gateway, by HTTP over a Unix socket in its data folder.

Only who may enter the folder can speak here, so nothing asks for a token.
"""

import contextlib
import http.client
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bridge.web.health import NetworkHealth

NAME = "control.sock"


class NotRunning(Exception):
    """Nobody listens at the control socket."""


@contextlib.contextmanager
def short(path: Path) -> Iterator[str]:
    """A name of `path` that fits into a socket address, which takes 107 bytes. Raises OSError."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def ask(path: Path, what: str, seconds: float = 10.0, method: str = "GET", given: Any = None) -> Any:
    """Ask the gateway whose socket this is for `what` ("/status"), with `given` as JSON; the JSON it answers.
    Raises `NotRunning`, or OSError when it does not answer in time or with nothing sensible."""
    connection = http.client.HTTPConnection("localhost", timeout=seconds)
    connection.sock = _connect(path, seconds)
    try:
        connection.request(method, what, None if given is None else json.dumps(given))
        answer = connection.getresponse()
        if answer.status == 404:
            raise OSError("it is of another version; restart it")
        if answer.status == 500:
            raise OSError("there is a fault in it; its log says which")
        return json.loads(answer.read(16 * 1024 * 1024))
    except (http.client.HTTPException, ValueError) as error:
        raise OSError("its answer makes no sense") from error
    finally:
        connection.close()


def running(path: Path) -> bool:
    """Whether a gateway listens at this socket."""
    try:
        _connect(path, 5).close()
    except NotRunning:
        return False
    return True


def report(networks: dict[str, NetworkHealth], lag: float, version: str) -> dict[str, Any]:
    """What `landbridge status` shows."""
    return {
        "version": version,
        "pid": os.getpid(),
        "loop_lag_seconds": round(lag, 3),
        "networks": {
            name: {
                "connected": one.connected,
                "moving": one.moving,
                "error": one.error,
                "accounts": one.accounts,
                "accounts_connected": one.accounts_connected,
                "waiting": one.waiting,
                "oldest_seconds": round(one.oldest_seconds, 1),
                "dead_letters": one.dead_letters,
                "notes": list(one.notes),
            }
            for name, one in networks.items()
        },
    }


def _connect(path: Path, seconds: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(seconds)
    try:
        with short(path) as name:
            connection.connect(name)
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError) as error:
        connection.close()
        raise NotRunning from error
    except OSError:
        connection.close()
        raise
    return connection
