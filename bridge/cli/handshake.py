"""A component's handshake (XEP-0114 #proto), to see whether the XMPP server would have us, and what it then grants."""

import asyncio
import contextlib
import hashlib
import os
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser
from xml.sax.saxutils import quoteattr

from bridge.xmpp import privilege
from bridge.xmpp.privilege import Grant

_LONGEST = 64 * 1024
_TELLING = 3.0  # seconds in which a server tells what it grants
_QUIET = 0.5  # seconds after something was granted
_ID = re.compile(rb"<stream:stream\b[^>]*?\bid=(?:'([^']*)'|\"([^\"]*)\")")
_CONDITION = re.compile(rb"<stream:error[^>]*>.*?<([a-z-]+)", re.DOTALL)

_TEXTS = {
    "host-unknown": ("jid", "the XMPP server knows no component of this name; add it there"),
    "conflict": (
        "jid",
        "somebody is connected to the XMPP server under this name already; is another gateway running?",
    ),
    # COMPAT ejabberd: it says so for a domain that it does not know, too.
    "not-authorized": (
        "secret",
        "the XMPP server does not accept it (or does not know the domain); the same must stand in its configuration",
    ),
}


class Failed(Exception):
    """The server would not have us; `key` is the network's key to look at."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key
        self.text = text


Then = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def greet(server: str, jid: str, secret: str, then: Then | None = None) -> list[tuple[str, Grant]]:
    """Connect to host:port, shake hands, listen for a moment, have `then` say more, leave; what servers grant us
    (XEP-0356). Raises `Failed`; the time-out is the caller's."""
    host, _, port = server.rpartition(":")
    try:
        reader, writer = await asyncio.open_connection(host.strip("[]"), int(port), limit=_LONGEST)
    except OSError as error:
        # asyncio puts the address into the text, which is said already; names that are not found have numbers below 0.
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)
        raise Failed("server", f"{server} cannot be connected to ({why}). Does the XMPP server run?") from error
    try:
        writer.write(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
            f"xmlns:stream='http://etherx.jabber.org/streams' to={quoteattr(jid)}>".encode()
        )
        said = await _until(reader, b"", _ID)
        found = _ID.search(said)
        stream = (found[1] or found[2] or b"").decode() if found else ""
        digest = hashlib.sha1((stream + secret).encode(), usedforsecurity=False).hexdigest()
        writer.write(f"<handshake>{digest}</handshake>".encode())
        begun = said[: found.end()] if found else b""
        said = begun + await _until(reader, said[len(begun) :], re.compile(rb"<handshake\b"))
        granted = await _granted(reader, said)
        if then is not None:
            await then(reader, writer)
        with contextlib.suppress(ConnectionError):  # it has let us in, that was all
            writer.write(b"</stream:stream>")
            await writer.drain()
    except ConnectionError as error:
        raise Failed("secret", "the XMPP server closed the connection without a reason") from error
    finally:
        writer.close()
    return granted


async def _granted(reader: asyncio.StreamReader, said: bytes) -> list[tuple[str, Grant]]:
    """What is told after the handshake; `said` is all of the stream until now."""
    parser: XMLPullParser[Any] = XMLPullParser(["end"])
    found: list[tuple[str, Grant]] = []
    size = 0
    with contextlib.suppress(ParseError, TimeoutError):
        async with asyncio.timeout(_TELLING):
            while said and size < _LONGEST:
                size += len(said)
                parser.feed(said)
                for _, element in cast(Iterator[tuple[str, Element]], parser.read_events()):
                    told = privilege.read(element)
                    found += [told] if told is not None else []
                async with asyncio.timeout(_QUIET if found else None):
                    said = await reader.read(4096)
    return found


async def _until(reader: asyncio.StreamReader, said: bytes, wanted: re.Pattern[bytes]) -> bytes:
    """Read until `wanted` is there. Raises `Failed` for a stream error or an end."""
    while not wanted.search(said):
        if (error := _CONDITION.search(said)) is not None:
            condition = error[1].decode()
            raise Failed(*_TEXTS.get(condition, ("server", f"the XMPP server refuses the connection: {condition}")))
        chunk = await reader.read(4096)
        if not chunk or len(said) > _LONGEST:
            raise Failed("server", "it does not speak as an XMPP server's component port does")
        said += chunk
    return said
