"""A real `landbridge run` in a process of its own, beside an XMPP server."""

import contextlib
import json
import os
import signal
import sqlite3
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from tests.support.ports import free_port, wait_until
from tests.support.process import Entered, Folder, Server

MATRIX, MEMORY, TELEGRAM = "matrix.localhost", "memory.localhost", "telegram.localhost"


def matrix(secret: str, homeserver: str) -> dict[str, Any]:
    """The network of a configuration that has one, and that is a homeserver's."""
    return {"matrix": {"connector": "matrix", "jid": MATRIX, "secret": secret, "homeserver": homeserver}}


def memory(secret: str, socket: Path) -> dict[str, Any]:
    """The same for the memory network that listens at `socket`."""
    return {"memory": {"connector": "memory", "jid": MEMORY, "secret": secret, "socket": str(socket)}}


def telegram(secret: str, api_url: str, **options: Any) -> dict[str, Any]:
    """The same for Telegram at this Bot API server."""
    return {"telegram": {"connector": "telegram", "jid": TELEGRAM, "secret": secret, "api_url": api_url, **options}}


class Gateway(Entered):
    """Its configuration and data outlive `kill` and `stop`; `close` removes them.

    `networks` as in the configuration; `jid` is the first one's. `settings` are merged into the configuration,
    dictionaries key by key.
    """

    def __init__(
        self,
        networks: Mapping[str, Any],
        component_port: int,
        settings: Mapping[str, Any] | None = None,
        *,
        log_level: str = "debug",
    ) -> None:
        self.jid: str = next(iter(networks.values()))["jid"]
        self.http = free_port()
        self._log_level = log_level
        self._folder = Folder("gateway")
        self._server = Server(self._folder.path / "log")
        self.config = self._folder.path / "config.yaml"
        tree: dict[str, Any] = {
            "xmpp": {"server": f"127.0.0.1:{component_port}"},
            "http": {"listen": f"127.0.0.1:{self.http}"},
            "users": ["*@localhost"],
            "networks": {name: dict(network) for name, network in networks.items()},
        }
        _merge(tree, settings or {})
        self.config.write_text(yaml.safe_dump(tree))
        self.config.chmod(0o600)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            print(self.log[-20_000:])
        super().__exit__(kind, error, at)

    @property
    def folder(self) -> Path:
        return self._folder.path

    @property
    def pid(self) -> int:
        return self._server.pid

    @property
    def running(self) -> bool:
        return self._server.running

    @property
    def log(self) -> str:
        return self._server.said()

    def start(self, seconds: float = 90, *, ready: bool = True) -> None:
        """Returns when it is ready; without `ready`, when its loop turns. Raises TimeoutError with its log."""
        self.begin()
        try:
            wait_until(self.is_ready if ready else self.is_alive, seconds, "the gateway is ready")
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.ask('/readyz')}\n{self.log[-5000:]}") from error

    def begin(self) -> None:
        """Start it and wait for nothing."""
        environment = {name: "" for name in os.environ if name.startswith("LANDBRIDGE_")}
        command = [sys.executable, "-m", "bridge", "run", "-c", str(self.config), "--log-level", self._log_level]
        self._server.start(["env", *(f"-u{name}" for name in environment), *command])

    def kill(self) -> None:
        """kill -9"""
        self._server.kill()

    def stop(self, seconds: float = 30) -> int:
        """SIGTERM; its exit status."""
        return self._server.stop(signal.SIGTERM, seconds)

    def was_down(self, hours: float) -> None:
        """While it is: since so long ago, as its database (SQLite) tells."""
        with contextlib.closing(sqlite3.connect(self.folder / "landbridge.db")) as database, database:
            change = "UPDATE accounts SET caught_up = caught_up - ? WHERE caught_up > 0"
            assert database.execute(change, (hours * 3_600,)).rowcount

    def has_journaled(self, text: str) -> bool:
        """Whether something that was said is in its database (SQLite)."""
        with contextlib.closing(sqlite3.connect(self.folder / "landbridge.db")) as database:
            return bool(database.execute("SELECT 1 FROM events WHERE instr(body, ?)", (text.encode(),)).fetchone())

    def close(self) -> None:
        self._server.stop(signal.SIGTERM, 10)
        self._folder.remove()

    def is_alive(self) -> bool:
        if not self.running:
            raise TimeoutError("the gateway has ended")
        return self.ask("/livez")[0] == 200

    def is_ready(self) -> bool:
        if not self.running:
            raise TimeoutError("the gateway has ended")
        return self.ask("/readyz")[0] == 200

    def ask(self, path: str) -> tuple[int, str]:
        """GET from its HTTP server; status 0 when it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def metric(self, name: str, **labels: str) -> float:
        """One value from /metrics; 0 when it is not there."""
        wanted = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
        for line in self.ask("/metrics")[1].splitlines():
            if line.startswith(f"{name}{{{wanted}}} " if wanted else f"{name} "):
                return float(line.rpartition(" ")[2])
        return 0.0

    def readiness(self) -> dict[str, Any]:
        """What /readyz says; empty when it does not answer."""
        with contextlib.suppress(ValueError):
            found: dict[str, Any] = json.loads(self.ask("/readyz")[1])
            return found
        return {}

    def time_until(self, ready: bool, seconds: float) -> float:
        """How long until /readyz is (not) 200. Raises TimeoutError."""
        begun = time.monotonic()
        wait_until(lambda: (self.ask("/readyz")[0] == 200) is ready, seconds, f"/readyz says {ready}")
        return time.monotonic() - begun


def _merge(tree: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, Mapping) and isinstance(tree.get(key), dict):
            _merge(tree[key], value)
        else:
            tree[key] = value
