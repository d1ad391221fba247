"""A Matrix room on XMPP: Prosody, Synapse, a gateway in a process of its own, and somebody in the room on either side.

    200 at once   both ways at the same time: what the gateway computes, and what is lost, doubled or out of order
    two a second  each way: how much later it is there than what goes from Matrix to Matrix in the same minute

The XMPP client (slixmpp) says its 200 in one breath, the Matrix client has 200 requests under way; the order in which
they were said is the one that the homeserver tells its own clients. Servers and accounts are new, and the XMPP server
keeps no archive. With `peer` the same is done with matridge on the same servers.
"""

import asyncio
import json
import secrets
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.benches.clients import Client
from scripts.benches.ears import Ear, judged
from scripts.benches.gateways import PASSWORD, Beside, Figures, compared
from scripts.benches.machine import Meter, peak_of
from tests.support.matrix_client import Event, MatrixClient
from tests.support.prosody import Prosody
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient

AT_ONCE = 200
RATE, SECONDS = 2.0, 15.0  # messages a second each way, and for how long
PATIENCE = 20.0  # seconds without a message until the missing ones are lost


async def measure(run: int, peer: Path | None = None) -> Figures:
    return await compared(run, peer, _in_a_room)


@dataclass(frozen=True, slots=True)
class Scene:
    """`app` and `nurse` hear; `juliet` and `app` speak. The user's own Matrix account is what the gateway uses."""

    app: Client
    jid: str
    at_app: Ear
    juliet: MatrixClient
    nurse: MatrixClient
    at_nurse: Ear
    room: str
    user: str


async def _in_a_room(gateway: Beside, prosody: Prosody, synapse: Synapse) -> Figures:
    async with _scene(gateway, prosody, synapse) as scene:
        figures = await _at_once(scene, gateway.pid)
        figures |= await _trickle(scene, gateway.pid)
        figures["RSS MB"] = peak_of(gateway.pid)
    return figures


@asynccontextmanager
async def _scene(gateway: Beside, prosody: Prosody, synapse: Synapse) -> AsyncIterator[Scene]:
    mark = secrets.token_hex(4)
    jid = await asyncio.to_thread(prosody.add_user, f"romeo-{mark}", PASSWORD)
    for name in ("romeo", "juliet", "nurse"):
        await asyncio.to_thread(synapse.register, f"{name}-{mark}", PASSWORD)
    at_app, at_nurse = Ear(), Ear()
    async with AsyncExitStack() as stack:
        juliet, nurse = [
            await stack.enter_async_context(MatrixClient(synapse.url, f"{name}-{mark}", PASSWORD))
            for name in ("juliet", "nurse")
        ]
        wish = {"preset": "public_chat", "name": "Verona", "room_alias_name": f"verona-{mark}"}
        room = str((await juliet.call("POST", "/createRoom", wish))["room_id"])
        await nurse.join(room)
        async with MatrixClient(synapse.url, f"romeo-{mark}", PASSWORD) as romeo:
            await romeo.join(room)
            user = romeo.me
        async with XmppClient(jid, PASSWORD, prosody.c2s_port) as first:
            await gateway.ready(first)
            await gateway.log_in(first, f"romeo-{mark}")
            address = await gateway.room(first, f"verona-{mark}")
        app = Client(jid, PASSWORD, at_app.hear)
        stack.push_async_callback(_leave, app)
        app.connect("127.0.0.1", prosody.c2s_port)
        await asyncio.wait_for(app.there.wait(), PATIENCE)
        await app.enter(address, f"romeo-{mark}")
        listening = asyncio.create_task(_listen(nurse, at_nurse))
        stack.callback(listening.cancel)
        yield Scene(app, address, at_app, juliet, nurse, at_nurse, room, user)


