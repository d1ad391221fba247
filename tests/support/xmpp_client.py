"""A real slixmpp client in a process of its own: stanzas go in and come out as JSON lines.

It has its own process because slixmpp keeps state on its classes that a component and a client do not share well.
`XmppClient` is the near end; `python -m tests.support.xmpp_client` the far end, which only carries XML.
"""

import asyncio
import contextlib
import itertools
import json
import sys
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

CLIENT = "{jabber:client}"
RECEIPTS = "{urn:xmpp:receipts}"
_ROOT = Path(__file__).parents[2]
_LONGEST = 16 * 1024 * 1024
_SECONDS = 20.0


class XmppClient:
    """One resource of one account. `received` has every stanza since the start, in order; `expect` waits for one.

    After the stream breaks it connects again by itself, and `ready` is set when it is there; what it sends in between
    is lost, as with any client without stream management.
    """

    def __init__(
        self,
        jid: str,
        password: str,
        port: int,
        *,
        resource: str = "test",
        host: str = "127.0.0.1",
        features: Sequence[str] = (),
    ) -> None:
        self.bare = jid
        self.jid = f"{jid}/{resource}"
        self.received: list[Element] = []
        self.ready = asyncio.Event()
        self.lost = asyncio.Event()  # the stream broke at least once
        self.failed = ""  # why logging in did not work
        self._start = {
            "jid": self.jid, "password": password, "host": host, "port": port, "features": list(features),
        }  # fmt: skip
        self._news = asyncio.Condition()
        self._seen = 0  # `expect` looks at what came after
        self._ids = itertools.count(1)
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "XmppClient":
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self, seconds: float = _SECONDS) -> None:
        """Log in and be available. Raises TimeoutError."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.xmpp_client", cwd=_ROOT, limit=_LONGEST,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self._reader = asyncio.create_task(self._read(), name=f"client {self.jid}")
        self._tell(self._start)
        try:
            await asyncio.wait_for(self.ready.wait(), seconds)
        except TimeoutError as error:
            await self.close()
            raise TimeoutError(f"{self.jid} did not get in: {self.failed}") from error

    async def close(self) -> None:
        """Leave; nothing stays."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            self._process = None
        if self._reader is not None:
            await self._reader
            self._reader = None

    def send(self, xml: str) -> None:
        """One stanza as it stands (namespace `jabber:client`). COMPAT expat 2.6: servers that use it may see the end of
        a long one only when twice as much has come, so white space follows (RFC 6120 #xml-whitespace)."""
        self._tell({"xml": xml + " " * len(xml) if len(xml) > 1_000 else xml})

    def message(self, to: str, body: str, *, id: str = "", receipt: bool = True, inner: str = "") -> str:
        """A chat message, by default with a receipt request (XEP-0184); its id."""
        id = id or uuid.uuid4().hex
        asks = "<request xmlns='urn:xmpp:receipts'/>" if receipt else ""
        head = f"<message to={quoteattr(to)} type='chat' id={quoteattr(id)}>"
        self.send(f"{head}<body>{escape(body)}</body>{asks}{inner}</message>")
        return id

    async def iq(self, to: str, kind: str, payload: str, seconds: float = _SECONDS) -> Element:
        """Ask; the answer, whether result or error."""
        id = f"q{next(self._ids)}"
        self.send(f"<iq to={quoteattr(to)} type={quoteattr(kind)} id={quoteattr(id)}>{payload}</iq>")
        return await self.expect(
            lambda s: s.tag == f"{CLIENT}iq" and s.get("id") == id and s.get("type") in ("result", "error"), seconds,
            f"answer from {to}", again=True,
        )  # fmt: skip

    async def befriend(self, jid: str, seconds: float = _SECONDS) -> None:
        """Have somebody in the contact list (RFC 6121 #sub-request); their presence is there on return."""
        self.send(f"<presence type='subscribe' to={quoteattr(jid)}/>")
        await self.expect(
            lambda s: s.tag == f"{CLIENT}presence" and bare(s) == jid and s.get("type") is None, seconds,
            f"presence of {jid}", again=True,
        )  # fmt: skip

    async def expect(
        self, fits: Callable[[Element], bool], seconds: float = _SECONDS, what: str = "stanza", *, again: bool = False
    ) -> Element:
        """The next stanza that fits, after the one `expect` gave last. `again`: look at all, and leave the place.
        Raises TimeoutError with what came instead."""
        begin = 0 if again else self._seen

        def find() -> int | None:
            return next((i for i in range(begin, len(self.received)) if fits(self.received[i])), None)

        try:
            async with asyncio.timeout(seconds), self._news:
                while (found := find()) is None:
                    await self._news.wait()
        except TimeoutError as error:
            came = [ElementTree.tostring(stanza, "unicode") for stanza in self.received[begin:]]
            raise TimeoutError(f"{self.jid} waited {seconds} s for a {what}; came: {came[-10:]}") from error
        if not again:
            self._seen = found + 1
        return self.received[found]

    async def text_from(self, sender: str, seconds: float = _SECONDS) -> str:
        """The body of the next message from a bare JID."""
        stanza = await self.expect(lambda s: bool(body(s)) and bare(s) == sender, seconds, f"message from {sender}")
        return body(stanza)

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            news = json.loads(line)
            async with self._news:
                match news:
                    case {"xml": xml}:
                        self.received.append(ElementTree.fromstring(xml))
                    case {"ready": jid}:
                        self.jid = jid
                        self.ready.set()
                    case {"lost": why}:
                        self.failed = why
                        self.ready.clear()
                        self.lost.set()
                self._news.notify_all()

    def _tell(self, what: dict[str, Any]) -> None:
        if self._process is None or self._process.stdin is None:
            raise ValueError("the client does not run")
        self._process.stdin.write(json.dumps(what).encode() + b"\n")


