"""A web chat (Converse.js) as a static page on loopback, over a server's websocket (RFC 7395)."""

import base64
import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

import aiohttp

from tests.support.ports import LOOPBACK

# Where scripts/lib.sh (need_web_chat) puts the npm package's build.
FILES = Path(__file__).parents[2] / ".cache" / "converse.js" / "dist"
_BUILD = "converse.min.js"
_FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Web chat</title>
<meta http-equiv="Content-Security-Policy" content="img-src 'self' data: blob: http://127.0.0.1:* http://localhost:*">
<link rel="icon" href="data:,"><link rel="stylesheet" href="/converse.min.css"></head>
<body class="reset"><script type="module">
import converse from "/converse.min.js"
converse.initialize({options})
</script></body></html>
"""


class WebChat:
    """`websocket` is the server's address for it. `chats` are JIDs whose direct chats are open after the login, `rooms`
    those of rooms that are entered."""

    def __init__(
        self, websocket: str, *, chats: tuple[str, ...] = (), rooms: tuple[str, ...] = (), port: int = 0
    ) -> None:
        self._websocket = websocket
        options = {
            "websocket_url": websocket, "discover_connection_methods": False, "authentication": "login",
            "assets_path": "/", "view_mode": "fullscreen", "i18n": "en", "auto_join_private_chats": chats,
            "auto_join_rooms": rooms, "muc_nickname_from_jid": True, "muc_history_max_stanzas": 50,
            "allow_non_roster_messaging": True, "play_sounds": False, "show_desktop_notifications": False,
        }  # fmt: skip
        page = _PAGE.replace("{options}", json.dumps(options)).encode()
        self._server = ThreadingHTTPServer((LOOPBACK, port), partial(_Pages, page))
        self.url = f"http://{LOOPBACK}:{self._server.server_address[1]}/"

    def __enter__(self) -> "WebChat":
        threading.Thread(target=self._server.serve_forever, name="web chat", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    async def check(self, jid: str, password: str) -> None:
        """That a browser would get the page, and get in with these words. Raises RuntimeError, aiohttp.ClientError,
        TimeoutError."""
        name, _, domain = jid.partition("@")
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
            for path, words in (("", b"converse.initialize"), (_BUILD, b"converse")):
                async with http.get(self.url + path) as answer:
                    if answer.status != 200 or words not in await answer.read():
                        raise RuntimeError(f"the web chat's page is not there: {path or 'index'} {answer.status}")
            async with http.ws_connect(self._websocket, protocols=("xmpp",)) as socket:
                await socket.send_str(f'<open xmlns="{_FRAMING}" to="{domain}" version="1.0"/>')
                opened, features = await socket.receive_str(), await socket.receive_str()
                secret = base64.b64encode(f"\0{name}\0{password}".encode()).decode()
                await socket.send_str(
                    f'<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">{secret}</auth>'
                )
                answered = await socket.receive_str()
        if "<success" not in answered:
            raise RuntimeError(f"nobody gets in at the websocket: {opened} {features} {answered}")


def has_files() -> bool:
    """Whether Converse.js is there to be served."""
    return (FILES / _BUILD).exists()


class _Pages(SimpleHTTPRequestHandler):
    """The page at `/`, and the build's files; nothing else of this machine."""

    def __init__(self, page: bytes, *arguments: object) -> None:
        self._page = page
        super().__init__(*arguments, directory=str(FILES))  # type: ignore[arg-type]

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(self._page)))
        self.end_headers()
        self.wfile.write(self._page)

    def log_message(self, format: str, *arguments: object) -> None:
        """Requests are of no interest."""
