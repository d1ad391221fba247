"""kill -9 amid files and texts: each file arrives, in its place, and on Matrix once.

TESTS_SEED repeats a run.
"""

import asyncio
import os
import random
from collections.abc import Iterator

import pytest
from aiohttp import web

from tests.conftest import ANY_SERVER, COMPONENTS, FULL
from tests.support import files, folk
from tests.support.files import META, SFS
from tests.support.folk import Person
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, bare, body, error_of, receipt_of
from tests.support.xmpp_servers import XmppServer

KILLS = 8 if FULL else 2
MESSAGES = 60 if FULL else 16  # each way


@pytest.fixture
def gateway(server: XmppServer, synapse: Synapse) -> Iterator[Gateway]:
    settings = {"allow_private": ["127.0.0.1"], "media": {"wait": 120, "upload_service": "nobody.localhost"}}
    with Gateway(matrix(COMPONENTS[MATRIX], synapse.url), server.component_port, settings) as running:
        yield running


async def say(app: XmppClient, to: str, number: int, place: str) -> None:
    """Say it under the same id until there is a receipt, as apps do."""
    text = f"x{number}" if number % 2 else f"{place}/x{number}.png"
    inner = "" if number % 2 else files.share(text)
    id = f"say-{number}"
    while True:
        begin = len(app.received)
        app.message(to, text, id=id, inner=inner)
        try:
            async with asyncio.timeout(30):
                while not any(receipt_of(s) == id for s in app.received):
                    if any(s.get("id") == id and error_of(s)[0] for s in app.received[begin:]):
                        await asyncio.sleep(0.3)  # the gateway is away
                        break
                    await asyncio.sleep(0.02)
                else:
                    return
        except TimeoutError:
            continue  # it was on its way when the gateway ended


@ANY_SERVER
async def test_kill_9_loses_no_file_and_doubles_none(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    seed = int(os.environ.get("TESTS_SEED") or random.randrange(1_000_000))
    print(f"seed {seed}, {KILLS} kills")
    dice = random.Random(seed)

    async def picture(request: web.Request) -> web.Response:
        return web.Response(body=files.png(seed=int(request.path.strip("/x.png"))))

    async def out(place: str) -> None:
        for number in range(MESSAGES):
            await say(app, juliet.at(gateway), number, place)

    async def back() -> None:
        for number in range(MESSAGES):
            if number % 2:
                await element.send(room, f"m{number}")
            else:
                await files.send_file(element, room, files.png(seed=number), "image/png", f"m{number}.png")

    await folk.connect(romeo, app, gateway, synapse)
    room = await element.direct(romeo.mxid)
    await element.send(room, "begin")
    await app.text_from(juliet.at(gateway))
    async with files.website(picture) as place:
        talking = [asyncio.create_task(out(place)), asyncio.create_task(back())]
        for _ in range(KILLS):
            await asyncio.sleep(dice.uniform(0.2, 1.5))
            gateway.kill()
            await asyncio.to_thread(gateway.start)
        await asyncio.gather(*talking)
        last = f"m{MESSAGES - 1}"
        await app.expect(lambda s: body(s) == last, 120, again=True)

        said = [event["content"] for event in await element.timeline(room) if event["sender"] == romeo.mxid]
        timeline = [content for content in said if "body" in content]
        content = {c["body"]: await files.matrix_file(element, c["url"]) for c in timeline if "url" in c}

    shown = {s.get("id"): s for s in app.received if bare(s) == juliet.at(gateway) and body(s)}
    names = [s.findtext(f"{SFS}file-sharing/{META}file/{META}name") or body(s) for s in shown.values()]
    assert [c["body"] for c in timeline] == [f"x{n}" if n % 2 else f"x{n}.png" for n in range(MESSAGES)]
    assert content == {f"x{n}.png": files.png(seed=n) for n in range(0, MESSAGES, 2)}
    assert names == ["begin", *(f"m{n}" if n % 2 else f"m{n}.png" for n in range(MESSAGES))]
    assert (await files.get(body(next(s for s in shown.values() if "m0.png" in body(s))))).body == files.png(seed=0)
