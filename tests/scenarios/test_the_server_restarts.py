"""The XMPP server restarts in the middle of a burst, and a stream that it still believes in stands in our way."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

from tests.conftest import COMPONENTS
from tests.scenarios.conftest import Play, staged
from tests.support.ports import wait_until
from tests.support.proxy import Proxy
from tests.support.xmpp_client import bare, body, receipt_of, shown
from tests.support.xmpp_servers import XmppServer

COUNT = 150


@pytest.fixture
async def own_play(server_kind: type[XmppServer], tmp_path: Path) -> AsyncIterator[Play]:
    """On a server that may be stopped."""
    with server_kind(COMPONENTS) as server:
        async with staged(server, tmp_path) as made:
            yield made


async def test_a_restart_in_the_middle_of_a_burst_loses_nothing(own_play: Play) -> None:
    play = own_play
    await play.met()
    sent = {f"m{number}": f"out {number}" for number in range(COUNT)}
    for number, (id, text) in enumerate(sent.items()):
        play.app.message(play.juliet, text, id=id)
        await play.world.says("juliet", play.chat, f"in {number}")
        if number == COUNT // 2:
            restarting = asyncio.create_task(asyncio.to_thread(play.server.restart))
    await restarting
    async with asyncio.timeout(60):
        await play.app.lost.wait()
        await play.app.ready.wait()
        # As every app does: what got neither receipt nor error is said again, under the same id.
        while missing := [id for id in sent if id not in answered(play)]:
            for id in missing:
                play.app.message(play.juliet, sent[id], id=id)
            with contextlib.suppress(TimeoutError):
                await play.app.expect(lambda s: receipt_of(s) == missing[-1], 5, again=True)

    refused = {s.get("id") for s in play.app.received if s.get("type") == "error"}
    state = await play.world.state(play.chat)
    arrived = [said.text for said in state.visible if said.text.startswith("out")]
    assert sorted(arrived) == sorted(set(arrived))
    assert [text for id, text in sent.items() if id not in refused and text not in arrived] == []

    async with asyncio.timeout(60):
        while sum(map(len, heard := shown(incoming(play)))) < COUNT:
            await asyncio.sleep(0.1)
    texts = [f"in {number}" for number in range(COUNT)]
    assert sorted(heard[0] + heard[1], key=texts.index) == texts
    for some in heard:
        assert some == sorted(some, key=texts.index)


def answered(play: Play) -> set[str]:
    """Ids that got a receipt or an error."""
    return {receipt_of(s) or (s.get("id", "") if s.get("type") == "error" else "") for s in play.app.received}


def incoming(play: Play) -> list[Element]:
    return [s for s in play.app.received if bare(s) == play.juliet and body(s).startswith("in ")]


async def test_our_own_half_open_stream_does_not_keep_us_out(server_kind: type[XmppServer], tmp_path: Path) -> None:
    """The gateway dies, and the server does not notice: it takes the next one for a second (`conflict`)."""
    with server_kind(COMPONENTS) as server:
        async with Proxy(server.component_port) as proxy, staged(server, tmp_path, proxy.port) as play:
            await play.met()
            proxy.freeze()
            play.gateway.kill()
            proxy.heal()
            play.gateway.begin()
            conflict = "somebody else is connected"
            await asyncio.to_thread(lambda: wait_until(lambda: conflict in play.gateway.log, 20, "a conflict"))
            assert conflict in str(play.gateway.readiness())

            proxy.drop()
            await asyncio.to_thread(lambda: play.gateway.time_until(True, 30))
            await play.world.says("juliet", play.chat, "here again")
            # Her first words may come once more: the kill may have been faster than their receipt.
            await play.app.expect(lambda s: body(s) == "here again", 40)
