"""Large files both ways: the gateway's memory does not grow with them."""

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.conftest import COMPONENTS, FULL
from tests.e2e.test_files import next_file, url_of
from tests.support import files, folk
from tests.support.folk import Person
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.matrix_client import MatrixClient
from tests.support.prosody import Prosody
from tests.support.synapse import Synapse

SIZE = 100_000_000 if FULL else 20_000_000
GROWTH = 20_000_000 if FULL else 12_000_000  # bytes of memory


@pytest.fixture
def server() -> Iterator[Prosody]:
    with Prosody(COMPONENTS, uploads=SIZE) as made:
        yield made


@pytest.fixture
def gateway(server: Prosody, synapse: Synapse) -> Iterator[Gateway]:
    settings = {
        "allow_private": [f"localhost:{server.http_port}"],
        "media": {"wait": 300, "largest": SIZE},  # the machine may be busy; what is tested is memory
    }
    with Gateway(matrix(COMPONENTS[MATRIX], synapse.url), server.component_port, settings) as running:
        yield running


def memory(gateway: Gateway, what: str) -> int:
    """Bytes of resident memory: now (`VmRSS`), or the most since `forget_peak` (`VmHWM`)."""
    lines = Path(f"/proc/{gateway.pid}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(what))


def forget_peak(gateway: Gateway) -> None:
    Path(f"/proc/{gateway.pid}/clear_refs").write_text("5")


async def fingerprint(url: str, **headers: str) -> str:
    """Of what lies there, read as it comes."""
    digest = hashlib.sha256()
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
        assert answer.status == 200
        async for chunk in answer.content.iter_chunked(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


async def test_memory_does_not_grow_with_files(
    gateway: Gateway, server: Prosody, synapse: Synapse, juliet: Person, element: MatrixClient
) -> None:
    romeo = folk.user(server, synapse, "romeo")
    async with folk.on_xmpp(romeo, server) as app:
        await folk.connect(romeo, app, gateway, synapse)
        room = await element.direct(romeo.mxid)
        await files.send_file(element, room, files.png(), "image/png", "small.png")
        await next_file(app, juliet.at(gateway))  # whatever a first file needs is there
        data = await asyncio.to_thread(files.noise, SIZE, "large")
        digest = hashlib.sha256(data).hexdigest()
        before = memory(gateway, "VmRSS")
        forget_peak(gateway)

        await files.send_file(element, room, data, "application/octet-stream", "large.bin", "m.file")
        came = url_of(await next_file(app, juliet.at(gateway), 300))
        to_xmpp = memory(gateway, "VmHWM") - before
        mine = await files.xmpp_upload(app, f"upload.{server.domain}", data, "application/octet-stream", "mine.bin")
        app.message(juliet.at(gateway), mine, inner=files.share(mine))
        event = await element.expect(lambda e: e["content"].get("body") == "mine.bin", 300)
        to_matrix = memory(gateway, "VmHWM") - before

        assert await fingerprint(came) == digest
        where = event["content"]["url"].removeprefix("mxc://")
        token = f"Bearer {element.token}"
        url = f"{synapse.url}/_matrix/client/v1/media/download/{where}"
        assert await fingerprint(url, Authorization=token) == digest
        print(f"growth of memory: {to_xmpp:,} bytes to XMPP, {to_matrix:,} to Matrix")
        assert max(to_xmpp, to_matrix) < GROWTH
