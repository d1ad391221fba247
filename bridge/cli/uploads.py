"""Where files for XMPP would go, asked over a component's connection that has just been made: the upload service
(XEP-0363), if there is one and it gives us a slot."""

import asyncio
import contextlib
import secrets
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.sax.saxutils import quoteattr

from bridge.xmpp import errors
from bridge.xmpp.upload import NAMESPACE

_DISCO = "http://jabber.org/protocol/disco"
_LONGEST = 256 * 1024  # bytes until an answer
_MOST = 50  # items that are asked
_TRIES, _SECONDS = 3, 4.0  # until an answer; each try so long


class Refuses(Exception):
    """There is a service, and it gives us no slot."""

    def __init__(self, jid: str, condition: str) -> None:
        super().__init__(f"{jid}: {condition}")
        self.jid = jid
        self.condition = condition


async def find(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, jid: str, configured: str) -> str:
    """The service that the gateway `jid` would use; empty when there is none. Raises `Refuses`."""
    asking = _Asking(reader, writer, jid)
    server = jid.partition(".")[2]
    jids = [configured] if configured else [server, *await _items(asking, server)]
    for service in jids:
        info = await asking.ask(service, f"<query xmlns='{_DISCO}#info'/>") if service else None
        features = [] if info is None else info.iter(f"{{{_DISCO}#info}}feature")
        if any(feature.get("var") == NAMESPACE for feature in features):
            request = f"<request xmlns='{NAMESPACE}' filename='check' size='1' content-type='text/plain'/>"
            answer = await asking.ask(service, request)
            if answer is None or answer.get("type") != "result":
                raise Refuses(service, errors.condition(answer) if answer is not None else "no answer")
            return service
    return ""


async def _items(asking: "_Asking", server: str) -> list[str]:
    answer = await asking.ask(server, f"<query xmlns='{_DISCO}#items'/>") if server else None
    found = [] if answer is None else answer.iter(f"{{{_DISCO}#items}}item")
    return [jid for item in found if (jid := item.get("jid")) and jid != asking.jid][:_MOST]


class _Asking:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, jid: str) -> None:
        self.jid = jid
        self._reader = reader
        self._writer = writer

    async def ask(self, to: str, payload: str) -> Element | None:
        """The answer; None when none comes that can be read."""
        # COMPAT ejabberd: it takes a component in a moment before it has a way to it; what is answered then is lost.
        for _ in range(_TRIES):
            with contextlib.suppress(TimeoutError, ConnectionError):
                return await self._ask(to, payload)
        return None

    async def _ask(self, to: str, payload: str) -> Element | None:
        id = secrets.token_hex(8)
        head = f"<iq type='get' id='{id}' from={quoteattr(self.jid)} to={quoteattr(to)}>"
        said = b""
        self._writer.write(f"{head}{payload}</iq>".encode())
        async with asyncio.timeout(_SECONDS):
            while (found := _stanza(said, id.encode())) is None and len(said) < _LONGEST:
                chunk = await self._reader.read(4096)
                if not chunk:
                    return None
                said += chunk
        return found


def _stanza(said: bytes, id: bytes) -> Element | None:
    """The IQ with this id in what a stream has said, once it is whole."""
    for piece in said.split(b"<iq")[1:]:
        whole, end, _ = piece.partition(b"</iq>")
        if end and id in whole:
            try:
                return fromstring(b"<iq" + whole + end)  # noqa: S314  # of one's own server, 256 KiB at most
            except ParseError:
                return None
    return None
