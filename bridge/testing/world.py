"""A chat network in memory behind a socket, in a process of its own: `python -m bridge.testing.world --socket PATH`.

Sessions and tests speak JSON lines with it (`bridge.testing.wire`). It says `ready` when it listens, and ends on
SIGTERM. It outlives whoever connects, and forgets everything when it ends.
"""

import argparse
import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from bridge.testing import asks
from bridge.testing.faults import Faults
from bridge.testing.network import Failed, Network
from bridge.testing.places import Member
from bridge.testing.stream import Stream
from bridge.testing.traits import Traits
from bridge.testing.wire import LONGEST, AnyAsk, Reply, Trouble, line

VARIANTS = {
    "a": Traits(idempotent=True, echoes=True, replays=True, personas=True, unique_ids=True),
    "x": Traits(idempotent=True, resay=True, personas=True, answers=True, fence=True, implicit=True, window=32),
    "t": Traits(replays=True, unique_ids=True),
}
"""Like Matrix, like an XMPP component, like Telegram."""

_decode = msgspec.json.Decoder(AnyAsk).decode


class World:
    """The network, its faults and who is connected."""

    def __init__(self, traits: Traits) -> None:
        self.network = Network(traits, self._grown)
        self.faults = Faults()
        self.connections: set[Connection] = set()
        self.emptied = asyncio.Event()  # nobody is connected any more
        self.streams: set[Stream] = set()
        self._waiting: list[Callable[[], None]] = []
        self._told = False

    def disconnect(self, account: str) -> None:
        """End the sessions of an account; empty: all of them."""
        for connection in list(self.connections):
            if connection.member is not None and account in ("", connection.member.id):
                connection.close()

    def when_changed(self, then: Callable[[], None]) -> None:
        self._waiting.append(then)

    def _grown(self) -> None:
        if not self._told:
            self._told = True
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        self._told = False
        for stream in list(self.streams):
            stream.pump()
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then()


class Connection(asyncio.Protocol):
    """One client: a session that performs, a session that reads events, or a test."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.member: Member | None = None
        self.stream: Stream | None = None
        self._transport: asyncio.Transport
        self._rest = b""
        self._answers: list[bytes] = []
        self._reading = False
        self._closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's only behave like one
        self.world.connections.add(self)
        self.world.emptied.clear()

    def connection_lost(self, error: Exception | None) -> None:
        self._closing = True
        self.world.connections.discard(self)
        if not self.world.connections:
            self.world.emptied.set()
        if self.stream is not None:
            self.world.streams.discard(self.stream)
            self.world.network.touched()

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST:
            self.close()
        self._reading = True
        for one in lines:
            if self._closing:
                return
            self._take(one)
        self._reading = False
        self._flush()

    def pause_writing(self) -> None:
        if self.stream is not None:
            self.stream.paused = True

    def resume_writing(self) -> None:
        if self.stream is not None:
            self.stream.paused = False
            self.stream.pump()

    def write(self, data: bytes) -> None:
        if not self._closing:
            self._transport.write(data)

    def reply(self, re: int, ok: Any = None, error: Trouble | None = None) -> None:
        """Answer `re`, together with whatever else is answered now."""
        if re and not self._closing:
            self._answers.append(line(Reply(re, ok, error)))
            if not self._reading:
                self._flush()

    def close(self) -> None:
        """Everything answered so far is still sent."""
        self._flush()
        self._closing = True
        self._transport.close()

    def _flush(self) -> None:
        if self._answers and not self._closing:
            self._transport.write(b"".join(self._answers))
            self._answers.clear()

    def _take(self, one: bytes) -> None:
        try:
            ask = _decode(one)
        except msgspec.DecodeError as error:
            self.reply(-1, error=Trouble("refused", f"This line was not understood: {error}", "bad-request"))
            return
        try:
            asks.ANSWERS[type(ask)](self, ask)
        except Failed as failed:
            self.reply(ask.re, error=failed.trouble)
        except (ValueError, TypeError) as error:  # a value that no field of its kind can have
            self.reply(ask.re, error=Trouble("refused", str(error), "bad-request"))


@contextlib.asynccontextmanager
async def serve(traits: Traits, path: Path) -> AsyncIterator[World]:
    """A world in this process, listening at the Unix socket `path`."""
    world = World(traits)
    _remove(path)
    server = await asyncio.get_running_loop().create_unix_server(lambda: Connection(world), path)
    os.chmod(path, 0o600)
    try:
        yield world
    finally:
        server.close()
        for connection in list(world.connections):
            connection.close()
        world.faults.close()
        await server.wait_closed()
        if world.connections:
            await world.emptied.wait()
        _remove(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def traits_of(arguments: Sequence[str]) -> tuple[Path, Traits]:
    """The command line: `--like a|x|t` and whatever differs from it."""
    parser = argparse.ArgumentParser(prog="python -m bridge.testing.world", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="where to listen (a Unix socket)")
    parser.add_argument("--like", choices=VARIANTS, help="start from Matrix-, XMPP- or Telegram-like behaviour")
    for name in ("window", "longest"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--without", action="append", choices=("edit", "retract", "react"))
    flags = [f.name for f in msgspec.structs.fields(Traits) if f.type is bool]
    for name in flags:
        parser.add_argument(f"--{name.replace('_', '-')}", action=argparse.BooleanOptionalAction, default=None)
    given = vars(parser.parse_args(arguments))
    path, like = given.pop("socket"), given.pop("like")
    base = VARIANTS[like] if like else Traits()
    if given["without"] is not None:
        given["without"] = tuple(given["without"])
    changed = {name: value for name, value in given.items() if value is not None}
    return path, msgspec.structs.replace(base, **changed)


async def run(path: Path, traits: Traits) -> None:
    gc.set_threshold(100_000)  # it keeps nearly all that it makes, and to look through that takes long
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with serve(traits, path):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(run(*traits_of(sys.argv[1:])))
