"""A throw-away PostgreSQL cluster on a free loopback port."""

import os
import shutil
import signal
import subprocess
import uuid
from pathlib import Path

import psycopg

from tests.support.ports import free_port, wait_until
from tests.support.process import Entered, Folder, Server, run_as

USER = "postgres"


def binaries() -> Path:
    """Where Debian puts the newest server. Raises FileNotFoundError."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if not found:
        raise FileNotFoundError("PostgreSQL is not installed: apt-get install postgresql")
    return found[-1].parent


class Postgres(Entered):
    """`url` is an empty database; `fresh` makes further ones."""

    def __init__(self) -> None:
        self.port = free_port()
        self._folder = Folder("postgres", USER)
        self._server = Server(self._folder.path / "log")
        self._data = self._folder.path / "data"
        self.url = f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Returns when it answers. Raises TimeoutError."""
        if not self._data.exists():
            # No --no-sync later on: only the making of the cluster is in a hurry, what we commit is durable.
            subprocess.run(
                [*run_as(USER), str(binaries() / "initdb"), "-D", str(self._data), "-U", USER, "-A", "trust",
                 "-E", "UTF8", "--locale=C", "--no-sync"],
                check=True, stdout=subprocess.DEVNULL, cwd=self._folder.path, env={**os.environ, "LC_ALL": "C"},
            )  # fmt: skip
        self._server.start(
            [*run_as(USER), str(binaries() / "postgres"), "-D", str(self._data), "-p", str(self.port),
             "-h", "127.0.0.1", "-k", str(self._folder.path)]
        )  # fmt: skip
        wait_until(self._answers, 60, "PostgreSQL answers")

    def stop(self) -> None:
        """At once for its clients, in good order for its files."""
        self._server.stop(signal.SIGINT)

    def kill(self) -> None:
        self._server.kill()

    def close(self) -> None:
        """End it and remove everything: hundreds of databases in good order would take a minute."""
        self._server.stop(signal.SIGQUIT)
        self._folder.remove()

    def fresh(self, at: Path | None = None) -> str:
        """The URL of a new, empty database; its tables are in the new folder `at`, if that is given."""
        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            if at is not None:
                at.mkdir(mode=0o700)
                if os.getuid() == 0:
                    shutil.chown(at, USER)
                connection.execute(f"CREATE TABLESPACE \"{name}\" LOCATION '{at}'")
            connection.execute(f'CREATE DATABASE "{name}"' + (f' TABLESPACE "{name}"' if at is not None else ""))
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"

    def _answers(self) -> bool:
        if not self._server.running:
            raise TimeoutError(f"PostgreSQL ended at once: {self._server.said()[-2000:]}")
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True