def body(stanza: Element) -> str:
    """The text of a message that is no error; empty if there is none."""
    if stanza.tag != f"{CLIENT}message" or stanza.get("type") == "error":
        return ""
    return stanza.findtext(f"{CLIENT}body", "")


def bare(stanza: Element) -> str:
    """Who sent it, without resource."""
    return (stanza.get("from") or "").partition("/")[0]


def shown(stanzas: Iterable[Element]) -> tuple[list[str], list[str]]:
    """Texts in the order in which they came, a repeat under the same id once: those that came at once, and those that
    the server had kept while the app was away. ejabberd hands the latter out among newer ones, and says when they
    were sent (XEP-0203 #protocol): an app puts them where they belong."""
    once: dict[str, Element] = {}
    for stanza in stanzas:
        if body(stanza):
            once.setdefault(stanza.get("id", ""), stanza)
    kept = [s for s in once.values() if any(d.get("from") == _server(s) for d in s.iter("{urn:xmpp:delay}delay"))]
    return [body(s) for s in once.values() if s not in kept], [body(s) for s in kept]


def _server(stanza: Element) -> str:
    return stanza.get("to", "").partition("/")[0].rpartition("@")[2]


def receipt_of(stanza: Element) -> str:
    """The id that a receipt (XEP-0184) confirms; empty if it is none."""
    found = stanza.find(f"{RECEIPTS}received")
    return "" if found is None else found.get("id", "")


def error_of(stanza: Element) -> tuple[str, str]:
    """Condition and text of a stanza error; both empty if it is none."""
    found = stanza.find(f"{CLIENT}error")
    if stanza.get("type") != "error" or found is None:
        return "", ""
    space = "{urn:ietf:params:xml:ns:xmpp-stanzas}"
    conditions = [c.tag.removeprefix(space) for c in found if c.tag.startswith(space) and c.tag != f"{space}text"]
    return (conditions or [""])[0], found.findtext(f"{space}text", "")


async def _far_end() -> None:
    import slixmpp
    from slixmpp.xmlstream.xmlstream import NotConnectedError

    reader = asyncio.StreamReader(limit=_LONGEST)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    start = json.loads(await reader.readline())

    def tell(**what: str) -> None:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()

    xmpp = slixmpp.ClientXMPP(start["jid"], start["password"])
    xmpp.enable_plaintext, xmpp.enable_starttls, xmpp.enable_direct_tls = True, False, False
    xmpp.plugin["feature_mechanisms"].unencrypted_scram = True
    xmpp.register_plugin("xep_0030")
    xmpp.register_plugin("xep_0199")
    for feature in start["features"]:
        xmpp.plugin["xep_0030"].add_feature(feature)
    xmpp.auto_authorize, xmpp.auto_subscribe = None, False

    def carry(stanza: Any) -> Any:
        if stanza.xml.tag.startswith(CLIENT):
            tell(xml=ElementTree.tostring(stanza.xml, "unicode"))
        return stanza

    def connect(_: Any = None) -> None:
        xmpp.connect(start["host"], start["port"])

    def begin(_: Any) -> None:
        xmpp.send_presence()
        tell(ready=str(xmpp.boundjid))

    def end(why: Any) -> None:
        tell(lost=str(why))
        asyncio.get_running_loop().call_later(0.2, connect)

    xmpp.add_filter("in", carry)
    xmpp.add_event_handler("session_start", begin)
    xmpp.add_event_handler("failed_auth", lambda _: tell(lost="wrong password"))
    xmpp.add_event_handler("disconnected", end)
    connect()
    while line := await reader.readline():
        with contextlib.suppress(NotConnectedError):
            xmpp.send_raw(json.loads(line)["xml"])


if __name__ == "__main__":
    asyncio.run(_far_end())
