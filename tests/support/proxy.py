"""A TCP proxy on loopback that can fall silent without closing, as a network that went away does."""

import asyncio
from types import TracebackType

_CHUNK = 64 * 1024


class Proxy:
    """Carries bytes to `target`, a loopback port. `freeze` swallows them, in both directions or in one ("there" or
    "back"), and lets no connection through that is made then; `heal` carries those made from now on, while frozen ones
    stay silent until `drop`. What comes back is kept, and carried later, after `hold` and until `let_go`. With `keeps`
    everything that was carried there is in `told`."""

    def __init__(self, target: int, *, keeps: bool = False) -> None:
        self.port = 0
        self.connections = 0
        self._target = target
        self._keeps = keeps
        self._kept: list[bytearray] = []  # by connection
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._back = asyncio.Event()
        self._back.set()
        self._cut = False
        self._frozen: set[asyncio.StreamWriter] = set()
        self._open: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "Proxy":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task, writers in list(self._open.items()):
            for writer in writers:
                writer.transport.abort()  # what nobody reads any more would keep a connection open that is closed
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    @property
    def told(self) -> bytes:
        return b"\0".join(self._kept)

    def freeze(self, only: str = "") -> None:
        self._flowing.clear()
        which = {"": slice(None), "back": slice(1), "there": slice(1, None)}[only]
        self._frozen |= {writer for writers in self._open.values() for writer in writers[which]}

    def heal(self) -> None:
        self._flowing.set()

    def hold(self) -> None:
        self._back.clear()

    def let_go(self) -> None:
        self._back.set()

    def cut(self) -> None:
        """Close every connection, and those that are made from now on, until `mend`."""
        self._cut = True
        for writers in self._open.values():
            for writer in writers:
                writer.close()

    def mend(self) -> None:
        self._cut = False

    def drop(self) -> None:
        """Close what is frozen."""
        for writer in self._frozen:
            writer.close()
        self._frozen.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = [writer]
        try:
            if self._cut:
                return
            await self._flowing.wait()
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
            self._open[task].append(back)
            kept = bytearray() if self._keeps else None
            self._kept += [kept] if kept is not None else []
            await asyncio.gather(self._carry(reader, back, kept=kept), self._carry(there, writer, self._back))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for one in self._open.pop(task):
                self._frozen.discard(one)
                one.close()

    async def _carry(
        self,
        source: asyncio.StreamReader,
        to: asyncio.StreamWriter,
        may: asyncio.Event | None = None,
        *,
        kept: bytearray | None = None,
    ) -> None:
        try:
            while chunk := await source.read(_CHUNK):
                if kept is not None:
                    kept += chunk
                if may is not None:
                    await may.wait()
                if to not in self._frozen:
                    to.write(chunk)
                    await to.drain()
        except ConnectionError:
            if to not in self._frozen:
                raise
        if to not in self._frozen:
            to.close()
        else:
            await asyncio.Event().wait()  # even that it ended is swallowed
