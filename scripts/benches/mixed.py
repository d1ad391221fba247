"""A mixture of everything between Prosody and Synapse: texts, replies, edits, reactions, retractions and files, each
way, in a room and a direct chat at the same time. The gateway is a process of its own; servers and accounts are new.

The people speak at the pace of people who hurry, so what it costs is CPU time and not doings a second. `wrong` counts
what an app on either side shows in the end that it should not, or lacks.
"""

import asyncio
import random
import secrets
import time
from contextlib import AsyncExitStack

from scripts.benches.gateways import Figures
from scripts.benches.machine import Meter, peak_of
from tests.support import files, folk, mixture, talks
from tests.support.folk import Person
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.matrix_client import MatrixClient
from tests.support.mixture import Mixed
from tests.support.prosody import Prosody
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient

DOINGS = 100  # each way, in each of the two
PACE = 0.04  # seconds between two at most, on XMPP; Matrix follows


async def measure(run: int) -> Figures:
    secret = secrets.token_hex(16)
    with Prosody({MATRIX: secret}, log_level="warn") as prosody, Synapse() as synapse:
        settings = {"allow_private": ["127.0.0.1"]}
        with Gateway(matrix(secret, synapse.url), prosody.component_port, settings, log_level="warning") as gateway:
            romeo, juliet = folk.user(prosody, synapse, "romeo"), folk.contact(synapse, "juliet")
            async with (
                files.website(mixture.picture) as place,
                folk.on_xmpp(romeo, prosody) as app,
                folk.on_matrix(juliet, synapse) as element,
                AsyncExitStack() as stack,
            ):
                nurse = await stack.enter_async_context(folk.on_matrix(folk.contact(synapse, "nurse"), synapse))
                both = await _meet(app, romeo, juliet.at(gateway), (nurse, element), gateway, synapse, place)
                return await _mixed(both, gateway.pid, random.Random(run))


async def _meet(
    app: XmppClient, romeo: Person, juliet: str, others: tuple[MatrixClient, MatrixClient], gateway: Gateway,
    synapse: Synapse, place: str,
) -> list[Mixed]:  # fmt: skip
    """A room with one of the others, a direct chat with the other."""
    there = await talks.in_a_room(app, romeo, gateway, others[0], synapse)
    alone = await talks.opened(app, romeo, juliet, others[1])
    return [mixture.room(there, place, PACE), mixture.direct(alone, place, PACE)]


async def _mixed(both: list[Mixed], pid: int, chance: random.Random) -> Figures:
    up = asyncio.Event()
    up.set()
    meter, begun = Meter({"gateway": pid}), time.monotonic()
    await asyncio.gather(
        *(
            one
            for talk in both
            for one in (
                talk.talk_out(DOINGS, up, random.Random(chance.random())),
                talk.talk_back(DOINGS, random.Random(chance.random())),
            )
        )
    )
    wrong = 0
    for talk in both:
        try:
            await talk.arrived()
        except TimeoutError:
            wrong += len(talk.pending()) + len(talk.difference())
    took, cpu = time.monotonic() - begun, meter.read()["gateway"]
    done = 2 * DOINGS * len(both)
    return {
        "doings/s": done / took,
        "CPU s/1,000 doings": cpu / done * 1_000,
        "wrong": float(wrong),
        "RSS MB": peak_of(pid),
    }
