"""A Synapse that has our appservice's registration, and a place where it can call us."""

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from bridge.web.routes import Routes
from connectors.matrix.relay import registration
from connectors.matrix.relay.registration import Registration
from tests.conftest import COMPONENTS
from tests.support.gateway import MATRIX, Gateway
from tests.support.ports import free_port
from tests.support.process import Folder
from tests.support.synapse import Synapse

NETWORKS = ("xmpp", "elsewhere")


class WithAppservice(Synapse):
    """`ours`: the port of the gateway, where the homeserver calls."""

    def __init__(
        self, networks: Sequence[str] = NETWORKS, *, port: int | None = None, others: Sequence[Registration] = ()
    ) -> None:
        """`others`: of more gateways; their files are `other_files`."""
        self.ours = free_port()
        self.registered: Registration = registration.new(
            "matrix", networks, "localhost", f"http://127.0.0.1:{self.ours}"
        )
        self._written = Folder("registration")
        self.file: Path = self._written.path / "appservice.yaml"
        self.file.write_text(registration.written(self.registered))
        self.file.chmod(0o600)
        self.other_files = [self._written.path / f"{one.id}.yaml" for one in others]
        for file, one in zip(self.other_files, others, strict=True):
            file.write_text(registration.written(one))
            file.chmod(0o600)
        files = [str(file) for file in (self.file, *self.other_files)]
        super().__init__(port=port, more={"app_service_config_files": files})

    def close(self) -> None:
        super().close()
        self._written.remove()

    def forget(self) -> None:
        """Start again without what it had for us, as one that was killed with all of that in memory."""
        self.stop()
        with contextlib.closing(sqlite3.connect(self._database)) as database, database:
            database.execute("DELETE FROM application_services_txns")
            latest = "(SELECT MAX(stream_ordering) FROM events)"
            database.execute(f"UPDATE appservice_stream_position SET stream_ordering = {latest}")
        self.start()

    def gateway(self, component_port: int, **settings: Any) -> Gateway:
        """One that it calls, not started."""
        network = {
            "connector": "matrix", "jid": MATRIX, "secret": COMPONENTS[MATRIX], "homeserver": self.url,
            "appservice": str(self.file),
        }  # fmt: skip
        made = Gateway({"matrix": network}, component_port, {"http": {"listen": f"127.0.0.1:{self.ours}"}, **settings})
        made.http = self.ours
        return made

    @asynccontextmanager
    async def routes(self) -> AsyncIterator[Routes]:
        """Where it calls, as the gateway has it."""
        made = Routes(f"http://127.0.0.1:{self.ours}")
        application = web.Application(client_max_size=1)
        application.router.add_routes(made.routes())
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self.ours, reuse_address=True).start()
            yield made
        finally:
            await runner.cleanup()
