"""The client's end of a memory network's wire: questions and their answers, in order."""

import asyncio
from itertools import count
from pathlib import Path
from typing import TypeVar, cast

import msgspec

from bridge.contract import ConnectorError, LoggedOut, Reason, Refused, Scope, Unavailable, Unconfirmed
from bridge.testing.performs import Ask
from bridge.testing.wire import RawReply, Trouble, line

T = TypeVar("T")
_decode = msgspec.json.Decoder(RawReply).decode


class Gone(Exception):
    """The connection ended before the answer."""


class Client(asyncio.Protocol):
    """One connection. Made by `Client.open`."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._numbers = count(1)
        self._asked: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._rest = b""
        self._lines: list[bytes] = []  # written together at the next turn of the loop
        self._ended = asyncio.Event()

    @classmethod
    async def open(cls, socket: Path) -> "Client":
        """Raises OSError when nobody listens there."""
        _, client = await asyncio.get_running_loop().create_unix_connection(cls, str(socket))
        return client

    @property
    def over(self) -> bool:
        return self._ended.is_set() or self._transport.is_closing()

    def tell(self, ask: Ask) -> None:
        """Say something that wants no answer."""
        self._write(ask)

    def put(self, ask: Ask) -> "asyncio.Future[msgspec.Raw]":
        """Ask; the order of calls is the order on the wire. The future raises `Gone` or an error of the contract."""
        answer: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        if self.over:
            answer.set_exception(Gone())
            return answer
        ask.re = next(self._numbers)
        self._asked[ask.re] = answer
        self._write(ask)
        return answer

    async def ask(self, ask: Ask, kind: type[T]) -> T:
        """Ask, and read the answer as `kind`. Raises `Gone` or an error of the contract."""
        return msgspec.json.decode(await self.put(ask), type=kind)

    async def close(self) -> None:
        self._flush()
        self._transport.close()
        await self._ended.wait()

    def _write(self, ask: Ask) -> None:
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._flush)
        self._lines.append(line(ask))

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        self._transport.write(b"".join(lines))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's only behave like one

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for one in lines:
            reply = _decode(one)
            answer = self._asked.pop(reply.re, None)
            if answer is None or answer.done():
                continue
            if reply.error is None:
                answer.set_result(reply.ok)
            else:
                answer.set_exception(error_of(reply.error))

    def connection_lost(self, error: Exception | None) -> None:
        self._ended.set()
        asked, self._asked = self._asked, {}
        for answer in asked.values():
            if not answer.done():
                answer.set_exception(Gone())
                answer.exception()  # whoever still waits sees it; nobody else is warned


def error_of(trouble: Trouble) -> ConnectorError:
    """The error of the contract that a trouble is."""
    match trouble.kind:
        case "refused":
            return Refused(trouble.text, Reason(trouble.reason) if trouble.reason else Reason.NOT_ALLOWED)
        case "unavailable":
            return Unavailable(trouble.text, retry_after=trouble.retry_after, scope=Scope(trouble.scope))
        case "logged-out":
            return LoggedOut(trouble.text)
        case _:
            return Unconfirmed(trouble.text)
