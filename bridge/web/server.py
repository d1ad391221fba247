"""The HTTP server: health and metrics at the configured address, these and what commands ask at the control socket."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Iterable
from pathlib import Path

from aiohttp import web

from bridge.web import control, metrics
from bridge.web.health import Health, LoopLag, livez, look, readyz
from bridge.web.operations import Operations, routes

log = logging.getLogger(__name__)

_LARGEST_REQUEST = 64 * 1024


class CannotListen(Exception):
    """An address or the control socket is taken; the text is a sentence for the operator."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class WebServer:
    """`start`, then it serves until `stop`. `listen` is host:port; port 0 takes a free one, see `port`.

    `patience`: seconds for the hub to say how it is; `operations`: what else is answered on the control socket;
    `files`: what else is answered to everybody."""

    def __init__(
        self,
        listen: str,
        socket: Path,
        health: Health,
        version: str = "",
        patience: float = 5.0,
        operations: Operations | None = None,
        files: Iterable[web.RouteDef] = (),
    ) -> None:
        host, _, port = listen.rpartition(":")
        self._host = host.strip("[]")
        self.port = int(port)
        self._socket = socket
        self._health = health
        self._version = version
        self._patience = patience
        self._operations = operations
        self._files = files
        self._lag = LoopLag()
        self._measuring: asyncio.Task[None] | None = None
        self._runners: list[web.AppRunner] = []

    async def start(self) -> None:
        """Raises `CannotListen`."""
        try:
            await self._listen_for_commands()
            await self._listen()
        except BaseException:
            await self.stop()
            raise
        self._measuring = asyncio.create_task(self._lag.run(), name="loop lag")

    async def stop(self) -> None:
        if self._measuring is not None:
            self._measuring.cancel()
            await asyncio.gather(self._measuring, return_exceptions=True)
            self._measuring = None
        if self._runners:
            self._socket.unlink(missing_ok=True)
        for runner in reversed(self._runners):
            await runner.cleanup()
        self._runners.clear()

    async def _listen(self) -> None:
        application = self._application()
        application.router.add_routes(self._files)
        runner = await self._runner(application)
        try:
            await web.TCPSite(runner, self._host, self.port).start()
        except OSError as error:
            raise CannotListen(
                f"http.listen: {self._host}:{self.port} cannot be listened on: {error.strerror or error}."
            ) from error
        self.port = runner.addresses[0][1]

    async def _listen_for_commands(self) -> None:
        if await asyncio.to_thread(control.running, self._socket):
            raise CannotListen(f"A gateway with the data folder {self._socket.parent} runs already.")
        application = self._application()
        application.router.add_get("/status", self._status)
        if self._operations is not None:
            application.router.add_routes(routes(self._operations))
        listener = socket.socket(socket.AF_UNIX)
        try:
            with contextlib.suppress(FileNotFoundError):
                self._socket.unlink()  # left by a gateway that was killed
            with control.short(self._socket) as name:
                listener.bind(name)
            os.chmod(self._socket, 0o600)
        except OSError as error:
            listener.close()
            raise CannotListen(f"The control socket {self._socket} cannot be made: {error.strerror}.") from error
        runner = await self._runner(application)
        await web.SockSite(runner, listener).start()

    async def _runner(self, application: web.Application) -> web.AppRunner:
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=2.0)
        await runner.setup()
        self._runners.append(runner)
        return runner

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=_LARGEST_REQUEST)
        application.router.add_get("/livez", livez)
        application.router.add_get("/readyz", self._readyz)
        application.router.add_get("/metrics", self._metrics)
        return application

    async def _readyz(self, _: web.Request) -> web.Response:
        return await readyz(self._health, self._patience)

    async def _metrics(self, _: web.Request) -> web.Response:
        try:
            networks = await look(self._health, self._patience)
        except TimeoutError:
            return web.Response(text="# The database does not answer.\n", status=503)
        body = metrics.render(networks, self._lag.seconds, len(asyncio.all_tasks()))
        return web.Response(body=body, headers={"Content-Type": metrics.CONTENT_TYPE})

    async def _status(self, _: web.Request) -> web.Response:
        try:
            networks = await look(self._health, self._patience)
        except TimeoutError:
            return web.json_response({"error": "The database does not answer."}, status=503)
        return web.json_response(control.report(dict(networks), self._lag.seconds, self._version))
