"""Our own store of files, for people: signed links, and files that no browser runs.

A link names a file, when it ends, and is signed with the gateway's key; nobody can guess or prolong one. What is served
can be shown (pictures, sound, films, plain text) or only be saved, whatever it says it is.
"""

import base64
import hashlib
import hmac
import logging
import re
import time
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote

from aiohttp import web

from bridge.contract import ConnectorError, Kept, Reason, Refused

log = logging.getLogger(__name__)

_DAY = 86_400
_SIGNED = 18  # bytes of a signature
_TOKEN = re.compile(r"([0-9a-f]{32})-([0-9]{1,12})-([A-Za-z0-9_-]{24})")
_LONGEST_NAME = 100
_UNKNOWN = "application/octet-stream"
# What every browser shows and none runs.
_SHOWN = frozenset(
    {"image/png", "image/apng", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/heic", "video/mp4",
     "video/webm", "video/quicktime", "audio/ogg", "audio/opus", "audio/mpeg", "audio/mp4", "audio/aac", "audio/flac",
     "audio/wav", "audio/webm", "video/ogg"}
)  # fmt: skip
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",
    # Web apps fetch what they show; the link is the right to it, and no cookie is.
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Length, Content-Range, Content-Disposition",
    "Cache-Control": "private, max-age=86400",
}


class Signer:
    """Makes links and reads them."""

    def __init__(self, public_url: str, key: bytes, days: int, clock: Callable[[], float] = time.time) -> None:
        self._base = f"{public_url.rstrip('/')}/media/"
        self._key = key
        self._days = days
        self._clock = clock

    def link(self, id: str, name: str) -> str:
        """A web address of the file, good for the configured number of days, the same all day long."""
        end = (int(self._clock()) // _DAY + self._days + 1) * _DAY
        shown = quote(name[:_LONGEST_NAME].encode("utf-8", "replace").decode(), safe="") or "file"
        return f"{self._base}{id}-{end}-{self._signature(id, end)}/{shown}"

    def read(self, token: str) -> str | None:
        """The file's id; None for what we have not signed, or not any more."""
        found = _TOKEN.fullmatch(token)
        if found is None:
            return None
        id, end = found[1], int(found[2])
        if not hmac.compare_digest(self._signature(id, end), found[3]) or end < self._clock():
            return None
        return id

    def _signature(self, id: str, end: int) -> str:
        signed = hmac.digest(self._key, f"{id}-{end}".encode(), hashlib.sha256)[:_SIGNED]
        return base64.urlsafe_b64encode(signed).decode()


class Serve(Protocol):
    async def serve(self, id: str) -> Kept | None: ...


def routes(signer: Signer, files: Serve) -> list[web.RouteDef]:
    async def get(request: web.Request) -> web.StreamResponse:
        id = signer.read(request.match_info["token"])
        if id is None:
            return _no(404, "This link is not valid, or not any more.")
        try:
            kept = await files.serve(id)
        except Refused as refusal:
            return _no(410 if refusal.reason in (Reason.GONE, Reason.NOT_FOUND) else 502, refusal.text)
        except ConnectorError as error:
            return _no(503, error.text)
        if kept is None:
            return _no(410, "This file is not kept any more.")
        # Ranges and conditions (RFC 9110) are the library's; it sends the file without reading it into memory.
        return web.FileResponse(kept.path, headers={**_SAFE, **_named(kept)})

    return [web.get("/media/{token}/{name}", get)]


def _named(kept: Kept) -> dict[str, str]:
    """Content-Type and Content-Disposition (RFC 6266, RFC 8187)."""
    mime = kept.media.mime
    shown = mime in _SHOWN
    if mime.startswith("text/plain"):
        mime, shown = "text/plain; charset=utf-8", True
    name = "".join(c for c in kept.media.name[:200] if c.isprintable()) or "file"
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    encoded = quote(name.encode("utf-8", "replace"), safe="")
    disposition = "inline" if shown else "attachment"
    return {
        "Content-Type": mime if shown else _UNKNOWN,
        "Content-Disposition": f"{disposition}; filename=\"{plain}\"; filename*=UTF-8''{encoded}",
    }


def _no(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=f"{text}\n", headers={"X-Content-Type-Options": "nosniff"})
