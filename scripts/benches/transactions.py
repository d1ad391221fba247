"""How long the homeserver waits for its transactions to be taken, while no other network moves.

A user's Matrix room is shown on XMPP, the gateway's own user is in it, too, and Prosody is stopped; then the
transactions are ours, of ten messages each, one after the other as homeservers send them, and at the end three of
6 MB. The loop's lag is what the gateway says itself: on a busy machine it is the machine's as well.
"""

import asyncio
import json
import os
import secrets
import signal
import statistics
import time
import uuid
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

import aiohttp

from scripts.benches.gateways import PASSWORD, Figures
from tests.support import folk
from tests.support.appservice import WithAppservice
from tests.support.gateway import MATRIX, Gateway
from tests.support.prosody import Prosody
from tests.support.xmpp_client import XmppClient

TRANSACTIONS, EVENTS = 400, 10


async def measure(run: int) -> Figures:
    secret = secrets.token_hex(16)
    with Prosody({MATRIX: secret}, log_level="warn") as prosody, WithAppservice() as synapse:
        network = {
            "connector": "matrix", "jid": MATRIX, "secret": secret, "homeserver": synapse.url,
            "appservice": str(synapse.file),
        }  # fmt: skip
        settings = {"http": {"listen": f"127.0.0.1:{synapse.ours}"}}
        gateway = Gateway({"matrix": network}, prosody.component_port, settings, log_level="warning")
        gateway.http = synapse.ours
        with gateway:
            return await _measured(gateway, prosody, synapse)


async def _measured(gateway: Gateway, prosody: Prosody, synapse: WithAppservice) -> Figures:
    person, juliet = folk.user(prosody, synapse, "romeo"), folk.contact(synapse, "juliet")
    me = synapse.registered.me
    async with XmppClient(person.jid, PASSWORD, prosody.c2s_port) as app, folk.on_matrix(juliet, synapse) as element:
        wish = {"preset": "public_chat", "name": "Bench", "invite": [me, person.mxid]}
        room = str((await element.call("POST", "/createRoom", wish))["room_id"])
        await element.expect(lambda e: e.get("state_key") == me and e["content"].get("membership") == "join")
        token = str(synapse.ask("POST", "/_matrix/client/v3/login", _login(person.name))["access_token"])
        synapse.ask("POST", f"/_matrix/client/v3/rooms/{quote(room)}/join", {}, token)
        await folk.connect(person, app, gateway, synapse)
        async with asyncio.timeout(60):
            while not gateway.has_journaled("begin"):  # what is said before the account is there is not for it
                await element.send(room, "begin")
                await asyncio.sleep(0.5)
        os.kill(prosody.pid, signal.SIGSTOP)
        try:
            taken = await _sent(synapse, _small(room, juliet.mxid))
            sending = asyncio.ensure_future(_sent(synapse, _large(room, juliet.mxid)))
            lag = 0.0
            while not sending.done():
                await asyncio.wait({sending}, timeout=2.0)
                lag = max(lag, await asyncio.to_thread(gateway.metric, "landbridge_loop_lag_seconds"))
            large = await sending
        finally:
            os.kill(prosody.pid, signal.SIGCONT)
        if not gateway.has_journaled(f"bench {TRANSACTIONS * EVENTS - 1} "):
            raise RuntimeError("what was answered is not in the journal")
    ordered = sorted(taken)
    return {
        "ms a transaction": 1000 * statistics.median(ordered),
        "ms, 99th percentile": 1000 * ordered[len(ordered) * 99 // 100],
        "ms, the slowest": 1000 * ordered[-1],
        "ms, 6 MB": 1000 * statistics.median(large),
        "6 MB: ms of the loop's worst lag": 1000 * lag,
    }


async def _sent(synapse: WithAppservice, bodies: Iterable[bytes]) -> list[float]:
    headers = {"Authorization": f"Bearer {synapse.registered.hs_token}", "Content-Type": "application/json"}
    taken = []
    async with aiohttp.ClientSession(headers=headers) as http:
        for body in bodies:
            url = f"http://127.0.0.1:{synapse.ours}/_matrix/app/v1/transactions/bench-{uuid.uuid4().hex}"
            begun = time.perf_counter()
            async with http.put(url, data=body) as answer:
                await answer.read()
                taken.append(time.perf_counter() - begun)
                if answer.status != 200:
                    raise RuntimeError(f"a transaction was answered {answer.status}")
    return taken


def _small(room: str, sender: str) -> Iterator[bytes]:
    for number in range(TRANSACTIONS):
        events = [_event(number * EVENTS + n, room, sender) for n in range(EVENTS)]
        yield json.dumps({"events": events}).encode()


def _large(room: str, sender: str) -> Iterator[bytes]:
    """Texts that cost the most: as many marks as are read, or more, which are not."""
    for number in range(3):
        events = [_event(TRANSACTIONS * EVENTS + number * 100 + n, room, sender) for n in range(100)]
        for n, event in enumerate(events):
            marks = "<b>a</b> " * (500 if n % 2 else 6_600)
            event["content"] |= {"format": "org.matrix.custom.html", "formatted_body": marks.ljust(59_400, "x")}
        yield json.dumps({"events": events}).encode()


def _event(number: int, room: str, sender: str) -> dict[str, Any]:
    return {
        "event_id": f"$bench-{number}", "room_id": room, "sender": sender, "type": "m.room.message",
        "origin_server_ts": int(time.time() * 1000),
        "content": {"msgtype": "m.text", "body": f"bench {number} {'x' * 80}"},
    }  # fmt: skip


def _login(name: str) -> dict[str, Any]:
    return {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": name}, "password": PASSWORD}
