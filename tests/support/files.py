"""Files for tests, and how apps put them somewhere and get them."""

import asyncio
import base64
import hashlib
import io
import os
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp
from aiohttp import web
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from tests.support.matrix_client import MatrixClient
from tests.support.xmpp_client import XmppClient

UPLOAD = "urn:xmpp:http:upload:0"
OOB = "{jabber:x:oob}"
SFS = "{urn:xmpp:sfs:0}"
META = "{urn:xmpp:file:metadata:0}"


def png(width: int = 3, height: int = 2, seed: int = 0) -> bytes:
    """A picture; another one for each seed."""
    rows = b"".join(b"\0" + bytes((seed + x + y) % 256 for x in range(3 * width)) for y in range(height))
    return _png(struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), zlib.compress(rows))


def photo(width: int, height: int, seed: str = "") -> bytes:
    """A picture that cannot be packed, as those of cameras."""
    rows = noise(height * (3 * width + 1), seed)
    rows = b"".join(b"\0" + _mixed(rows[n * 3 * width : (n + 1) * 3 * width], n) for n in range(height))
    return _png(struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), zlib.compress(rows, 1))


def _mixed(row: bytes, number: int) -> bytes:
    """Noise repeats; this does not."""
    return hashlib.shake_128(row[:64] + number.to_bytes(4)).digest(len(row))


def _png(head: bytes, data: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def bomb(width: int, height: int) -> bytes:
    """A picture of a few kilobytes that is huge once it is decoded: its rows are all black."""
    packer = zlib.compressobj(9)
    row = bytes(1 + width // 8)
    data = b"".join(packer.compress(row * 1_000) for _ in range(height // 1_000)) + packer.flush()
    return _png(struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0), data)


def noise(size: int, seed: str = "") -> bytes:
    """Bytes of no known type, the same for the same seed."""
    block = hashlib.sha256(seed.encode()).digest()
    return (block * (size // len(block) + 1))[:size]


@dataclass(frozen=True)
class Got:
    status: int
    headers: Mapping[str, str]
    body: bytes


async def get(url: str, **headers: str) -> Got:
    """What an app gets from a web address; `headers` with _ for -."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with aiohttp.ClientSession() as http, http.get(url, headers=sent) as answer:
        return Got(answer.status, dict(answer.headers), await answer.read())


async def matrix_upload(app: MatrixClient, data: bytes, mime: str, name: str) -> str:
    """Its mxc URI."""
    headers = {"Content-Type": mime, "Authorization": f"Bearer {app.token}"}
    url = f"{app.url}/_matrix/media/v3/upload?filename={quote(name)}"
    async with aiohttp.ClientSession() as http, http.post(url, data=io.BytesIO(data), headers=headers) as answer:
        said = await answer.json()
        assert answer.status == 200, said
        return str(said["content_uri"])


async def matrix_file(app: MatrixClient, mxc: str) -> bytes:
    """What lies at an mxc URI."""
    url = f"{app.url}/_matrix/client/v1/media/download/{mxc.removeprefix('mxc://')}"
    got = await get(url, Authorization=f"Bearer {app.token}")
    assert got.status == 200, got
    return got.body


async def send_file(
    app: MatrixClient, room: str, data: bytes, mime: str, name: str, kind: str = "m.image", **more: Any
) -> str:
    """A message that is a file, as Element sends it; its event id."""
    mxc = await matrix_upload(app, data, mime, name)
    content = {"msgtype": kind, "body": name, "url": mxc, "info": {"mimetype": mime, "size": len(data)}, **more}
    return await app.send_event(room, content)


async def encrypted(app: MatrixClient, data: bytes, mime: str, name: str) -> dict[str, Any]:
    """The content of a message that is a file, encrypted as apps do it in encrypted rooms."""
    key, counter = os.urandom(32), os.urandom(8) + bytes(8)
    encryptor = Cipher(AES256(key), CTR(counter)).encryptor()
    sealed = encryptor.update(data)
    mxc = await matrix_upload(app, sealed, "application/octet-stream", name)

    def encoded(raw: bytes, alphabet: bytes = b"+/") -> str:
        return base64.b64encode(raw, alphabet).decode().rstrip("=")

    web_key = {"kty": "oct", "key_ops": ["encrypt", "decrypt"], "alg": "A256CTR", "ext": True, "k": encoded(key, b"-_")}
    hashes = {"sha256": encoded(hashlib.sha256(sealed).digest())}
    file = {"v": "v2", "url": mxc, "key": web_key, "iv": encoded(counter), "hashes": hashes}
    return {"msgtype": "m.image", "body": name, "file": file, "info": {"mimetype": mime, "size": len(data)}}


async def xmpp_upload(app: XmppClient, service: str, data: bytes, mime: str, name: str) -> str:
    """As an app does it (XEP-0363); the web address of the file."""
    asked = f"<request xmlns='{UPLOAD}' filename='{name}' size='{len(data)}' content-type='{mime}'/>"
    slot = await app.iq(service, "get", asked)
    put, got = slot.find(f".//{{{UPLOAD}}}put"), slot.find(f".//{{{UPLOAD}}}get")
    assert put is not None, slot
    assert got is not None, slot
    headers = {h.get("name", ""): h.text or "" for h in put} | {"Content-Type": mime}
    async with (
        aiohttp.ClientSession() as http,
        http.put(put.get("url", ""), data=io.BytesIO(data), headers=headers) as answer,
    ):
        assert answer.status in (200, 201), answer.status
    return got.get("url", "")


def share(url: str) -> str:
    """What stands in a message beside a body that is the address of a file."""
    return f"<x xmlns='jabber:x:oob'><url>{url.replace('&', '&amp;')}</url></x>"


@asynccontextmanager
async def website(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """A web server on loopback that answers everything so; its address, without a slash at the end."""
    application = web.Application(client_max_size=1 << 30)
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def never(_: web.Request) -> web.StreamResponse:
    """A server that hangs."""
    await asyncio.Event().wait()
    raise AssertionError
