"""The whole gateway beside a bare slixmpp echo component, on one Prosody without archives, in one run.

    client → Prosody → gateway → memory network, whose people say everything again → gateway → Prosody → client
    client → Prosody → echo component → Prosody → client

The gateway is `landbridge run`: both ways are journaled (SQLite, FULL) before anything is acknowledged. The memory
network is like Matrix (it shows us our own messages as well). Everything is a process of its own; accounts are new.
"""

import asyncio
import secrets
import tempfile
from pathlib import Path
from typing import Any

from bridge.testing.control import spawned
from scripts.benches.children import asked, running
from tests.support.commands import execute
from tests.support.gateway import MEMORY, Gateway, memory
from tests.support.prosody import Prosody
from tests.support.xmpp_client import XmppClient

CLIENTS, CHATS, UNDER_WAY = 4, 5, 20
RATE = 50.0  # messages a second for the latency
SECONDS = 4.0  # counted, each time
ECHO = "echo.localhost"
PASSWORD = "open sesame"
PEOPLE = [f"contact{n}" for n in range(CHATS)]


async def measure(run: int) -> dict[str, float]:
    """Which of the two comes first alternates with `run`."""
    secret = secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as folder, Prosody({ECHO: secret, MEMORY: secret}, log_level="warn") as prosody:
        found: dict[str, dict[str, Any]] = {}
        for name in ("echo", "gateway") if run % 2 == 0 else ("gateway", "echo"):
            jids = await asyncio.gather(
                *(asyncio.to_thread(prosody.add_user, f"{name}{n}", PASSWORD) for n in range(CLIENTS))
            )
            one = _through_echo if name == "echo" else _through_gateway
            found[name] = await one(prosody, secret, jids, Path(folder))
    return _figures(found["echo"], found["gateway"])


async def _through_echo(prosody: Prosody, secret: str, jids: list[str], folder: Path) -> dict[str, Any]:
    order = {"domain": ECHO, "secret": secret, "port": prosody.component_port}
    async with running("echo", order) as pid:
        return await _clients(prosody, jids, ECHO, {"prosody": prosody.pid, "component": pid})


async def _through_gateway(prosody: Prosody, secret: str, jids: list[str], folder: Path) -> dict[str, Any]:
    socket = folder / "world"
    async with spawned(socket, ["--like", "a", "--parrots"]) as world:
        await world.people(*PEOPLE)
        with Gateway(memory(secret, socket), prosody.component_port, log_level="warning") as gateway:
            for jid in jids:
                await world.account(jid.partition("@")[0], password=PASSWORD)
                await _log_in(prosody, jid)
            processes = {"prosody": prosody.pid, "component": gateway.pid, "network": world.pid}
            return await _clients(prosody, jids, MEMORY, processes)


async def _log_in(prosody: Prosody, jid: str) -> None:
    async with XmppClient(jid, PASSWORD, prosody.c2s_port) as client:
        given = {"username": jid.partition("@")[0], "password": PASSWORD}
        step = await execute(client, MEMORY, "login", given)
        if step.status != "completed":
            raise RuntimeError(f"the login through the gateway did not work: {step}")


async def _clients(prosody: Prosody, jids: list[str], domain: str, processes: dict[str, int]) -> dict[str, Any]:
    order = {
        "jids": jids, "password": PASSWORD, "port": prosody.c2s_port, "contacts": [f"{p}@{domain}" for p in PEOPLE],
        "each": UNDER_WAY // CHATS, "rate": RATE, "seconds": SECONDS, "processes": processes,
    }  # fmt: skip
    return await asked("clients", order, 120)


def _figures(echo: dict[str, Any], gateway: dict[str, Any]) -> dict[str, float]:
    found = {
        "echo round trips/s": echo["load"]["per_s"],
        "gateway round trips/s": gateway["load"]["per_s"],
        "gateway/echo": gateway["load"]["per_s"] / echo["load"]["per_s"],
        "echo p50 ms": echo["trickle"]["ms"],
        "gateway p50 ms": gateway["trickle"]["ms"],
        "added ms per way": (gateway["trickle"]["ms"] - echo["trickle"]["ms"]) / 2,
        "echo p95 ms": echo["trickle"]["p95_ms"],
        "gateway p95 ms": gateway["trickle"]["p95_ms"],
    }
    for name, one in (("echo", echo), ("gateway", gateway)):
        for when in ("load", "trickle"):
            for process, used in one[when]["cpu"].items():
                found[f"CPU s/1,000: {name}, {when}, {process}"] = used
    return found
