"""One XEP-0114 stream over slixmpp, with slixmpp's traps closed: it parses, and everything else is ours.

What is closed here, and why:

* Nothing of slixmpp's dispatch runs (`_spawn_event` is ours): its handlers answer subscriptions and probes behind our
  back, answer errors with errors, keep a roster that nobody prunes, and cost a linear search for each stanza.
* Nothing is sent through slixmpp's queues: what they hold when a stream breaks is lost, or comes again later.
  A stanza is text, written to the transport once per turn of the loop.
* The transport is asked to stop when the server does not read (`pause_writing`), and stops reading when we are behind.
* What arrives is acknowledged at once (TCP_QUICKACK): a server that collects small writes, as Prosody does (Nagle),
  would hold the next stanza for the 40 ms that the kernel waits before it acknowledges the last one.
* The parser is given whole tags. COMPAT expat 2.6, and Debian's 2.5.0 since its security updates: it looks at a tag of
  which it has got a piece only when it has twice as much, so the end of a long one would wait for what comes next.
* An object serves one connection. Connecting again is `bridge.xmpp.stream`'s business.
"""

import asyncio
import hashlib
import logging
import socket
from collections.abc import Callable, Iterator
from typing import Any, cast
from xml.etree.ElementTree import Element, ParseError

from slixmpp import ComponentXMPP

log = logging.getLogger(__name__)

COMPONENT = "jabber:component:accept"
_STREAMS = "http://etherx.jabber.org/streams"
_ERRORS = "{urn:ietf:params:xml:ns:xmpp-streams}"
_LONGEST_TAG = 1 << 20  # bytes that wait for the end of a tag or a text; no server's limit is higher by itself
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)  # Linux


class Component(ComponentXMPP):
    """A connection attempt and the stream that comes of it (XEP-0114 #example-1).

    `opened` is called after the handshake, `received` with every stanza, `closed` once with the stream error's
    condition (RFC 6120 #streams-error-conditions) or an empty string; all on the loop.
    """

    def __init__(
        self,
        domain: str,
        secret: str,
        opened: Callable[[], None],
        received: Callable[[Element], None],
        closed: Callable[[str], None],
    ) -> None:
        super().__init__(domain, secret)  # type: ignore[no-untyped-call]
        self._opened = opened
        self._received = received
        self._closed = closed
        self._condition = ""
        self._pieces: list[str] = []
        self._rest = b""  # what came after the last tag
        self.writable = asyncio.Event()
        self.writable.set()

    def write(self, stanza: str) -> None:
        """Send one stanza. Lost without a word when the stream is over: the fence tells."""
        if not self._pieces:
            asyncio.get_running_loop().call_soon(self._flush)
        self._pieces.append(stanza)

    def _flush(self) -> None:
        pieces, self._pieces = self._pieces, []
        if self.transport is not None:
            self.transport.write("".join(pieces).encode("utf-8", "replace"))

    def hold(self, held: bool) -> None:
        """Stop reading from the server, or go on."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        if held and transport.is_reading():
            transport.pause_reading()
        elif not held and not transport.is_reading():
            transport.resume_reading()

    def close(self) -> None:
        """End the stream politely; what was written before is still sent."""
        if self.transport is not None:
            self._flush()
            self.transport.write(b"</stream:stream>")
            self.transport.close()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def data_received(self, data: bytes | str) -> None:
        """Parse; slixmpp would log what it cannot read, and answer it through its queue."""
        if self.parser is None:
            return
        self._acknowledge()
        try:
            self.parser.feed(self._whole(data if isinstance(data, bytes) else data.encode()))
            for happened, element in cast(Iterator[tuple[str, Element]], self.parser.read_events()):
                if happened == "start":
                    self.xml_depth += 1
                    if self.xml_depth == 1:
                        self.xml_root = element
                        self.start_stream_handler(element)
                    continue
                self.xml_depth -= 1
                if self.xml_depth == 1:
                    self._spawn_event(element)
                    self.xml_root.clear()  # type: ignore[union-attr]
                elif self.xml_depth == 0:
                    self.abort()
                    return
        except ParseError as error:
            log.error("the XMPP server sent what is not XML domain=%s: %s", self.boundjid.host, error)
            self._condition = "not-well-formed"
            self.abort()

    def _whole(self, data: bytes) -> bytes:
        """What can be parsed now: up to the end of the last tag."""
        end = data.rfind(b">") + 1
        if not end and len(self._rest) + len(data) < _LONGEST_TAG:
            self._rest += data
            return b""
        end = end or len(data)
        whole, self._rest = self._rest + data[:end], data[end:]
        return whole

    def _acknowledge(self) -> None:
        """The kernel forgets the option, so it is set for every read."""
        if _QUICKACK is not None and self.transport is not None:
            self.transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)

    def start_stream_handler(self, xml: Element) -> None:
        digest = hashlib.sha1(f"{xml.get('id', '')}{self.secret}".encode(), usedforsecurity=False).hexdigest()
        self.write(f"<handshake>{digest}</handshake>")

    def _spawn_event(self, xml: Element) -> None:
        try:
            if xml.tag == f"{{{COMPONENT}}}handshake":
                self._opened()
            elif xml.tag == f"{{{_STREAMS}}}error":
                self._condition = next(
                    (child.tag[len(_ERRORS) :] for child in xml if child.tag.startswith(_ERRORS)), "undefined-condition"
                )
            else:
                self._received(xml)
        except Exception:  # one stanza must not end the stream
            log.exception("a stanza broke its handler domain=%s", self.boundjid.host)

    def connection_lost(self, exception: BaseException | None) -> None:
        self.parser = None
        self.transport = None
        self.socket = None
        self.writable.set()
        self._closed(self._condition)

    def event(self, name: str, data: Any = {}) -> None:  # noqa: B006  # slixmpp's signature
        """slixmpp's own events have no listeners here."""