async def _at_once(scene: Scene, pid: int) -> Figures:
    out, back = [f"out {n}" for n in range(AT_ONCE)], [f"back {n}" for n in range(AT_ONCE)]
    since = (await scene.nurse.call("GET", "/sync", timeout="0"))["next_batch"]
    meter = Meter({"gateway": pid})
    for number, text in enumerate(out):
        scene.app.say(scene.jid, f"out-{number}", text, "groupchat")
    await asyncio.gather(*(scene.juliet.send(scene.room, text) for text in back))
    await scene.at_app.all_of([*out, *back], PATIENCE)
    shown = await _shown(scene, since, [*out, *back])
    cpu = meter.read()["gateway"]
    ours, theirs = [
        [event["content"]["body"] for event in shown if (event["sender"] == scene.user) is so] for so in (True, False)
    ]
    found = {
        "to Matrix": judged(out, ours),
        "to XMPP": judged(theirs, scene.at_app.among(back)),
        "reflected": judged(out, scene.at_app.among(out)),
    }
    carried = 2 * AT_ONCE - found["to Matrix"]["lost"] - found["to XMPP"]["lost"]
    judgements = {f"{what}, {where}": value for where, one in found.items() for what, value in one.items()}
    return {"CPU s/1,000 carried": cpu / carried * 1_000, **judgements}


async def _shown(scene: Scene, since: str, wanted: list[str]) -> list[Event]:
    """The messages since then, as the homeserver tells them to a client of its own, until the last has come."""
    search = json.dumps({"room": {"timeline": {"limit": 1_000, "types": ["m.room.message"]}}})
    shown: list[Event] = []
    until = time.monotonic() + PATIENCE
    while not {event["content"]["body"] for event in shown} >= set(wanted) and time.monotonic() < until:
        news = await scene.nurse.call("GET", "/sync", since=since, timeout="1000", filter=search)
        since = news["next_batch"]
        for room in news.get("rooms", {}).get("join", {}).values():
            shown += room["timeline"]["events"]
    return shown


async def _trickle(scene: Scene, pid: int) -> Figures:
    """Both ways in turn, so that neither waits for the other."""
    number = int(RATE * SECONDS)
    out, back = [f"slowly out {n}" for n in range(number)], [f"slowly back {n}" for n in range(number)]
    sent: dict[str, float] = {}

    def say(text: str) -> None:
        sent[text] = time.perf_counter()
        scene.app.say(scene.jid, text.replace(" ", "-"), text, "groupchat")

    async def send(text: str) -> None:
        sent[text] = time.perf_counter()
        await scene.juliet.send(scene.room, text)

    meter, loop = Meter({"gateway": pid}), asyncio.get_running_loop()
    begun = loop.time()
    for one in range(number):
        loop.call_at(begun + one / RATE, say, out[one])
        await asyncio.sleep(begun + (one + 0.5) / RATE - loop.time())
        await send(back[one])
    await scene.at_nurse.all_of([*out, *back], PATIENCE)
    await scene.at_app.all_of([*out, *back], PATIENCE)
    cpu = meter.read()["gateway"]

    def median(ear: Ear, texts: list[str]) -> float:
        return statistics.median(ear.at[text] - sent[text] for text in texts if text in ear.at) * 1_000

    among, to_matrix, to_xmpp = median(scene.at_nurse, back), median(scene.at_nurse, out), median(scene.at_app, back)
    return {
        "Matrix to Matrix ms": among,
        "ms more, to Matrix": to_matrix - among,
        "ms more, to XMPP": to_xmpp - among,
        "reflected ms": median(scene.at_app, out),
        "CPU s/1,000, two a second": cpu / (2 * number) * 1_000,
    }


async def _listen(client: MatrixClient, ear: Ear) -> None:
    while True:
        event = await client.expect(lambda e: e["type"] == "m.room.message", 3_600)
        ear.hear(event["content"]["body"])


async def _leave(app: Client) -> None:
    await asyncio.wait_for(app.disconnect(), 5)
