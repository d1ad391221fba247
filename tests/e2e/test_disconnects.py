"""Many disconnects in a row leave nothing behind: no tasks, no sockets, no memory."""

import asyncio
import sys
from dataclasses import dataclass

from tests.conftest import ANY_SERVER, COMPONENTS, FULL
from tests.support import commands
from tests.support.folk import PASSWORD, Person
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.matrix_client import MatrixClient
from tests.support.proxy import Proxy
from tests.support.synapse import Synapse
from tests.support.talks import until
from tests.support.xmpp_client import XmppClient
from tests.support.xmpp_servers import XmppServer

TIMES = 100 if FULL else 12
BEFORE = 4  # that fill caches
MEMORY = 24 * 1024 * 1024  # bytes that allocators and new threads may keep


@dataclass(frozen=True)
class Use:
    """What a process uses."""

    tasks: float
    files: float
    memory: float


@ANY_SERVER
async def test_disconnects_of_both_sides_leave_nothing_behind(
    server: XmppServer, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    async with Proxy(synapse.port) as far, Proxy(server.component_port) as near:
        url = f"http://127.0.0.1:{far.port}"
        gateway = Gateway(matrix(COMPONENTS[MATRIX], url), near.port)
        try:
            await asyncio.to_thread(gateway.start)
            step = await commands.log_in(app, gateway.jid, url, romeo.name, PASSWORD)
            assert step.status == "completed", step
            app.message(juliet.at(gateway), "before")
            room = (await element.text("before", 60))["room_id"]
            for _ in range(BEFORE):
                await disconnect(gateway, far, near)
            before = await use(gateway)
            for _ in range(TIMES):
                await disconnect(gateway, far, near)
            await until(lambda: idle(gateway, before), lambda: (before, measured(gateway)), 60)
            after = measured(gateway)

            app.message(juliet.at(gateway), "after")
            await element.text("after", 60)
            await element.send(room, "back")
            assert await app.text_from(juliet.at(gateway), 60) == "back"
            assert await element.texts(room) == ["before", "after", "back"]
        finally:
            print(gateway.log[-20_000:], file=sys.stderr)
            await asyncio.to_thread(gateway.close)
    print(before, after)
    assert after.memory - before.memory <= MEMORY


async def disconnect(gateway: Gateway, far: Proxy, near: Proxy) -> None:
    """Both connections break, and stand again."""
    there, here = far.connections, near.connections
    far.cut()
    near.cut()
    far.mend()
    near.mend()
    await until(
        lambda: far.connections > there and near.connections > here and gateway.is_ready(), gateway.readiness, 90
    )


def measured(gateway: Gateway) -> Use:
    return Use(
        gateway.metric("landbridge_tasks"),
        gateway.metric("process_open_fds"),
        gateway.metric("process_resident_memory_bytes"),
    )


async def use(gateway: Gateway) -> Use:
    """When nothing is going on: the least of some looks."""
    looks = []
    for _ in range(10):
        looks.append(measured(gateway))
        await asyncio.sleep(0.2)
    return Use(min(look.tasks for look in looks), min(look.files for look in looks), max(look.memory for look in looks))


def idle(gateway: Gateway, before: Use) -> bool:
    """Whether it has come back to what it used before, but for a connection that waits to be used again."""
    now = measured(gateway)
    return now.tasks <= before.tasks + 3 and now.files <= before.files + 3
