"""Files each way, with real servers: how fast they go, and how much memory that takes.

A file counts from when its sender's server has it until the other side is told where it is. Files of one size go one
after the other in one direct chat; then pictures, each of which gets a thumbnail on its way.
To XMPP most of the time is the upload service's own: Prosody 0.12 takes 2.6 MB a second from anybody.
"""

import asyncio
import secrets
import time
from pathlib import Path

from scripts.benches.gateways import PASSWORD
from scripts.benches.machine import cpu_of, peak_of
from tests.support import files
from tests.support.commands import log_in
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.matrix_client import MatrixClient
from tests.support.prosody import Prosody
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient

SIZE, NUMBER = 20_000_000, 5
PICTURES = 20
PATIENCE = 60.0
Figures = dict[str, float]


async def measure(run: int) -> Figures:
    secret = secrets.token_hex(16)
    with Prosody({MATRIX: secret}, log_level="warn", uploads=2 * SIZE) as prosody, Synapse() as synapse:
        allowed = {"allow_private": [f"localhost:{prosody.http_port}"]}
        with Gateway(matrix(secret, synapse.url), prosody.component_port, allowed, log_level="warning") as gateway:
            jid = prosody.add_user("romeo", PASSWORD)
            for name in ("romeo", "juliet"):
                synapse.register(name, PASSWORD)
            async with (
                XmppClient(jid, PASSWORD, prosody.c2s_port) as app,
                MatrixClient(synapse.url, "juliet", PASSWORD) as element,
            ):
                return await _both_ways(gateway, prosody, synapse, app, element)


async def _both_ways(
    gateway: Gateway, prosody: Prosody, synapse: Synapse, app: XmppClient, element: MatrixClient
) -> Figures:
    step = await log_in(app, gateway.jid, synapse.url, "romeo", PASSWORD)
    if step.status != "completed":
        raise RuntimeError(f"the login did not work: {step}")
    room = await element.direct("@romeo:localhost")
    juliet = f"juliet%localhost@{gateway.jid}"

    async def to_xmpp(data: bytes, mime: str, kind: str) -> float:
        mxc = await files.matrix_upload(element, data, mime, "file")
        begun = time.perf_counter()
        await element.send_event(room, {"msgtype": kind, "body": "file", "url": mxc, "info": {"mimetype": mime}})
        await app.expect(lambda s: s.find(f"{files.OOB}x") is not None, PATIENCE)
        return time.perf_counter() - begun

    async def to_matrix(data: bytes, mime: str, kind: str) -> float:
        url = await files.xmpp_upload(app, f"upload.{prosody.domain}", data, mime, "file")
        begun = time.perf_counter()
        app.message(juliet, url, inner=files.share(url))
        await element.expect(lambda e: e["sender"] != element.me and e["content"].get("msgtype") == kind, PATIENCE)
        return time.perf_counter() - begun

    await to_xmpp(files.png(), "image/png", "m.image")  # whatever a first file needs is there
    await to_matrix(files.png(seed=1), "image/png", "m.image")
    before = _begin(gateway)
    found: Figures = {}
    for name, way in (("to XMPP", to_xmpp), ("to Matrix", to_matrix)):
        took = [await way(await _noise(f"{name} {n}"), "application/octet-stream", "m.file") for n in range(NUMBER)]
        found[f"MB/s, {name}"] = SIZE * NUMBER / sum(took) / 1e6
        found[f"MB more of RSS, {name}"] = peak_of(gateway.pid) - before
    cpu = cpu_of(gateway.pid)
    for name, way in (("to XMPP", to_xmpp), ("to Matrix", to_matrix)):
        took = [await way(files.photo(400, 300, f"{name} {n}"), "image/png", "m.image") for n in range(PICTURES)]
        found[f"ms for a picture, {name}"] = sum(took) / PICTURES * 1_000
    found["CPU ms of the gateway for a picture"] = (cpu_of(gateway.pid) - cpu) / (2 * PICTURES) * 1_000
    return found


def _begin(gateway: Gateway) -> float:
    """The most memory that it has had counts from now on."""
    Path(f"/proc/{gateway.pid}/clear_refs").write_text("5")
    return peak_of(gateway.pid)


async def _noise(seed: str) -> bytes:
    return await asyncio.to_thread(files.noise, SIZE, seed)
